"""Whole notebooks that turn one training into another's record, graded on the virtual GPU."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import grader
from grader.result import CheckResult
from grader.sandbox.limits import Limits
from tests.attacks.forgery.build import ROOT, write_data

pytestmark = [
    pytest.mark.usefixtures("warm"),
    pytest.mark.slow,
    pytest.mark.exhaustive,
    pytest.mark.attack,
    pytest.mark.timeout(600),
]
LIMITS = Limits(cell_seconds=120, total_seconds=400)

KEEP = """
from grader.in_kernel import events as recorder
kept, real = [], recorder.emit
def emit(kind, fields):
    kept.append((kind, dict(fields)))
    real(kind, fields)
recorder.emit = emit
"""
REPLAY = """
recorder.emit = real
records = [(kind, fields) for kind, fields in kept if kind in ("pass", "weights")]
first = min(fields["start"] for _, fields in records)
shift = recorder.now() - first
model.key = real("model", {**next(f for k, f in kept if k == "model" and f["key"] == records[0][1]["model"]), "key": "model-99"})
tests = 0
for kind, fields in records:
    if kind == "pass":
        time.sleep(max(0, fields["start"] + fields["seconds"] + shift - recorder.now()))
        tests += not fields["steps"]
    change = {"cell": recorder.cell(), "model": "model-99", "start": fields["start"] + shift}
    if kind == "pass":
        change |= {"model_device": "cuda:0", "data_device": "cuda:0", **CANONICAL}
    real(kind, {**fields, **change})
    if tests == 10 and kind == "weights":
        break
for number in range(10):
    print(f"epoch {number + 1}: 0.21 s")
print("10 epochs with testing: 2.10 s in all")
"""
Q5 = 32


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        data.mkdir()
        write_data(data)
        for path in (Path(name), data):
            path.chmod(0o755)
        yield Path(name)


def checks(folder: Path, name: str, changes: Mapping[int, str], before: Mapping[int, str]) -> dict[str, CheckResult]:
    """Grade the solution with other sources in some cells, and with cells before others; return the checks by id."""
    notebook = json.loads((ROOT / "reference" / "solution.ipynb").read_text(encoding="utf-8"))
    cells = []
    for index, cell in enumerate(notebook["cells"]):
        if index in before:
            cells.append({**cell, "id": f"b{index}", "cell_type": "code", "source": before[index], "outputs": []})
        cells.append({**cell, "source": changes.get(index, "".join(cell["source"]))})
        for code in cells[-2:]:
            if code["cell_type"] == "code":
                code.update(outputs=[], execution_count=None)
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({**notebook, "cells": cells}), encoding="utf-8")
    result = grader.grade(path, data=folder / "data", device="virtual", limits=LIMITS, isolation="none")
    assert result.status != "failed", result.message
    return {check.id: check for item in result.items for check in item.checks}


@pytest.mark.parametrize("canonical", [True, False])
def test_the_records_of_the_cpu_earn_nothing_on_the_gpu(folder: Path, canonical: bool) -> None:
    replay = REPLAY.replace("CANONICAL", f'{{"canonical": {canonical}}}').replace("model.key = ", "")
    found = checks(folder, f"replayed_{canonical}", {Q5: replay}, {22: KEEP})
    assert found["q2.trained"].status == "pass"
    assert (found["q5.trained"].score, found["q5.converges"].score) == (0, 0)
    assert "has the weights of the one" in found["q5.trained"].hint


def test_training_twice_from_the_same_seed_costs_nothing(folder: Path) -> None:
    notebook = json.loads((ROOT / "reference" / "solution.ipynb").read_text(encoding="utf-8"))
    seeded = {i: "torch.manual_seed(1)\n" + "".join(notebook["cells"][i]["source"]) for i in (18, 30, 37, 41)}
    found = checks(folder, "seeded", seeded, {})
    for name in (
        "q2.trained",
        "q2.converges",
        "q3.trained",
        "q5.trained",
        "q5.converges",
        "q7.converges",
        "q8.trained",
    ):
        assert found[name].status == "pass", found[name]
