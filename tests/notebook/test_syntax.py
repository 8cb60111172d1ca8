"""Syntax trees, also for several threads at a time."""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.notebook.syntax import parse

ROOT = Path(__file__).parents[2]
SOURCE = "\n".join(f"def f{n}(a):\n    return [(a + {n}, {{1: 2}}) for b in a if b]" for n in range(100))


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads take turns as often as they can, also while a tree is built: a collection runs Python code."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()

    def collected(phase: str, info: dict[str, int]) -> None:
        sum(range(50))

    sys.setswitchinterval(1e-6)
    gc.set_threshold(50, 5, 100)
    gc.callbacks.append(collected)
    try:
        yield
    finally:
        gc.callbacks.remove(collected)
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)


def test_threads_do_not_disturb_each_other(hurried: None) -> None:
    with ThreadPoolExecutor(3) as pool:
        trees = list(pool.map(parse, [SOURCE] * 12))
    assert {len(tree.body) for tree in trees} == {100}


@pytest.mark.parametrize("source", ["", "x = 1", "def f():\n    '''doc'''", "async def f():\n    await g()"])
def test_trees_are_those_of_ast(source: str) -> None:
    assert ast.dump(parse(source)) == ast.dump(ast.parse(source))


def test_flags_are_used() -> None:
    with pytest.raises(SyntaxError):
        parse("return 1 +")
    assert isinstance(parse("await f()", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).body[0], ast.Expr)


def test_only_this_module_parses() -> None:
    """Students' code is parsed by several threads of the grader, and each must take the lock."""
    apart = {ROOT / "grader" / "notebook" / "syntax.py", *(ROOT / "grader" / "in_kernel").rglob("*.py")}
    for package in ("grader", "reference"):
        for path in set((ROOT / package).rglob("*.py")) - apart:
            assert "ast.parse(" not in path.read_text(encoding="utf-8"), path
