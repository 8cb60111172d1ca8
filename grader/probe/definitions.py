"""Choose the statements that the probe kernel runs: those that define the probed names, and none that train."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.assignment import Assignment
from grader.evidence.run import CellRun, RunEvidence
from grader.notebook.cells import Notebook, python_source, written_files
from grader.notebook.syntax import parse
from grader.slicing.certainty import certain_classes, certain_loaders
from grader.slicing.definitions import definitions
from grader.slicing.inline_loops import inline_loops
from grader.slicing.program import SourceCell
from grader.slicing.slice import Piece, slice_cells
from grader.slicing.source_cells import ALL_RAN, imported_names, loader_names, parsed, source_cells
from grader.slicing.traversal import reached

PIECE_SECONDS = 30.0  # deadline of one statement of the definitions
MOST_PATIENCE = 4  # the largest factor on it for several that run together
_NEVER_RAN = ("SyntaxError", "IndentationError", "TabError")  # most likely nothing of the cell ran

RunCell = Callable[[int, str, float], CellRun]


@dataclass(frozen=True)
class Definitions:
    """The definitions to run. `files` are cells that write modules, by index and source; `pieces` are statements."""

    files: tuple[tuple[int, str], ...]
    pieces: tuple[Piece, ...]

    def run(self, run_cell: RunCell, step: Callable[[int, int, int], None] = lambda *_: None) -> bool:
        """Run all of them and return whether none was interrupted.

        `step` is called with the number of pieces that ran, the number of all, and the cell of the next piece.
        """
        ended = True
        for index, source in self.files:
            ended &= run_cell(index, source, PIECE_SECONDS).status in ("ok", "error")
        done = 0
        while done < len(self.pieces):
            group = _together(self.pieces, done)
            step(done, len(self.pieces), group[0].cell)
            runs = [run_cell(group[0].cell, _padded(group), PIECE_SECONDS * min(len(group), MOST_PATIENCE))]
            begun = _begun(runs[0], group)
            if not begun:
                runs += [run_cell(piece.cell, piece.padded, PIECE_SECONDS) for piece in group]
            ended &= all(run.status in ("ok", "error") for run in runs)
            done += begun or len(group)
        return ended


def _together(pieces: Sequence[Piece], first: int) -> Sequence[Piece]:
    """Return the piece at `first` and those after it that follow each other in one cell.

    Running them together costs as much as running one.
    """
    end = first + 1
    while end < len(pieces) and _follows(pieces[end - 1], pieces[end]):
        end += 1
    return pieces[first:end]


def _follows(one: Piece, other: Piece) -> bool:
    below = one.cell == other.cell and one.first_line + one.source.count("\n") < other.first_line
    return below and all(map(_is_python, (one.source, other.source)))


def _is_python(source: str) -> bool:
    """Return whether the source is plain Python: a magic of IPython may apply to everything below it."""
    try:
        parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _padded(group: Sequence[Piece]) -> str:
    """Join the sources, each on its own lines of the student's cell."""
    lines: list[str] = []
    for piece in group:
        lines += [""] * (piece.first_line - 1 - len(lines)) + piece.source.split("\n")
    return "\n".join(lines)


def _begun(run: CellRun, group: Sequence[Piece]) -> int:
    """Return how many pieces ran, including one that raised; 0 if unknown, so that all have to run one by one."""
    if run.status == "ok" or len(group) == 1:
        return len(group)
    if run.error is None or run.error.statement is None or run.error.name in _NEVER_RAN:
        return 0
    return sum(piece.first_line <= run.error.statement for piece in group)


def all_definitions(notebook: Notebook, run: RunEvidence = ALL_RAN, wanted: Sequence[str] = ()) -> Definitions:
    """Return what defines the notebook's classes, functions, loaders and models, as the run had them.

    `wanted` are names of functions that the assignment asks for: they may be assigned, such as `f = make_f()`.

    Without a run it is assumed that every cell ends well and that no model has a name that the sources do not show.
    """
    cells = _with_inline_loops(notebook, run, source_cells(notebook, run))
    names = [d.name for d in definitions(cells) if d.kind != "method"]
    names += [name for model in run.models.values() for name in model.names]
    names += [*wanted, *_likely_models(notebook), *imported_names(notebook), *loader_names(notebook)]
    return Definitions(_files(notebook), slice_cells(cells, names).pieces)


def inline_functions(notebook: Notebook, run: RunEvidence) -> tuple[tuple[int, str], ...]:
    """Return the loops that stand in no function as sources of functions, each with its cell.

    Only where no function trains on that device: then the loops of the first cell that does are its answer.
    """
    trained = [seen for seen in run.passes if seen.trains]
    sources = {cell.index: python_source(cell.source) or "" for cell in notebook.code_cells}
    added: dict[int, list[str]] = {}
    for device, word in (("cpu", "cpu"), ("cuda", "gpu")):
        there = [seen for seen in trained if (seen.model_device or "cpu").startswith(device)]
        if any(seen.function is not None for seen in there):
            continue
        for at in dict.fromkeys(seen.cell for seen in there):
            names = f"{word}_training_in_cell_{at}", f"{word}_test_in_cell_{at}"
            found = inline_loops(sources.get(at, ""), *names, device)
            if found is not None and found.train:
                added.setdefault(at, []).extend(text for text in (found.train, found.test) if text)
                break
    return tuple((at, text) for at, texts in added.items() for text in texts)


def _with_inline_loops(notebook: Notebook, run: RunEvidence, cells: Sequence[SourceCell]) -> tuple[SourceCell, ...]:
    """Return the cells, with the loops in no function as functions after their cell, one pair for each device.

    Only where no function trains on that device: then the loops of the first cell that does are its answer.
    """
    added: dict[int, list[SourceCell]] = {}
    for at, text in inline_functions(notebook, run):
        added.setdefault(at, []).append(SourceCell(at, text, ran=True))
    last = {cell.index: place for place, cell in enumerate(cells)}
    with_added: list[SourceCell] = []
    for place, cell in enumerate(cells):
        with_added.append(cell)
        if last[cell.index] == place:
            with_added += added.get(cell.index, [])
    return tuple(with_added)


def _files(notebook: Notebook) -> tuple[tuple[int, str], ...]:
    written = written_files(notebook)
    return tuple((cell.index, cell.source) for cell in notebook.code_cells if cell.index in written)


@dataclass(frozen=True)
class Certain:
    """The definitions that are known before the run, because no outcome of it can change them.

    `models` define the models of `roles`, whose classes have exactly the names that these ask for; `loaders` define all
    loaders. Each is None if there are none.
    """

    models: Definitions | None
    roles: frozenset[str]
    loaders: Definitions | None


def certain_definitions(notebook: Notebook, assignment: Assignment) -> Certain:
    """Return the definitions of the wanted models and the loaders that are certain before the run."""
    cells = source_cells(notebook, ALL_RAN)
    classes = {d.name for d in definitions(cells) if d.kind == "class"}
    named = {role.role: next((name for name in role.class_names if name in classes), "") for role in assignment.models}
    found = sorted(certain_classes(cells, [name for name in named.values() if name]))
    roles = frozenset(role for role, name in named.items() if name in found)
    loaders = certain_loaders(cells)

    def defined(names: Sequence[str]) -> Definitions | None:
        return Definitions(_files(notebook), slice_cells(cells, names).pieces) if names else None

    return Certain(defined(found), roles, defined(loaders))


def _likely_models(notebook: Notebook) -> tuple[str, ...]:
    """Return the names bound at the top level to an instance of a class of the notebook or a Sequential, with others.

    The object of a class such as `Trainer` has the methods that train.
    """
    trees = [parsed(cell.source) for cell in notebook.code_cells]
    made_by = _builders([*trees, *(parsed(source) for source in notebook.beside.modules.values())])
    names: dict[str, None] = {}
    for node in (node for tree in trees for node in _outside_functions(tree)):
        targets, value = _bound(node)
        if value is not None and (_called(value) if isinstance(node, ast.For) else _makers(value)) & made_by:
            names.update((name.id, None) for t in targets for name in ast.walk(t) if isinstance(name, ast.Name))
    return tuple(names)


def _builders(trees: Sequence[ast.Module]) -> set[str]:
    """Return the names of the classes of the notebook and its files, and of functions that call them."""
    found = {"Sequential"}
    made_from: dict[str, list[str]] = {}  # class -> classes that inherit from it
    callers: dict[str, list[str]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
            for base in map(_last, node.bases):
                made_from.setdefault(base, []).append(node.name)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for name in _called(node):
                callers.setdefault(name, []).append(node.name)
    return set(reached(reached(found, made_from), callers))


def _bound(node: ast.AST) -> tuple[list[ast.expr], ast.expr | None]:
    """Return the targets that a statement binds, and the value."""
    if isinstance(node, ast.Assign):
        return node.targets, node.value
    if isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        return [node.target], node.value
    if isinstance(node, ast.For):
        return [node.target], node.iter
    return [], None


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield node
            yield from _outside_functions(node)


def _called(tree: ast.AST) -> set[str]:
    return {_last(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def _makers(value: ast.expr) -> set[str]:
    """Return the names called to make a value: {'CNN'} for `CNN()`, `CNN().cuda()` and `models.CNN().to(device)`.

    Of a tuple or list the names of all elements.
    """
    if isinstance(value, (ast.Tuple, ast.List)):
        return set().union(*map(_makers, value.elts))
    while isinstance(value, ast.Call):
        inner = value.func.value if isinstance(value.func, ast.Attribute) else None
        if not isinstance(inner, ast.Call):
            return {_last(value.func)}
        value = inner
    return set()


def _last(name: ast.expr) -> str:
    """Return 'CNN' for `CNN` and `models.CNN`, '' for other expressions."""
    return name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
