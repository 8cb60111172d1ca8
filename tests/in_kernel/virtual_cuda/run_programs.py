"""Run small device programs one after the other in one process, and print the outcome of each.

    python -m tests.in_kernel.virtual_cuda.run_programs {virtual,cuda} < programs.json

Standard input is a JSON list of programs, each with an `id` and its lines of `code`. Standard output has one JSON
object a line: first `{"torch", "gpu"}`, or `{"unavailable": why}`, then `{"id", "value"}` or `{"id", "raises",
"message"}` for each program. Lines are written at once, so that a crash loses only the programs that have not run.
`virtual` installs the virtual device; `cuda` uses the GPU of this machine.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import io
import json
import os
import sys
import warnings
from typing import Any


def main() -> None:
    device = sys.argv[1]
    warnings.simplefilter("ignore")
    if device == "cuda":
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")  # the programs expect a machine with one GPU
    import torch

    if device == "virtual":
        from grader.in_kernel.virtual_cuda import install as virtual_cuda

        virtual_cuda.install({})
    elif not torch.cuda.is_available():
        say({"unavailable": "torch.cuda.is_available() is False"})
        return
    say({"torch": torch.__version__, "gpu": torch.cuda.get_device_name(0)})
    gc.freeze()  # later collections then skip torch's own objects
    for program in json.load(sys.stdin):
        reset(torch)
        if program["id"].startswith("memory/"):
            gc.collect()
        with contextlib.redirect_stdout(sys.stderr):
            outcome = run(program["code"])
        say({"id": program["id"], **outcome})


def run(code: list[str]) -> dict[str, str]:
    """Return the repr of the last line's value, or the exception that was raised."""
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn

    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "np": np, "copy": copy, "io": io}
    try:
        exec(compile("\n".join(code[:-1]), "<program>", "exec"), space)
        return {"value": repr(eval(compile(code[-1], "<program>", "eval"), space))}
    except Exception as e:
        return {"raises": type(e).__name__, "message": str(e)}
    finally:
        space.clear()


def reset(torch: Any) -> None:
    """Undo what a program may have changed in torch, except for the device's caches."""
    torch.set_default_device(None)
    torch.set_default_tensor_type(torch.FloatTensor)
    torch.set_grad_enabled(True)
    torch.cuda.set_device(0)
    torch.backends.cudnn.enabled = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = False
    torch.manual_seed(0)


def say(record: dict[str, str]) -> None:
    sys.__stdout__.write(json.dumps(record) + "\n")
    sys.__stdout__.flush()


if __name__ == "__main__":
    main()
