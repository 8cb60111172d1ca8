"""Each import contract catches a breach, also one inside a function or for types only."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = set(re.findall(r'^id = "(\w+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE))
INSIDE = "\n\ndef _late():\n    {}\n"
FOR_TYPES = "\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    {}\n"
# contract, file, statement, where it stands
BREACHES = [
    ("flow", "grader/probe/client.py", "from grader.grading.grade import grade", INSIDE),
    ("flow", "grader/run/kernels.py", "from grader.slicing.cost import costs", FOR_TYPES),
    ("checks", "grader/probe/models.py", "from grader.checks.models import shape", FOR_TYPES),
    ("assignment", "grader/grading/grade.py", "from reference.rubric import ASSIGNMENT", INSIDE),
    ("kernel", "grader/in_kernel/agent.py", "from grader.evidence.run import Pass", FOR_TYPES),
    ("english", "grader/probe/models.py", "from grader.language import tr", INSIDE),
    ("class", "grader/course/batch.py", "from grader.course.cluster.driver import connect", INSIDE),
    ("sandbox", "grader/sandbox/warm_start.py", "from grader.sandbox.kernel import Kernel", INSIDE),
    ("acyclic", "grader/in_kernel/events.py", "from grader.in_kernel.recorder.passes import install", INSIDE),
]


def lint(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    return subprocess.run(
        [*command, "--contract", contract], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("grader", "reference"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=lambda _, names: [n for n in names if "." in n and n[-3:] != ".py"]
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("contract", "file", "statement", "form"), BREACHES)
def test_a_breach_is_caught(copy: Path, contract: str, file: str, statement: str, form: str) -> None:
    assert lint(copy, contract).returncode == 0
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(form.format(statement))
    broken = lint(copy, contract)
    assert broken.returncode == 1
    assert "1 broken" in broken.stdout


def test_every_contract_is_tried() -> None:
    assert {contract for contract, *_ in BREACHES} == CONTRACTS
