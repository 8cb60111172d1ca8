"""The call graph of a notebook's functions, and what calling them changes.

Functions are identified by name: all versions of a redefined function are one node. A method of an object of unknown
class may be that of any class: one more node, '*.method', leads to all methods of that name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from grader.slicing.bindings import EMPTY, Call, Effect, Facts, Function
from grader.slicing.traversal import MOST, Groups, reached, united

_OF_MODULES = frozenset({"train", "eval"})  # taken for methods of nn.Module even if another class defines them
_MOST_BASES = 100  # classes that are searched for a method
_ROUNDS = 8  # over functions that call each other, until what they change is known


@dataclass
class Node:
    """A function, a method 'C.m', all methods '*.m', or a class 'C', which stands for its instantiation."""

    functions: list[Function] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    mentions: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)


@dataclass
class _Changes:
    """The effects of a call: changes to outer names, to arguments (by position and keyword), and to the receiver."""

    outside: set[str] = field(default_factory=set)
    positions: set[int] = field(default_factory=set)
    keywords: set[str] = field(default_factory=set)
    receiver: bool = False


class _Within(NamedTuple):
    """The names that functions, and all that they may call or pass on, read and bind; whether they change settings."""

    reads: frozenset[str] = EMPTY
    binds: frozenset[str] = EMPTY
    configures: bool = False
    makes_loader: bool = False


class CallGraph:
    """The call graph built from the facts of all statements."""

    def __init__(self, everything: Sequence[Facts]) -> None:
        self.nodes: defaultdict[str, Node] = defaultdict(Node)
        self._bases: dict[str, dict[str, None]] = defaultdict(dict)
        self._methods: dict[str, dict[str, None]] = defaultdict(dict)  # method -> nodes 'C.method'
        self.made: dict[str, set[str]] = defaultdict(set)  # variable -> callables that returned its value
        self.held: dict[str, set[str]] = defaultdict(set)  # variable -> names whose objects its value may hold
        self.bindings: dict[str, list[bool]] = defaultdict(list)  # variable -> for each binding, whether it is short
        self._targets: dict[tuple[str, tuple[str, ...], str | None], frozenset[str]] = {}
        imported: set[str] = set()
        for facts in everything:
            for function in facts.functions:
                self.nodes[function.name].functions.append(function)
                if function.owner is not None:
                    self._methods[function.name.partition(".")[2]][function.name] = None
            for made in facts.classes:
                self.nodes[made.name].calls.update(f"{made.name}.{method}" for method in _constructing(made.methods))
                self._bases[made.name].update(dict.fromkeys(made.bases))
            for name, callable_name in facts.made:
                self.made[name].add(callable_name)
            for effect in facts.effects:
                if effect.kind in ("same", "part", "holds"):
                    self.held[effect.name] |= effect.sources
            for name in facts.binds:
                self.bindings[name].append(name in facts.short)
            imported |= facts.imports
        for method, names in self._methods.items():
            if len(names) > 1:
                self.nodes[f"*.{method}"].calls.update(names)
        self.nodes.default_factory = None
        self._libraries = frozenset(name for name in imported if len(self.bindings[name]) == 1) - self.nodes.keys()
        for name, bases in self._bases.items():
            self.nodes[name].calls.update(bases.keys() & self.nodes.keys())
        for node in self.nodes.values():
            for function in node.functions:
                for call in function.facts.calls:
                    node.calls |= self.targets(call, function.owner)
                node.mentions |= (function.facts.reads | function.facts.hints) & self.nodes.keys()
        self._callers: dict[str, list[str]] = defaultdict(list)
        for name, node in self.nodes.items():
            for callee in node.calls:
                self._callers[callee].append(name)
        self._groups = Groups(self._edges)
        for name in self.nodes:
            self._groups.number(name)
        self._within = [_Within()] * len(self._groups.members)
        self._changes: defaultdict[str, _Changes] = defaultdict(_Changes)
        self._all_parameters = {
            name: frozenset().union(*(function.parameters for function in node.functions))
            for name, node in self.nodes.items()
        }
        for number, members in enumerate(self._groups.members):
            self._within[number] = self._summed_up(number)
            self._spread_changes(members)
        self._read: dict[frozenset[str], frozenset[str]] = {}

    def _edges(self, name: str) -> list[str]:
        node = self.nodes[name]
        return sorted(other for other in node.calls | node.mentions if other in self.nodes)

    # calls

    def targets(self, call: Call, owner: str | None = None) -> frozenset[str]:
        """Return the nodes that a call may run; `owner` is the class whose method contains the call."""
        key = (call.root, call.path, owner if call.path and call.root in ("self", "cls", "") else None)
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = frozenset(self._find_targets(*key))
        return found

    def _find_targets(self, root: str, path: tuple[str, ...], owner: str | None) -> set[str]:
        if not path:
            found = {root} | {name for name in self.held.get(root, ()) if self._is_function(name)}
            found.update(f"{made}.{method}" for made in self.made.get(root, ()) for method in ("__call__", "forward"))
            found.update(f"{made}()" for made in self.made.get(root, ()))
            found &= self.nodes.keys()
            return found if len(found) <= MOST else set(sorted(found)[:MOST])
        method = path[-1]
        classes = {owner} if owner is not None else set()
        if len(path) == 1:
            classes |= ({root} | self.made.get(root, set())) & self._bases.keys()
        for name in self._ancestry(sorted(name for name in classes if name)):
            if f"{name}.{method}" in self.nodes:
                return {f"{name}.{method}"}
        if classes or root in self._libraries or method in _OF_MODULES or method.startswith("__"):
            return set()
        known = self._methods.get(method, {})
        return {f"*.{method}"} if len(known) > 1 else set(known)

    def _is_function(self, name: str) -> bool:
        return name in self.nodes and bool(self.nodes[name].functions)

    def _ancestry(self, names: Sequence[str]) -> list[str]:
        found = dict.fromkeys(names[:_MOST_BASES])
        queue = list(found)
        for name in queue:
            if len(found) >= _MOST_BASES:
                break
            new = [base for base in self._bases.get(name, ()) if base not in found]
            found.update(dict.fromkeys(new))
            queue.extend(new)
        return queue

    def callers_of(self, names: Iterable[str], most: int | None = None) -> frozenset[str]:
        """Return the nodes and all their callers, direct and indirect, or the nearest `most` of them."""
        return reached(sorted(names), self._callers, most)

    def touched(self, facts: Facts) -> frozenset[str]:
        """Return the nodes that a statement calls or passes to a call."""
        found: set[str] = set()
        for call in facts.calls:
            found |= self.targets(call)
            for _, names in call.arguments:
                found |= names & self.nodes.keys()
        return frozenset(found)

    def read_within(self, facts: Facts) -> frozenset[str]:
        """Return the module names that the functions called by a statement read, at most MOST."""
        touched = self.touched(facts)
        found = self._read.get(touched)
        if found is None:
            parts = [self._within[number].reads for number in self._numbers(touched)]
            found = self._read[touched] = united(EMPTY, parts)
        return found

    def makes_loader(self, facts: Facts) -> bool:
        """Return whether a statement, or a function that it calls, calls a function named like a DataLoader."""
        within = (self._within[number].makes_loader for number in self._numbers(self.touched(facts)))
        return any(map(_names_loader, facts.calls)) or any(within)

    def _numbers(self, names: Iterable[str]) -> list[int]:
        return sorted({self._groups.number(name) for name in names})

    def _summed_up(self, number: int) -> _Within:
        """Return what the functions of a group and of those below it read and bind."""
        members = self._groups.members[number]
        below = self._numbers(other for name in members for other in self._edges(name))
        parts = [self._within[other] for other in below if other != number]
        facts = [function.facts for name in members for function in self.nodes[name].functions]
        return _Within(
            united((EMPTY.union(*(part.reads | part.hints for part in facts))), [part.reads for part in parts]),
            united(EMPTY.union(*(part.binds for part in facts)), [part.binds for part in parts]),
            any(part.configures for part in facts) or any(part.configures for part in parts),
            any(_names_loader(call) for part in facts for call in part.calls) or any(p.makes_loader for p in parts),
        )

    def called_arguments(self, target: str) -> frozenset[int | str]:
        """Return the positions and names of the parameters that a function calls."""
        members = self._methods[target[2:]] if target.startswith("*.") else (target,)
        found: set[int | str] = set()
        for function in (function for name in members for function in self.nodes[name].functions):
            found |= function.called
            found.update(at for at, name in enumerate(function.parameters) if name in function.called)
        return frozenset(found)

    # effects

    def _spread_changes(self, members: Sequence[str]) -> None:
        """Find what the functions of a group change: also what they pass to functions that change it."""
        for name in members:
            for function in self.nodes[name].functions:
                self._change(name, function.changed)
        calls = [
            (name, call, target)
            for name in members
            for function in self.nodes[name].functions
            for call in function.facts.calls
            for target in sorted(self.targets(call, function.owner))
        ]
        for _ in range(_ROUNDS if len(members) > 1 else 2):
            before = sum(len(self.nodes[name].changed) for name in members)
            for name, call, target in calls:
                self._change(name, self._changed_arguments(call, target))
            if before == sum(len(self.nodes[name].changed) for name in members):
                break

    def _change(self, name: str, changed: Iterable[str]) -> None:
        """Record that a function changes the objects of these names."""
        node = self.nodes[name]
        new = [item for item in changed if item not in node.changed]
        if not new or not node.functions:
            return
        if len(node.changed) + len(new) > MOST:
            new = sorted(new)[: MOST - len(node.changed)]
        node.changed.update(new)
        function = node.functions[-1]
        offset = 1 if function.owner is not None else 0
        ours = self._all_parameters[name].intersection(new)
        indexes = {item: at for at, item in reversed(list(enumerate(function.parameters)))} if ours else {}
        places = [indexes[item] for item in ours if item in indexes]
        method = name.partition(".")[2] if function.owner is not None else ""
        for known in (self._changes[name], *([self._changes[f"*.{method}"]] if method else ())):
            known.keywords.update(new)
            known.positions.update(at - offset for at in places)
            known.outside.update(item for item in new if item not in ours)
            known.receiver |= bool(offset) and bool(function.parameters) and function.parameters[0] in node.changed

    def _changed_arguments(self, call: Call, target: str) -> set[str]:
        """Return the names whose objects `target` changes when called: arguments, the receiver, module names."""
        made = f"{target}.__init__"
        changes = self._changes.get(made if target in self._bases and self._is_function(made) else target)
        if changes is None:
            return set()
        found = set(changes.outside)
        for key, roots in call.arguments:
            if key in (changes.positions if isinstance(key, int) else changes.keywords):
                found |= roots
        if changes.receiver and call.path:
            found.add(call.root)
        return found

    def consequences(self, facts: Facts) -> tuple[frozenset[str], frozenset[str], tuple[Effect, ...], bool]:
        """Return the effects of the functions that a statement calls.

        These are the names they bind, those they surely bind, their changes, and whether they change global settings.
        """
        surely: set[str] = set()
        changed: set[str] = set()
        numbers: set[int] = set()
        for call in facts.calls:
            targets = self.targets(call)
            for target in targets:
                changed |= self._changed_arguments(call, target)
                numbers.add(self._groups.number(target))
                functions = self.nodes[target].functions
                if len(targets) == len(functions) == 1:
                    surely |= functions[0].facts.surely
        within = [self._within[number] for number in sorted(numbers)]
        effects = tuple(Effect(name, "deep") for name in sorted(changed))
        bound = united(EMPTY, [part.binds for part in within])
        return bound, frozenset(surely), effects, any(part.configures for part in within)


def _names_loader(call: Call) -> bool:
    return call.name.lower().endswith("loader")


def _constructing(methods: Iterable[str]) -> list[str]:
    return [name for name in methods if name in ("__init__", "__new__", "__post_init__", "__init_subclass__")]
