"""The classes, functions and methods that a notebook defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from grader.slicing.bindings import Facts
from grader.slicing.program import BUILTINS, SourceCell
from grader.slicing.statements import parse_cell


@dataclass(frozen=True)
class Definition:
    """A class, a function, or a method ('Class.method', listed after its class).

    `line` is that of `class` or `def`. `parameters` are as written ('*args', '**options'), without the first one of a
    method; a class has those of its `__init__`, a dataclass its fields. `defaults` maps parameters to the source of
    their defaults. `reads` are the module names that the body, or the methods of a class, read. `method_names` are
    those of a class.
    """

    name: str
    kind: Literal["class", "function", "method"]
    cell: int
    line: int
    bases: tuple[str, ...]
    parameters: tuple[str, ...]
    defaults: Mapping[str, str] = field(hash=False)
    reads: frozenset[str]
    method_names: tuple[str, ...]


def definitions(cells: Sequence[SourceCell]) -> tuple[Definition, ...]:
    """Return all top-level classes and functions, also in blocks, with methods and redefinitions, in order."""
    found: list[Definition] = []
    bound: set[str] = set()
    for cell in cells:
        for top in parse_cell(cell.source).statements:
            for statement in top.walk():
                bound |= statement.facts.binds
                found.extend(_defined(statement.facts, cell.index))
    hidden = BUILTINS - bound
    return tuple(replace(definition, reads=definition.reads - hidden) for definition in found)


def _defined(facts: Facts, cell: int) -> Iterator[Definition]:
    reads = facts.reads | facts.hints | facts.later
    known = {body.name: body.signature for body in reversed(facts.functions)}
    for made in facts.classes:
        start = known.get(f"{made.name}.__init__", made.signature)
        line, defaults = made.signature.line, dict(start.defaults)
        yield Definition(
            made.name, "class", cell, line, made.written_bases, start.parameters, defaults, reads, made.methods
        )
    for function in facts.functions:
        line, parameters = function.signature.line, function.signature.parameters
        defaults = dict(function.signature.defaults)
        own = function.facts.reads | function.facts.hints | function.facts.later
        if function.owner is not None:
            yield Definition(function.name, "method", cell, line, (), parameters, defaults, own, ())
        elif not function.name.startswith("."):
            yield Definition(function.name, "function", cell, line, (), parameters, defaults, reads, ())
