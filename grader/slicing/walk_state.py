"""The state of a walk over statements: scopes, and the names read, bound, called and changed so far."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from grader.slicing.bindings import (
    EMPTY,
    Call,
    Class,
    Effect,
    Facts,
    Function,
    Loop,
    constructor,
    dotted,
    names_in,
    receiver,
    relation,
    small,
)
from grader.slicing.scopes import Bound, Hidden
from grader.slicing.traversal import MOST, Groups, reached, united


class Notes:
    """The facts collected by one walk.

    `hidden` are the names that are not the module's; None if the statements are at module level.
    """

    def __init__(self, hidden: frozenset[str] | None = None) -> None:
        self.inside = hidden is not None
        self.hidden = Hidden(hidden or ())
        self.depth = 0  # nesting depth of functions inside the one walked
        self.soft = False  # names read now may be missing
        self.class_names: set[str] | None = None  # names bound so far in the current class body
        self.bound = Bound()
        self.names: dict[str, set[str]] = {
            field: set() for field in ("binds", "deletes", "reads", "hints", "later", "imports", "short")
        }
        self.binds, self.reads, self.hints = self.names["binds"], self.names["reads"], self.names["hints"]
        self.made: list[tuple[str, str]] = []
        self.calls: list[Call] = []
        self.effects: list[Effect] = []
        self.loops: list[Loop] = []
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.star = self.configures = self.awaits = False
        self.called: set[str] = set()
        self.inner: list[tuple[str, list[Call], list[Loop]]] = []  # (name, calls, loops) of nested functions
        self.generator = False
        self.mentioned: dict[str, dict[str, None]] = {}  # local of a function -> names in its values
        self.aliases: dict[str, dict[str, None]] = {}  # local of a function -> names whose objects it may stand for

    def facts(self) -> Facts:
        """Return the collected facts."""
        self.hints -= self.reads
        return Facts(
            **{field: frozenset(names) for field, names in self.names.items()},
            surely=frozenset(self.bound.names & self.binds),
            made=tuple(self.made),
            calls=tuple(self.calls),
            effects=tuple(self.effects),
            loops=tuple(self.loops),
            functions=tuple(self.functions),
            classes=tuple(self.classes),
            star=self.star,
            configures=self.configures,
            awaits=self.awaits,
        )

    def read(self, name: str) -> None:
        """Record a read of a name, unless it is a local or was surely bound before."""
        if name in self.hidden or name in self.bound.names:
            return
        if self.class_names is not None and name in self.class_names:
            return
        (self.hints if self.soft or name in self.binds else self.reads).add(name)

    def bind(self, name: str) -> None:
        """Record that a name is bound in the module, or in the current class body."""
        if name in self.hidden:
            return
        if self.class_names is not None:
            self.class_names.add(name)
        else:
            self.binds.add(name)
            self.bound.add(name)

    def relate(self, name: str, value: ast.expr, kind: Literal["part", "holds"] | None) -> None:
        """Record the relation of the value that a name is bound to, to the objects of other names."""
        how, sources = relation(value)
        how = kind or how
        if kind == "part":
            sources |= receiver(value)
        if self.inside:
            self.mentioned.setdefault(name, {}).update(dict.fromkeys(sorted(names_in(value))))
            if how != "holds":
                self.stand(name, sources)
        elif self.class_names is None:
            if kind is None:
                if small(value) and not isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)):
                    self.names["short"].add(name)
                if constructor(value):
                    self.made.append((name, constructor(value)))
            self.effects.append(Effect(name, how, sources))

    def stand(self, name: str, sources: Iterable[str]) -> None:
        """Record that a local of a function may stand for the objects of other names."""
        self.aliases.setdefault(name, {}).update(dict.fromkeys(sorted(sources)))

    def change(self, node: ast.expr, stored: frozenset[str] = EMPTY, call: bool = False) -> None:
        """Record a change: by a `call` of the object of `node`, else of the one whose attribute or item `node` is."""
        path = dotted(node)
        if not path:
            for root in receiver(node):
                self.effects.append(Effect(root, "deep", stored, call))
            return
        if "rcParams" in path or (self.class_names is not None and path[0] in self.class_names):
            return
        deep = len(path) > (1 if call else 2)
        self.effects.append(Effect(path[0], "deep" if deep else "change", stored, call))
        if path[:2] in (("sys", "path"), ("os", "environ")) or (len(path) > 2 and path[1] == "backends"):
            self.configures = True

    @contextmanager
    def softly(self) -> Iterator[None]:
        """Names read in this context may be missing."""
        before, self.soft = self.soft, True
        yield
        self.soft = before

    @contextmanager
    def hiding(self, names: Iterable[str]) -> Iterator[None]:
        """These names are not the module's in this context."""
        hidden = frozenset(names)
        self.hidden.add(hidden)
        yield
        self.hidden.remove(hidden)

    def settle(self) -> Facts:
        """Add the calls and loops of nested functions that are called; return those of the functions that are not."""
        rest = self.inner
        if self.generator:
            rest, self.calls, self.loops = [("", self.calls, self.loops), *rest], [], []
        places: dict[str, list[int]] = defaultdict(list)
        for place, (name, _, _) in enumerate(rest):
            places[name].append(place)
        new = list(self.calls)
        while new:
            called = {call.root for call in new if not call.path}
            runs = sorted(place for name in called for place in places.pop(name, ()))
            new = [call for place in runs for call in rest[place][1]]
            self.calls += new
            self.loops += [loop for place in runs for loop in rest[place][2]]
        left = [rest[place] for place in sorted(place for found in places.values() for place in found)]
        return Facts(
            calls=tuple(call for _, calls, _ in left for call in calls),
            loops=tuple(loop for _, _, loops in left for loop in loops),
        )

    def origins(self, parameters: Sequence[str]) -> dict[str, frozenset[str]]:
        """Return, for each local and parameter, the parameters and module names whose objects it may stand for.

        At most MOST for each. The locals that may stand for each other's objects are looked at together.
        """
        groups = Groups(lambda name: self.aliases.get(name, ()))
        numbers = {name: groups.number(name) for name in self.aliases}
        own = frozenset(parameters)
        found: list[frozenset[str]] = []
        for number, members in enumerate(groups.members):
            ends = frozenset(item for item in members if item in own or item not in self.hidden)
            below = {groups.number(other) for item in members for other in self.aliases.get(item, ())}
            found.append(united(ends, [found[other] for other in sorted(below - {number})]))
        return {name: found[number] for name, number in numbers.items()} | {
            name: frozenset({name}) for name in own if name not in numbers
        }

    def expanded(self, names: frozenset[str]) -> frozenset[str]:
        """Return the names, and those in the values of the locals among them, at most MOST."""
        return reached(sorted(names), self.mentioned, MOST) if self.mentioned else names
