"""A notebook that is being rewritten: its cells, and pure helpers that give another one.

Only cells that change lose their comments: a changed tree is written by `ast.unparse`. Lines that are IPython's and not
Python's (`!pip …`, `%time …`, `%%capture`) survive.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from grader.prove.patterns import contains, rewrite

CellKind = Literal["code", "markdown", "raw"]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Cell:
    """One cell; `outputs` and `metadata` are nbformat's."""

    kind: CellKind
    source: str
    outputs: tuple[Mapping[str, Any], ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A statement of a cell: the index of the cell and the node, which belongs to a tree of its own."""

    cell: int
    node: ast.stmt


@dataclass(frozen=True)
class Draft:
    """A notebook as a tuple of cells. Every method leaves it as it is and returns another, or what was found."""

    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    # --- reading and writing

    @classmethod
    def from_bytes(cls, data: bytes) -> Draft:
        """Read an .ipynb file of nbformat 4. Raises ValueError for anything else."""
        raw = json.loads(data)
        if not isinstance(raw, dict) or raw.get("nbformat") != 4:
            raise ValueError("not a notebook of nbformat 4")
        return cls(tuple(_cell(cell) for cell in raw["cells"]), raw.get("metadata", {}))

    def to_bytes(self) -> bytes:
        """The .ipynb file, the same bytes for the same draft: results are kept by digest."""
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
        """The code cells with their indices."""
        return ((index, cell) for index, cell in enumerate(self.cells) if cell.kind == "code")

    def with_cell(self, index: int, cell: Cell) -> Draft:
        """With one cell replaced."""
        return replace(self, cells=(*self.cells[:index], cell, *self.cells[index + 1 :]))

    def with_source(self, index: int, source: str) -> Draft:
        """With the text of one cell replaced."""
        return self.with_cell(index, replace(self.cells[index], source=source))

    def insert(self, index: int, *cells: Cell) -> Draft:
        """With cells before the cell at `index`."""
        return replace(self, cells=(*self.cells[:index], *cells, *self.cells[index:]))

    def remove(self, index: int) -> Draft:
        """Without the cell at `index`."""
        return replace(self, cells=(*self.cells[:index], *self.cells[index + 1 :]))

    def section(self, heading: str) -> tuple[int, ...]:
        """The indices of the cells below the heading (a regular expression for its text), up to the next heading."""
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
        """A tree of the cell, IPython's lines hidden in it; None for text and for what is not Python."""
        return parse(self.cells[index].source) if self.cells[index].kind == "code" else None

    def trees(self, cells: Sequence[int] | None = None, word: str = "") -> Iterator[tuple[int, ast.Module]]:
        """The trees of the code cells that are Python, with their indices: of `cells` only, and with this word in them."""
        for index, cell in self.code:
            if (cells is None or index in cells) and word in cell.source:
                tree = self.tree(index)
                if tree is not None:
                    yield index, tree

    def with_tree(self, index: int, tree: ast.AST) -> Draft:
        """With a code cell written anew from a tree; the cell keeps its text when the tree says the same."""
        before = self.tree(index)
        if before is not None and ast.dump(before) == ast.dump(tree):
            return self
        return self.with_source(index, unparse(tree))

    def map(self, change: Callable[[ast.Module], ast.AST], cells: Sequence[int] | None = None) -> Draft:
        """With `change` (the `visit` of an ast.NodeTransformer, say) applied to the trees of code cells, or of `cells`."""
        draft = self
        for index, tree in self.trees(cells):
            draft = draft.with_tree(index, ast.fix_missing_locations(change(tree)))
        return draft

    def definition(self, name: str) -> Place | None:
        """The last definition of a function or class at the top of a cell; None when there is none."""
        found = None
        for index, tree in self.trees(word=name):
            for node in tree.body:
                if isinstance(node, Definition) and node.name == name:
                    found = Place(index, node)
        return found

    def assignments(self, name: str) -> tuple[Place, ...]:
        """The assignments to the name at the top of cells, also as one of a tuple of names, in order."""
        return tuple(
            Place(index, node)
            for index, tree in self.trees()
            for node in tree.body
            if isinstance(node, ast.Assign)
            and any(isinstance(n, ast.Name) and n.id == name for target in node.targets for n in ast.walk(target))
        )

    def cells_with(self, pattern: str) -> tuple[int, ...]:
        """The code cells in which the pattern (see `grader.prove.patterns`) matches."""
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
        """With what matches the pattern replaced, None when nothing does.

        `within` is the name of the function or class to look in, `cells` the indices of the cells, by default all; `nth`
        (from 0) takes one match of each cell only.
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
        """With identifiers renamed in all code: variables, functions, classes, parameters and keyword arguments.

        Attributes and the texts of strings stay. Keyword arguments are renamed in calls of what the notebook defines only.
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
    """The tree of a cell's text; IPython's lines become calls that `unparse` turns back. None when it is not Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        pass
    hidden = _IPYTHON_LINE.sub(lambda m: f"{m['indent']}{_HIDDEN}({m['line']!r})", source)
    try:
        return ast.parse(hidden)
    except (SyntaxError, ValueError):
        return None


def unparse(tree: ast.AST) -> str:
    """The text of a tree that `parse` made."""
    return _HIDDEN_LINE.sub(lambda m: m["indent"] + ast.literal_eval(m["text"]), ast.unparse(tree))


def _cell(raw: Mapping[str, Any]) -> Cell:
    source = raw.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    return Cell(raw["cell_type"], text, tuple(raw.get("outputs", ())), raw.get("metadata", {}))
