"""Runs small device programs one after the other, in one process, and prints what each gave.

    python -m tests.in_kernel.virtual_cuda.run_programs {virtual,cuda} < programs.json

Standard input is a JSON list of programs, each with an `id` and its lines of `code`. Standard output has one JSON
object a line, as soon as it is known, so that a crash costs only what was not yet run: first `{"torch", "gpu"}`, or
`{"unavailable": why}`, then `{"id", "value"}` or `{"id", "raises", "message"}` for each program. `virtual` installs
the virtual device; `cuda` uses the GPU of this machine.
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
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")  # the programs are about a machine with one GPU
    import torch

    if device == "virtual":
        from grader.in_kernel.virtual_cuda import install as virtual_cuda

        virtual_cuda.install({})
    elif not torch.cuda.is_available():
        say({"unavailable": "torch.cuda.is_available() is False"})
        return
    say({"torch": torch.__version__, "gpu": torch.cuda.get_device_name(0)})
    gc.freeze()  # a collection before each program then looks at what programs made, not at all of torch
    for program in json.load(sys.stdin):
        reset(torch)
        if program["id"].startswith("memory/"):
            gc.collect()
        with contextlib.redirect_stdout(sys.stderr):
            outcome = run(program["code"])
        say({"id": program["id"], **outcome})


def run(code: list[str]) -> dict[str, str]:
    """What the last line's expression is worth, as its repr, or what was raised on the way."""
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
    """What a program may have left behind, but for the caches of the device, as in a new process."""
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
