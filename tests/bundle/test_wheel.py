"""What is installed on a student's machine holds no solution."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.bundle.contents import code_lines, notebook_code

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "reference" / "assignment.ipynb"
# Lines that any training in PyTorch has: the grader trains a small model of its own, rightly and with known faults.
ORDINARY = {
    "current_step += 1",
    "def __init__(self) -> None:",
    "def forward(self, x: torch.Tensor) -> torch.Tensor:",
    "optimizer.step()",
    "optimizer.zero_grad()",
    "output = model(data)",
}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_wheel_holds_the_grader_alone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("grader", "reference"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path)]
    subprocess.run([*command, str(source)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        code = {name: archive.read(name).decode() for name in names if name.endswith(".py")}
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"grader"}
    assert not [name for name in names if name.endswith((".ipynb", ".grader"))]
    assert "grader/bundle/make.py" in names
    assert "grader/templates/report.html" in names

    models = code_lines((ROOT / "reference" / "models.py").read_text())
    loops = code_lines((ROOT / "reference" / "loops.py").read_text())
    solution = {
        line
        for cell in notebook_code((ROOT / "reference" / "solution.ipynb").read_bytes())
        for line in code_lines(cell)
    }
    given = {line for cell in notebook_code(STARTER.read_bytes()) for line in code_lines(cell)}
    installed = {line for text in code.values() for line in code_lines(text)}
    shared = ((models | loops | solution) & installed) - given
    assert shared <= ORDINARY, sorted(shared - ORDINARY)
