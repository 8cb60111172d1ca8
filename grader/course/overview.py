"""The page of a class, `class.html`: made from the store alone, again and again while results come in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from grader.course.scores import status_of
from grader.files import write_atomically
from grader.reports.class_page import address, class_html
from grader.reports.class_summary import CheckOutcome, ItemOutcome, Member, summarise

if TYPE_CHECKING:
    from grader.course.decisions import Override
    from grader.course.scores import ItemStanding
    from grader.course.store import Row, Store

CLASS_PAGE = "class.html"  # in the folder of results


class _Check(msgspec.Struct, frozen=True):
    id: str
    status: str
    score: float
    max_score: float
    message: str = ""
    evidence: tuple[str, ...] = ()


class _Item(msgspec.Struct, frozen=True):
    id: str
    title: str = ""
    checks: tuple[_Check, ...] = ()


class _Document(msgspec.Struct, frozen=True):
    """The part of a result.json that the page needs. Skipping the rest makes reading a class ten times faster."""

    assignment: str = ""
    environment: dict[str, Any] = {}
    items: tuple[_Item, ...] = ()


@dataclass
class Overview:
    """Makes the page of the class in a store. It remembers what it read, so that making it again is quick."""

    store: Store
    _read: dict[tuple[str, str], _Document] = field(default_factory=dict)

    def page(self, folder: str = "", rows: Iterable[Row] | None = None) -> str:
        """Return the page; `folder` is the class's folder, relative to the page. `rows` are a selection of the class.

        Raises StoreError.
        """
        known = list(self.store.rows() if rows is None else rows)
        documents = [self._document(row) for row in known]
        members = [_member(row, document, folder) for row, document in zip(known, documents, strict=True)]
        return class_html(
            summarise(members, self.store.items()),
            assignment=next((one.assignment for one in documents if one.assignment), "") or "this folder",
            as_of=_minute(max((row.updated_at for row in known), default="")),
            some=rows is not None,
        )

    def _document(self, row: Row) -> _Document:
        key = (row.key, row.graded_at)
        if key not in self._read:
            self._read[key] = _decoded(self.store.document(row.key))
        return self._read[key]


def write_class_page(path: Path, overview: Overview, out: Path, rows: Iterable[Row] | None = None) -> None:
    """Write the page of the class in the folder `out` to `path`, atomically. Raises OSError and StoreError."""
    where = os.path.relpath(out.resolve(), path.resolve().parent)
    write_atomically(path, overview.page("" if where == "." else where.replace(os.sep, "/"), rows))


def problem_with_page(out: Path, overview: Overview) -> str:
    """Write the class's own page; return a sentence if that fails, else ''.

    Whatever goes wrong with it, the results are stored and the class goes on.
    """
    try:
        write_class_page(out / CLASS_PAGE, overview, out)
    except Exception as error:
        why = error.strerror or str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        return f"{CLASS_PAGE} could not be written ({why}); the results are stored, and nothing else lacks"
    return ""


def _decoded(document: str) -> _Document:
    try:
        return msgspec.json.decode(document, type=_Document)
    except (msgspec.DecodeError, ValueError):  # another version of grader wrote it
        return _Document()


def _minute(time: str) -> str:
    return f"{time[:10]} {time[11:16]} UTC" if len(time) >= 16 else ""


def _member(row: Row, document: _Document, folder: str) -> Member:
    entry, final = row.entry, row.final.standing
    texts = {item.id: item for item in document.items}
    marks, overrides = row.final.marks, row.final.overrides
    items = tuple(_item(one, texts.get(one.id), one.id in marks, overrides) for one in final.items)
    return Member(
        name=entry.name,
        link="" if row.missing else address(folder, entry.name),
        status=final.status,
        score=final.confirmed,
        max_score=final.max_score,
        waiting=final.waiting,
        student=entry.student_name,
        ungraded=final.beyond,
        late=entry.late is True,
        seconds=row.seconds,
        run_seconds=_run_seconds(document.environment),
        message=final.message,
        items=items,
        missing=row.missing,
    )


def _item(standing: ItemStanding, item: _Item | None, marked: bool, overrides: Mapping[str, Override]) -> ItemOutcome:
    checks = () if item is None else item.checks
    title = "" if item is None else item.title
    outcomes = (
        CheckOutcome(one.id, status_of(there.score, one.max_score), there.score, one.max_score, there.reason)
        if (there := overrides.get(one.id)) is not None
        else CheckOutcome(one.id, _status(one, marked), one.score, one.max_score, one.message)
        for one in checks
    )
    open_points, ungraded = standing.open, standing.ungraded + standing.defect
    where = (standing.id, title, standing.status, standing.confirmed, standing.max_score)
    return ItemOutcome(*where, open_points, ungraded, tuple(outcomes))


def _status(check: _Check, marked: bool) -> str:
    """Return the status of a check as the page shows it: one with facts waits for a person, until there is a mark."""
    waits = check.status in ("review", "error") or bool(check.evidence)
    return ("marked" if marked else "review") if waits else check.status


def _run_seconds(environment: Mapping[str, Any]) -> float:
    seconds = environment.get("seconds")
    value = seconds.get("student") if isinstance(seconds, dict) else None
    return float(value) if isinstance(value, (int, float)) else 0.0
