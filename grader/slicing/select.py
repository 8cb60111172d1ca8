"""Selection of the statements that a wanted name needs, by following what they read as the notebook ran."""

from __future__ import annotations

import math
from typing import NamedTuple

from grader.slicing.bindings import Call
from grader.slicing.cost import Cost
from grader.slicing.program import BUILTINS, Program, SourceCell, Unit


class _Read(NamedTuple):
    """A read of `name` at position `place`, after all changes of its object before `until`.

    `reader` must run after the units that bind the name. `certain`: it is surely read, so a binding further down is
    taken too, and without one the name is unresolved.
    """

    name: str
    place: int
    until: float
    cell: SourceCell
    reader: Unit | None
    certain: bool


class Selection:
    """The units of a program that define the wanted names, and all units that these need.

    `taken` maps positions to units. `earlier` maps the position of a top-level statement to those of statements further
    down that must run before it. `unresolved` are names that are read but not bound by a cheap statement, in order.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.taken: dict[int, Unit] = {}
        self.earlier: dict[int, set[int]] = {}
        self.unresolved: dict[str, None] = {}
        self._queue: list[_Read] = []
        self._asked: set[tuple[str, int, float, bool]] = set()
        self._later: dict[str, None] = {}

    def want(self, name: str) -> float | None:
        """Take the units that define `name` and all that they need.

        Returns the position up to which global settings matter for it; None if no unit defines it.
        """
        units = self._definitions(name)
        if not units:
            return None
        place, until = self._place(name, units)
        for unit in units:
            self._take(unit)
        self._take_changes(name, units, until, units[-1].cell)
        done: set[str] = set()
        while self._queue or done != self._later.keys():
            for other in [later for later in self._later if later not in done]:
                done.add(other)
                self._queue.append(_Read(other, place, until, units[-1].cell, None, True))
            self._drain()
        return max(self.taken) + 1 if math.isinf(until) else until

    def take_settings(self, limit: float, last_import: int) -> None:
        """Take the star imports, the global settings before `limit` and the import paths before `last_import`."""
        for unit in self.program.units:
            facts = unit.facts
            paths = any(effect.name == "sys" for effect in facts.effects)
            before = unit.position < (last_import if paths else limit)
            if (facts.star or (facts.configures and before and unit.cell.ran)) and self.program.feasible[unit.position]:
                self._take(unit)
        self._drain()

    def _definitions(self, name: str) -> list[Unit]:
        """Return the units that define a wanted name: its last definition in cells that ran, else its last one."""
        units = [self.program.units[position] for position in self.program.binders.get(name, [])]
        units = [unit for unit in units if unit.cost < Cost.NEVER]
        for strict in (True, False):
            candidates = [unit for unit in units if unit.cell.ran or not strict]
            first = next((unit.position for unit in candidates if unit.defines(name)), math.inf)
            for unit in reversed(candidates):
                wraps = unit.position > first and name in unit.facts.reads  # train = timed(train)
                if unit.defines(name) or (wraps and self.program.feasible[unit.position]):
                    return [other for other in candidates if other.top is unit.top and other.defines(name)] or [unit]
            if candidates and first == math.inf:
                found = self.program.bound_before(name, len(self.program.units), candidates[-1].cell, strict)
                if found:
                    return found
        return []

    def _place(self, name: str, units: list[Unit]) -> tuple[int, float]:
        """Return where a wanted name's globals are read, and the position before which changes of them count."""
        program = self.program
        nodes = program.graph.targets(Call(name, ()))
        if not nodes:  # a variable: its value at the end counts
            return len(program.units), math.inf
        start = max(unit.position for unit in units)
        use = program.first_use(nodes, start)
        return (start, math.inf) if use is None else (use, use)

    def _take(self, unit: Unit) -> None:
        if unit.position in self.taken:
            return
        self.taken[unit.position] = unit
        for header in unit.headers:
            self._take(header)
        place = unit.position
        for name in sorted(unit.facts.reads):
            self._queue.append(_Read(name, place, place, unit.cell, unit, True))
        for name in sorted(unit.facts.hints | self.program.graph.read_within(unit.facts)):
            self._queue.append(_Read(name, place, place, unit.cell, unit, False))
        self._later.update(dict.fromkeys(sorted(unit.facts.later)))

    def _take_changes(self, name: str, providers: list[Unit], until: float, cell: SourceCell) -> None:
        if any(unit.defines_class(name) for unit in providers) or min(unit.position for unit in providers) >= until:
            until = math.inf  # a class includes all later patches
        for unit in self.program.changed(name, providers, until):
            if unit.cell.ran or unit.cell is cell or not providers[0].cell.ran:
                self._take(unit)

    def _drain(self) -> None:
        while self._queue:
            read = self._queue.pop()
            key = (read.name, read.place, read.until, read.certain)
            if key in self._asked:
                continue
            self._asked.add(key)
            providers = self._providers(read)
            if not providers:
                if read.certain and read.name not in BUILTINS and not self.program.provided_by_star(read.name):
                    self.unresolved[read.name] = None
                continue
            for unit in providers:
                self._take(unit)
                if read.reader is not None and unit.position > read.reader.position:
                    self.earlier.setdefault(read.reader.top.position, set()).add(unit.top.position)
            self._take_changes(read.name, providers, read.until, read.cell)

    def _providers(self, read: _Read) -> list[Unit]:
        """Return the units that bind the name that is read: the last before it, else the first after it."""
        name, place, cell, program = read.name, read.place, read.cell, self.program
        in_the_end = read.reader is None and math.isinf(read.until)  # read by a function that is never called
        if in_the_end and any(program.units[position].defines(name) for position in program.binders.get(name, ())):
            return self._definitions(name)
        for strict in (True, False):
            found = program.bound_before(name, place, cell, strict)
            deleted = bool(found) and program.deleted_between(name, found[0].position, place)
            if name in BUILTINS:
                return [] if deleted else found  # a later binding, or one that never ran, does not hide the builtin
            if found and not deleted:
                return found
            if not read.certain:
                continue
            found = program.bound_after(name, place, cell, strict) or found
            if found:
                return found
        return []
