"""Tell the exception that ended a cell as the student can find it: the line itself, and where it stands."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence

from grader.evidence.run import CellError, CellRun
from grader.notebook.cells import Notebook, python_source
from grader.notebook.places import line_of, place
from grader.notebook.syntax import parse

__all__ = ["breakdown", "first_cause", "hint_for", "undefined_name", "unreadable"]

NO_PYTHON = ("SyntaxError", "IndentationError", "TabError")
MESSAGE = 200  # characters of an exception's message

_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)
_UNBOUND = re.compile(r"^(?:cannot access )?(?:local|free) variable '(\w+)'")
_UNDEFINED = re.compile(r"^name '(\w+)' is not defined")


def breakdown(notebook: Notebook, run: CellRun) -> str:
    """Return a sentence on the exception that ended a cell, with the line that raised it; the reason without one.

    >>> from pathlib import Path
    >>> from grader.notebook.cells import Cell
    >>> cells = (Cell(0, "markdown", "### Question 8"), Cell(1, "code", "for data in loader:\\n  data = dota.cuda()"))
    >>> run = CellRun(1, "error", error=CellError("NameError", "name 'dota' is not defined", line=2))
    >>> breakdown(Notebook(Path("a.ipynb"), "a.ipynb", "", cells), run)
    "line 2 of the cell under 'Question 8' ended with NameError: name 'dota' is not defined: `data = dota.cuda()`"
    """
    error = run.error
    if error is None:
        return re.sub(rf"\bcell {run.index}\b", lambda _: place(notebook, run.index), run.reason)
    cell, line = error.raised or (run.index, error.line)
    code = line_of(notebook, cell, line)
    shown = f": `{code}`" if code else ""
    where = f"line {line} of {place(notebook, cell)}" if line is not None else place(notebook, cell)
    called = ""
    if cell != run.index:
        at = f"line {error.line} of " if error.line is not None else ""
        called = f" (called in {at}{place(notebook, run.index)})"
    said = f"{error.name}: {error.message[:MESSAGE]}" if error.message else error.name
    if error.name in NO_PYTHON:
        return f"{where} is no Python{shown} ({said})"
    if name := _too_early(error, code):
        return f"`{name}` is used before it has a value, in {where}{shown} ({error.name}){called}"
    return f"{where} ended with {said}{shown}{called}"


def hint_for(run: CellRun) -> str:
    """Return a hint for the exception that ended a cell; '' if it ended otherwise.

    >>> hint_for(CellRun(1, "error", error=CellError("NameError", "name 'dota' is not defined")))
    'Where does `dota` get its value, and does that run before this line?'
    """
    if run.error is None:
        return ""
    if run.error.name in NO_PYTHON:
        return "Run that cell by itself: nothing in it runs, above or below the line, until Python can read it."
    found = _UNBOUND.match(run.error.message) or _UNDEFINED.match(run.error.message)
    if found:
        return f"Where does `{found[1]}` get its value, and does that run before this line?"
    return "Restart the runtime and run all cells from the top: the notebook stops at that line."


def undefined_name(run: CellRun) -> str:
    """Return the name whose lack ended a cell; '' if it ended otherwise.

    >>> undefined_name(CellRun(1, "error", error=CellError("NameError", "name 'dota' is not defined")))
    'dota'
    """
    found = _UNDEFINED.match(run.error.message) if run.error is not None and run.error.name == "NameError" else None
    return found[1] if found else ""


def first_cause(notebook: Notebook, runs: Sequence[CellRun], run: CellRun) -> CellRun:
    """Return the cell whose error is the first cause of this cell's error.

    A cell that broke before it defined a name is the cause of a NameError for that name in a later cell. `runs` are the
    cells that ran, in order. Return `run` itself if no earlier cell is the cause.

    >>> from pathlib import Path
    >>> from grader.notebook.cells import Cell
    >>> cells = (Cell(0, "code", "model = MLP(10)"), Cell(1, "code", "model.train()"))
    >>> first = CellRun(0, "error", error=CellError("TypeError", "MLP() takes no arguments", line=1))
    >>> then = CellRun(1, "error", error=CellError("NameError", "name 'model' is not defined", line=1))
    >>> first_cause(Notebook(Path("a.ipynb"), "a.ipynb", "", cells), [first, then], then).index
    0
    """
    sources = {cell.index: cell.source for cell in notebook.code_cells}
    earlier = itertools.takewhile(lambda one: one.index != run.index, tuple(runs))
    for before in reversed(list(earlier)):
        name = undefined_name(run)
        if name and before.status not in ("ok", "not_run") and _would_bind(sources.get(before.index, ""), before, name):
            run = before
    return run


def _would_bind(source: str, run: CellRun, name: str) -> bool:
    """Return whether a cell would have defined a name in the statement that broke, or later."""
    python = python_source(source)
    if python is None:
        return bool(re.search(rf"^\s*(?:(?:class|def)\s+{name}\b|{name}\b[^=\n]*=(?!=))", source, re.MULTILINE))
    reached = (run.error.statement or run.error.line or 0) if run.error is not None else 0
    return any(name in _bound(statement) for statement in parse(python).body if (statement.end_lineno or 0) >= reached)


def _bound(statement: ast.stmt) -> set[str]:
    """Return the names that a statement defines."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def unreadable(notebook: Notebook, word: str) -> str:
    """Return a sentence on the first cell that contains a word but is no Python, with the line; '' without such a cell.

    >>> from pathlib import Path
    >>> from grader.notebook.cells import Cell
    >>> cells = (Cell(0, "markdown", "### The model"), Cell(1, "code", "class MLP(nn.Module)\\n    pass"))
    >>> unreadable(Notebook(Path("a.ipynb"), "a.ipynb", "", cells), "class MLP")
    "line 1 of the cell under 'The model' is no Python: `class MLP(nn.Module)` (SyntaxError: expected ':')"
    """
    for cell in notebook.code_cells:
        if word not in cell.source or python_source(cell.source) is not None:
            continue
        try:
            parse(_MAGIC.sub(r"\1pass", cell.source))
        except SyntaxError as error:
            found = CellError(type(error).__name__, error.msg, error.lineno)
            return breakdown(notebook, CellRun(cell.index, "error", error=found))
        except (ValueError, RecursionError, MemoryError):
            continue
    return ""


def _too_early(error: CellError, code: str) -> str:
    """Return the name that a line both reads and is the first to define; '' if it is not so."""
    found = _UNBOUND.match(error.message)
    if found and error.name == "UnboundLocalError":
        return found[1]
    found = _UNDEFINED.match(error.message) if error.name == "NameError" else None
    targets = re.match(r"[^=()]*(?==(?!=))", code)
    return found[1] if found and targets and re.search(rf"\b{found[1]}\b", targets[0]) else ""
