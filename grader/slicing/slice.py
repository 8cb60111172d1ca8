"""Program slices: the smallest part of a notebook that defines the wanted classes and functions and all that they read.

Nothing is executed. A slice never contains statements that train or loop for long, and a pass over the data only if
nothing cheaper binds a name. A function's globals are those of its first call in the notebook; if it is never called,
those of its definition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.slicing.program import SourceCell, Unit, analysed
from grader.slicing.select import Selection
from grader.slicing.statements import text_of


@dataclass(frozen=True)
class Piece:
    """A top-level statement; `source` begins on line `first_line` of the cell, `binds` are the names it may bind."""

    cell: int
    first_line: int
    source: str
    binds: frozenset[str]

    @property
    def padded(self) -> str:
        """The source after as many empty lines that tracebacks show the line numbers of the student's cell."""
        return "\n" * (self.first_line - 1) + self.source


@dataclass(frozen=True)
class Slice:
    """The pieces to run, in order.

    `missing` are wanted names that no statement that may be run defines. `unresolved` are names that the pieces, or the
    functions in them, read although they are neither builtins nor bound by a statement that may be run.
    """

    wanted: tuple[str, ...]
    pieces: tuple[Piece, ...]
    missing: tuple[str, ...]
    unresolved: tuple[str, ...]


def slice_cells(cells: Sequence[SourceCell], wanted: Sequence[str], avoid: Collection[str] = ()) -> Slice:
    """Return the smallest program that defines the names in `wanted` without calling a function in `avoid`.

    Raises nothing: cells that are not valid Python are left out. A redefinition counts if its cell ran.
    """
    program = analysed(tuple(cells), frozenset(avoid))
    selection, settings = Selection(program), Selection(program)
    missing: list[str] = []
    limit = 0.0
    for name in dict.fromkeys(wanted):
        until = selection.want(name)
        if until is None:
            missing.append(name)
        else:
            limit = max(limit, until)
    taken, earlier, unresolved = dict(selection.taken), dict(selection.earlier), dict(selection.unresolved)
    if taken or any(unit.facts.star for unit in program.units):
        settings.take_settings(limit, max((unit.position for unit in taken.values() if unit.facts.imports), default=0))
        taken.update(settings.taken)
        unresolved.update(settings.unresolved)
        for position, below in settings.earlier.items():
            earlier[position] = earlier.get(position, set()) | below
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
    """Return the positions in the notebook's order, except that those in `earlier[position]` come before `position`."""
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
