"""Search and replace on Python's syntax tree, with patterns written in Python.

In a pattern the names `_1`, `_2`, … match any expression, and the same name the same expression; in the replacement
they stand for the expression that they matched. A pattern that is an expression may match any expression, another one
any statement.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping

from grader.notebook.syntax import parse

_WILD = re.compile(r"_\d+")
Bound = dict[str, ast.AST]


def rewrite(tree: ast.AST, pattern: str, replacement: str, nth: int | None = None) -> int:
    """Replace the matches of `pattern` in `tree` in place; return how many were replaced.

    `replacement` is Python of the same kind, '' removes statements; with `nth` (from 0) only one match is replaced,
    counted in the order of the source. A block that loses all its statements gets a `pass`.

    Raises ValueError unless the pattern is one statement or expression.
    """
    wanted = parse(pattern).body
    instead = parse(replacement).body
    if len(wanted) != 1:
        raise ValueError(f"a pattern must be one statement or expression, not {pattern!r}")
    rewriter = _Rewriter(wanted[0], instead, nth)
    rewriter.generic_visit(tree)
    ast.fix_missing_locations(tree)
    return rewriter.done


def matches(node: ast.AST, pattern: str) -> bool:
    """Return whether a statement or expression matches the pattern."""
    wanted = parse(pattern).body[0]
    if isinstance(wanted, ast.Expr) and not isinstance(node, ast.stmt):
        wanted_node: ast.AST = wanted.value
    else:
        wanted_node = wanted
    return _bind(node, wanted_node, {})


def contains(tree: ast.AST, pattern: str) -> bool:
    """Return whether the pattern matches anywhere in the tree."""
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
    """Return whether `node` matches `wanted`, and fill `bound`. Loads and stores are not distinguished."""
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
    """Return a copy of the replacement with the bound expressions filled in."""

    class Filler(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.AST:
            return copy.deepcopy(bound[name.id]) if name.id in bound else name

    filled = Filler().visit(copy.deepcopy(node))
    # An expression that was loaded may be a target now, and vice versa: parsing again sets the contexts.
    return parse(ast.unparse(filled)).body[0] if isinstance(node, ast.stmt) else filled
