"""Notebook cells -> the smallest program that defines the wanted classes and functions and what they read.

Nothing is executed, and nothing that trains, loops for long or passes over the data is ever part of a slice. A function
reads its globals as they were when the notebook first called it; one that is never called, as they were at its definition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.slicing.program import SourceCell, Unit, analysed
from grader.slicing.select import Choice
from grader.slicing.statements import text_of


@dataclass(frozen=True)
class Piece:
    """One top-level statement of a cell: `source` begins on line `first_line` of the cell; `binds` are names it may bind."""

    cell: int
    first_line: int
    source: str
    binds: frozenset[str]

    @property
    def padded(self) -> str:
        """The source with empty lines before it, so that tracebacks show the line numbers of the student's cell."""
        return "\n" * (self.first_line - 1) + self.source


@dataclass(frozen=True)
class Slice:
    """The pieces to run, in order.

    `missing`: wanted names that no statement which may be run defines. `unresolved`: names read by the pieces, or by the
    functions in them, that are no builtins and that no statement which may be run binds.
    """

    wanted: tuple[str, ...]
    pieces: tuple[Piece, ...]
    missing: tuple[str, ...]
    unresolved: tuple[str, ...]


def slice_cells(cells: Sequence[SourceCell], wanted: Sequence[str], avoid: Collection[str] = ()) -> Slice:
    """The smallest program that defines the names `wanted`, never calling the functions in `avoid`. Raises nothing.

    Cells that are no Python are left out. A redefinition counts if its cell ran.
    """
    program = analysed(tuple(cells), frozenset(avoid))
    taken: dict[int, Unit] = {}
    earlier: dict[int, set[int]] = {}
    missing: list[str] = []
    unresolved: dict[str, None] = {}
    limit = 0.0

    def add(choice: Choice) -> None:
        taken.update(choice.taken)
        unresolved.update(choice.unresolved)
        for position, below in choice.earlier.items():
            earlier.setdefault(position, set()).update(below)

    for name in dict.fromkeys(wanted):
        choice = Choice(program)  # one each: two functions may have been called at different times
        until = choice.want(name)
        if until is None:
            missing.append(name)
        else:
            limit = max(limit, until)
            add(choice)
    if taken:
        settings = Choice(program)
        settings.take_settings(limit, max((unit.position for unit in taken.values() if unit.facts.imports), default=0))
        add(settings)
    return Slice(tuple(wanted), tuple(_pieces(taken, earlier)), tuple(missing), tuple(unresolved))


def _pieces(taken: Mapping[int, Unit], earlier: Mapping[int, set[int]]) -> Iterator[Piece]:
    blocks: dict[int, list[Unit]] = {}
    for position in sorted(taken):
        blocks.setdefault(taken[position].top.position, []).append(taken[position])
    for position in _ordered(blocks, earlier):
        units = blocks[position]
        top = units[0].top
        kept = {unit.statement for unit in units}
        opened = {unit.statement for unit in units if unit.opened}
        source = text_of(top.parsed, top.statement, kept, opened)
        binds = frozenset().union(*(unit.facts.binds for unit in units))
        yield Piece(top.cell.index, top.statement.span.line, source, binds)


def _ordered(positions: Collection[int], earlier: Mapping[int, set[int]]) -> list[int]:
    """In the notebook's order, but what must run earlier comes earlier."""
    done: dict[int, None] = {}
    begun: set[int] = set()
    stack = sorted(positions, reverse=True)
    while stack:
        position = stack[-1]
        waiting = sorted(earlier.get(position, set()) - begun, reverse=True) if position not in begun else []
        begun.add(position)
        if waiting:
            stack += waiting
        else:
            done.setdefault(stack.pop())
    return list(done)
