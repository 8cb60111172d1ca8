from __future__ import annotations

import sys

import pytest
import torch

from grader.machine import NO_GPU, VIRTUAL, DeviceError, find_gpu


def test_the_machine_s_gpu_comes_before_a_virtual_one():
    assert find_gpu("cpu") == NO_GPU
    assert not NO_GPU.there
    assert find_gpu("virtual") == VIRTUAL
    assert VIRTUAL.there
    if torch.cuda.is_available():
        assert find_gpu("auto").kind == find_gpu("cuda").kind == "cuda"
    else:
        assert find_gpu() == VIRTUAL
        with pytest.raises(DeviceError, match="this machine has no GPU"):
            find_gpu("cuda")


def test_where_the_system_knows_no_gpu_torch_is_not_asked(monkeypatch):
    monkeypatch.setattr("grader.machine.GPU_FILES", ())
    monkeypatch.setattr("grader.machine.sys.platform", "linux")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert find_gpu("auto").kind == "virtual"
