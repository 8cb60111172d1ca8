"""Every failure of a check comes with a hint: what to look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((*(ROOT / "grader" / "checks").glob("*.py"), *(ROOT / "reference" / "checks").glob("*.py")))
WITHOUT = {"answers.py"}  # what is said of a written answer says by itself what to do


def failures(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fail":
            yield node


def hint_of(call: ast.Call) -> ast.expr | None:
    if len(call.args) > 2:
        return call.args[2]
    return next((keyword.value for keyword in call.keywords if keyword.arg == "hint"), None)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_every_failure_has_a_hint(module: Path) -> None:
    if module.name in WITHOUT:
        return
    for call in failures(ast.parse(module.read_text(encoding="utf-8"))):
        hint = hint_of(call)
        assert hint is not None, f"line {call.lineno} of {module.name}"
        assert not (isinstance(hint, ast.Constant) and not hint.value), f"line {call.lineno} of {module.name}"


def test_there_are_failures_to_look_at() -> None:
    found = [call for module in MODULES for call in failures(ast.parse(module.read_text(encoding="utf-8")))]
    assert len(found) > 100
