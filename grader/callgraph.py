"""Which functions of a notebook call which, what that changes, and what is too expensive to run for a definition's sake.

Functions go by name: every version of a redefined function counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from grader.bindings import EMPTY, Call, Effect, Facts, Function, Loop

T = TypeVar("T", bound=Hashable)

_TRAINING = frozenset({"backward", "step"})
_SLOW = frozenset({"fit", "sleep", "serve_forever"})
_ENDING = frozenset({"exit", "quit", "_exit", "abort"})
_RUNNERS = frozenset({"map", "filter", "timeit", "repeat", "submit"})  # library functions that call their argument
_OF_MODULES = frozenset({"train", "eval"})  # methods of nn.Module, whatever other class has such a method
_PASSED_ON = frozenset({"tqdm", "trange", "enumerate", "iter", "zip", "islice"})
_DATA_CLASSES = frozenset(
    {"MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST", "CIFAR10", "CIFAR100", "ImageFolder", "Subset"}
)
_DATA_NAMES = re.compile(r"loader|dataset|batches|trainset|testset|valset|(^|_)(ds|dl|data|iter|set)$", re.IGNORECASE)


@dataclass
class _Node:
    """A function, a method 'C.m', or a class 'C' (what instantiating it runs)."""

    functions: list[Function] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    mentions: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)


class CallGraph:
    """Built from the facts of all statements; `avoid` are functions that must not run."""

    def __init__(self, everything: Sequence[Facts], avoid: Collection[str]) -> None:
        self.nodes: defaultdict[str, _Node] = defaultdict(_Node)
        self._bases: dict[str, set[str]] = defaultdict(set)
        self._methods: dict[str, set[str]] = defaultdict(set)  # method -> the nodes 'C.method'
        self._made: dict[str, set[str]] = defaultdict(set)  # variable -> callables it was made by
        self._held: dict[str, set[str]] = defaultdict(set)  # variable -> names it was made of
        self._bindings: dict[str, list[bool]] = defaultdict(list)  # variable -> per binding, whether it is short
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
                self._made[name].add(callable_name)
            for effect in facts.effects:
                if effect.kind in ("same", "part", "holds"):
                    self._held[effect.name] |= effect.sources
            for name in facts.binds:
                self._bindings[name].append(name in facts.short)
            imported |= facts.imports
        self.nodes.default_factory = None
        self._libraries = frozenset(name for name in imported if len(self._bindings[name]) == 1) - self.nodes.keys()
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
        self.avoid = frozenset(avoid)
        self.heavy = self.callers_of(
            [name for name, node in self.nodes.items() if name in self.avoid or any(map(self._trains, node.functions))]
        )
        self._closures: dict[str, frozenset[str]] = {}

    # who calls whom

    def targets(self, call: Call, owner: str | None = None) -> frozenset[str]:
        """Nodes that a call may run; `owner` is the class of the method that it stands in."""
        key = (call.root, call.path, owner)
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = frozenset(self._find_targets(*key))
        return found

    def _find_targets(self, root: str, path: tuple[str, ...], owner: str | None) -> set[str]:
        if not path:
            found = {root} | {name for name in self._held.get(root, ()) if self._is_function(name)}
            found.update(f"{made}.{method}" for made in self._made.get(root, ()) for method in ("__call__", "forward"))
            return found & self.nodes.keys()
        method = path[-1]
        classes = {owner} if owner is not None and root in ("self", "cls", "") else set()
        if len(path) == 1:
            classes |= ({root} | self._made.get(root, set())) & self._bases.keys()
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
        """The nodes and all that call them, directly or not."""
        return reached(names, self._callers)

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """The nodes and all they may call or hand on."""
        found: set[str] = set()
        for name in names:
            if name not in self._closures:
                self._closures[name] = reached([name], self._edges)
            found |= self._closures[name]
        return frozenset(found)

    def touched(self, facts: Facts) -> frozenset[str]:
        """Nodes that a statement calls or hands to a call."""
        found: set[str] = set()
        for call in facts.calls:
            found |= self.targets(call)
            for _, names in call.arguments:
                found |= names & self.nodes.keys()
        return frozenset(found)

    def read_within(self, facts: Facts) -> frozenset[str]:
        """Module names that the functions called by a statement read."""
        found: set[str] = set()
        for name in self.closure(self.touched(facts)):
            for function in self.nodes[name].functions:
                found |= function.facts.reads | function.facts.hints
        return frozenset(found)

    # effects

    def _spread_changes(self) -> None:
        """A function that hands its parameter to one that changes it changes it too."""
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
        """Names in a call whose objects `target` changes: arguments, the receiver, module names."""
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
        """What the functions called by a statement do: (names bound, surely bound, changes, whether torch is set up)."""
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

    # expense

    def expensive(self, facts: Facts) -> bool:
        """Whether running a statement may train, pass over the data, never end, or end the process."""
        if facts.awaits or any(map(self._long, facts.loops)):
            return True
        return any(self._expensive_call(call) for call in facts.calls)

    def _expensive_call(self, call: Call) -> bool:
        targets = self.targets(call)
        name = call.path[-1] if call.path else call.root
        if targets & self.heavy or self._slow(call, targets) or name in _ENDING:
            return True
        if not call.path and call.root in self.avoid:
            return True
        if (call.root, name) == ("torch", "load"):  # of a file that an earlier run may have left, or not
            return True
        for key, names in call.arguments:
            if names.isdisjoint(self.heavy):
                continue
            if not targets and name in _RUNNERS:
                return True
            for target in targets:
                for function in self.nodes[target].functions:
                    parameter = (
                        function.parameters[key] if isinstance(key, int) and key < len(function.parameters) else key
                    )
                    if parameter in function.called:
                        return True
        return False

    def _slow(self, call: Call, targets: Collection[str]) -> bool:
        name = call.path[-1] if call.path else call.root
        return (bool(call.path) and name in _TRAINING) or (name in _SLOW and not targets)

    def _trains(self, function: Function) -> bool:
        """Whether a function's own body trains, passes over the data or never ends."""
        for call in function.facts.calls:
            if self._slow(call, self.targets(call, function.owner)) or (not call.path and call.root in self.avoid):
                return True
        return any(loop.endless or (not loop.once and self._over_data(loop)) for loop in function.facts.loops)

    def _over_data(self, loop: Loop) -> bool:
        return any(map(self._is_data, loop.over))

    def _is_data(self, name: str) -> bool:
        if all(self._bindings.get(name, [False])):
            return False
        made = self._made.get(name, EMPTY)
        if made & _PASSED_ON and any(_DATA_NAMES.search(source) for source in self._held.get(name, ())):
            return True
        return (
            bool(made & _DATA_CLASSES)
            or any(kind.endswith("Loader") for kind in made)
            or bool(_DATA_NAMES.search(name))
        )

    def _long(self, loop: Loop) -> bool:
        """Whether a loop at the top level may take long."""
        if loop.kind == "while":
            return True
        if loop.once:
            return False
        if self._over_data(loop):
            return True
        return loop.kind == "for" and not (loop.small and all(all(self._bindings.get(name, ())) for name in loop.over))


def _constructing(methods: Iterable[str]) -> list[str]:
    return [name for name in methods if name in ("__init__", "__new__", "__post_init__", "__init_subclass__")]


def reached(start: Iterable[T], edges: Mapping[T, Iterable[T]]) -> frozenset[T]:
    """The nodes themselves and all that the edges lead to."""
    found: set[T] = set()
    stack = list(start)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(edges.get(node, ()))
    return frozenset(found)
