"""A notebook analysed as one program: its statements in order, their bindings, costs, and changes of objects."""

from __future__ import annotations

import builtins
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from grader.slicing.bindings import Effect, Facts
from grader.slicing.callgraph import CallGraph
from grader.slicing.cost import Cost, CostModel
from grader.slicing.statements import Cell, Statement, parse_cell, surely_binds
from grader.slicing.traversal import MOST, reached

# The names in a kernel's namespace before the first cell.
BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "get_ipython", "display", "In", "Out", "_"}

_MOST_STEPS = 3_000_000  # of following objects, in one notebook
_ROUNDS = 4  # how many definitions in a chain may come after their use


@dataclass(frozen=True)
class SourceCell:
    """A code cell as plain Python with magics translated; `ran` is False unless it ran to its end."""

    index: int
    source: str
    ran: bool = True


@dataclass(frozen=True, eq=False)
class Unit:
    """The unit of slicing: a statement, the header of a block, or a whole `for` or `try`."""

    position: int
    cell: SourceCell
    parsed: Cell
    statement: Statement
    root: Unit | None  # the top-level block that contains it
    suite: tuple[int, ...]  # the positions of the enclosing headers, each with the number of the branch
    headers: tuple[Unit, ...]
    facts: Facts
    cost: Cost
    opened: bool  # the header of a block whose statements are units too

    @property
    def top(self) -> Unit:
        """The unit of the top-level statement to which it belongs."""
        return self.root or self

    def defines(self, name: str) -> bool:
        """Return whether it defines a class or function of this name."""
        return name in self._defined

    def defines_class(self, name: str) -> bool:
        """Return whether it defines a class of this name."""
        return name in self._classes

    @cached_property
    def _classes(self) -> frozenset[str]:
        return frozenset(made.name for made in self.facts.classes)

    @cached_property
    def _defined(self) -> frozenset[str]:
        return self._classes.union(function.name for function in self.facts.functions)


class Program:
    """The analysed notebook, independent of the names that are wanted."""

    def __init__(self, cells: Sequence[SourceCell], avoid: Collection[str]) -> None:
        if not any(cell.ran for cell in cells):
            cells = [replace(cell, ran=True) for cell in cells]  # there was no run
        parsed = [(cell, parse_cell(cell.source)) for cell in cells]
        self.graph = CallGraph([facts for _, cell in parsed for facts in _all_facts(cell.statements)])
        self._costs = CostModel(self.graph, avoid)
        self.units: list[Unit] = []
        self._surely: dict[int, frozenset[str]] = {}  # top-level block -> names that every branch binds
        opened: set[int] = set()
        for cell, content in parsed:
            for statement in content.statements:
                self._flatten(cell, content, statement, None, (), (), opened)
        self.binders: dict[str, list[int]] = defaultdict(list)
        self.deleted: dict[str, list[int]] = defaultdict(list)
        for unit in self.units:
            for name in unit.facts.binds:
                self.binders[name].append(unit.position)
            for name in unit.facts.deletes:
                self.deleted[name].append(unit.position)
        self.star = any(unit.facts.star for unit in self.units)
        self.feasible = self._feasible()
        self._follow_objects()
        self._only: dict[str, Unit | None] = {}
        self._is_definition: dict[str, bool] = {}
        self.touched = [self.graph.touched(unit.facts) for unit in self.units]
        self._uses = tuple(self._first_uses(ran) for ran in (True, False))
        self._touching: dict[bool, dict[str, list[int]]] = {True: defaultdict(list), False: defaultdict(list)}
        for unit, touched in zip(self.units, self.touched, strict=True):  # function -> positions of its callers
            for name in touched:
                self._touching[False][name].append(unit.position)
                if unit.cell.ran:
                    self._touching[True][name].append(unit.position)

    def _first_uses(self, ran: bool) -> dict[str, int]:
        """Return the position of the first unit that calls a function, directly or not; with `ran`, one that ran."""
        found: dict[str, int] = {}
        for unit, touched in zip(self.units, self.touched, strict=True):
            queue = [name for name in touched if name not in found] if unit.cell.ran or not ran else []
            while queue:
                name = queue.pop()
                if name not in found:
                    found[name] = unit.position
                    queue.extend(self.graph.nodes[name].calls)
        return found

    def first_use(self, nodes: Collection[str], after: int) -> int | None:
        """Return the first unit after a position that calls one of these functions, rather one that ran."""
        callers: frozenset[str] | None = None
        for ran, uses in zip((True, False), self._uses, strict=True):
            places = [uses[name] for name in nodes if name in uses]
            if places and min(places) > after:
                return min(places)
            if places:  # it was called before it was defined again
                callers = self.graph.callers_of(nodes, MOST) if callers is None else callers
                touching = [self._touching[ran].get(name, []) for name in callers]
                later = [at[place] for at in touching if (place := bisect_left(at, after + 1)) < len(at)]
                if later:
                    return min(later)
        return None

    # units

    def _flatten(
        self,
        cell: SourceCell,
        parsed: Cell,
        statement: Statement,
        root: Unit | None,
        suite: tuple[int, ...],
        headers: tuple[Unit, ...],
        opened: set[int],
    ) -> None:
        facts = self._with_consequences(statement.whole or statement.facts)
        cost = self._costs.cost(facts)
        is_open = bool(statement.branches) and (statement.whole is None or cost == Cost.NEVER)
        if is_open and statement.whole is not None:
            opened.add(id(statement))
            facts = self._with_consequences(statement.facts)
            cost = Cost.NEVER if self._costs.cost(facts) else Cost.CHEAP
        if cost == Cost.PASS and facts.loops and not is_open and not facts.binds.isdisjoint(facts.reads):
            cost = Cost.CHEAP  # a loop that accumulates over the data: without it the total would be wrong
        position = len(self.units)
        unit = Unit(position, cell, parsed, statement, root, suite, headers, facts, cost, is_open)
        self.units.append(unit)
        if is_open:
            for number, branch in enumerate(statement.branches):
                for part in branch:
                    inner = (*suite, position, number)
                    self._flatten(cell, parsed, part, root or unit, inner, (*headers, unit), opened)
        if root is None and statement.branches:
            self._surely[position] = surely_binds(statement, lambda part: id(part) in opened)

    def _with_consequences(self, facts: Facts) -> Facts:
        """Return the facts together with the effects of the notebook's functions that the statement calls."""
        if not any(map(self.graph.targets, facts.calls)):
            return facts
        bound, surely, effects, configures = self.graph.consequences(facts)
        read = self.graph.read_within(facts)  # the return value may be, or hold, an object that the function reads
        own = tuple(
            effect if effect.kind in ("change", "deep") else effect._replace(sources=effect.sources | read)
            for effect in facts.effects
        )
        return replace(
            facts,
            binds=facts.binds | bound,
            surely=facts.surely | surely,
            effects=(*own, *(Effect(name, "holds", read) for name in sorted(bound)), *effects),
            configures=facts.configures or configures,
        )

    # bindings

    def bound_before(self, name: str, position: int, cell: SourceCell, strict: bool) -> list[Unit]:
        """Return the units whose binding of `name` a reader at `position` may see.

        With `strict`, only units of cells that ran and of `cell`, the reader's, count.
        """
        positions = self.binders.get(name, [])
        reader = self.units[position].suite if position < len(self.units) else ()
        found: list[Unit] = []
        block: Unit | None = None  # if set, collect the other bindings in this block and stop before it
        partly: set[int] = set()  # blocks with a branch that cannot be run
        last = bisect_left(positions, position) - 1
        for index in range(last, max(-1, last - MOST), -1):
            unit = self.units[positions[index]]
            if block is not None and unit.top is not block:
                break
            if not self._can_bind(unit, cell, strict):
                partly.add(unit.top.position)
                block = None
                continue
            found.append(unit)
            if reader[: len(unit.suite)] == unit.suite:
                if name in unit.facts.surely:
                    break
            elif name in self._surely.get(unit.top.position, ()) and unit.top.position not in partly:
                block = unit.top
        return found

    def bound_after(self, name: str, position: int, cell: SourceCell, strict: bool) -> list[Unit]:
        """Return the first unit after `position` that binds `name`, with the others of its block."""
        positions = self.binders.get(name, [])
        found: list[Unit] = []
        first = bisect_left(positions, position + 1)
        for index in range(first, min(len(positions), first + MOST)):
            unit = self.units[positions[index]]
            if found and unit.top is not found[0].top:
                break
            if self._can_bind(unit, cell, strict):
                found.append(unit)
                if not unit.suite:
                    break
        return found

    def _can_bind(self, unit: Unit, cell: SourceCell, strict: bool) -> bool:
        """Return whether a unit may be run and, with `strict`, is in a cell that ran or in `cell`, the reader's."""
        return self.feasible[unit.position] and (not strict or unit.cell.ran or unit.cell is cell)

    def deleted_between(self, name: str, first: int, last: int) -> bool:
        """Return whether there is a `del name` between two positions."""
        positions = self.deleted.get(name, [])
        at = bisect_left(positions, first + 1)
        return at < len(positions) and positions[at] < last

    def only_binding(self, name: str) -> Unit | None:
        """Return the unit that binds a name if every reader sees the same, unchanged object; None otherwise."""
        if name not in self._only:
            positions = self.binders.get(name, [])
            unit = self.units[positions[0]] if len(positions) == 1 else None
            plain = unit is not None and self.feasible[unit.position] and not unit.suite and name not in self.deleted
            if unit is None or not plain or name in BUILTINS or self.all_changes(name, [unit], math.inf):
                unit = None
            self._only[name] = unit
        return self._only[name]

    def is_definition(self, name: str) -> bool:
        """Return whether a unit that binds a name defines it as a class or function."""
        if name not in self._is_definition:
            binders = self.binders.get(name, ())
            self._is_definition[name] = any(self.units[position].defines(name) for position in binders)
        return self._is_definition[name]

    def provided_by_star(self, name: str) -> bool:
        """Return whether only an `import *` can have bound a name."""
        return self.star and name not in self.binders

    def _feasible(self) -> list[bool]:
        """Return for each unit whether it can be run without running an expensive one first."""
        feasible = [False] * len(self.units)
        seen: set[str] = set()
        for limit in (Cost.CHEAP, Cost.PASS):
            hidden: dict[str, set[int]] = defaultdict(set)
            for unit in self.units if limit == Cost.PASS else ():
                for name in unit.facts.binds & seen if unit.cost == limit else ():
                    hidden[name].add(unit.position)  # a cheaper unit binds it too
            for name, positions in hidden.items():
                self.binders[name] = [position for position in self.binders[name] if position not in positions]
            for _ in range(_ROUNDS):  # from the second round on, a name may be bound after it is read
                before = sum(feasible)
                for unit in self.units:
                    if feasible[unit.position] or unit.cost > limit:
                        continue
                    if not all(feasible[header.position] for header in unit.headers):
                        continue
                    missing = (name for name in unit.facts.reads if name not in seen and name not in BUILTINS)
                    if all(self.provided_by_star(name) for name in missing):
                        feasible[unit.position] = True
                        seen |= unit.facts.binds
                if before == sum(feasible):
                    break
        return feasible

    # objects

    def _follow_objects(self) -> None:
        """Number the objects that names stand for, and record which units change them."""
        self._objects: dict[tuple[str, int], frozenset[int]] = {}  # (name, unit that binds it) -> objects
        self._contents: dict[int, set[int]] = defaultdict(set)
        self.changes: dict[int, list[int]] = defaultdict(list)  # object -> positions of units that change it
        self._steps = 0
        now: dict[str, frozenset[int]] = {}
        imported: set[int] = set()
        count = 0
        for unit in self.units:
            related: set[str] = set()
            before: dict[str, frozenset[int]] = {}  # what another branch of the unit, or its first line, still reads
            for effect in unit.facts.effects:
                if self._steps > _MOST_STEPS:
                    continue  # no ordinary notebook has so many objects that hold each other
                sources = self._union(now, effect.sources) | self._union(before, effect.sources)
                self._steps += 1 + len(sources)
                if effect.kind in ("change", "deep"):
                    changed = now.get(effect.name, frozenset())
                    if effect.kind == "deep":
                        changed = self._all_within(changed)
                    self._steps += len(changed) * (1 + len(sources))
                    for item in set(changed) - (imported if effect.by_call else set()):
                        self.changes[item].append(unit.position)
                        self._contents[item] |= sources - {item}
                    continue
                if effect.kind == "same":
                    objects = sources
                elif effect.kind == "part":
                    objects = self._all_within(sources)
                else:
                    objects = frozenset({count})
                    self._contents[count] |= sources
                if not objects:
                    objects = frozenset({count})
                count += 1
                self._steps += len(objects)
                conditional = bool(unit.suite) or effect.name not in unit.facts.surely or effect.name in related
                before.setdefault(effect.name, now.get(effect.name, frozenset()))
                now[effect.name] = objects | now.get(effect.name, frozenset()) if conditional else objects
                related.add(effect.name)
            for name in unit.facts.binds - related:
                now[name] = frozenset({count}) | (now.get(name, frozenset()) if unit.suite else frozenset())
                if name in unit.facts.imports:
                    imported.add(count)
                count += 1
            for name in unit.facts.binds:
                self._objects[name, unit.position] = now[name]
        holders: dict[int, set[int]] = defaultdict(set)
        for item, held in self._contents.items():
            for inner in held:
                holders[inner].add(item)
        self._dirty = reached(self.changes, holders)  # changed objects and those that hold one

    def _all_within(self, objects: Iterable[int]) -> frozenset[int]:
        """Return objects and all that they hold, at most MOST."""
        found = reached(sorted(objects), self._contents, MOST)
        self._steps += sum(len(self._contents.get(item, ())) for item in found)
        return found

    def _union(self, now: dict[str, frozenset[int]], names: Iterable[str]) -> frozenset[int]:
        return frozenset().union(*(now.get(name, frozenset()) for name in names))

    def changed(self, name: str, providers: Sequence[Unit], until: float) -> list[Unit]:
        """Return the runnable units among `all_changes`."""
        return [unit for unit in self.all_changes(name, providers, until) if self.feasible[unit.position]]

    def all_changes(self, name: str, providers: Sequence[Unit], until: float) -> list[Unit]:
        """Return the units that change the object of a name after `providers`, which bind it, and before `until`."""
        known = {item for unit in providers for item in self._objects[name, unit.position]} & self._dirty
        objects = reached(sorted(known), self._contents, MOST) if known else known
        first = min(unit.position for unit in providers)
        found: set[int] = set()
        for item in objects:
            places = self.changes.get(item, [])
            end = len(places) if until == math.inf else bisect_left(places, until)
            start = bisect_left(places, first + 1)
            # Units that change an object read it, so that the last ones lead to all of them.
            found.update(places[max(start, end - MOST) : end])
        return [self.units[place] for place in sorted(found)]


def _all_facts(statements: Iterable[Statement]) -> Iterable[Facts]:
    for statement in statements:
        yield statement.whole or statement.facts
        if statement.whole is None:
            for branch in statement.branches:
                yield from _all_facts(branch)


@lru_cache(maxsize=8)
def analysed(cells: tuple[SourceCell, ...], avoid: frozenset[str]) -> Program:
    """Return the analysed program of a notebook's cells. It is cached: one notebook is sliced for many names."""
    return Program(cells, avoid)
