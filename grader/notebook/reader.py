"""Read a student's file into a `Notebook`: its cells in order, and the repairs that it needed.

A file that cannot be read is refused in one sentence that says why. JSON is read with plain `json`, never nbformat:
that takes a second to import and refuses files that run. Metadata and stored outputs never influence what is executed;
stored text is kept as evidence of what the student saw.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from grader.notebook.cells import Cell, Notebook
from grader.notebook.colab_export import cells_of_export, looks_exported
from grader.notebook.decoding import (
    DOWNLOAD_AGAIN,
    NotANotebook,
    Repairs,
    clean,
    decode,
    parse_json,
    refuse_foreign_text,
)
from grader.notebook.repairs import Draft, cells_of

MAX_FILE_BYTES = 100_000_000
MAX_CELLS = 10_000
MAX_CODE_CHARACTERS = 4_000_000  # parsing takes a thousand times as much memory


class UnreadableNotebook(Exception):
    """A file that cannot be graded. `str()` is one sentence: which file, what is wrong with it, what to do."""


def read_notebook(path: Path) -> Notebook:
    """Read a notebook of any age (.ipynb, or exported as .py). Raises UnreadableNotebook, and nothing else."""
    name = shown_name(path)
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


def shown_name(path: Path) -> str:
    """Return the name of a file as results contain it: characters that cannot be printed are replaced."""
    name = path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in name) or str(path)


def _read_bytes(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise NotANotebook("is a folder: give the name of the notebook file in it")
        if not stat.S_ISREG(mode):  # opening a pipe or a device could block forever
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
            f"is larger than {MAX_FILE_BYTES // 1_000_000} MB, the limit: clear its outputs, save, and submit again"
        )
    return data


def _drafts(text: str, is_python_file: bool, repairs: Repairs) -> tuple[Sequence[Draft], str]:
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        try:
            return cells_of(parse_json(text, repairs), repairs)
        except NotANotebook:
            refuse_foreign_text(text)  # raises with a better explanation, if there is one
            if not is_python_file:
                raise
    text, had_surrogates = clean(text)
    if had_surrogates:
        repairs.file.append("lone surrogates replaced")
    refuse_foreign_text(text)
    if not is_python_file and not looks_exported(text):
        line = next(line.strip() for line in text.splitlines() if line.strip())
        shown = "".join(c if c.isprintable() else " " for c in line[:40])
        raise NotANotebook(f"is not a notebook (it begins with {shown!r}): {DOWNLOAD_AGAIN}")
    return cells_of_export(text)


_PYTHON_LINE = re.compile(
    r"^[ \t]*(?:```|import \w|from [\w.]+ import |def \w+\(|class \w+[(:]|for \w+ in |\w+ = \S|print\()", re.MULTILINE
)


def _check_code(drafts: Sequence[Draft]) -> None:
    if len(drafts) > MAX_CELLS:
        raise NotANotebook(
            f"has {len(drafts):,} cells, more than the limit of {MAX_CELLS:,}: submit the notebook that holds your work"
        )
    size = sum(len(draft.source) for draft in drafts if draft.kind == "code")
    if size > MAX_CODE_CHARACTERS:
        raise NotANotebook(
            f"holds {size / 1e6:.0f} MB of code, more than the limit of {MAX_CODE_CHARACTERS // 1_000_000} MB: "
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
