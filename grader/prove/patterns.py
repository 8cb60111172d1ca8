"""Patterns on Python's syntax tree, written as Python: where they match, and what stands there instead.

In a pattern the names `_1`, `_2`, … stand for any expression, the same one wherever the same name stands; in what replaces
it they stand for what was found. A pattern that is one expression is looked for everywhere, statements among the statements.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping

_WILD = re.compile(r"_\d+")
Bound = dict[str, ast.AST]


def rewrite(tree: ast.AST, pattern: str, replacement: str, nth: int | None = None) -> int:
    """Replace, in place, what matches `pattern` in `tree`; how many places that were.

    `replacement` is Python of the same kind, '' to take statements away; `nth` (from 0) takes one match only, in the order
    of the text. A block that loses all its statements gets a `pass`.
    """
    wanted = ast.parse(pattern).body
    instead = ast.parse(replacement).body
    if len(wanted) != 1:
        raise ValueError(f"a pattern is one statement or expression: {pattern!r}")
    rewriter = _Rewriter(wanted[0], instead, nth)
    rewriter.generic_visit(tree)
    ast.fix_missing_locations(tree)
    return rewriter.done


def matches(node: ast.AST, pattern: str) -> bool:
    """Whether the statement or expression is what the pattern describes."""
    wanted = ast.parse(pattern).body[0]
    if isinstance(wanted, ast.Expr) and not isinstance(node, ast.stmt):
        wanted_node: ast.AST = wanted.value
    else:
        wanted_node = wanted
    return _bind(node, wanted_node, {})


def contains(tree: ast.AST, pattern: str) -> bool:
    """Whether the pattern matches anywhere in the tree."""
    return any(matches(node, pattern) for node in ast.walk(tree) if isinstance(node, (ast.stmt, ast.expr)))


class _Rewriter(ast.NodeTransformer):
    def __init__(self, wanted: ast.stmt, instead: list[ast.stmt], nth: int | None) -> None:
        self.statement = wanted
        self.expression = wanted.value if isinstance(wanted, ast.Expr) else None
        self.instead, self.nth = instead, nth
        self.seen = self.done = 0

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt] | None:
        if isinstance(node, ast.stmt):
            bound: Bound = {}
            if _bind(node, self.statement, bound):
                return [_fill(statement, bound) for statement in self.instead] if self._takes() else node
        elif self.expression is not None and isinstance(node, ast.expr):
            bound = {}
            if _bind(node, self.expression, bound) and self._one_expression() and self._takes():
                instead = self.instead[0]
                assert isinstance(instead, ast.Expr)
                return _fill(instead.value, bound)
        visited: ast.AST = self.generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            if field == "body" and getattr(visited, field, None) == []:
                setattr(visited, field, [ast.Pass()])
        return visited

    def _one_expression(self) -> bool:
        return len(self.instead) == 1 and isinstance(self.instead[0], ast.Expr)

    def _takes(self) -> bool:
        self.seen += 1
        takes = self.nth is None or self.seen == self.nth + 1
        self.done += takes
        return takes


def _bind(node: object, wanted: object, bound: Bound) -> bool:
    """Whether `node` is `wanted`; fills `bound`. Where something is stored or loaded makes no difference."""
    if isinstance(wanted, ast.Name) and _WILD.fullmatch(wanted.id):
        if not isinstance(node, ast.expr):
            return False
        before = bound.setdefault(wanted.id, node)
        return before is node or ast.unparse(before) == ast.unparse(node)
    if isinstance(wanted, ast.AST):
        if type(node) is not type(wanted):
            return False
        fields = (field for field in wanted._fields if field not in ("ctx", "type_comment", "kind"))
        return all(_bind(getattr(node, field, None), getattr(wanted, field, None), bound) for field in fields)
    if isinstance(wanted, list):
        return (
            isinstance(node, list)
            and len(node) == len(wanted)
            and all(_bind(one, other, bound) for one, other in zip(node, wanted, strict=True))
        )
    return type(node) is type(wanted) and node == wanted


def _fill(node: ast.AST, bound: Mapping[str, ast.AST]) -> ast.stmt:
    """A copy of the replacement with what was bound in its place."""

    class Filler(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.AST:
            return copy.deepcopy(bound[name.id]) if name.id in bound else name

    filled = Filler().visit(copy.deepcopy(node))
    # What was bound as a value may be assigned to now, and the other way round.
    return ast.parse(ast.unparse(filled)).body[0] if isinstance(node, ast.stmt) else filled
