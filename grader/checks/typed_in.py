"""Tell output that was typed in: what a cell prints follows from nothing but what stands in the cell."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable

from grader.notebook.cells import python_source
from grader.notebook.syntax import parse

__all__ = ["imports", "is_typed_in", "numbers_typed_in"]

TELLING = 3  # digits of a number
MOST_TEXT = 10_000  # characters of a literal
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_READERS = {"__import__", "compile", "delattr", "eval", "exec", "getattr", "globals", "input", "locals", "open", "vars"}
_FIXED = {name for name in dir(builtins) if name not in _READERS} | {"display"}
_SIZES = {"Size"}  # torch.Size([64, 1, 28, 28])


def is_typed_in(source: str, imported: Iterable[str] = ()) -> bool:
    """Return whether all that a cell prints stands in the cell itself, so that it looked at nothing.

    `imported` are names that other cells import. False in doubt: what a cell prints may come from any name that it does
    not bind to literals, from any function of a module, and from a cell that is no Python.

    >>> is_typed_in("batch = next(iter(loader))\\nprint('shape', (64, 1, 28, 28))")
    True
    >>> is_typed_in("batch = next(iter(loader))\\nprint('shape', batch[0].shape)")
    False
    """
    tree = _tree(source)
    reader = _Reader({*imported, *imports([source])})
    return tree is not None and not reader.shows(tree.body) and reader.acts


def imports(sources: Iterable[str]) -> set[str]:
    """Return the names that the code of some cells imports.

    >>> sorted(imports(["import torch.nn as nn, os.path", "from torch import optim"]))
    ['nn', 'optim', 'os']
    """
    found: set[str] = set()
    for tree in filter(None, map(_tree, sources)):
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return found


def numbers_typed_in(texts: Iterable[str], sources: Iterable[str]) -> bool:
    """Return whether all numbers in these texts stand in the code, as a number or in a text: nothing computed them.

    A short number may stand there by chance, so one of them must have at least three digits; False if none has.

    >>> numbers_typed_in(["2.15 s", "21.5 s"], ["print(f'epoch {n}: 2.15 s')", "total = 21.5"])
    True
    >>> numbers_typed_in(["2.15 s", "21.7 s"], ["print(f'epoch {n}: 2.15 s')"])
    False
    >>> numbers_typed_in(["0.13 s", "41.7 s"], ["total = 41.7"])
    False
    """
    shown = {number for text in texts for number in _NUMBER.findall(text)}
    if not any(_digits(number) >= TELLING for number in shown):
        return False
    typed: set[str] = set()
    for tree in filter(None, map(_tree, sources)):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float)):
                typed.update(_NUMBER.findall(str(node.value)[:MOST_TEXT]))
    return shown <= typed


def _digits(number: str) -> int:
    return len(number.replace(".", "").lstrip("0"))


def _tree(source: str) -> ast.Module | None:
    python = python_source(source)
    try:
        return parse(python) if python else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Reader:
    """Follows the literals of a cell through its names, from the first statement to the last."""

    def __init__(self, modules: set[str]) -> None:
        self.modules = modules
        self.acts = False  # whether a statement did more than give a name to something
        self.fixed = set(_FIXED) | modules

    def shows(self, body: Iterable[ast.stmt]) -> bool:
        """Return whether a statement uses something that is not typed in, other than to give it a name."""
        return any(self._uses(statement) for statement in body)

    def _uses(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Break() | ast.Continue() | ast.Global():
                return False
            case ast.Assign(targets=targets, value=value):
                self._bind(targets, self._is_fixed(value))
                return False
            case ast.AnnAssign(target=target, value=value):
                self._bind([target], value is None or self._is_fixed(value))
                return False
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                (self.fixed.add if self._is_fixed(statement) else self.fixed.discard)(name)
                return False
            case ast.For(target=target, iter=values, body=body, orelse=orelse):
                self._bind([target], self._is_fixed(values))
                return self.shows([*body, *orelse])
            case ast.With(items=items, body=body):
                for item in items:
                    self._bind([item.optional_vars] if item.optional_vars else [], self._is_fixed(item.context_expr))
                return self.shows(body)
            case ast.If(test=test, body=body, orelse=orelse) | ast.While(test=test, body=body, orelse=orelse):
                return not self._is_fixed(test) or self.shows([*body, *orelse])
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                return self.shows([*body, *(inner for handler in handlers for inner in handler.body), *orelse, *final])
        self.acts = True
        return not self._is_fixed(statement)

    def _bind(self, targets: Iterable[ast.expr], fixed: bool) -> None:
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name):
                    (self.fixed.add if fixed else self.fixed.discard)(node.id)

    def _is_fixed(self, node: ast.AST) -> bool:
        """Return whether the code reads only literals and names of literals, and calls no function of a module."""
        bound = {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                bound.add(inner.id)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load) and inner.id not in self.fixed | bound:
                return False
            if isinstance(inner, ast.Call) and not self._is_plain(inner.func):
                return False
        return True

    def _is_plain(self, function: ast.expr) -> bool:
        """Return whether a call cannot fetch anything: of a built-in, of a method of a literal, of torch.Size."""
        root = function
        while isinstance(root, (ast.Attribute, ast.Subscript, ast.Call)):
            root = root.func if isinstance(root, ast.Call) else root.value
        last = function.attr if isinstance(function, ast.Attribute) else function
        if not isinstance(root, ast.Name) or root.id not in self.modules:
            return True
        return (last if isinstance(last, str) else root.id) in _SIZES
