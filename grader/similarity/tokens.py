"""The tokens of a notebook's code, in which what a copyist changes easily does not show.

Tokens come from the syntax tree, so that layout and comments are gone. The notebook's own names are one token, names
of libraries are their dotted paths however they were imported. `for` and `while`, `x += 1` and `x = x + 1`, and
`a, b = 1, 2` and two assignments are alike. Imports, annotations, docstrings, and code that does nothing are left out.
Each function is a unit by itself, and the statements at the top of all cells are one unit together: neither the order
of functions nor where one cell ends and the next begins makes a difference.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.notebook.cells import Notebook, python_source
from grader.notebook.syntax import parse
from grader.similarity.names import BUILT_IN, Names, names_in

_NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_KEYWORDS_OF_OTHERS = {"functools.partial", "dict"}  # their keywords are names of the notebook's own functions


@dataclass(frozen=True)
class Token:
    """A token, the cell and the line, counted from 1, that it stands in."""

    text: str
    cell: int
    line: int


@dataclass
class Unit:
    """The tokens of one function, or of all statements at the top of the cells; `starts` are where statements begin."""

    tokens: list[Token] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


def units_of(notebook: Notebook) -> tuple[Unit, ...]:
    """Return the units of a notebook; cells that are not Python are left out."""
    trees = [(cell.index, tree) for cell in notebook.code_cells if (tree := _tree(cell.source)) is not None]
    return _units(trees)


def units_of_source(source: str) -> tuple[Unit, ...]:
    """Return the units of a single text of Python. Raises SyntaxError."""
    return _units([(0, parse(source))])


def _tree(source: str) -> ast.Module | None:
    python = python_source(source)
    try:
        return parse(python) if python else None
    except _NOT_PYTHON:
        return None


def _units(trees: Sequence[tuple[int, ast.Module]]) -> tuple[Unit, ...]:
    names = names_in(tree for _, tree in trees)
    top = Unit()
    units = [top]
    for cell, tree in trees:
        writer = _Writer(names, cell, units)
        writer.unit = top
        try:
            writer.statements(tree.body)
        except RecursionError:  # what was read of the cell still counts
            continue
    return tuple(unit for unit in units if unit.tokens)


class _Writer:
    """Writes the tokens of one cell; the units of its functions are added to `units`."""

    def __init__(self, names: Names, cell: int, units: list[Unit]) -> None:
        self.names, self.cell, self.units = names, cell, units
        self.unit = Unit()
        self.line = 1
        self.depth = 0  # of functions

    def put(self, text: str) -> None:
        """Add a token on the current line."""
        self.unit.tokens.append(Token(text, self.cell, self.line))

    # --- statements ---

    def statements(self, body: Iterable[ast.stmt]) -> None:
        """Write statements, those that do nothing left out."""
        for node in body:
            if not self._does_nothing(node):
                self.line = node.lineno
                if not isinstance(node, _FUNCTIONS):
                    self.unit.starts.append(len(self.unit.tokens))
                _STATEMENTS.get(type(node), _Writer.other)(self, node)

    def _does_nothing(self, node: ast.stmt) -> bool:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global() | ast.Nonlocal():
                return True
            case ast.Expr(ast.Constant() | ast.Name()):
                return True
            case ast.If(test=ast.Constant(value), orelse=[]) | ast.While(test=ast.Constant(value), orelse=[]):
                return not value
            case ast.AnnAssign(value=None):
                return True
            case (
                ast.Assign(targets=[ast.Name(name)], value=value)
                | ast.AnnAssign(target=ast.Name(name), value=ast.expr() as value)
            ):
                return name not in self.names.read and not any(isinstance(n, _ACTS) for n in ast.walk(value))
        return False

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Write a function: as a unit of its own, unless it stands in another one."""
        outer = self.unit
        if self.depth == 0:
            self.unit = Unit()
            self.units.append(self.unit)
        self.depth += 1
        self.unit.starts.append(len(self.unit.tokens))
        self.put("def")
        self.expressions([*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)])
        self.statements(node.body)
        self.depth -= 1
        self.unit = outer

    def class_(self, node: ast.ClassDef) -> None:
        """Write a class; its methods are units."""
        self.put("class")
        self.expressions([*node.decorator_list, *node.bases])
        self.statements(node.body)

    def loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        """Write a loop of either kind."""
        self.put("loop")
        self.expression(node.test if isinstance(node, ast.While) else node.iter)
        self.statements([*node.body, *node.orelse])

    def if_(self, node: ast.If) -> None:
        """Write a condition."""
        self.put("if")
        self.expression(node.test)
        self.statements(node.body)
        if node.orelse:
            self.put("else")
            self.statements(node.orelse)

    def with_(self, node: ast.With | ast.AsyncWith) -> None:
        """Write a with statement."""
        self.put("with")
        self.expressions(item.context_expr for item in node.items)
        self.statements(node.body)

    def assign(self, node: ast.Assign) -> None:
        """Write an assignment; one of several values at once as several."""
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=left)], value=ast.Tuple(elts=right)) if len(left) == len(right):
                for target, value in zip(left, right, strict=True):
                    self._set(target, value)
            case _:
                for target in node.targets:
                    self._set(target, node.value)

    def annotated(self, node: ast.AnnAssign) -> None:
        """Write an assignment without its annotation."""
        if node.value is not None:
            self._set(node.target, node.value)

    def augmented(self, node: ast.AugAssign) -> None:
        """Write `x += 1` as `x = x + 1`."""
        self._set(node.target, ast.BinOp(node.target, node.op, node.value))

    def _set(self, target: ast.expr, value: ast.expr) -> None:
        self.put("=")
        self.expression(target)
        self.expression(value)

    def other(self, node: ast.AST) -> None:
        """Write a node of any other kind, and what is in it."""
        if not isinstance(node, _SILENT):
            self.put(type(node).__name__)
        for _, value in ast.iter_fields(node):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, ast.stmt):
                    self.statements([one])
                elif isinstance(one, ast.AST):
                    self.expression(one)

    # --- expressions ---

    def expressions(self, nodes: Iterable[ast.AST]) -> None:
        """Write expressions, one after the other."""
        for node in nodes:
            self.expression(node)

    def expression(self, node: ast.AST) -> None:
        """Write an expression."""
        self.line = getattr(node, "lineno", self.line)
        _EXPRESSIONS.get(type(node), _Writer.other)(self, node)

    def name(self, node: ast.Name) -> None:
        """Write a name: by what it stands for."""
        self.put(self._path(node) or "name")

    def attribute(self, node: ast.Attribute) -> None:
        """Write an attribute; of a module with its path."""
        path = self._path(node)
        if path:
            self.put(path)
            return
        self.expression(node.value)
        self.put("." if node.attr in self.names.attributes else f".{node.attr}")

    def _path(self, node: ast.expr) -> str:
        """Return the dotted path of something from a library, '' for all else."""
        if isinstance(node, ast.Name):
            if node.id in self.names.imported:
                return self.names.imported[node.id]
            return node.id if node.id in BUILT_IN and node.id not in self.names.bound else ""
        if isinstance(node, ast.Attribute):
            inner = self._path(node.value)
            return f"{inner}.{node.attr}" if inner else ""
        return ""

    def call(self, node: ast.Call) -> None:
        """Write a call. The order of keywords makes no difference; they count if the function is a library's."""
        self.put("call")
        self.expression(node.func)
        self.expressions(node.args)
        path = self._path(node.func)
        theirs = bool(path) or (isinstance(node.func, ast.Attribute) and node.func.attr not in self.names.attributes)
        if not theirs or path in _KEYWORDS_OF_OTHERS:
            self.expressions(keyword.value for keyword in node.keywords)
            return
        for keyword in sorted(node.keywords, key=lambda one: one.arg or ""):
            self.put(f"{keyword.arg}=")
            self.expression(keyword.value)

    def constant(self, node: ast.Constant) -> None:
        """Write a constant: texts are all alike, numbers are not."""
        value = node.value
        if isinstance(value, (str, bytes)):
            self.put("text")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self.put(_number(value))
        else:
            self.put(str(value))

    def fstring(self, node: ast.JoinedStr) -> None:
        """Write a text, and the values in it."""
        self.put("text")
        self.expressions(part.value for part in node.values if isinstance(part, ast.FormattedValue))

    def tuple_(self, node: ast.Tuple | ast.List) -> None:
        """Write what is in a tuple or a list."""
        self.expressions(node.elts)

    def operation(self, node: ast.BinOp) -> None:
        """Write an operation with two sides."""
        self.put(type(node.op).__name__)
        self.expressions((node.left, node.right))


def _number(value: float) -> str:
    try:
        return repr(float(value))
    except OverflowError:
        return "number"


_ACTS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
_SILENT = (ast.expr_context, ast.Expr, ast.Starred, ast.comprehension, ast.arguments, ast.arg, ast.keyword)
_Write = Callable[[_Writer, Any], None]
_STATEMENTS: dict[type, _Write] = {
    ast.FunctionDef: _Writer.function,
    ast.AsyncFunctionDef: _Writer.function,
    ast.ClassDef: _Writer.class_,
    ast.For: _Writer.loop,
    ast.AsyncFor: _Writer.loop,
    ast.While: _Writer.loop,
    ast.If: _Writer.if_,
    ast.With: _Writer.with_,
    ast.AsyncWith: _Writer.with_,
    ast.Assign: _Writer.assign,
    ast.AnnAssign: _Writer.annotated,
    ast.AugAssign: _Writer.augmented,
}
_EXPRESSIONS: dict[type, _Write] = {
    ast.Name: _Writer.name,
    ast.Attribute: _Writer.attribute,
    ast.Call: _Writer.call,
    ast.Constant: _Writer.constant,
    ast.JoinedStr: _Writer.fstring,
    ast.Tuple: _Writer.tuple_,
    ast.List: _Writer.tuple_,
    ast.BinOp: _Writer.operation,
}


def texts(units: Iterable[Unit]) -> Iterator[str]:
    """Yield the texts of all tokens."""
    return (token.text for unit in units for token in unit.tokens)
