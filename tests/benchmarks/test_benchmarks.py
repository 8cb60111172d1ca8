"""Every benchmark can be imported: nothing else would notice that a name it uses has moved."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

BENCHMARKS = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_can_be_imported_and_says_how_it_is_run(name: str) -> None:
    module = importlib.import_module(f"tests.benchmarks.{name}")
    assert f"{name}.py" in (module.__doc__ or "")
    assert callable(getattr(module, "main", None))
