"""Small edits of a notebook, of which the `apply` of faults are composed."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from typing import TypeVar

from grader.notebook.syntax import parse
from grader.prove.draft import Draft
from grader.prove.mutation import Apply
from grader.prove.patterns import matches

S = TypeVar("S", bound=ast.stmt)


def swap(
    pattern: str, replacement: str, *, within: str | None = None, section: str | None = None, nth: int | None = None
) -> Apply:
    """Replace the matches of a pattern: in a function or class, in the cells below a heading, or everywhere."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        cells = draft.section(section) if section is not None else None
        return draft.rewrite(pattern, replacement, within=within, cells=cells, nth=nth)

    return apply


def in_function(name: str, change: Callable[[ast.FunctionDef], bool]) -> Apply:
    """Change a function's tree in place; `change` returns whether it fitted."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        place = draft.definition(name)
        tree = draft.tree(place.cell) if place is not None else None
        if place is None or tree is None:
            return None
        function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
        return draft.with_tree(place.cell, ast.fix_missing_locations(tree)) if change(function) else None

    return apply


def prepend(code: str, within: str) -> Apply:
    """Insert statements at the beginning of a function."""

    def change(function: ast.FunctionDef) -> bool:
        at = 1 if ast.get_docstring(function) is not None else 0
        function.body[at:at] = parse(code).body
        return True

    return in_function(within, change)


def hoist(pattern: str, within: str) -> Apply:
    """Move the statement that matches from its loop to just before the loop."""

    def change(loop: ast.For) -> list[ast.stmt]:
        found = [inner for inner in loop.body if matches(inner, pattern)]
        loop.body = [inner for inner in loop.body if inner not in found]
        return [*found, loop] if found else []

    return _replace_first(ast.For, change, within)


def wrap_loop(context: str, within: str) -> Apply:
    """Wrap the function's loop in `with context:`."""

    def change(loop: ast.For) -> list[ast.stmt]:
        block = parse(f"with {context}:\n    pass").body[0]
        assert isinstance(block, ast.With)
        block.body = [loop]
        return [block]

    return _replace_first(ast.For, change, within)


def unwrap(within: str) -> Apply:
    """Replace the function's `with` by its body."""
    return _replace_first(ast.With, lambda block: block.body, within)


def _replace_first(kind: type[S], change: Callable[[S], list[ast.stmt]], within: str) -> Apply:
    """Replace the function's first statement of a kind by those that `change` returns, [] if it does not fit."""

    def change_function(function: ast.FunctionDef) -> bool:
        for index, statement in enumerate(function.body):
            if isinstance(statement, kind):
                instead = change(statement)
                function.body[index : index + 1] = instead or [statement]
                return bool(instead)
        return False

    return in_function(within, change_function)


def swap_lines(first: str, second: str, within: str) -> Apply:
    """Swap two statements in the function's loop."""

    def change(function: ast.FunctionDef) -> bool:
        for loop in (node for node in ast.walk(function) if isinstance(node, ast.For)):
            places = [
                next((i for i, inner in enumerate(loop.body) if matches(inner, pattern)), None)
                for pattern in (first, second)
            ]
            one, other = places
            if one is not None and other is not None:
                loop.body[one], loop.body[other] = loop.body[other], loop.body[one]
                return True
        return False

    return in_function(within, change)
