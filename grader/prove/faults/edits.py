"""What faults are made of: small edits of a notebook, put together to the `apply` of a mutation."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable

from grader.prove.draft import Draft
from grader.prove.mutation import Apply
from grader.prove.patterns import matches


def swap(
    pattern: str, replacement: str, *, within: str | None = None, section: str | None = None, nth: int | None = None
) -> Apply:
    """Replace what matches the pattern: in a function or class, in the cells below a heading, or everywhere."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        cells = draft.section(section) if section is not None else None
        return draft.rewrite(pattern, replacement, within=within, cells=cells, nth=nth)

    return apply


def all_of(*edits: Apply) -> Apply:
    """One edit after the other; None when one of them does not fit."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        changed: Draft | None = draft
        for edit in edits:
            changed = edit(changed, rng) if changed is not None else None
        return changed

    return apply


def in_function(name: str, change: Callable[[ast.FunctionDef], bool]) -> Apply:
    """Change the function's tree in place; `change` says whether it fitted."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        place = draft.definition(name)
        tree = draft.tree(place.cell) if place is not None else None
        if place is None or tree is None:
            return None
        function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
        return draft.with_tree(place.cell, ast.fix_missing_locations(tree)) if change(function) else None

    return apply


def prepend(code: str, within: str) -> Apply:
    """Put statements at the beginning of a function."""

    def change(function: ast.FunctionDef) -> bool:
        at = 1 if ast.get_docstring(function) is not None else 0
        function.body[at:at] = ast.parse(code).body
        return True

    return in_function(within, change)


def hoist(pattern: str, within: str) -> Apply:
    """Move the statement that matches out of its loop, to just before it."""

    def change(function: ast.FunctionDef) -> bool:
        for index, statement in enumerate(function.body):
            if isinstance(statement, ast.For):
                found = [inner for inner in statement.body if matches(inner, pattern)]
                statement.body = [inner for inner in statement.body if inner not in found]
                function.body[index:index] = found
                return bool(found)
        return False

    return in_function(within, change)


def wrap_loop(context: str, within: str) -> Apply:
    """Put the function's loop into `with context:`."""

    def change(function: ast.FunctionDef) -> bool:
        for index, statement in enumerate(function.body):
            if isinstance(statement, ast.For):
                block = ast.parse(f"with {context}:\n    pass").body[0]
                assert isinstance(block, ast.With)
                block.body = [statement]
                function.body[index] = block
                return True
        return False

    return in_function(within, change)


def unwrap(within: str) -> Apply:
    """Take the function's `with` away and keep what is in it."""

    def change(function: ast.FunctionDef) -> bool:
        for index, statement in enumerate(function.body):
            if isinstance(statement, ast.With):
                function.body[index : index + 1] = statement.body
                return True
        return False

    return in_function(within, change)


def swap_lines(first: str, second: str, within: str) -> Apply:
    """Exchange two statements of the function's loop."""

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
