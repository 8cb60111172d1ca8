"""Turn a training loop that stands in a cell, in no function, into functions that can be probed like any other.

The suite that holds the loop over the batches is one epoch. What stands in it up to this loop trains; what follows
tests, if a loop is in it.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from grader.slicing.source_cells import parsed

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_GPU = re.compile(r"cuda|gpu", re.IGNORECASE)
_LOOPS = (ast.For, ast.GeneratorExp, ast.ListComp)


@dataclass(frozen=True)
class InlineLoops:
    """The source of a function `train` and of a function `test`, each '' if there is none."""

    train: str
    test: str


def inline_loops(source: str, train: str, test: str, device: str = "") -> InlineLoops | None:
    """Return the loops of a cell as functions of these names; None if no loop at its top level trains.

    Of several that train, those are taken that speak of a GPU if `device` is 'cuda', and those that do not if it is
    'cpu'; if there are none, or no device is given, the first. The names that they assign are global, as they are in
    the cell.
    """
    tree = parsed(source)
    suites = list(_training_suites(tree.body))
    if not suites:
        return None
    on_gpu = [bool(_GPU.search("\n".join(map(ast.unparse, suite)))) for suite in suites]
    fitting = [suite for suite, gpu in zip(suites, on_gpu, strict=True) if device and gpu == (device == "cuda")]
    suite = (fitting or suites)[0]
    at = next(place for place, node in enumerate(suite) if _trains(node))
    lines = source.split("\n")
    rest = suite[at + 1 :]
    tests = any(isinstance(node, _LOOPS) for part in rest for node in ast.walk(part))
    return InlineLoops(_function(train, suite[: at + 1], lines), _function(test, rest, lines) if tests else "")


def _training_suites(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Yield the suites that hold the innermost loops that train, in order."""
    for node in body:
        if isinstance(node, _FUNCTIONS) or not _trains(node):
            continue
        inner = [found for suite in _suites(node) for found in _training_suites(suite)]
        if inner:
            yield from inner
        elif isinstance(node, (ast.For, ast.While)):
            yield body


def _suites(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(node, name, None)
        if isinstance(inner, list):
            yield inner


def _trains(node: ast.AST) -> bool:
    """Return whether a statement holds a loop in which gradients are computed."""
    loops = (inner for inner in ast.walk(node) if isinstance(inner, (ast.For, ast.While)))
    return any(isinstance(part, ast.Attribute) and part.attr == "backward" for loop in loops for part in ast.walk(loop))


def _function(name: str, body: list[ast.stmt], lines: list[str]) -> str:
    """Return the source of a function with these statements, on the lines that they have in the cell if possible."""
    first, last = body[0].lineno, body[-1].end_lineno or body[-1].lineno
    text = "\n".join(lines[first - 1 : last])
    if not body[0].col_offset:
        text = textwrap.indent(text, "    ")
    indent = text[: len(text) - len(text.lstrip(" \t"))]
    bound = sorted(_bound(body))
    head = f"def {name}():\n" + (f"{indent}global {', '.join(bound)}\n" if bound else f"{indent}pass\n")
    whole = "\n" * max(0, first - 3) + head + text
    try:
        compile(whole, "<cell>", "exec")
    except (SyntaxError, ValueError):  # a statement such as `continue` that belongs to the loop over the epochs
        return ""
    return whole


def _bound(body: list[ast.stmt]) -> set[str]:
    """Return the names that the statements assign, without those inside comprehensions and functions."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        if not isinstance(node, (*_FUNCTIONS, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)):
            waiting += ast.iter_child_nodes(node)
    return found
