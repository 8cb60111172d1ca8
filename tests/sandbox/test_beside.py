"""Helper files in the kernel's working folder, however it is confined."""

from __future__ import annotations

import pytest

from grader.notebook.helper_files import HelperFile, HelperFiles
from grader.run.kernels import LOAD
from grader.sandbox.confinement.backends import Backend, trials
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits

FILES = HelperFiles(
    (
        HelperFile("nets/mlp.py", b"WIDTH = 128\n"),
        HelperFile("torch.py", b"raise RuntimeError('not the real torch')\n"),
        HelperFile("utils.py", b"def add(a, b):\n    return a + b\n"),
        HelperFile("values.csv", bytes(range(256)) * 1000),
    )
)
USE = """
import os, utils
from nets.mlp import WIDTH
assert utils.add(WIDTH, 1) == 129
assert open("values.csv", "rb").read() == bytes(range(256)) * 1000
open("values.csv", "w").write("a copy of its own")
os.remove("utils.py")
"""
BACKENDS = [trial.backend for trial in trials() if trial.backend is not None]


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.level)
def test_each_kernel_gets_copies(backend: Backend) -> None:
    for _ in range(2):  # what the first one wrote is gone
        with Kernel({}, Limits(), backend, beside=FILES) as kernel:
            run = kernel.run_cell(0, USE)
            assert run.status == "ok", run.error


def test_what_the_probes_use_is_loaded_from_no_helper_file() -> None:
    with Kernel({}, Limits(), beside=FILES) as kernel:
        assert kernel.run_cell(-1, LOAD).status == "ok"
        assert kernel.run_cell(0, f"import torch\ntorch.zeros(1)\n{USE}").status == "ok"
