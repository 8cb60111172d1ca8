"""Run programs of `rules`, one a line, on a CUDA device, real or virtual, and print the outcomes of their steps.

python -m tests.in_kernel.virtual_cuda.run_random {virtual,cuda}
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import torch

from tests.in_kernel.virtual_cuda import rules


def run(lines: list[str]) -> list[dict[str, Any]]:
    """Return for each line the exception it `raised`, or '', and the tensors it `changed`."""
    names = rules.space()
    known: rules.State = {}
    outcomes = []
    for line in lines:
        raised = ""
        try:
            exec(line, names)
        except Exception as e:
            raised = f"{type(e).__name__}: {e}"
        now = {name: rules.described(tensor, where(tensor)) for name, tensor in rules.tensors(names)}
        outcomes.append({"raised": raised, "changed": rules.changed(known, now)})
    return outcomes


def where(tensor: torch.Tensor) -> str:
    """Return the device's type, with a note if `is_cuda` contradicts it."""
    device = tensor.device.type
    return device if tensor.is_cuda == (device == "cuda") else f"{device}, but is_cuda is {tensor.is_cuda}"


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False
    if sys.argv[1] == "virtual":
        from grader.in_kernel.virtual_cuda import install as virtual_cuda

        virtual_cuda.install({})
    print(json.dumps(torch.cuda.is_available()), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
