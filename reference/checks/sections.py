"""Which cells belong to which question, and whether anything was written there."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from grader.assignment import Advice, Check, Evidence, Fail, Item, Review
from grader.notebook.cells import Cell, python_source
from grader.notebook.syntax import parse
from reference.prompts import template, template_code

TITLES = {"data": "The data", "flops": "Counting FLOPs"}  # words of the headings of items without a number
BROKE = ("error", "timeout", "killed", "dead")  # the statuses of a cell that did not run to its end


def section_cells(e: Evidence, item: str, cells: Sequence[int] = ()) -> tuple[int, ...]:
    """Return the cells in which the answer to an item is expected: those of its section, and `cells`."""
    section = e.sections.get(item)
    return tuple(sorted({*(section.cells if section else ()), *cells}))


def code_under(e: Evidence, item: str) -> tuple[int, ...]:
    """Return the code cells below the heading or the wording of a question; () if neither was found."""
    section = e.sections.get(item)
    if section is None or section.found_by not in ("heading", "content"):
        return ()
    ran = {run.index for run in e.run.cells}
    return tuple(cell for cell in section.cells if cell in ran)


def name_of(item: str) -> str:
    """Return what students know an item by: the heading above it, as 'Question 3'."""
    return f"Question {item[1:]}" if item[1:].isdigit() else TITLES.get(item, item)


def written(e: Evidence, item: str) -> bool:
    """Return whether the code cells below a question hold code that was not handed out, correct or not."""
    sources = {cell.index: cell.source for cell in e.notebook.code_cells}
    return any(not untouched(sources.get(cell, "")) for cell in code_under(e, item))


def not_started(e: Evidence, item: str) -> str:
    """Return a sentence if the code cells of a question, one or more, are as they were handed out; else ''.

    Its cells end where the next text that was handed out begins, since the task's own cells may follow.
    """
    sources = {cell.index: cell.source for cell in e.notebook.code_cells}
    own = [cell for cell in _own_cells(e, item) if cell in sources]
    if not own or not all(untouched(sources[cell]) for cell in own):
        return ""
    what = "the cell" if len(own) == 1 else "all code"
    empty = not any(_statements(sources[cell]) for cell in own)
    name = name_of(item)
    if empty:
        return f"not started: {what} under '{name}' holds no code"
    return f"not started: {what} under '{name}' is as it was handed out"


def _own_cells(e: Evidence, item: str) -> Iterator[int]:
    """Yield a question's cells up to the next text cell that was handed out."""
    section, texts = e.sections.get(item), set(template())
    if section is not None and section.found_by in ("heading", "content"):
        region = [cell for cell in e.notebook.cells if cell.index in section.cells]
    elif item in TITLES:
        titled = (cell.index for cell in e.notebook.cells if cell.kind != "code" and TITLES[item] in _first_line(cell))
        start = next(titled, None)
        region = [cell for cell in e.notebook.cells if start is not None and cell.index >= start]
    else:
        return
    for place, cell in enumerate(region):
        if place and cell.kind != "code" and cell.source in texts:
            return
        yield cell.index


def _first_line(cell: Cell) -> str:
    return cell.source.lstrip().partition("\n")[0]


def begun(item: Item) -> Item:
    """Return the item with checks that say that it was not started, if so, instead of all that is missing then."""

    def told(check: Check) -> Check:
        @functools.wraps(check.run)
        def run(e: Evidence) -> str | Advice | Review | None:
            try:
                return check.run(e)
            except Fail as fail:
                if fail.credit == 0 and (said := not_started(e, item.id)):
                    raise Fail(said, fail.expected, f"Begin with the text under '{name_of(item.id)}'.") from None
                raise

        return replace(check, run=run)

    return replace(item, checks=tuple(map(told, item.checks)))


def untouched(source: str) -> bool:
    """Return whether a cell holds no code but what was handed out; comments, docstrings and `pass` are no code."""
    found = _statements(source)
    return found is not None and set(found) <= _handed_out()


def is_stub(e: Evidence, name: str) -> bool:
    """Return whether the notebook's last definition of this class or function has an empty body."""
    body: list[ast.stmt] | None = None
    for cell in e.notebook.code_cells:
        python = python_source(cell.source) if name in cell.source else None
        for node in parse(python).body if python else ():
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
                body = node.body
    return body is not None and all(map(_is_nothing, body))


@lru_cache(maxsize=512)
def _statements(source: str) -> tuple[str, ...] | None:
    """Return the statements of a cell as text, without comments and those that do nothing; None if it is no Python."""
    python = python_source(source)
    if python is None:
        return None
    tree = parse(python)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [statement for statement in body if not _is_nothing(statement)]  # type: ignore[attr-defined]
    return tuple(ast.dump(statement) for statement in tree.body)


@lru_cache(maxsize=1)
def _handed_out() -> frozenset[str]:
    return frozenset(statement for source in template_code() for statement in _statements(source) or ())


def _is_nothing(statement: ast.stmt) -> bool:
    """Return whether a statement only stands for code that is to be written, is a docstring, or asks the grader."""
    match statement:
        case ast.Pass() | ast.Expr(ast.Constant()) | ast.Return(None) | ast.Return(ast.Constant(None)):
            return True
        case ast.Raise(ast.Name("NotImplementedError") | ast.Call(ast.Name("NotImplementedError"))):
            return True
        case ast.Expr(ast.Call(ast.Attribute(ast.Name("grader"), "check" | "hint" | "status"))):
            return True
    return False
