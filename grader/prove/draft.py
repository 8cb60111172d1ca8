"""Notebooks as immutable values, with methods that return a changed copy.

A cell loses its comments only if its syntax tree changes, because `ast.unparse` then writes it. IPython's own lines
(`!pip …`, `%time …`, `%%capture`) are kept.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from grader.notebook import syntax
from grader.prove.patterns import contains, rewrite

CellKind = Literal["code", "markdown", "raw"]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Cell:
    """One cell; `outputs` and `metadata` are as in nbformat."""

    kind: CellKind
    source: str
    outputs: tuple[Mapping[str, Any], ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A statement: the index of its cell, and its node in a separate tree."""

    cell: int
    node: ast.stmt


@dataclass(frozen=True)
class Draft:
    """A notebook as a tuple of cells. No method changes it: edits return a new draft."""

    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    # --- reading and writing

    @classmethod
    def from_bytes(cls, data: bytes) -> Draft:
        """Read an .ipynb file of nbformat 4. Raises ValueError if the data is anything else."""
        raw = json.loads(data)
        if not isinstance(raw, dict) or raw.get("nbformat") != 4:
            raise ValueError("not a notebook of nbformat 4")
        return cls(tuple(_cell(cell) for cell in raw["cells"]), raw.get("metadata", {}))

    def to_bytes(self) -> bytes:
        """Return the .ipynb file. Equal drafts give equal bytes, because results are cached by digest."""
        cells = []
        for index, cell in enumerate(self.cells):
            one: dict[str, Any] = {
                "cell_type": cell.kind,
                "id": f"c{index}",
                "metadata": dict(cell.metadata),
                "source": cell.source.splitlines(keepends=True),
            }
            if cell.kind == "code":
                one |= {"execution_count": None, "outputs": [dict(output) for output in cell.outputs]}
            cells.append(one)
        document = {"cells": cells, "metadata": dict(self.metadata), "nbformat": 4, "nbformat_minor": 5}
        return (json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()

    # --- cells

    @property
    def code(self) -> Iterator[tuple[int, Cell]]:
        """Yield the code cells with their indices."""
        return ((index, cell) for index, cell in enumerate(self.cells) if cell.kind == "code")

    def with_cell(self, index: int, cell: Cell) -> Draft:
        """Return a draft with one cell replaced."""
        return replace(self, cells=(*self.cells[:index], cell, *self.cells[index + 1 :]))

    def with_source(self, index: int, source: str) -> Draft:
        """Return a draft with the source of one cell replaced."""
        return self.with_cell(index, replace(self.cells[index], source=source))

    def insert(self, index: int, *cells: Cell) -> Draft:
        """Return a draft with cells inserted before the cell at `index`."""
        return replace(self, cells=(*self.cells[:index], *cells, *self.cells[index:]))

    def remove(self, index: int) -> Draft:
        """Return a draft without the cell at `index`."""
        return replace(self, cells=(*self.cells[:index], *self.cells[index + 1 :]))

    def section(self, heading: str) -> tuple[int, ...]:
        """Return the indices of the cells between a heading (a regular expression for its text) and the next one."""
        inside, found = False, []
        for index, cell in enumerate(self.cells):
            headings = re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE) if cell.kind == "markdown" else []
            if headings:
                inside = any(re.search(heading, text) for text in headings)
            elif inside:
                found.append(index)
        return tuple(found)

    # --- syntax trees

    def tree(self, index: int) -> ast.Module | None:
        """Parse a cell (see `parse`). Returns None for text and for code that is not Python."""
        return parse(self.cells[index].source) if self.cells[index].kind == "code" else None

    def trees(self, cells: Sequence[int] | None = None, word: str = "") -> Iterator[tuple[int, ast.Module]]:
        """Yield the index and tree of each Python cell among `cells` (default: all) whose source contains `word`."""
        for index, cell in self.code:
            if (cells is None or index in cells) and word in cell.source:
                tree = self.tree(index)
                if tree is not None:
                    yield index, tree

    def with_tree(self, index: int, tree: ast.AST) -> Draft:
        """Return a draft with a code cell written from a tree; its source is kept if the tree has not changed."""
        before = self.tree(index)
        if before is not None and ast.dump(before) == ast.dump(tree):
            return self
        return self.with_source(index, unparse(tree))

    def map(self, change: Callable[[ast.Module], ast.AST], cells: Sequence[int] | None = None) -> Draft:
        """Return a draft with `change`, e.g. a NodeTransformer's `visit`, applied to the trees of code cells."""
        draft = self
        for index, tree in self.trees(cells):
            draft = draft.with_tree(index, ast.fix_missing_locations(change(tree)))
        return draft

    def definition(self, name: str) -> Place | None:
        """Return the last top-level definition of a function or class, or None."""
        found = None
        for index, tree in self.trees(word=name):
            for node in tree.body:
                if isinstance(node, Definition) and node.name == name:
                    found = Place(index, node)
        return found

    def assignments(self, name: str) -> tuple[Place, ...]:
        """Return the top-level assignments to a name, also in a tuple of names, in order."""
        return tuple(
            Place(index, node)
            for index, tree in self.trees()
            for node in tree.body
            if isinstance(node, ast.Assign)
            and any(isinstance(n, ast.Name) and n.id == name for target in node.targets for n in ast.walk(target))
        )

    def cells_with(self, pattern: str) -> tuple[int, ...]:
        """Return the indices of the code cells in which the pattern matches (see `grader.prove.patterns`)."""
        return tuple(index for index, tree in self.trees() if contains(tree, pattern))

    def rewrite(
        self,
        pattern: str,
        replacement: str,
        *,
        within: str | None = None,
        cells: Sequence[int] | None = None,
        nth: int | None = None,
    ) -> Draft | None:
        """Return a draft with all matches of the pattern replaced, None if there are none.

        `within` limits the search to the function or class of this name, `cells` to the cells with these indices. With
        `nth` (from 0) only one match in each cell is replaced.
        """
        draft, done = self, 0
        for index, tree in self.trees(cells, within or ""):
            scopes: list[ast.AST] = [tree]
            if within is not None:
                scopes = [node for node in ast.walk(tree) if isinstance(node, Definition) and node.name == within]
            count = sum(rewrite(scope, pattern, replacement, nth) for scope in scopes)
            if count:
                draft, done = draft.with_tree(index, tree), done + count
        return draft if done else None

    def rename(self, names: Mapping[str, str]) -> Draft:
        """Return a draft with variables, functions, classes, parameters and keyword arguments renamed in all code.

        Attributes and strings are kept. Keyword arguments are renamed only in calls of functions and classes that the
        notebook defines.
        """
        own = {node.name for _, tree in self.trees() for node in ast.walk(tree) if isinstance(node, Definition)}
        return self.map(_Renamer(names, own).visit)


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str], own: set[str]) -> None:
        self.names, self.own = names, own

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self.own:
            for keyword in node.keywords:
                keyword.arg = self.names.get(keyword.arg, keyword.arg) if keyword.arg else None
        if isinstance(node, ast.Name):
            node.id = self.names.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = self.names.get(node.arg, node.arg)
        elif isinstance(node, Definition):
            node.name = self.names.get(node.name, node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [self.names.get(name, name) for name in node.names]
        elif isinstance(node, ast.alias):
            bound = node.asname or node.name
            if bound in self.names and "." not in bound:
                node.asname = self.names[bound]
        return super().generic_visit(node)


_IPYTHON_LINE = re.compile(r"^(?P<indent>[ \t]*)(?P<line>(?:%%?|!|\?)\S.*|\w[\w.]*\?\??)$", re.MULTILINE)
_HIDDEN = "_ipython_line"
_HIDDEN_LINE = re.compile(rf"^(?P<indent>[ \t]*){_HIDDEN}\((?P<text>.*)\)$", re.MULTILINE)


def parse(source: str) -> ast.Module | None:
    """Parse a cell; IPython's lines become calls, which `unparse` reverts. Returns None if it is not Python."""
    try:
        return syntax.parse(source)
    except (SyntaxError, ValueError):
        pass
    hidden = _IPYTHON_LINE.sub(lambda m: f"{m['indent']}{_HIDDEN}({m['line']!r})", source)
    try:
        return syntax.parse(hidden)
    except (SyntaxError, ValueError):
        return None


def unparse(tree: ast.AST) -> str:
    """Return the source of a tree that `parse` returned."""
    return _HIDDEN_LINE.sub(lambda m: m["indent"] + ast.literal_eval(m["text"]), ast.unparse(tree))


def _cell(raw: Mapping[str, Any]) -> Cell:
    source = raw.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    return Cell(raw["cell_type"], text, tuple(raw.get("outputs", ())), raw.get("metadata", {}))
