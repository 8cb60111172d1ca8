"""Twenty notebooks as authors of public ones would have answered this assignment (`real/`): none loses a point."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import torch

from grader.data.sources import find_data
from grader.data.subset import write_smaller
from grader.grading.grade import grade
from grader.result import Result
from tests.reference.real.build import CELLS, CURVES, STYLES, cells_of, notebook

torch.set_num_threads(1)
IMAGES = 512  # training images: eight batches
HEAD = "import time\n\nimport torch\nfrom torch import nn, optim\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_smaller(find_data(sample=True), IMAGES, folder)
    return folder


def graded(path: Path, data: Path) -> Result:
    return grade(path, data=data, device="virtual", isolation="none")


def lost(result: Result) -> list[str]:
    checks = [check for item in result.items for check in item.checks]
    return [f"{check.id}: {check.message}" for check in checks if check.score < check.max_score]


def test_there_are_twenty_and_each_is_python() -> None:
    assert len(STYLES) >= 20
    for style in STYLES:
        for name, source in cells_of(style).items():
            assert name in CELLS, (style, name)
            ast.parse(source)
        assert len(json.loads(notebook(style))["cells"]) > 40


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_trainer_in_a_helper_file_loses_nothing(tmp_path: Path, data: Path) -> None:
    (tmp_path / "training").mkdir()
    loops = cells_of("trainer_class")["loops"]
    (tmp_path / "training" / "trainer.py").write_text(f"import matplotlib.pyplot as plt\n{HEAD}{CURVES}\n\n{loops}")
    document = json.loads(notebook("trainer_class"))
    for cell in document["cells"]:
        if cell["source"] == loops:
            cell["source"] = "from training.trainer import Trainer"
    (tmp_path / "hw.ipynb").write_text(json.dumps(document))
    result = graded(tmp_path / "hw.ipynb", data)
    assert not lost(result)
    assert result.digests.files
    assert "helper files beside the notebook: training/trainer.py" in result.notes


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("style", STYLES)
def test_a_right_notebook_of_another_author_loses_nothing(style: str, tmp_path: Path, data: Path) -> None:
    path = tmp_path / f"{style}.ipynb"
    path.write_bytes(notebook(style))
    assert not lost(graded(path, data))


FAULTS = {
    "trainer_class": ("            self.opt.zero_grad()\n", "", "learns"),
    "lightning_steps": ("    model.eval()\n", "", "eval_mode"),
    "no_functions": ("    model.eval()\n", "", "eval_mode"),
    "keras_habits": ("self.steps += 1", "self.steps = 1", "records"),
}


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("style", FAULTS)
def test_a_fault_in_such_a_notebook_costs_its_points(style: str, tmp_path: Path, data: Path) -> None:
    old, new, check = FAULTS[style]
    path = tmp_path / f"{style}.ipynb"
    document = json.loads(notebook(style))
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = cell["source"].replace(old, new)
    path.write_text(json.dumps(document))
    assert any(line.startswith(f"cpu_loops.{check}:") for line in lost(graded(path, data)))
