"""The cells that some cells depend on: all that must run for these to behave as in a run of the whole notebook."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from grader.slicing.bindings import Facts
from grader.slicing.cost import Cost
from grader.slicing.program import Program, SourceCell, Unit, analysed
from grader.slicing.traversal import MOST


def needed_cells(cells: Sequence[SourceCell], wanted: Collection[int]) -> frozenset[int]:
    """Return the indices in `wanted` and those of all earlier cells on which these depend, directly or indirectly.

    A cell depends on cells that bind or change what it reads, as far as the source shows. Cells run as a whole.
    Training is taken to change everything that it reads except loaders.
    """
    search = _Search(analysed(tuple(cells), frozenset()))
    needed: set[int] = set()
    queue = [*wanted, *search.settings(wanted)]
    asked: set[tuple[str, int]] = set()
    while queue:
        cell = queue.pop()
        if cell in needed:
            continue
        needed.add(cell)
        for unit in search.units[cell]:
            for name in search.read(unit.facts):
                if (name, unit.position) not in asked:
                    asked.add((name, unit.position))
                    queue += (source.cell.index for source in search.sources(name, unit.position))
    return frozenset(needed)


def expensive_cells(cells: Sequence[SourceCell]) -> frozenset[int]:
    """Return the indices of the cells with a statement that trains, evaluates, or may never end."""
    units = analysed(tuple(cells), frozenset()).units
    return frozenset(unit.cell.index for unit in units if unit.cost == Cost.NEVER)


class _Search:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.units: defaultdict[int, list[Unit]] = defaultdict(list)
        self.trainings: defaultdict[str, list[int]] = defaultdict(list)  # name -> positions of trainings that read it
        for unit in program.units:
            self.units[unit.cell.index].append(unit)
            for name in self.read(unit.facts) if unit.cost == Cost.NEVER else ():
                self.trainings[name].append(unit.position)
        made = program.graph.made.items()
        self.loaders = {name for name, makers in made if any(maker.endswith("Loader") for maker in makers)}
        imported = frozenset().union(*(unit.facts.imports for unit in program.units))
        self.fixed = self.loaders | imported | program.graph.nodes.keys()

    def settings(self, wanted: Collection[int]) -> list[int]:
        """Return the cells up to the last wanted one that change global settings or have a star import."""
        last = max((unit.position for unit in self.program.units if unit.cell.index in wanted), default=-1)
        before = self.program.units[: last + 1]
        return [unit.cell.index for unit in before if unit.facts.star or unit.facts.configures]

    def read(self, facts: Facts) -> frozenset[str]:
        """Return the names that a statement and the functions that it calls read."""
        called = frozenset(call.root for call in facts.calls)
        return facts.reads | facts.hints | called | self.program.graph.read_within(facts)

    def sources(self, name: str, place: int) -> Iterator[Unit]:
        """Yield the units that may have bound the name read at a position, and those that changed its object before."""
        binders, reader = [], self.program.units[place].suite
        positions = self.program.binders.get(name, [])
        last = bisect_left(positions, place) - 1
        for position in (positions[at] for at in range(last, max(-1, last - MOST), -1)):
            unit = self.program.units[position]
            binders.append(unit)
            if name in unit.facts.surely and reader[: len(unit.suite)] == unit.suite:
                break
        if not binders:
            return
        yield from binders
        for unit in self.program.all_changes(name, binders, place):
            if not (name in self.loaders and unit.cost == Cost.NEVER):
                yield unit
        if name not in self.fixed:  # the last trainings that read it lead to all of them
            trainings = self.trainings.get(name, [])
            start, end = bisect_left(trainings, binders[-1].position + 1), bisect_left(trainings, place)
            yield from (self.program.units[at] for at in trainings[max(start, end - MOST) : end])
