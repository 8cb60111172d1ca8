"""An independent run of the solution: plain nbclient computes the losses that the recorder reports, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from grader.data import find_data
from grader.data.subset import write_smaller
from grader.machine import VIRTUAL
from grader.notebook.cells import Cell
from grader.run.harness import harness
from grader.run.recorded_run import Running
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits
from grader.seeds import CANONICAL_SEED
from tests.benchmarks.peers.cases import MNIST_VARIABLE, assignment_cells

IMAGES = 1000  # 16 batches an epoch
EPOCHS_MLP, EPOCHS_CNN = 3, 1
LOGGED = ("if batch_idx % 100 == 0:", "if True:")  # so that the notebook's own lists hold the loss of every step


def solution() -> Any:
    """The solution with fewer epochs, its own seed, and a last cell that prints all losses of its lists in hexadecimal."""
    cells = assignment_cells(number=11, mlp=EPOCHS_MLP, cnn=EPOCHS_CNN, seeded=True)
    assert any(LOGGED[0] in text for _, text in cells)
    notebook = nbformat.v4.new_notebook()
    new = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    notebook.cells = [new[kind](text.replace(*LOGGED)) for kind, text in cells]
    nbformat.validate(notebook)
    return notebook


def printed(lines: str) -> dict[str, list[float]]:
    """The losses that the last cell prints, by the question that trained: first those of training, then those of testing."""
    rows = [line.split() for line in lines.splitlines() if line]
    return {name: [float.fromhex(loss) for loss in losses] for name, *losses in rows}


def by_nbclient(notebook: Any, folder: Path) -> dict[str, list[float]]:
    NotebookClient(
        notebook, timeout=250, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    nbformat.validate(notebook)
    outputs = notebook.cells[-1].outputs
    return printed("".join(one.text for one in outputs if one.output_type == "stream" and one.name == "stdout"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_plain_nbclient_computes_the_recorded_losses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_smaller(find_data(sample=True), IMAGES, tmp_path / "MNIST" / "raw")  # as torchvision arranges them
    monkeypatch.setenv(MNIST_VARIABLE, str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("MPLBACKEND", "agg")
    notebook = solution()
    theirs = by_nbclient(notebook, tmp_path)
    code = [(index, cell.source) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    with Kernel(harness(source, CANONICAL_SEED, gpu=VIRTUAL), Limits(cell_seconds=250, total_seconds=500)) as kernel:
        running = Running(kernel)
        running.run(Cell(index, "code", text) for index, text in code)
        run = running.evidence()
    assert [(cell.index, cell.error) for cell in run.cells if cell.status != "ok"] == []
    assert printed(run.cells[-1].stdout) == theirs
    batches = -(-IMAGES // 64)
    # The lists of q3 go on from those of q2. On the GPU the harness serves the images in another order.
    expected = [*theirs["q3"][: 2 * EPOCHS_MLP * batches], *theirs["q7"][: EPOCHS_CNN * batches]]
    recorded = [loss for one in run.passes if one.trains and one.model_device == "cpu" for loss in one.losses]
    assert len(recorded) == batches * (2 * EPOCHS_MLP + EPOCHS_CNN)
    assert recorded == expected
    on_gpu = [one for one in run.passes if one.trains and one.model_device != "cpu"]
    assert sum(len(one.losses) for one in on_gpu) == batches * (EPOCHS_MLP + EPOCHS_CNN)
