"""A student's file -> `Notebook`: its cells in order, what had to be repaired, or one sentence on why it cannot be read.

Plain `json`, never nbformat: that costs a second to import and refuses files that run. Metadata and stored outputs never
influence what is executed; stored text is kept as evidence of what the student saw.
"""

from __future__ import annotations

import ast
import hashlib
import re
import stat
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.reading.colab_export import cells_of_export, looks_exported
from grader.reading.decoding import (
    DOWNLOAD_AGAIN,
    NotANotebook,
    Repairs,
    clean,
    decode,
    parse_json,
    refuse_foreign_text,
)
from grader.reading.repairs import Draft, Kind, cells_of

MAX_FILE_BYTES = 100_000_000
MAX_CELLS = 10_000
MAX_CODE_CHARACTERS = 4_000_000  # parsing takes a thousand times its size in memory
_MAX_TRANSFORM_WORK = 5_000_000  # IPython reads a cell anew for each magic in it: characters times magics


@dataclass(frozen=True)
class Cell:
    """A cell. `index` is its place in the notebook, from 0; `stored_text` the text of its stored outputs, bounded."""

    index: int
    kind: Kind
    source: str
    stored_text: str = ""


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was read. `sha256` is that of the file; `repairs` are phrases for a person to read."""

    path: Path
    name: str
    sha256: str
    cells: tuple[Cell, ...]
    repairs: tuple[str, ...] = ()
    source_format: str = "ipynb 4.5"

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")


class UnreadableNotebook(Exception):
    """A file that cannot be graded. `str()` is one sentence: which file, what is wrong with it, what to do."""


def read_notebook(path: Path) -> Notebook:
    """Read a notebook of any age (.ipynb, or exported as .py). Raises UnreadableNotebook, and nothing else."""
    name = _shown_name(path)
    try:
        data = _read_bytes(path)
        repairs = Repairs()
        drafts, source_format = _drafts(decode(data, repairs), path.suffix.lower() == ".py", repairs)
        _check_code(drafts)
    except NotANotebook as problem:
        raise UnreadableNotebook(f"{name} {problem}.") from None
    return Notebook(
        path=path,
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        cells=tuple(Cell(index, *draft) for index, draft in enumerate(drafts)),
        repairs=repairs.sentences(),
        source_format=source_format,
    )


def _shown_name(path: Path) -> str:
    name = path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in name) or str(path)


def _read_bytes(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise NotANotebook("is a folder: name the notebook file in it")
        if not stat.S_ISREG(mode):  # opening a pipe or a device could wait for ever
            raise NotANotebook("is not an ordinary file: submit the .ipynb file itself")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise NotANotebook("does not exist: check the name and the folder") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "bad file name"
        raise NotANotebook(f"cannot be opened ({reason}): check its name and its permissions") from None
    if len(data) > MAX_FILE_BYTES:
        raise NotANotebook(
            f"is larger than the {MAX_FILE_BYTES // 1_000_000} MB that are read: clear its outputs, save, and submit again"
        )
    return data


def _drafts(text: str, is_python_file: bool, repairs: Repairs) -> tuple[Sequence[Draft], str]:
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        try:
            return cells_of(parse_json(text, repairs), repairs)
        except NotANotebook:
            refuse_foreign_text(text)  # the better explanation, if there is one
            if not is_python_file:
                raise
    text, had_surrogates = clean(text)
    if had_surrogates:
        repairs.file.append("lone surrogates replaced")
    refuse_foreign_text(text)
    if not is_python_file and not looks_exported(text):
        line = next(line.strip() for line in text.splitlines() if line.strip())
        shown = "".join(c if c.isprintable() else " " for c in line[:40])
        raise NotANotebook(f"is no notebook (it begins with {shown!r}): {DOWNLOAD_AGAIN}")
    return cells_of_export(text)


_PYTHON_LINE = re.compile(
    r"^[ \t]*(?:```|import \w|from [\w.]+ import |def \w+\(|class \w+[(:]|for \w+ in |\w+ = \S|print\()", re.MULTILINE
)


def _check_code(drafts: Sequence[Draft]) -> None:
    if len(drafts) > MAX_CELLS:
        raise NotANotebook(
            f"has {len(drafts):,} cells, more than the {MAX_CELLS:,} that are read: submit the notebook that holds your work"
        )
    size = sum(len(draft.source) for draft in drafts if draft.kind == "code")
    if size > MAX_CODE_CHARACTERS:
        raise NotANotebook(
            f"holds {size / 1e6:.0f} MB of code, more than the {MAX_CODE_CHARACTERS // 1_000_000} MB that are read: "
            "load large data from a file instead of writing it into a cell"
        )
    if any(draft.kind == "code" and draft.source.strip() for draft in drafts):
        return
    misplaced = [str(index) for index, draft in enumerate(drafts) if _PYTHON_LINE.search(draft.source)]
    if misplaced:
        where = (
            f"cell{'s' if len(misplaced) > 1 else ''} {', '.join(misplaced[:5])}{' …' if len(misplaced) > 5 else ''}"
        )
        raise NotANotebook(f"has its code in text cells only ({where}, counted from 0): turn them into code cells")
    raise NotANotebook("has no code in it: submit the notebook that holds your work")


# --- cells as Python ---------------------------------------------------------------------------------------------

_PYTHON_CELL_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "memit", "mprun", "heat"}
_STATEMENT_MAGIC = re.compile(
    r"^(?P<before>[^\n'\"#]*?)get_ipython\(\)\.run_line_magic\('(?:time|prun)', (?P<statement>'[^\n]*'|\"[^\n]*\")\)[ \t]*$",
    re.MULTILINE,
)
_BLANKS = re.compile(r"[ \t\f]{100,}")  # Python's tokenizer looks through the rest of a run anew at each of its blanks
_MAGIC_LINE = re.compile(r"^[ \t]*[%!?]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)


def python_source(source: str) -> str | None:
    """The Python that a code cell runs: magics become calls of get_ipython(), `%time f()` becomes `f()`.

    The body of `%%time`, `%%capture`, `%%timeit` is kept; a cell in another language (`%%bash`, `%%writefile`…) gives ''.
    Lines keep their numbers wherever IPython itself keeps them, and below a leading magic. None: it is not Python.
    """
    if _parses(source):  # also decides that a line that begins with `%` continues an expression
        return source
    work = len(source) * (1 + len(_MAGIC_LINE.findall(source))) + sum(len(run) ** 2 for run in _BLANKS.findall(source))
    if work > _MAX_TRANSFORM_WORK:
        return None
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text: str = TransformerManager().transform_cell(source)
    except (SyntaxError, ValueError, RuntimeError, RecursionError, IndexError):
        return None
    magic = _cell_magic(text)
    if magic is not None:
        name, body = magic
        if name not in _PYTHON_CELL_MAGICS:
            return ""
        inner = python_source(body)
        above = source[: len(source) - len(source.lstrip())].count("\n") + 1
        return None if inner is None else "\n" * above + inner
    text = _aligned(source, text)
    plain = _STATEMENT_MAGIC.sub(_plain_statement, text)
    return next((candidate for candidate in (plain, text) if _parses(candidate)), None)


def _parses(source: str) -> bool:
    return _tree(source) is not None


def _tree(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in student code is not our business
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _cell_magic(text: str) -> tuple[str, str] | None:
    """Name and body of the one cell magic that IPython made of a cell."""
    if not text.startswith("get_ipython().run_cell_magic("):
        return None
    tree = _tree(text)
    match tree.body if tree else None:
        case [ast.Expr(ast.Call(args=[ast.Constant(str(name)), ast.Constant(str()), ast.Constant(str(body))]))]:
            return name, body
    return None


def _aligned(source: str, text: str) -> str:
    """`text` with empty lines where IPython joined or dropped lines of `source`, so that line numbers agree."""
    old, new = source.rstrip("\n").split("\n"), text.rstrip("\n").split("\n")
    lines: list[str] = []
    dropped = len(source) - len(source.lstrip())
    lines += [""] * source[:dropped].count("\n")
    for line in new:
        at = len(lines)
        lines.append(line)
        while at < len(old) and old[at] != line and old[at].rstrip().endswith("\\"):
            lines.append("")
            at += 1
    aligned = "\n".join(lines) + "\n"
    return aligned if len(lines) == len(old) and _parses(aligned) else text


def _plain_statement(match: re.Match[str]) -> str:
    statement = ast.literal_eval(match["statement"])
    whole = match["before"] + statement
    return whole if _parses(whole.strip()) else match.group()


_WRITEFILE = re.compile(r"\s*%%(?:writefile|file)[ \t]+(?:-a[ \t]+|--append[ \t]+)?(?P<name>[^\n]+)")


def written_files(notebook: Notebook) -> dict[int, str]:
    """The file that each `%%writefile` cell writes, by cell index."""
    matches = ((cell.index, _WRITEFILE.match(cell.source)) for cell in notebook.code_cells)
    return {index: match["name"].strip().strip("\"'") for index, match in matches if match}
