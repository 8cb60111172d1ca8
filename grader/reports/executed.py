"""Write a student's notebook as it ran, with the outputs of the grader's run and the feedback under each question.

Nothing in it can act, also if somebody trusts it: outputs are plain text and PNG pictures only, HTML in the student's
text cells is taken apart, its pictures become links, and metadata and attachments are left out. It is for the student:
the facts that an instructor reads beside an answer are in the report.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from grader.files import write_atomically
from grader.formatting import clean, number, one_line
from grader.language import said, tr
from grader.reports.audience import for_reader
from grader.reports.persons import is_of_person
from grader.reports.terminal import ADVISORY, MARKS, total_line
from grader.reports.visibility import shown

if TYPE_CHECKING:
    from pathlib import Path

    from grader.assignment import Evidence
    from grader.evidence.run import CellRun
    from grader.notebook.cells import Cell
    from grader.result import CheckResult, ItemResult, Result

EXECUTED = "executed.ipynb"  # in the folder of a result
MOST_SOURCE = 3_000_000  # characters of all cells
MOST_OUTPUT = 20_000  # characters of a cell's output; its beginning and its end are kept
MOST_OUTPUTS = 1_000_000  # characters of all outputs
MOST_PICTURES = 3_000_000  # characters of all pictures, in base64
_PNG = b"\x89PNG\r\n\x1a\n"
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

_SPECIAL = re.compile(r"[`*_{}\[\]<>#|&~^@]|//|(?<=www)\.")  # what Markdown or HTML could read as more than text
_MATH = str.maketrans({"$": "＄", "\\": "⧵"})  # they look alike, and no renderer finds formulas in the text
_HEADING = re.compile(r"^ {0,3}#{1,6} ", re.MULTILINE)
_FIGURE = re.compile(r"^<Figure size \d+x\d+ with \d+ Axes>\n?", re.MULTILINE)  # beside its picture
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#|[A-Za-z])")
_PICTURE = re.compile(r"!+(?=\[)")
# Browsers skip blanks in the name of a scheme, and Markdown a backslash before the colon.
_SCHEME = re.compile(
    "(" + "|".join(r"[\x00-\x20]*".join(name) for name in ("javascript", "vbscript")) + r")[\s\\]*:"
    r"|\b(data|file|blob)[\s\\]*:(?=\S)",
    re.IGNORECASE,
)


def executed_notebook(result: Result) -> str:
    """Return the notebook as the text of an .ipynb file (format 4.5).

    Its cells and outputs come from the kept evidence; without it there is only the feedback.
    """
    from grader.reports.evidence import with_kept_evidence

    return with_kept_evidence(for_reader(shown(result, "visible")), _notebook)


def _notebook(result: Result, evidence: Evidence | None) -> str:
    cells = [_markdown("about", "\n\n".join(_about(result)), "feedback")]
    items = {item.id: item for item in result.items}
    if evidence is not None:
        made = _Outputs(evidence)
        places = _places(evidence, items)
        for cell in evidence.notebook.cells:
            cells.append(made.cell(cell))
            cells += [_feedback(items.pop(item)) for item in places.get(cell.index, ()) if item in items]
    cells += [_feedback(item) for item in items.values()]
    plain = {
        "cells": cells,
        "metadata": {"kernelspec": _KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace").decode() + "\n"


def write_executed(result: Result, path: Path) -> None:
    """Write the notebook atomically."""
    write_atomically(path, executed_notebook(result))


def _places(evidence: Evidence, items: Mapping[str, ItemResult]) -> dict[int, list[str]]:
    """Return the items whose feedback comes below each cell; an item of which no cell is known is in none."""
    found: dict[int, list[str]] = {}
    for item in items:
        place = item_place(evidence, item)
        if place is not None:
            found.setdefault(place, []).append(item)
    return found


def item_place(evidence: Evidence, item: str) -> int | None:
    """Return the last cell of a question: of its answer, else before the next heading, else of its model's class."""
    section, model = evidence.sections.get(item), evidence.models.get(item)
    if section is not None and section.answer_cells:
        return max(section.answer_cells)
    if section is not None and (section.cells or section.start is not None):
        known = sorted({*section.cells, *([] if section.start is None else [section.start])})
        cells = {cell.index: cell for cell in evidence.notebook.cells}
        last = known[0] if section.start is None else section.start
        for index in (one for one in known if one > last):
            cell = cells.get(index)
            if cell is None or (cell.kind == "markdown" and _HEADING.search(cell.source)):
                break
            last = index
        return last
    if model is None or not model.class_name:
        return None
    defines = re.compile(rf"^[ \t]*class {re.escape(model.class_name)}\b", re.MULTILINE)
    return next((c.index for c in reversed(evidence.notebook.code_cells) if defines.search(c.source)), None)


# --- feedback ----------------------------------------------------------------------------------------------------


def plain_markdown(text: str) -> str:
    """Return text, on one line, as Markdown that shows just this text: no markup, HTML, formula or link.

    >>> plain_markdown("<b>a_b</b>")
    '&#60;b&#62;a&#95;b&#60;/b&#62;'
    """
    flat = one_line(text).translate(_MATH)
    return _SPECIAL.sub(lambda found: "".join(f"&#{ord(one)};" for one in found[0]), flat).strip()


def _about(result: Result) -> Iterator[str]:
    name, total = plain_markdown(result.submission.name), plain_markdown(total_line(result))
    yield "**" + tr("Feedback on {name}: {total}", name=name, total=total) + "**"
    if result.advisory:
        yield f"*{plain_markdown(said(ADVISORY))}*"
    yield tr(
        "This is your notebook as the grader ran it, with the outputs of that run, and feedback below each question. "
        "It is a copy to read: go on with your own notebook, and hand in that one."
    )
    if result.notes:
        yield "\n".join(f"- {plain_markdown(said(note))}" for note in result.notes)


def _feedback(item: ItemResult) -> dict[str, Any]:
    points = "–" if item.status == "not_graded" else number(item.confirmed)
    words = tr("{score} of {most} points", score=points, most=number(item.max_score))
    if item.waiting:
        words += ", " + tr("{points} more wait for a person", points=number(item.waiting))
    words += f", {state_words(item.status)}"
    name = f"{plain_markdown(item.id)}, {plain_markdown(said(item.title))}"
    lines = [f"**{tr('Feedback:')} {MARKS[item.status][0]} {name}: {words}**", ""]
    passed = [check for check in item.checks if check.status == "pass" and not (check.hint or is_of_person(check))]
    for check in item.checks:
        if check not in passed:
            lines += _check(check)
    if passed:
        count = len(passed)
        lines.append("- ✓ " + (tr("1 check passed") if count == 1 else tr("{count} checks passed", count=count)))
    return _markdown(f"feedback-{item.id}", "\n".join(lines), "feedback")


def _check(check: CheckResult) -> Iterator[str]:
    lost = check.status in ("fail", "partial", "skipped")
    points = tr("{score} of {most} points", score=number(check.score), most=number(check.max_score))
    told = f"- {MARKS[check.status][0]} {plain_markdown(said(check.message))}"
    yield f"{told} ({points})" if lost else told
    if check.status in ("fail", "partial") and check.expected:
        yield f"  - {tr('expected:')} {plain_markdown(said(check.expected))}"
    if check.hint:
        label = tr("remark:") if check.status == "review" else tr("hint:")
        yield f"  - {label} {plain_markdown(said(check.hint))}"


def state_words(status: str) -> str:
    """Return the state of an item in words."""
    return {
        "pass": tr("right"),
        "partial": tr("partly right"),
        "fail": tr("wrong"),
        "review": tr("to be read by a person"),
        "not_graded": tr("not graded here"),
        "error": tr("grader error"),
    }[status]


# --- cells -------------------------------------------------------------------------------------------------------


def _markdown(name: str, source: str, tag: str = "") -> dict[str, Any]:
    metadata = {"tags": [f"grader-{tag}"]} if tag else {}
    return {"cell_type": "markdown", "id": _id(name), "metadata": metadata, "source": source}


def _id(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:64] or "-"


def harmless_markdown(source: str) -> str:
    """Return a student's text cell without anything that a renderer which trusts it would run or load.

    A blank takes tags and entities apart, pictures become links, and addresses that hold programs or data are no links.

    >>> harmless_markdown("a <script>x</script> ![me](https://example.org/a.png) [x](javascript:y)")
    'a < script>x< /script> [me](https://example.org/a.png) [x](javascript：y)'
    """
    # An entity could write the colon or the angle bracket, and a picture's address is loaded when it is shown.
    source = _TAG.sub("< ", _ENTITY.sub("& ", _PICTURE.sub("", source)))
    return _SCHEME.sub(lambda found: f"{found[1] or found[2]}：", source)


class _Outputs:
    """Makes the cells with their outputs, one after the other, within the bounds on the whole notebook."""

    def __init__(self, evidence: Evidence) -> None:
        self._runs = {run.index: run for run in evidence.run.cells}
        self._figures: dict[int, int] = {}
        for figure in evidence.run.figures:
            self._figures[figure.cell] = self._figures.get(figure.cell, 0) + 1
        self._source, self._text, self._pictures, self._count = MOST_SOURCE, MOST_OUTPUTS, MOST_PICTURES, 0

    def cell(self, cell: Cell) -> dict[str, Any]:
        """Return a cell as it is written, with its outputs."""
        source = cell.source
        self._source -= len(source)
        if self._source < 0:
            return _markdown(f"cell-{cell.index}", "*" + tr("This cell is left out: the notebook is too large.") + "*")
        if cell.kind != "code":
            shown = harmless_markdown(source) if cell.kind == "markdown" else source
            return _markdown(f"cell-{cell.index}", shown) | {"cell_type": cell.kind}
        run = self._runs.get(cell.index)
        ran = run is not None and run.status != "not_run"
        self._count += ran
        return {
            "cell_type": "code",
            "execution_count": self._count if ran else None,
            "id": f"cell-{cell.index}",
            "metadata": {},
            "outputs": [] if run is None else list(self._outputs(run)),
            "source": source,
        }

    def _outputs(self, run: CellRun) -> Iterator[dict[str, Any]]:
        text = self._cut(_FIGURE.sub("", run.text) if run.pictures else run.text)
        if text or run.truncated:
            more = "\n[grader: " + tr("more was printed, and is left out") + "]" if run.truncated else ""
            yield _stream("stdout", f"{text}{more}\n")
        shown, left_out = [], 0
        for picture in run.pictures:
            if len(picture) <= self._pictures and _is_png(picture):
                self._pictures -= len(picture)
                shown.append(picture)
            else:
                left_out += 1
        for picture in shown:
            plain = "[" + tr("a picture") + "]"
            yield {"output_type": "display_data", "data": {"image/png": picture, "text/plain": plain}, "metadata": {}}
        left_out = max(left_out, self._figures.get(run.index, 0) - len(shown))
        if left_out:
            one = tr("1 picture is left out here; the report shows figures as read")
            many = tr("{count} pictures are left out here; the report shows figures as read", count=left_out)
            yield _stream("stderr", f"[grader: {one if left_out == 1 else many}]\n")
        if run.error is not None:
            error = run.error
            message = clean(self._cut(error.message))
            trace = clean(self._cut(error.traceback)).split("\n") if error.traceback else [f"{error.name}: {message}"]
            yield {"output_type": "error", "ename": one_line(error.name), "evalue": message, "traceback": trace}
        if run.reason:
            yield _stream("stderr", f"[grader: {one_line(said(run.reason))}]\n")

    def _cut(self, text: str) -> str:
        """Return the beginning and the end of a long text; the more of all outputs is written, the less."""
        room = min(MOST_OUTPUT, max(0, self._text))
        text = clean(text)
        if len(text) > room:
            half = room // 2
            note = tr("{count} characters are left out", count=f"{len(text) - 2 * half:,}")
            text = f"{text[:half]}\n[grader: {note}]\n{text[len(text) - half :]}"
        self._text -= len(text)
        return text


def _stream(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def _is_png(picture: str) -> bool:
    try:
        return base64.b64decode(picture[:16], validate=True).startswith(_PNG)
    except (binascii.Error, ValueError):
        return False
