"""What somebody does to a copied notebook so that it looks different. The names of the disguises are in `DISGUISES`."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from grader.prove.draft import Cell, Draft, parse, unparse
from grader.similarity.names import BUILT_IN, names_in

Disguise = Callable[[Draft, random.Random], Draft]

_WORDS = ("net", "clf", "batch", "item", "value", "acc", "result", "total", "tmp", "arr", "out", "res", "part", "chunk")


def renamed(draft: Draft, rng: random.Random) -> Draft:
    """Give every name of the notebook, also attributes that it makes, another one."""
    names = names_in(tree for _, tree in draft.trees())
    own = sorted(name for name in names.bound - BUILT_IN if not name.startswith("__"))
    new = {name: f"{rng.choice(_WORDS)}_{at}" for at, name in enumerate(own)}
    attributes = sorted(a for a in names.attributes if not a.startswith("__") and a != "forward")
    new_attributes = {name: new.get(name, f"{rng.choice(_WORDS)}_a{at}") for at, name in enumerate(attributes)}
    renamed = draft.rename(new)

    def change(tree: ast.Module) -> ast.AST:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                node.attr = new_attributes.get(node.attr, node.attr)
        return tree

    return renamed.map(change)


def reordered(draft: Draft, rng: random.Random) -> Draft:
    """Swap neighbouring code cells, and give definitions cells of their own, before the others."""
    definitions: list[Cell] = []
    rest: list[Cell] = []
    for index, cell in enumerate(draft.cells):
        tree = draft.tree(index)
        defs = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))] if tree else []
        if tree is None or not defs:
            rest.append(cell)
            continue
        definitions += [Cell("code", ast.unparse(node)) for node in defs]
        left = [node for node in tree.body if node not in defs]
        if left:
            rest.append(Cell("code", unparse(ast.Module(left, []))))
    rng.shuffle(definitions)
    cells = [*rest[:3], *definitions, *rest[3:]]
    for at in range(len(cells) - 1):
        if cells[at].kind == cells[at + 1].kind == "code" and rng.random() < 0.3:
            cells[at], cells[at + 1] = cells[at + 1], cells[at]
    return replace(draft, cells=tuple(cells))


def reformatted(draft: Draft, rng: random.Random) -> Draft:
    """Write all code anew, without comments, with long lines broken."""

    def broken(source: str) -> str:
        return re.sub(r", (?=[^\n]*\)$)", ",\n            ", source, count=0) if rng.random() < 0.3 else source

    return _by_source(draft, lambda tree: _valid(broken(unparse(tree)), unparse(tree)))


def split(draft: Draft, rng: random.Random) -> Draft:
    """Give every statement a cell."""
    cells: list[Cell] = []
    for index, cell in enumerate(draft.cells):
        tree = draft.tree(index)
        if tree is None or len(tree.body) < 2:
            cells.append(cell)
        else:
            cells += [Cell("code", unparse(ast.Module([node], []))) for node in tree.body]
    return replace(draft, cells=tuple(cells))


def merged(draft: Draft, rng: random.Random) -> Draft:
    """Put all code into few cells, text cells left out but for questions."""
    cells: list[Cell] = []
    for cell in draft.cells:
        if cell.kind == "code" and cells and cells[-1].kind == "code" and "%%" not in cell.source:
            cells[-1] = Cell("code", f"{cells[-1].source}\n\n{cell.source}")
        elif cell.kind != "code" and "Question" not in cell.source and rng.random() < 0.7:
            continue
        else:
            cells.append(cell)
    return replace(draft, cells=tuple(cells))


_REMARKS = ("now the next step", "this is needed", "see the lecture", "note: works", "compute it", "helper", "set up")


def commented(draft: Draft, rng: random.Random) -> Draft:
    """Add comments and docstrings."""

    def change(tree: ast.Module) -> str:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is None:
                node.body.insert(0, ast.Expr(ast.Constant(f"{rng.choice(_REMARKS)}.")))
        lines = unparse(ast.fix_missing_locations(tree)).split("\n")
        found = []
        for line in lines:
            if line.strip() and rng.random() < 0.4:
                found.append(f"{line[: len(line) - len(line.lstrip())]}# {rng.choice(_REMARKS)}")
            found.append(line)
        return _valid("\n".join(found), unparse(tree))

    return _by_source(draft, change)


_DEAD = (
    "unused_{n} = [i * i for i in range({n})]",
    "if {n} < 0:\n    print('never', {n})",
    "assert len('abc') == 3",
    "_ = str({n})",
    "flag_{n} = True",
    "print('step {n}')",
    "for _unused in range(0):\n    print(_unused)",
)


def padded(draft: Draft, rng: random.Random, share: float = 0.2) -> Draft:
    """Put statements between the others that change nothing; a function that nobody calls at the end."""

    def with_dead(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            for part in ("body", "orelse"):
                inner = getattr(node, part, None)
                if inner:
                    setattr(node, part, list(with_dead(inner)))
            yield node
            if rng.random() < share and not isinstance(node, (ast.Return, ast.Break, ast.Continue)):
                yield from ast.parse(rng.choice(_DEAD).format(n=rng.randrange(1000))).body

    def change(tree: ast.Module) -> str:
        tree.body = list(with_dead(tree.body))
        return unparse(ast.fix_missing_locations(tree))

    spare = "def helper_{0}(a, b):\n    c = a * {0} + b\n    return [c / k for k in range(1, {0})]".format(
        rng.randrange(9, 99)
    )
    changed = _by_source(draft, change)
    return replace(changed, cells=(*changed.cells, Cell("code", spare)))


class _Loops(ast.NodeTransformer):
    def __init__(self) -> None:
        self.count = 0

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        self.generic_visit(node)
        self.count += 1
        index = f"k{self.count}"
        match node:
            case ast.For(target=target, iter=ast.Call(ast.Name("range"), args=[stop])) if not _continues(node):
                start = ast.parse(f"{index} = 0").body
                head = ast.parse(f"{ast.unparse(target)} = {index}").body
                tail = ast.parse(f"{index} += 1").body
                loop = ast.While(
                    ast.Compare(ast.Name(index, ast.Load()), [ast.Lt()], [stop]), [*head, *node.body, *tail], []
                )
                return [*start, loop]
            case ast.For(target=ast.Tuple(elts=[number, one]), iter=ast.Call(ast.Name("enumerate"), args=[source])):
                if not _continues(node):
                    start = ast.parse(f"{ast.unparse(number)} = 0").body
                    tail = ast.parse(f"{ast.unparse(number)} += 1").body
                    return [*start, ast.For(one, source, [*node.body, *tail], node.orelse, lineno=0)]
        return [node]


def _continues(node: ast.For) -> bool:
    return any(isinstance(inner, ast.Continue) for inner in ast.walk(node))


def relooped(draft: Draft, rng: random.Random) -> Draft:
    """Write `for` over a range as `while`, and `enumerate` as a counter."""
    return _by_source(draft, lambda tree: unparse(ast.fix_missing_locations(_Loops().visit(tree))))


_SYNONYMS = {
    "faster": "quicker",
    "because": "since",
    "much": "a lot",
    "about": "around",
    "model": "network",
    "small": "tiny",
    "training": "learning",
    "loss": "error",
    "epochs": "rounds",
    "therefore": "so",
    "shows": "tells",
    "only": "just",
    "but": "however",
    "takes": "needs",
    "more": "further",
    "large": "big",
}


def reworded(text: str, rng: random.Random) -> str:
    """Paraphrase lightly: some words replaced, sentences in another order, a filler at the start."""
    sentences = [one for one in re.split(r"(?<=[.!?;:])\s+", text.strip()) if one]
    if len(sentences) > 1:
        rng.shuffle(sentences)
    words = " ".join(sentences).split(" ")
    new = [_SYNONYMS.get(word, word) if rng.random() < 0.7 else word for word in words]
    new = [word for word in new if len(word) > 3 or rng.random() > 0.08]
    filler = rng.choice(("In my opinion: ", "As one can see, ", "", "I think that "))
    return filler + " ".join(new)


def everything(draft: Draft, rng: random.Random) -> Draft:
    """Do all of it."""
    for step in (renamed, relooped, reordered, padded, commented, split):
        draft = step(draft, rng)
    return draft


def _by_source(draft: Draft, change: Callable[[ast.Module], str]) -> Draft:
    for index, tree in draft.trees():
        draft = draft.with_source(index, change(tree))
    return draft


def _valid(source: str, otherwise: str) -> str:
    return source if parse(source) is not None else otherwise


DISGUISES: dict[str, Disguise] = {
    "none": lambda draft, rng: draft,
    "renamed": renamed,
    "reordered": reordered,
    "reformatted": reformatted,
    "split": split,
    "merged": merged,
    "commented": commented,
    "dead code": padded,
    "loops": relooped,
    "everything": everything,
}
