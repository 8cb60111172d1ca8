"""Parsing of cells into statements with nested blocks, and the source of statements with parts left out."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from grader.notebook.memo import Remembered
from grader.notebook.syntax import parse
from grader.slicing.bindings import Facts, leaves
from grader.slicing.walk import TRY, facts_of, header_facts

_SEMICOLON = re.compile(rb"[ \t]*;")


class Span(NamedTuple):
    """The position of a statement, decorators included: lines from 1, columns in bytes from 0."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement of a cell, or one inside a block at the top level of a cell.

    A block has `branches` (suites of statements); its `facts` are those of the header, and `whole` those of the entire
    block if it may be run as one (`try` and `for`). `jump`: a `break` or `continue`, which is never left out of a
    block. `leaves`: the statements after it in its suite never run.
    """

    span: Span
    facts: Facts
    jump: bool
    leaves: bool
    branches: tuple[tuple[Statement, ...], ...] = ()
    whole: Facts | None = None

    def walk(self) -> Iterator[Statement]:
        """Yield this statement and all statements in its branches, in order."""
        yield self
        for branch in self.branches:
            for statement in branch:
                yield from statement.walk()


@dataclass(frozen=True, eq=False)
class Cell:
    """The statements of a cell, and its lines as UTF-8: the columns of an AST count bytes."""

    statements: tuple[Statement, ...]
    lines: tuple[bytes, ...]


@Remembered
def parse_cell(source: str) -> Cell:
    """Parse plain Python. Invalid or too deeply nested source gives a cell without statements; nothing is raised."""
    source = re.sub("\r\n?", "\n", source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes and similar mistakes in the student's code
            tree = parse(source, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        lines = tuple(line.encode() for line in source.split("\n"))
        return Cell(tuple(map(_opened, tree.body)), lines)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Cell((), ())


def _opened(node: ast.stmt) -> Statement:
    whole = None
    suites: list[list[ast.stmt]] = []
    if isinstance(node, ast.If):
        suites = [node.body]
        last = node
        while len(last.orelse) == 1 and isinstance(last.orelse[0], ast.If):  # `elif`, or equivalent to one
            last = last.orelse[0]
            suites.append(last.body)
        suites.append(last.orelse)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        suites = [node.body]
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        suites, whole = [node.body, node.orelse], facts_of(node)
    elif isinstance(node, TRY):
        suites = [node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody]
        whole = facts_of(node)
    facts = header_facts(node) if suites else facts_of(node)
    jump = isinstance(node, (ast.Break, ast.Continue))
    branches = tuple(tuple(map(_opened, suite)) for suite in suites)
    return Statement(_span(node), facts, jump, leaves([node]), branches, whole)


def first_line(node: ast.stmt) -> int:
    """Return the line, from 1, on which a statement begins, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _span(node: ast.stmt) -> Span:
    line = first_line(node)
    return Span(line, node.col_offset, node.end_lineno or line, node.end_col_offset or 0)


def surely_binds(statement: Statement, opened: Callable[[Statement], bool]) -> frozenset[str]:
    """Return the names bound whenever a statement completes.

    `opened` tells whether a `try` or `for` runs only in part.
    """
    if not statement.branches:
        return statement.facts.surely
    if statement.whole is not None:
        return frozenset() if opened(statement) else statement.whole.surely
    ends = [
        frozenset().union(*(surely_binds(part, opened) for part in branch))
        for branch in statement.branches
        if not (branch and branch[-1].leaves)
    ]
    return statement.facts.surely.union(frozenset.intersection(*ends) if ends else frozenset())


def text_of(cell: Cell, statement: Statement, kept: Collection[Statement], opened: Collection[Statement]) -> str:
    """Return the source of a top-level statement; in the blocks `opened`, statements that are not `kept` become `pass`.

    The lines keep their numbers.
    """
    top, left = statement.span.line, statement.span.column
    lines = list(cell.lines[top - 1 : statement.span.end_line])
    end = statement.span.end_column
    if len(lines) == 1:
        lines = [lines[0][left:end]]  # in one step: many statements may share a long line
    else:
        lines[0], lines[-1] = lines[0][left:], lines[-1][:end]
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    starts[0] = -left  # the columns of the first line count from the margin
    text = b"\n".join(lines)
    parts: list[bytes] = []
    done = 0
    for span in _dropped(statement, kept, opened):
        begin = starts[span.line - top] + span.column
        end = starts[span.end_line - top] + span.end_column
        breaks = b"\n" * (span.end_line - span.line)
        more = _SEMICOLON.match(text, end) is not None  # another statement follows on the last line
        parts += text[done:begin], b"(" + breaks + b")" if breaks and more else b"pass" + breaks
        done = end
    return b"".join((*parts, text[done:])).decode()


def _dropped(statement: Statement, kept: Collection[Statement], opened: Collection[Statement]) -> Iterator[Span]:
    if statement not in opened:
        return
    for part in (part for branch in statement.branches for part in branch):
        if part in kept:
            yield from _dropped(part, kept, opened)
        elif not part.jump:
            yield part.span
