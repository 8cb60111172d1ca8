"""Iterative traversal of trees and graphs: deeply nested source code must not exhaust Python's stack."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

MOST = 500
"""The largest number of names, objects or alternatives that are followed from one place.

No ordinary notebook has a call that reads so many names, or a name that so many statements may have bound. Without a
limit, n calls of functions that read n names would take the square of the time.
"""


def walk(roots: Iterable[ast.AST], children: Callable[[ast.AST], Iterable[ast.AST]]) -> Iterator[ast.AST]:
    """Yield the nodes in `roots` and all nodes below them, in any order; `children` returns those to visit next."""
    stack = list(roots)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def reached(start: Iterable[T], edges: Mapping[T, Iterable[T]], most: int | None = None) -> frozenset[T]:
    """Return the nodes in `start` and all nodes that can be reached from them; the graph may have cycles.

    At most `most` nodes are returned, the nearest first; then the order of `start` and of the edges must be fixed.
    """
    found = dict.fromkeys(islice(start, most))
    queue = list(found)
    for node in queue:
        if most is not None and len(found) >= most:
            break
        new = [other for other in islice(edges.get(node, ()), most) if other not in found]
        found.update(dict.fromkeys(new))
        queue.extend(dict.fromkeys(new))
    return frozenset(islice(found, most))


def united(own: frozenset[str], parts: Sequence[frozenset[str]]) -> frozenset[str]:
    """Return the union, at most MOST names. A part that is as large already is returned itself, which saves memory."""
    largest = max(parts, key=len, default=frozenset())
    if len(largest) >= MOST or (own <= largest and all(part is largest or part <= largest for part in parts)):
        return largest
    found = dict.fromkeys(sorted(own))
    for part in parts:
        if len(found) >= MOST:
            break
        found.update(dict.fromkeys(sorted(part)))
    return frozenset(list(found)[:MOST])


class Groups:
    """The groups of nodes of a graph that can all be reached from each other, found when they are asked for.

    `edges` returns the nodes that a node leads to, in a fixed order. Each edge is followed once.
    """

    def __init__(self, edges: Callable[[str], Iterable[str]]) -> None:
        self._edges = edges
        self.members: list[list[str]] = []  # by number; a group leads only to groups with smaller numbers
        self._number: dict[str, int] = {}
        self._index: dict[str, int] = {}

    def number(self, node: str) -> int:
        """Return the number of the group that a node belongs to."""
        if node not in self._number:
            self._search(node)
        return self._number[node]

    def _search(self, root: str) -> None:
        """Find the groups that can be reached from `root`: Tarjan's algorithm, without recursion."""
        index, low = self._index, {root: len(self._index)}
        index[root] = low[root]
        pending, path = [root], [(root, iter(self._edges(root)))]
        while path:
            node, rest = path[-1]
            new = None
            for other in rest:
                if other not in index:
                    new = other
                    break
                if other not in self._number:
                    low[node] = min(low[node], index[other])
            if new is not None:
                index[new] = low[new] = len(index)
                pending.append(new)
                path.append((new, iter(self._edges(new))))
                continue
            path.pop()
            if path:
                low[path[-1][0]] = min(low[path[-1][0]], low[node])
            if low[node] == index[node]:
                group: list[str] = []
                while not group or group[-1] != node:
                    group.append(pending.pop())
                self._number.update(dict.fromkeys(group, len(self.members)))
                self.members.append(group)
