"""What is certain before the notebook has run: definitions that are the same whichever cells come to their end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from grader.slicing.program import BUILTINS, Program, SourceCell, Unit, analysed
from grader.slicing.select import Choice
from grader.slicing.statements import text_of


def certain_classes(cells: Sequence[SourceCell], wanted: Iterable[str]) -> frozenset[str]:
    """Those of the classes `wanted` whose slice is the same whichever of the cells run to their end, or to what line.

    It is when each name that matters is bound in one way only and its object is changed nowhere, and when nothing that may
    be run sets up torch or the process.
    """
    program = analysed(tuple(cells), frozenset())
    return frozenset(name for name in wanted if _unset(program) and _one_way(program, name))


def certain_loaders(cells: Sequence[SourceCell]) -> tuple[str, ...]:
    """All names that stand for loaders, if the same holds for each of them; none where that cannot be told."""
    program = analysed(tuple(cells), frozenset())
    made = [unit for unit in program.units if unit.facts.binds and _makes_loader(program, unit)]
    names = tuple(sorted(frozenset().union(*(unit.facts.binds for unit in made)))) if made else ()
    return names if _unset(program) and all(_one_way(program, name) for name in names) else ()


def _unset(program: Program) -> bool:
    """Whether nothing that may be run sets up torch or the process, or binds names that are not known."""
    return not program.star and not any(
        unit.facts.configures and program.feasible[unit.position] for unit in program.units
    )


def _makes_loader(program: Program, unit: Unit) -> bool:
    """Whether a statement, or a function that it calls, calls something named like a DataLoader; imports do not."""
    called = program.graph.closure(program.graph.touched(unit.facts))
    functions = (function for name in called for function in program.graph.nodes[name].functions)
    calls = (*unit.facts.calls, *(call for function in functions for call in function.facts.calls))
    return any(call.name.lower().endswith("loader") for call in calls)


def _one_way(program: Program, wanted: str) -> bool:
    choice = Choice(program)
    if choice.want(wanted) is None or choice.unresolved:
        return False
    names = {wanted}
    for unit in choice.taken.values():
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
    """An import as it is written."""
    return text_of(unit.parsed, unit.statement, (), ())
