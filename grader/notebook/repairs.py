"""Turn a notebook's JSON into cells, and repair what real tools get wrong.

Jupyter, Colab, Kaggle, PyCharm and VS Code disagree about what a notebook must contain, and strict validation refuses
files that run fine. So what can be repaired is repaired and noted, and the rest is refused. No value in the file is
trusted to have the right type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from grader.notebook.decoding import DOWNLOAD_AGAIN, NotANotebook, Repairs, clean
from grader.notebook.shown import shown_text

Kind = Literal["code", "markdown", "raw"]

MAX_STORED_TEXT = 20_000  # characters kept of one cell's stored outputs
_SCANNED_OUTPUT = 1_000_000  # characters read of one stored output


class Draft(NamedTuple):
    """A cell before it has an index in a notebook."""

    kind: Kind
    source: str
    stored_text: str = ""


_MARKDOWN_KINDS = {"markdown", "heading", "html", "text", "md"}
_FOREIGN_KERNEL = re.compile(
    r"(ir\d*|r|julia.*|octave|matlab.*|bash|powershell|javascript|jslab|tslab|deno|scala.*|almond|spark-scala|rust|evcxr|"
    r"gophernotes|go|java|ijava|kotlin|ruby|perl|raku|sas|stata|cling.*|xcpp.*|i?haskell|clojure|\.net-(?!python).*|lua|maxima)",
    re.IGNORECASE,
)


def cells_of(value: object, repairs: Repairs) -> tuple[list[Draft], str]:
    """Return the cells of a parsed notebook and its format ("ipynb 4.5").

    Raises NotANotebook if `value` is not a notebook, or not one in Python.
    """
    if not isinstance(value, dict):
        raise NotANotebook(f"is JSON but not a notebook (it holds {_type_name(value)}): {DOWNLOAD_AGAIN}")
    raw = _raw_cells(value, repairs)
    major, minor = _version(value, repairs)
    language = _foreign_language(value, raw)
    if language:
        raise NotANotebook(f"is a notebook for {language}, not for Python: submit your Python notebook")
    drafts = [_draft(cell, major, minor, repairs) for cell in raw]
    if major == 4 and minor >= 5:
        _check_ids(raw, repairs)
    return drafts, f"ipynb {major}.{minor}" if minor >= 0 else f"ipynb {major}"


def _raw_cells(notebook: Mapping[str, object], repairs: Repairs) -> list[Mapping[str, object]]:
    found = notebook.get("cells")
    if found is None and "worksheets" in notebook:  # nbformat 3
        sheets = [sheet for sheet in _values(notebook["worksheets"]) if isinstance(sheet, dict)]
        found = [cell for sheet in sheets for cell in _values(sheet.get("cells"))]
    if found is None:
        raise NotANotebook(f"is JSON but not a notebook (it has no 'cells'): {DOWNLOAD_AGAIN}")
    if isinstance(found, dict):
        repairs.file.append("'cells' was an object instead of a list")
    elif not isinstance(found, list):
        raise NotANotebook(f"is damaged ('cells' is {_type_name(found)}): {DOWNLOAD_AGAIN}")
    cells: list[Mapping[str, object]] = [cell for cell in _values(found) if isinstance(cell, dict)]
    dropped = len(_values(found)) - len(cells)
    if dropped:
        repairs.file.append(f"{dropped} entr{'ies' if dropped > 1 else 'y'} of 'cells' with the wrong type ignored")
    if not cells:
        raise NotANotebook("has no cells: save the notebook with its work in it and submit again")
    return cells


def _values(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _type_name(value: object) -> str:
    names = {list: "a list", str: "a string", int: "a number", float: "a number", dict: "an object"}
    return names.get(type(value), "nothing")


def _version(notebook: Mapping[str, object], repairs: Repairs) -> tuple[int, int]:
    major, minor = notebook.get("nbformat"), notebook.get("nbformat_minor")
    if not isinstance(major, int) or isinstance(major, bool) or not 1 <= major <= 99:
        major = 4 if "cells" in notebook else 3
        repairs.file.append(f"format version missing or invalid, read as format {major}")
    elif major > 4:
        repairs.file.append(f"format {major} read as format 4")
    if not isinstance(minor, int) or isinstance(minor, bool) or not 0 <= minor <= 99:
        minor = -1
    return major, minor


def _foreign_language(notebook: Mapping[str, object], cells: Iterable[Mapping[str, object]]) -> str | None:
    """Return the language of a notebook that says it is not in Python; None if it is Python or does not say."""
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    parts = [
        part if isinstance(part, dict) else {} for part in (metadata.get("language_info"), metadata.get("kernelspec"))
    ]
    stated = [parts[0].get("name"), parts[1].get("language")]
    if notebook.get("nbformat") == 3:
        stated += [cell.get("language") for cell in cells if cell.get("cell_type") == "code"]
    names = [name.strip() for name in stated if isinstance(name, str) and name.strip()]
    if names:
        return None if any(re.search("py|conda|sage", name, re.IGNORECASE) for name in names) else _shown(names[0])
    kernel = parts[1].get("name")
    if isinstance(kernel, str) and _FOREIGN_KERNEL.fullmatch(kernel.strip()):
        return "R" if kernel.strip().lower().startswith("ir") else _shown(kernel.strip())
    return None


def _shown(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:40] or "another language"


def _draft(cell: Mapping[str, object], major: int, minor: int, repairs: Repairs) -> Draft:
    kind = _kind(cell, repairs)
    source = _source(cell, major, repairs)
    if cell.get("cell_type") == "heading":
        level = cell.get("level")
        source = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " " + source
    if kind != "code":
        if cell.get("outputs"):
            repairs.cells["of text with stored outputs, which are ignored"] += 1
        return Draft(kind, source)
    if major >= 4:
        for key in ("outputs", "execution_count", "metadata"):
            if key not in cell:
                repairs.cells[f"without '{key}'"] += 1
    return Draft(kind, source, _stored_text(cell.get("outputs")))


def _kind(cell: Mapping[str, object], repairs: Repairs) -> Kind:
    stated = cell.get("cell_type")
    name = stated.strip().lower() if isinstance(stated, str) else ""
    if name == "code" or (not name and ("outputs" in cell or "execution_count" in cell or "input" in cell)):
        kind: Kind = "code"
    elif name in _MARKDOWN_KINDS or not name:
        kind = "markdown"
    else:
        kind = "raw"  # as Jupyter shows a cell of an unknown type
    if name not in {"code", "markdown", "raw", "heading", "html"}:
        repairs.cells["of an unknown type"] += 1
    return kind


def _source(cell: Mapping[str, object], major: int, repairs: Repairs) -> str:
    value = cell.get("source", cell.get("input"))
    if isinstance(value, str):
        text = value
    elif isinstance(value, list):
        lines = [line for line in value if isinstance(line, str)]
        if len(lines) != len(value):
            repairs.cells["with lines that are not text"] += 1
        # Old versions split the source into lines without their line endings.
        unended = len(lines) > 1 and not any("\n" in line or "\r" in line for line in lines)
        if unended and major >= 4:
            repairs.cells["with missing line endings"] += 1
        text = ("\n" if unended else "").join(lines)
    else:
        repairs.cells["without a source"] += 1
        text = ""
    if "\r" in text:
        repairs.cells["with Windows line endings"] += 1
    text, had_surrogates = clean(text)
    if had_surrogates:
        repairs.cells["with lone surrogates"] += 1
    if "\x00" in text:
        repairs.cells["with NUL characters"] += 1
        text = text.replace("\x00", "")
    return text


def _check_ids(cells: Iterable[Mapping[str, object]], repairs: Repairs) -> None:
    """Note missing and repeated ids: the grader does not need ids, but other tools fail on wrong ones."""
    seen: set[str] = set()
    for cell in cells:
        name = cell.get("id")
        if not isinstance(name, str):
            repairs.cells["without a usable id"] += 1
        elif name in seen:
            repairs.cells["with an id that another cell has"] += 1
        else:
            seen.add(name)


# --- stored outputs ----------------------------------------------------------------------------------------------

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)


def _stored_text(outputs: object) -> str:
    """Return the text that the student saw below a cell: printed text, plain results, the last line of errors."""
    if not isinstance(outputs, list):
        return ""
    parts: list[str] = []
    room = MAX_STORED_TEXT
    for output in outputs:
        if not isinstance(output, dict):
            continue
        part = _ANSI.sub("", _output_text(output))
        part = _OVERWRITTEN.sub("", part.replace("\r\n", "\n"))  # a progress bar: only its last state was seen
        part = clean(part)[0].replace("\x00", "")
        parts.append(part[:room])
        room -= len(part)
        if room < 0:
            return "".join(parts) + "\n[… cut]"
    return "".join(parts)


def _output_text(output: Mapping[str, object]) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        return _joined(output.get("text"))
    if kind in ("error", "pyerr"):
        return f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}\n"
    data = output.get("data")
    text = _joined(output.get("text"))
    if isinstance(data, dict):
        text = shown_text(*(_joined(data.get(f"text/{form}")) for form in ("plain", "markdown", "html", "latex")))
    return text if not text or text.endswith("\n") else text + "\n"


def _joined(value: object) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return value[:_SCANNED_OUTPUT] if isinstance(value, str) else ""
