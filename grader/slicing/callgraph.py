"""The call graph of a notebook's functions, and what calling them changes.

Functions are identified by name: all versions of a redefined function are one node.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grader.slicing.bindings import Call, Effect, Facts, Function
from grader.slicing.traversal import reached

_OF_MODULES = frozenset({"train", "eval"})  # taken for methods of nn.Module even if another class defines them


@dataclass
class Node:
    """A function, a method 'C.m', or a class 'C', which stands for its instantiation."""

    functions: list[Function] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    mentions: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)


class CallGraph:
    """The call graph built from the facts of all statements."""

    def __init__(self, everything: Sequence[Facts]) -> None:
        self.nodes: defaultdict[str, Node] = defaultdict(Node)
        self._bases: dict[str, set[str]] = defaultdict(set)
        self._methods: dict[str, set[str]] = defaultdict(set)  # method -> nodes 'C.method'
        self.made: dict[str, set[str]] = defaultdict(set)  # variable -> callables that returned its value
        self.held: dict[str, set[str]] = defaultdict(set)  # variable -> names whose objects its value may hold
        self.bindings: dict[str, list[bool]] = defaultdict(list)  # variable -> for each binding, whether it is short
        self._targets: dict[tuple[str, tuple[str, ...], str | None], frozenset[str]] = {}
        imported: set[str] = set()
        for facts in everything:
            for function in facts.functions:
                self.nodes[function.name].functions.append(function)
                if function.owner is not None:
                    self._methods[function.name.partition(".")[2]].add(function.name)
            for made in facts.classes:
                self.nodes[made.name].calls.update(f"{made.name}.{method}" for method in _constructing(made.methods))
                self._bases[made.name].update(made.bases)
            for name, callable_name in facts.made:
                self.made[name].add(callable_name)
            for effect in facts.effects:
                if effect.kind in ("same", "part", "holds"):
                    self.held[effect.name] |= effect.sources
            for name in facts.binds:
                self.bindings[name].append(name in facts.short)
            imported |= facts.imports
        self.nodes.default_factory = None
        self._libraries = frozenset(name for name in imported if len(self.bindings[name]) == 1) - self.nodes.keys()
        for name, bases in self._bases.items():
            self.nodes[name].calls.update(bases & self.nodes.keys())
        for node in self.nodes.values():
            for function in node.functions:
                for call in function.facts.calls:
                    node.calls |= self.targets(call, function.owner)
                node.mentions |= (function.facts.reads | function.facts.hints) & self.nodes.keys()
                node.changed |= function.changed
        self._edges = {name: node.calls | node.mentions for name, node in self.nodes.items()}
        self._callers: dict[str, set[str]] = defaultdict(set)
        for name, node in self.nodes.items():
            for callee in node.calls:
                self._callers[callee].add(name)
        self._spread_changes()
        self._closures: dict[str, frozenset[str]] = {}

    # calls

    def targets(self, call: Call, owner: str | None = None) -> frozenset[str]:
        """Return the nodes that a call may run; `owner` is the class whose method contains the call."""
        key = (call.root, call.path, owner)
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = frozenset(self._find_targets(*key))
        return found

    def _find_targets(self, root: str, path: tuple[str, ...], owner: str | None) -> set[str]:
        if not path:
            found = {root} | {name for name in self.held.get(root, ()) if self._is_function(name)}
            found.update(f"{made}.{method}" for made in self.made.get(root, ()) for method in ("__call__", "forward"))
            found.update(f"{made}()" for made in self.made.get(root, ()))
            return found & self.nodes.keys()
        method = path[-1]
        classes = {owner} if owner is not None and root in ("self", "cls", "") else set()
        if len(path) == 1:
            classes |= ({root} | self.made.get(root, set())) & self._bases.keys()
        for name in self._ancestry(name for name in classes if name):
            if f"{name}.{method}" in self.nodes:
                return {f"{name}.{method}"}
        if classes or root in self._libraries or method in _OF_MODULES or method.startswith("__"):
            return set()
        return set(self._methods.get(method, ()))

    def _is_function(self, name: str) -> bool:
        return name in self.nodes and bool(self.nodes[name].functions)

    def _ancestry(self, names: Iterable[str]) -> list[str]:
        found: list[str] = []
        queue = list(names)
        for name in queue:
            if name not in found:
                found.append(name)
                queue.extend(self._bases.get(name, ()))
        return found

    def callers_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the nodes and all their callers, direct and indirect."""
        return reached(names, self._callers)

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """Return the nodes and all nodes that they may call or pass on."""
        found: set[str] = set()
        for name in names:
            if name not in self._closures:
                self._closures[name] = reached([name], self._edges)
            found |= self._closures[name]
        return frozenset(found)

    def touched(self, facts: Facts) -> frozenset[str]:
        """Return the nodes that a statement calls or passes to a call."""
        found: set[str] = set()
        for call in facts.calls:
            found |= self.targets(call)
            for _, names in call.arguments:
                found |= names & self.nodes.keys()
        return frozenset(found)

    def read_within(self, facts: Facts) -> frozenset[str]:
        """Return the module names that the functions called by a statement read."""
        found: set[str] = set()
        for name in self.closure(self.touched(facts)):
            for function in self.nodes[name].functions:
                found |= function.facts.reads | function.facts.hints
        return frozenset(found)

    # effects

    def _spread_changes(self) -> None:
        """Mark the parameters that a function passes to functions that change them as changed by it."""
        queue = [name for name, node in self.nodes.items() if node.changed]
        while queue:
            for caller in self._callers.get(queue.pop(), ()):
                node = self.nodes[caller]
                before = len(node.changed)
                for function in node.functions:
                    for call in function.facts.calls:
                        for target in self.targets(call, function.owner):
                            node.changed |= self._changed_arguments(call, target)
                if len(node.changed) > before:
                    queue.append(caller)

    def _changed_arguments(self, call: Call, target: str) -> set[str]:
        """Return the names whose objects `target` changes when called: arguments, the receiver, module names."""
        names = [f"{target}.__init__", target] if target in self._bases else [target]
        node = next((self.nodes[name] for name in names if name in self.nodes and self.nodes[name].functions), None)
        if node is None or not node.changed:
            return set()
        function = node.functions[-1]
        offset = 1 if function.owner is not None else 0
        found = set(node.changed.difference(*(other.parameters for other in node.functions)))
        for key, roots in call.arguments:
            position = key + offset if isinstance(key, int) else -1
            parameter = function.parameters[position] if 0 <= position < len(function.parameters) else key
            if parameter in node.changed:
                found |= roots
        if offset and function.parameters and function.parameters[0] in node.changed and call.path:
            found.add(call.root)
        return found

    def consequences(self, facts: Facts) -> tuple[frozenset[str], frozenset[str], tuple[Effect, ...], bool]:
        """Return the effects of the functions that a statement calls.

        These are the names they bind, those they surely bind, their changes, and whether they change global settings.
        """
        bound: set[str] = set()
        surely: set[str] = set()
        changed: set[str] = set()
        configures = False
        for call in facts.calls:
            targets = self.targets(call)
            for target in targets:
                changed |= self._changed_arguments(call, target)
                for name in self.closure([target]):
                    for function in self.nodes[name].functions:
                        bound |= function.facts.binds
                        configures |= function.facts.configures
                functions = self.nodes[target].functions
                if len(targets) == len(functions) == 1:
                    surely |= functions[0].facts.surely
        effects = tuple(Effect(name, "deep") for name in sorted(changed))
        return frozenset(bound), frozenset(surely), effects, configures


def _constructing(methods: Iterable[str]) -> list[str]:
    return [name for name in methods if name in ("__init__", "__new__", "__post_init__", "__init_subclass__")]
