"""The cost of statements: slices avoid training, endless loops and, where possible, passes over the data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import IntEnum

from grader.slicing.bindings import EMPTY, Call, Facts, Function, Loop
from grader.slicing.callgraph import CallGraph

_TRAINING = frozenset({"backward", "step"})
_SLOW = frozenset({"fit", "sleep", "serve_forever"})
_ENDING = frozenset({"exit", "quit", "_exit", "abort"})
_RUNNERS = frozenset({"map", "filter", "timeit", "repeat", "submit"})  # library functions that call their argument
_OF_EVALUATION = frozenset({"eval", "no_grad", "inference_mode", "argmax", "zero_grad"})
_PASSED_ON = frozenset({"tqdm", "trange", "enumerate", "iter", "zip", "islice"})
_DATA_CLASSES = frozenset(
    {"MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST", "CIFAR10", "CIFAR100", "ImageFolder", "Subset"}
)
_DATA_NAMES = re.compile(r"loader|dataset|batches|trainset|testset|valset|(^|_)(ds|dl|data|iter|set)$", re.IGNORECASE)


class Cost(IntEnum):
    """The cost of running a statement."""

    CHEAP = 0
    PASS = 1  # a pass over the data that neither trains nor evaluates, for example to compute its mean
    NEVER = 2  # trains, evaluates, may never end, or ends the process


class CostModel:
    """Estimates the cost of statements; the functions in `avoid` must never run."""

    def __init__(self, graph: CallGraph, avoid: Collection[str]) -> None:
        self._graph = graph
        self._avoid = frozenset(avoid)
        self._short = {name: all(found) for name, found in graph.bindings.items()}
        self._data: dict[str, bool] = {}
        self._called: dict[str, frozenset[int | str]] = {}
        costs = {name: self._of_functions(node.functions) for name, node in graph.nodes.items()}
        self._passing = graph.callers_of([name for name, cost in costs.items() if cost == Cost.PASS])
        self._never = graph.callers_of(
            [name for name, cost in costs.items() if cost == Cost.NEVER or name in self._avoid]
        )

    def cost(self, facts: Facts) -> Cost:
        """Return the cost of running a statement."""
        if facts.awaits:
            return Cost.NEVER
        evaluates = _evaluates(facts.calls)
        loops = (self._of_loop(loop, evaluates) for loop in facts.loops)
        return max((*loops, *map(self._of_call, facts.calls)), default=Cost.CHEAP)

    def _of_functions(self, functions: Iterable[Function]) -> Cost:
        """Return the cost of function bodies, without the notebook's functions that they call."""
        cost = Cost.CHEAP
        for function in functions:
            calls = function.facts.calls
            if any(self._is_slow(call, function.owner) or self._is_avoided(call) for call in calls):
                return Cost.NEVER
            loops = function.facts.loops
            if any(loop.endless for loop in loops):
                return Cost.NEVER
            if any(not loop.once and any(map(self._is_data, loop.over)) for loop in loops):
                cost = max(cost, Cost.NEVER if _evaluates(calls) else Cost.PASS)
        return cost

    def _of_loop(self, loop: Loop, evaluates: bool) -> Cost:
        """Return the cost of a top-level loop, without the calls in it."""
        if loop.kind == "while":
            return Cost.NEVER
        if loop.once:
            return Cost.CHEAP
        known = loop.kind == "comprehension" or loop.small
        if any(map(self._is_data, loop.over)):
            return Cost.PASS if known and not evaluates else Cost.NEVER
        short = all(self._short.get(name, True) for name in loop.over)
        return Cost.CHEAP if loop.kind == "comprehension" or (known and short) else Cost.NEVER

    def _of_call(self, call: Call) -> Cost:
        targets = self._graph.targets(call)
        if targets & self._never or self._is_slow(call, None) or self._is_avoided(call) or call.name in _ENDING:
            return Cost.NEVER
        if (call.root, call.name) == ("torch", "load"):  # the file may or may not exist from an earlier run
            return Cost.NEVER
        if any(self._is_called(call, key) for key, names in call.arguments if names & self._never):
            return Cost.NEVER
        return Cost.PASS if targets & self._passing else Cost.CHEAP

    def _is_called(self, call: Call, key: int | str) -> bool:
        """Return whether the function that is called calls its argument `key`."""
        targets = self._graph.targets(call)
        if not targets:
            return call.name in _RUNNERS
        for target in targets - self._called.keys():
            self._called[target] = self._graph.called_arguments(target)
        return any(key in self._called[target] for target in targets)

    def _is_slow(self, call: Call, owner: str | None) -> bool:
        name = call.name
        if name in _TRAINING:
            return bool(call.path)
        return name in _SLOW and not self._graph.targets(call, owner)

    def _is_avoided(self, call: Call) -> bool:
        return not call.path and call.root in self._avoid

    def _is_data(self, name: str) -> bool:
        """Return whether a name stands for a loader or a data set, judged by its constructor and by the name itself."""
        if name not in self._data:
            self._data[name] = not self._short.get(name, False) and self._is_called_data(name)
        return self._data[name]

    def _is_called_data(self, name: str) -> bool:
        made = self._graph.made.get(name, EMPTY)
        if made & _PASSED_ON and any(map(_DATA_NAMES.search, self._graph.held.get(name, ()))):
            return True
        by_class = made & _DATA_CLASSES or any(kind.endswith("Loader") for kind in made)
        return bool(by_class or _DATA_NAMES.search(name))


def _evaluates(calls: Iterable[Call]) -> bool:
    return any(call.name in _OF_EVALUATION for call in calls)
