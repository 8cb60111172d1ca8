"""Selection of the statements that a wanted name needs, by following what they read as the notebook ran."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from grader.slicing.bindings import Call
from grader.slicing.cost import Cost
from grader.slicing.program import BUILTINS, Program, SourceCell, Unit
from grader.slicing.traversal import MOST, Groups


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


class _Step(NamedTuple):
    """The needs of one unit, whoever needs the unit: `units`, and those `later` that its functions read when called.

    `loose` are names that its functions read whose bindings depend on the place of the call. `earlier` are pairs of the
    positions of a top-level statement and one further down that must run before it.
    """

    units: tuple[Unit, ...]
    later: tuple[Unit, ...]
    loose: tuple[str, ...]
    unresolved: tuple[str, ...]
    earlier: tuple[tuple[int, int], ...]


class _Needs(NamedTuple):
    """The loose names of a unit and of all that it needs, at most MOST, and the last of their positions."""

    loose: tuple[str, ...]
    last: int


class Selection:
    """The units of a program that define the wanted names, and all units that these need.

    `taken` maps positions to units. `earlier` maps the position of a top-level statement to those of statements further
    down that must run before it. `unresolved` are names that are read but not bound by a cheap statement.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.taken: dict[int, Unit] = {}
        self.earlier: dict[int, set[int]] = {}
        self.unresolved: dict[str, None] = {}
        self._late: list[tuple[int, int]] = []  # see `_Step.earlier`
        self._steps: dict[int, _Step] = {}
        self._groups = Groups(self._below)
        self._needs: list[_Needs] = []
        self._defined_by: dict[str, list[Unit]] = {}

    def want(self, name: str) -> float | None:
        """Take the units that define `name` and all that they need.

        Returns the position up to which global settings matter for it; None if no unit defines it. Two functions may
        have been called at different times, with other globals: only these are followed again for each wanted name.
        """
        units = self._definitions(name)
        if not units:
            return None
        place, until = self._place(name, units)
        cell = units[-1].cell
        last = -1
        names: dict[str, None] = {}
        new = [*units, *self._changes(name, units, until, cell)]
        queue: list[str] = []
        while True:
            self._take(new)
            for unit in new:
                needs = self._needs_of(unit)
                last = max(last, needs.last)
                queue += [other for other in needs.loose if other not in names]
                names.update(dict.fromkeys(needs.loose))
            if not queue:
                return last + 1 if math.isinf(until) else until
            new = self._found(_Read(queue.pop(), place, until, cell, None, True))

    def take_settings(self, limit: float, last_import: int) -> None:
        """Take the star imports, the global settings before `limit` and the import paths before `last_import`."""
        for unit in self.program.units:
            facts = unit.facts
            paths = any(effect.name == "sys" for effect in facts.effects)
            before = unit.position < (last_import if paths else limit)
            if (facts.star or (facts.configures and before and unit.cell.ran)) and self.program.feasible[unit.position]:
                self._take([unit], called=False)

    def _take(self, units: Iterable[Unit], called: bool = True) -> None:
        """Take units and what they need; with `called` also what their functions need when they are called."""
        stack = [unit for unit in units if unit.position not in self.taken]
        while stack:
            unit = stack.pop()
            if unit.position in self.taken:
                continue
            self.taken[unit.position] = unit
            step = self._step(unit)
            for above, below in step.earlier:
                self.earlier.setdefault(above, set()).add(below)
            self.unresolved.update(dict.fromkeys(step.unresolved))
            stack += (*step.units, *step.later) if called else step.units

    def _step(self, unit: Unit) -> _Step:
        """Return what a unit needs. It is found once."""
        if unit.position in self._steps:
            return self._steps[unit.position]
        program, place = self.program, unit.position
        units: dict[int, Unit] = {header.position: header for header in unit.headers}
        later: list[Unit] = []
        loose: list[str] = []
        unresolved = self.unresolved
        self.unresolved = {}
        within = unit.facts.hints | program.graph.read_within(unit.facts)
        earlier: set[tuple[int, int]] = set()
        for names, certain in ((unit.facts.reads, True), (within, False)):
            for name in sorted(names):
                for other in self._found(_Read(name, place, place, unit.cell, unit, certain)):
                    units[other.position] = other
        earlier.update(self._late)
        self._late.clear()
        for name in sorted(unit.facts.later):
            stable = program.only_binding(name)
            if stable is not None:
                later.append(stable)
            else:
                loose.append(name)
        step = _Step(tuple(units.values()), tuple(later), tuple(loose), tuple(self.unresolved), tuple(sorted(earlier)))
        self.unresolved = unresolved
        self._steps[unit.position] = step
        return step

    def _below(self, node: str) -> list[str]:
        step = self._step(self.program.units[int(node)])
        return [str(unit.position) for unit in (*step.units, *step.later)]

    def _needs_of(self, unit: Unit) -> _Needs:
        number = self._groups.number(str(unit.position))
        for members in self._groups.members[len(self._needs) : number + 1]:
            steps = [self._step(self.program.units[int(member)]) for member in members]
            loose = dict.fromkeys(name for step in steps for name in step.loose)
            last = max(map(int, members))
            below = {self._groups.number(other) for member in members for other in self._below(member)}
            for needs in (self._needs[other] for other in sorted(below) if other < len(self._needs)):
                last = max(last, needs.last)
                if len(loose) < MOST:
                    loose.update(dict.fromkeys(needs.loose))
            self._needs.append(_Needs(tuple(loose)[:MOST], last))
        return self._needs[number]

    def _definitions(self, name: str) -> list[Unit]:
        """Return the units that define a wanted name: its last definition in cells that ran, else its last one."""
        if name not in self._defined_by:
            self._defined_by[name] = self._find_definitions(name)
        return self._defined_by[name]

    def _find_definitions(self, name: str) -> list[Unit]:
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

    def _changes(self, name: str, providers: list[Unit], until: float, cell: SourceCell) -> list[Unit]:
        """Return the units that change the object of a name after its providers and before `until`."""
        if any(unit.defines_class(name) for unit in providers) or min(unit.position for unit in providers) >= until:
            until = math.inf  # a class includes all later patches
        changed = self.program.changed(name, providers, until)
        return [unit for unit in changed if unit.cell.ran or unit.cell is cell or not providers[0].cell.ran]

    def _found(self, read: _Read) -> list[Unit]:
        """Return the units that bind the name that is read, and those that change its object."""
        providers = self._providers(read)
        if not providers:
            if read.certain and read.name not in BUILTINS and not self.program.provided_by_star(read.name):
                self.unresolved[read.name] = None
            return []
        for unit in providers:
            if read.reader is not None and unit.position > read.reader.position:
                self._late.append((read.reader.top.position, unit.top.position))
        return [*providers, *self._changes(read.name, providers, read.until, read.cell)]

    def _providers(self, read: _Read) -> list[Unit]:
        """Return the units that bind the name that is read: the last before it, else the first after it."""
        name, place, cell, program = read.name, read.place, read.cell, self.program
        in_the_end = read.reader is None and math.isinf(read.until)  # read by a function that is never called
        if in_the_end and program.is_definition(name):
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
