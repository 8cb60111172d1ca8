"""The notebook's code as plain Python for slicing, split where the run failed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from grader.evidence.run import CellRun, RunEvidence
from grader.notebook.cells import Notebook, python_source, written_files
from grader.notebook.syntax import parse
from grader.slicing.program import SourceCell
from grader.slicing.statements import first_line

_LOADER_NAME = re.compile(r"loader|_dl\b|^dl_|iter", re.IGNORECASE)


def source_cells(notebook: Notebook, run: RunEvidence) -> tuple[SourceCell, ...]:
    """Return the code cells in order; a cell that failed becomes two, of which only the first counts as run."""
    cells: list[SourceCell] = []
    runs = {seen.index: seen for seen in reversed(run.cells)}
    for cell in notebook.code_cells:
        source = python_source(cell.source) or ""
        seen = runs.get(cell.index)
        ended = seen is None or seen.status == "ok"
        before, after = ("", source) if ended else _split(source, _broken_line(seen))
        if before:
            cells.append(SourceCell(cell.index, before, ran=True))
        if after or not before:
            cells.append(SourceCell(cell.index, after, ran=ended))
    return tuple(cells)


def _broken_line(seen: CellRun | None) -> int:
    return seen.error.line or 0 if seen is not None and seen.error is not None else 0


def _split(source: str, line: int) -> tuple[str, str]:
    """Return the source before the statement that contains `line`, and the rest with its line numbers kept."""
    body = _tree(source).body
    broken = next((node for node in body if (node.end_lineno or node.lineno) >= line), None) if line else None
    if broken is None:
        return "", source
    first = first_line(broken)
    lines = source.split("\n")
    return "\n".join(lines[: first - 1]), "\n" * (first - 1) + "\n".join(lines[first - 1 :])


def loader_names(notebook: Notebook) -> tuple[str, ...]:
    """Return the global names that are named like a loader or assigned the result of a DataLoader call."""
    names: dict[str, None] = {}
    for cell in notebook.code_cells:
        for node in ast.walk(parsed(cell.source)):
            if isinstance(node, ast.Assign):
                called = isinstance(node.value, ast.Call) and "DataLoader" in ast.unparse(node.value.func)
                for target in node.targets:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name) and (called or _LOADER_NAME.search(name.id)):
                            names[name.id] = None
    return tuple(names)


def imported_names(notebook: Notebook) -> tuple[str, ...]:
    """Return the global names bound by imports of modules that the notebook writes or that were handed in with it.

    Also those that `from module import *` may bind.
    """
    written = {Path(name).stem: "" for name in written_files(notebook).values() if name.endswith(".py")}
    own = {**written, **notebook.beside.modules}
    roots = {name.partition(".")[0] for name in own}
    names: dict[str, None] = {}
    for cell in notebook.code_cells if own else ():
        for node in ast.walk(parsed(cell.source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in roots:
                names.update(dict.fromkeys(alias.asname or alias.name for alias in node.names if alias.name != "*"))
            elif isinstance(node, ast.Import):
                own_ones = [alias for alias in node.names if alias.name.partition(".")[0] in roots]
                names.update(dict.fromkeys(alias.asname or alias.name.partition(".")[0] for alias in own_ones))
    return tuple(names)


def parsed(source: str) -> ast.Module:
    """Return the syntax tree of a cell, an empty one if it is not valid Python."""
    return _tree(python_source(source) or "")


def _tree(source: str) -> ast.Module:
    try:
        return parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


ALL_RAN = RunEvidence()  # without records of failed cells
