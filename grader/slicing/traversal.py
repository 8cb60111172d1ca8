"""Iterative traversal of trees and graphs: deeply nested source code must not exhaust Python's stack."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def walk(roots: Iterable[ast.AST], children: Callable[[ast.AST], Iterable[ast.AST]]) -> Iterator[ast.AST]:
    """Yield the nodes in `roots` and all nodes below them, in any order; `children` returns those to visit next."""
    stack = list(roots)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def reached(start: Iterable[T], edges: Mapping[T, Iterable[T]]) -> frozenset[T]:
    """Return the nodes in `start` and all nodes that can be reached from them; the graph may have cycles."""
    found: set[T] = set()
    stack = list(start)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(edges.get(node, ()))
    return frozenset(found)
