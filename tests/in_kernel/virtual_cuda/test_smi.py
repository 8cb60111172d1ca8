"""`nvidia-smi` for the virtual device: its output, and its use in a notebook."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from grader.in_kernel.virtual_cuda import smi
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits


@pytest.mark.parametrize("used", [0, 12, 15095])
def test_the_table_has_nvidias_layout(used: int) -> None:
    lines = smi.table(used).splitlines()
    assert {len(line) for line in lines[1:] if line} == {91}
    assert f"{used}MiB /  15095MiB" in smi.table(used)
    assert all(word in smi.table(used) for word in ("Driver Version:", "CUDA Version:", "Tesla T4", "Persistence-M"))


def test_a_query_answers_its_fields_in_order() -> None:
    fields = "name,memory.total,memory.used,memory.free,driver_version,index,uuid,count,compute_cap"
    heading, row = smi.answer([f"--query-gpu={fields}", "--format=csv"], 100).splitlines()
    assert heading.split(", ")[1] == "memory.total [MiB]"
    assert row.split(", ")[:5] == ["Tesla T4 (virtual)", "15095 MiB", "100 MiB", "14995 MiB", smi.DRIVER]
    assert row.split(", ")[5:] == ["0", smi.UUID, "1", "7.5"]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--query-gpu=gpu_name", "--format=csv,noheader"], "Tesla T4 (virtual)"),
        (["--query-gpu", "memory.used,utilization.gpu", "--format", "csv,noheader,nounits", "-i", "0"], "7, 0"),
        (["--format=csv, noheader", "--query-gpu= index , memory.free"], "0, 15088 MiB"),
        (["--query-gpu=fan.speed", "--format=csv,noheader"], "[N/A]"),
        (["--query-gpu=utilization.gpu", "--format=csv,nounits"], "utilization.gpu [%]\n0"),
        (["--query-compute-apps=pid,used_memory", "--format=csv"], "pid, used_memory"),
        (["--list-gpus"], f"GPU 0: Tesla T4 (virtual) (UUID: {smi.UUID})"),
    ],
)
def test_answers(arguments: list[str], shown: str) -> None:
    assert smi.answer(arguments, 7) == shown


def test_the_memory_in_use_is_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = types.SimpleNamespace(memory=types.SimpleNamespace(reserved=40 << 20))
    monkeypatch.setitem(sys.modules, "grader.in_kernel.virtual_cuda.marks", marks)
    assert smi.used_mebibytes() == 40
    assert " 40 " in smi.shell_function()


def test_torch_is_not_imported() -> None:
    program = "import sys, grader.in_kernel.colab.commands as c; print(c.smi.used_mebibytes(), 'torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown == "0 False\n"


def test_a_notebook_asks_for_its_gpu() -> None:
    harness = {
        "install": [["grader.in_kernel.virtual_cuda.install", {}], ["grader.in_kernel.colab.install", {}]],
        "hide_gpu": True,
    }
    asks = "lines = !nvidia-smi --query-gpu=memory.used --format=csv,noheader\nprint(lines[0])"
    with Kernel(harness, Limits(cell_seconds=60)) as kernel:
        assert kernel.run_cell(0, "import torch\nprint(torch.cuda.get_device_name())").text == "Tesla T4 (virtual)"
        assert "Tesla T4 (virtual)" in kernel.run_cell(0, "!nvidia-smi").text
        assert kernel.run_cell(0, asks).text == "0 MiB"
        assert kernel.run_cell(0, "x = torch.zeros(8 << 20, device='cuda')\n" + asks).text == "32 MiB"
        assert kernel.run_cell(0, "%%bash\nset -e\nnvidia-smi -L").text.startswith("GPU 0: Tesla T4 (virtual)")
        assert kernel.run_cell(0, "!nvidia-smi > /dev/null\nprint(_exit_code)").text == "0"
