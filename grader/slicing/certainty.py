"""Definitions that are certain before the notebook has run: no failing cell can change them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from grader.slicing.program import BUILTINS, Program, SourceCell, Unit, analysed
from grader.slicing.select import Selection
from grader.slicing.statements import text_of


def certain_classes(cells: Sequence[SourceCell], wanted: Iterable[str]) -> frozenset[str]:
    """Return the classes in `wanted` whose slice does not depend on which cells fail, or where.

    That holds if each name that the slice reads is bound in one way only, its object is never changed, and no runnable
    statement changes global settings.
    """
    program = analysed(tuple(cells), frozenset())
    return frozenset(name for name in wanted if _without_settings(program) and _one_way(program, [name]))


def certain_loaders(cells: Sequence[SourceCell]) -> tuple[str, ...]:
    """Return the names of all loaders if the same holds for each of them, else ()."""
    program = analysed(tuple(cells), frozenset())
    made = [unit for unit in program.units if unit.facts.binds and program.graph.makes_loader(unit.facts)]
    names = tuple(sorted(frozenset().union(*(unit.facts.binds for unit in made)))) if made else ()
    return names if _without_settings(program) and _one_way(program, names) else ()


def _without_settings(program: Program) -> bool:
    """Return whether no runnable statement changes global settings, and no star import binds unknown names."""
    return not program.star and not any(
        unit.facts.configures and program.feasible[unit.position] for unit in program.units
    )


def _one_way(program: Program, wanted: Sequence[str]) -> bool:
    """Return whether the names and all names that their slices read are bound in one way only."""
    selection = Selection(program)
    if any(selection.want(name) is None for name in wanted) or selection.unresolved:
        return False
    names = set(wanted)
    for unit in selection.taken.values():
        facts = unit.facts
        names |= facts.reads | facts.hints | facts.later | program.graph.read_within(facts)
    return all(_bound_once(program, name) for name in names)


def _bound_once(program: Program, name: str) -> bool:
    units = [program.units[position] for position in program.binders.get(name, ())]
    if not units:
        return name in BUILTINS
    if len(units) > 1 and not (all(name in unit.facts.imports for unit in units) and len(set(map(_text, units))) == 1):
        return False
    if program.deleted.get(name) or any(unit.suite for unit in units):
        return False
    return not program.changed(name, units, math.inf)


def _text(unit: Unit) -> str:
    """Return an import as it is written."""
    return text_of(unit.parsed, unit.statement, (), ())
