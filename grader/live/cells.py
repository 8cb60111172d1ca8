"""Make a notebook and the evidence of its run from the cells that ran in a live kernel.

Of a cell that ran several times the last execution counts, in the place of the first: so would it be if the notebook
were run from the top. A cell is known by the id that JupyterLab and VS Code send with it; without one, by its source or
by the functions and classes that it defines. If the notebook's file is found, its text cells show where each question
is, and its code cells that have not run count as such.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.evidence.run import CellRun, RunEvidence, run_evidence
from grader.live.recording import Execution
from grader.notebook.cells import Cell, Notebook, python_source
from grader.notebook.reader import UnreadableNotebook, read_notebook
from grader.notebook.syntax import parse

NAME = "this notebook"
NOT_RUN = "this cell has not been run yet"
COLAB_SECONDS = 3
_MAGIC = re.compile(r"^\s*%(?:grade|load_ext\s+grader|reload_ext\s+grader)\b[^\n]*$", re.MULTILINE)
_CALLS = ("check", "hint", "status", "use_language")


@dataclass(frozen=True)
class FileCell:
    """A cell of the notebook's file."""

    kind: str
    source: str
    cell_id: str | None = None


@dataclass(frozen=True)
class Ran:
    """The notebook of a live kernel: its cells, and the cell of each execution that counts, by the execution's number.

    `from_file` says that its text cells are known. `unseen` are cells that ran before the recorder was there.
    """

    notebook: Notebook
    places: Mapping[int, int]
    executions: tuple[Execution, ...]
    from_file: bool

    @property
    def unseen(self) -> frozenset[int]:
        """The cells of which nothing but the source is known."""
        return frozenset(self.places[one.number] for one in self.executions if not one.watched)


def only_grader(source: str) -> bool:
    """Return whether a cell does nothing but import and call the grader."""
    if "grade" not in source:
        return False
    without = _MAGIC.sub("", source)
    try:
        body = parse(without).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return (bool(body) or without != source) and all(map(_is_graders, body))


def _is_graders(node: ast.stmt) -> bool:
    match node:
        case ast.Import(names=names):
            return all(name.name == "grader" for name in names)
        case ast.Try(body=body, handlers=handlers):
            rest = (statement for handler in handlers for statement in handler.body)
            return all(map(_is_graders, body)) and all(isinstance(one, ast.Pass) for one in rest)
        case ast.Expr(ast.Call(func=ast.Attribute(value=ast.Name("grader"), attr=name))):
            return name in _CALLS
        case ast.Expr(ast.Constant()):
            return True
    return False


def defined(source: str) -> frozenset[str]:
    """Return the names of the functions and classes that a cell defines at its top level."""
    python = python_source(source)
    try:
        body = parse(python or "").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in body if isinstance(node, kinds))


def counting(executions: Iterable[Execution]) -> list[tuple[Execution, ...]]:
    """Return the executions of each cell, the cells in the order in which they first ran.

    Cells that only call the grader are left out.
    """
    cells: list[list[Execution]] = []
    known: dict[object, list[Execution]] = {}
    for one in executions:
        if only_grader(one.source):
            continue
        names = defined(one.source)
        keys: list[object] = [one.cell_id] if one.cell_id else [one.source.strip(), *([names] if names else [])]
        found = next((known[key] for key in keys if key in known), None)
        if found is None:
            found = []
            cells.append(found)
        found.append(one)
        known.update(dict.fromkeys(keys, found))
    return [tuple(cell) for cell in cells]


def arrange(executions: Sequence[Execution], file: Sequence[FileCell] = ()) -> Ran:
    """Return the notebook of these executions, in the order of its file if one was found."""
    ran = counting(executions)
    slots: list[tuple[FileCell | None, Execution | None]] = [(cell, None) for cell in file]
    free = {at for at, cell in enumerate(file) if cell.kind == "code"}
    after = -1
    extra: list[tuple[int, Execution]] = []
    for cell in ran:
        last = cell[-1]
        at = _place(last, cell, file, free)
        if at is None:
            extra.append((after, last))
            continue
        free.discard(at)
        slots[at], after = (file[at], last), at
    for after, last in reversed(extra):
        slots.insert(after + 1 if file else 0, (None, last))
    cells, places = [], {}
    for index, (slot, execution) in enumerate(slots):
        if execution is not None:
            places[execution.number] = index
            cells.append(Cell(index, "code", execution.source))
        elif slot is not None:
            source = "" if slot.kind == "code" and only_grader(slot.source) else slot.source
            cells.append(Cell(index, "code" if slot.kind == "code" else "markdown", source))
    counted = tuple(execution for _, execution in slots if execution is not None)
    return Ran(Notebook(Path(NAME), NAME, "", tuple(cells)), places, counted, bool(file))


def _place(last: Execution, cell: Sequence[Execution], file: Sequence[FileCell], free: Iterable[int]) -> int | None:
    """Return the cell of the file that these executions are of; None if there is none."""
    left = sorted(free)
    if last.cell_id is not None:
        for at in left:
            if file[at].cell_id == last.cell_id:
                return at
    sources = {one.source.strip() for one in cell}
    for at in left:
        if file[at].source.strip() in sources:
            return at
    names = defined(last.source)
    return next((at for at in left if names and defined(file[at].source) == names), None)


def evidence_of(ran: Ran, events: Iterable[bytes]) -> RunEvidence:
    """Return what the executions that count showed."""
    by_cell = {one.number: ran.places[one.number] for one in ran.executions}
    kept: list[dict[str, object]] = []
    for line in events:
        event = json.loads(line)
        if event["kind"] == "model":
            kept.append(event)
        elif event.get("cell") in by_cell:
            kept.append({**event, "cell": by_cell[event["cell"]]})
    counts = {one.count: (ran.places[one.number], _blank(one.source)) for one in ran.executions}
    runs = {ran.places[one.number]: _run(one, ran.places[one.number], counts) for one in ran.executions}
    cells = (
        runs.get(cell.index) or CellRun(cell.index, "not_run", reason=NOT_RUN)
        for cell in ran.notebook.code_cells
        if cell.index in runs or cell.source.strip()
    )
    return run_evidence(cells, kept)


def _blank(source: str) -> int:
    from grader.sandbox.channel.replies import blank_lines

    return blank_lines(source)


def _run(one: Execution, index: int, counts: Mapping[int, tuple[int, int]]) -> CellRun:
    from grader.sandbox.channel.replies import cell_error

    text, printed, cut = _text(one)
    error = cell_error(one.failure, _blank(one.source), counts) if one.failure is not None else None
    return CellRun(index, "error" if error else "ok", one.seconds, text, printed, error, cut)


def _text(one: Execution) -> tuple[str, str, bool]:
    """Return all text of an execution, its part on standard output, and whether some was left out."""
    import msgspec

    from grader.live.recording import MOST_TEXT
    from grader.sandbox.channel.messages import ClearOutput, Content, Display, Stream
    from grader.sandbox.channel.outputs import OVERHEAD, Outputs

    outputs = Outputs(MOST_TEXT + OVERHEAD * (len(one.outputs) + 1))
    for piece in one.outputs:
        text, kind = "".join(piece.text), "display_data"
        content: Content
        if piece.kind in ("stdout", "stderr"):
            kind, content = "stream", Stream("stdout" if piece.kind == "stdout" else "stderr", text)
        elif piece.kind == "clear":
            content = ClearOutput(bool(text))
        else:
            kind = "update_display_data" if piece.kind == "update" else kind
            shown: dict[str, Any] = {"data": {"text/plain": text}, "transient": {"display_id": piece.display_id}}
            content = msgspec.json.decode(msgspec.json.encode(shown), type=Display)
        outputs.take(kind, content)
    return (*outputs.text(), outputs.truncated or one.length >= MOST_TEXT)


# --- the notebook's file --------------------------------------------------------------------------------------------


def find_file(names: Mapping[str, object]) -> tuple[FileCell, ...]:
    """Return the cells of the notebook's file as it was saved last; () if no file is found."""
    try:
        return _of_colab() or _of_disk(names)
    except Exception:  # whatever stands there, the cells that ran are enough
        return ()


def _of_disk(names: Mapping[str, object]) -> tuple[FileCell, ...]:
    """Read the file that VS Code or JupyterLab names."""
    for named in (names.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(named, str) and named.endswith(".ipynb") and os.path.isfile(named):
            try:
                notebook = read_notebook(Path(named))
            except UnreadableNotebook:
                continue
            stored = json.loads(Path(named).read_text(encoding="utf-8-sig")).get("cells", [])
            ids = [cell.get("id") for cell in stored] if len(stored) == len(notebook.cells) else []
            cells = (FileCell(cell.kind, cell.source) for cell in notebook.cells)
            return tuple(replace(cell, cell_id=ids[at]) if ids else cell for at, cell in enumerate(cells))
    return ()


def _of_colab() -> tuple[FileCell, ...]:
    """Ask Colab's page for the notebook that it shows."""
    if "google.colab" not in sys.modules:
        return ()
    message = getattr(sys.modules["google.colab"], "_message", None)
    answer = message.blocking_request("get_ipynb", request="", timeout_sec=COLAB_SECONDS) if message else None
    stored = answer["ipynb"]["cells"] if isinstance(answer, dict) else []
    return tuple(
        FileCell(
            "code" if cell["cell_type"] == "code" else "markdown",
            "".join(cell["source"]),
            cell.get("id") or cell.get("metadata", {}).get("id"),
        )
        for cell in stored
    )
