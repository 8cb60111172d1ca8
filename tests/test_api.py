"""What `import grader` offers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import grader
from grader.errors import GraderError


@pytest.mark.parametrize("name", grader.__all__)
def test_an_exported_name_exists_and_is_listed(name: str) -> None:
    assert name in dir(grader)
    assert getattr(grader, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'grades'"):
        _ = grader.grades  # type: ignore[attr-defined]


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, grader; dir(grader); print(sorted({'torch', 'numpy', 'msgspec', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_device_that_does_not_exist_is_a_mistake_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match="no device 'gpuu'; choose one of auto, cuda, virtual, cpu"):
        grader.grade(tmp_path / "x.ipynb", device="gpuu")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_device_that_does_not_exist_is_a_type_error_for_checkers(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import grader\n\ngrader.grade('x.ipynb', device='gpuu')\n")
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", "--config-file=", str(program)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 1
    assert "[arg-type]" in done.stdout
