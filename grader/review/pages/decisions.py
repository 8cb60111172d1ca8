"""Marks and overridden verdicts from the page of a submission, and the audit: who changed what, when."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from grader.course.audit import Change, changes
from grader.course.changes import changing
from grader.course.decided import covered
from grader.course.decisions import Changed, Mark, MarkError, RubricLine
from grader.course.people import ADDED, CHANGED, REMOVED
from grader.formatting import number
from grader.review.desk import Link
from grader.review.visit import Refused, Visit, get, post

if TYPE_CHECKING:
    from grader.course.store import Row
    from grader.result import ItemResult

PAGE_CHANGES = 200
_POINTS = re.compile(r"[-+]?\d{1,5}([.,]\d{1,4})?")
_INNER = ("checks", "worth", "whole", "position")  # what a mark covers follows from its item
_HIDDEN = ("document", "standing", "sha256", "fingerprint", "key", "version", "submission", "item", "check_id", "id")

navigation = (Link("Changes", "/audit", 90, for_assistants=False),)


@dataclass(frozen=True)
class Markable:
    """An item for which a person may give points: `limit` at most, by `lines` of the rubric, now with a `mark`."""

    id: str
    title: str
    limit: float
    lines: tuple[RubricLine, ...]
    mark: Mark | None = None

    @property
    def used(self) -> tuple[int, ...]:
        """The lines of the present mark."""
        return tuple(line.id for line in self.mark.lines) if self.mark else ()


def forms(visit: Visit, row: Row) -> dict[str, object]:
    """Return what 'review/part_decisions.html' shows of a submission."""
    mine = [one for one in visit.store.items_of(row.key) if visit.person.may_mark(row.entry.name, one.id)]
    lines = visit.store.lines()
    seen = {check: one.version for check, one in row.final.overrides.items()}
    return {
        "markable": [_markable(item, row.final.marks.get(item.id), lines) for item in mine if _wants_mark(row, item)],
        "overridable": mine,
        "chosen": visit.text("check")[:200],
        "seen": json.dumps(seen),
    }


def _wants_mark(row: Row, item: ItemResult) -> bool:
    return item.id in row.final.marks or any(check.waits for check in item.checks)


def _markable(item: ItemResult, mark: Mark | None, lines: tuple[RubricLine, ...]) -> Markable:
    checks = covered(item, mark)
    most = round(sum(check.max_score for check in item.checks if check.id in checks), 2)
    return Markable(item.id, item.title, most, tuple(line for line in lines if line.item == item.id), mark)


# --- what a form says --------------------------------------------------------------------------------------------


def mark(visit: Visit) -> Response:
    """Store or remove a mark."""
    row, item = visit.row(), visit.text("item")
    visit.demand_mark(row.entry.name, item)
    based_on = visit.whole("based_on", 0)
    name = row.entry.name

    def change() -> str:
        with changing(visit.store, visit.person.name) as doing:
            if visit.text("remove"):
                doing.unmark(name, item, based_on)
                return f"{item}: the mark is removed; the machine's points count again."
            lines = [int(one) for one in visit.texts("line") if one.isdigit()]
            adjustment = points(visit.text("points") or ("0" if lines else ""))
            given = doing.mark(name, item, lines, adjustment, visit.text("comment"), based_on, visit.text("notebook"))
            return f"{item}: {number(given.points)} points are stored."

    return _done(visit, row, change)


def override(visit: Visit) -> Response:
    """Store or remove an override."""
    row, check = visit.row(), visit.text("check")
    item = next((one for one in visit.store.items_of(row.key) if any(c.id == check for c in one.checks)), None)
    if item is None:
        raise Refused(400, "Choose the check first.")
    visit.demand_mark(row.entry.name, item.id)
    name = row.entry.name

    def change() -> str:
        with changing(visit.store, visit.person.name) as doing:
            if visit.text("remove"):
                doing.remove_override(name, check, visit.whole("based_on", 0))
                return f"{check}: the machine's verdict counts again."
            score, seen = points(visit.text("score")), _seen(visit.text("seen")).get(check, 0)
            given = doing.override(name, check, score, visit.text("reason"), seen, visit.text("notebook"))
            return f"{check}: {number(given.score)} points are stored."

    return _done(visit, row, change)


def _done(visit: Visit, row: Row, change: Any) -> Response:
    """Make a change and go back to the submission; what was refused is told there, and nothing of it is stored."""
    here = f"{visit.link(row.entry.name)}#decisions"
    try:
        return visit.done(here, change())
    except Changed as error:
        return visit.done(here, f"Not stored, since {error}. Look at it, and decide again.", "problem")
    except MarkError as error:
        return visit.done(here, f"Not stored: {error}.", "problem")


def points(text: str) -> float:
    """Return the points in a field. Raises MarkError.

    >>> points("2,5")
    2.5
    """
    text = text.strip().replace("−", "-")
    if not _POINTS.fullmatch(text):
        raise MarkError(f"points are a number such as 4 or 2.5, not {text[:40]!r}" if text else "give the points")
    return float(text.replace(",", "."))


def _seen(text: str) -> Mapping[str, int]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(key): int(value) for key, value in found.items() if type(value) is int} if type(found) is dict else {}


# --- the audit ---------------------------------------------------------------------------------------------------


def audit(visit: Visit) -> Response:
    """Show the changes, the newest first: all, or those of a submission."""
    name = None
    if visit.text("submission"):
        name = visit.row(visit.text("submission")).entry.name
    else:
        visit.demand_instructor()
    who, before = visit.text("who") or None, visit.whole("before", 0) or None
    found = list(changes(visit.store, submission=name, by=who, most=PAGE_CHANGES + 1, before=before))
    entries = {row.entry.name: row.entry for row in visit.rows}
    return visit.page(
        "review/audit.html",
        "Changes by people",
        changes=found[:PAGE_CHANGES],
        more=found[PAGE_CHANGES - 1].id if len(found) > PAGE_CHANGES else 0,
        entries=entries,
        only=name,
        who=who,
        told=partial(told, hide_names=visit.session.hide_names),
    )


def told(change: Change, hide_names: bool = False) -> str:
    """Return what a change changed, in words: 'points: 3 → 4; comment: → well argued'.

    With `hide_names` the submissions that an assistant may see are only counted.
    """
    if change.action in (ADDED, CHANGED, REMOVED):
        return _told_person(change, hide_names)
    names = [name for name in {**change.before, **change.after} if name not in (*_HIDDEN, *_INNER)]
    said = []
    for name in names:
        old, new = (one.get(name) for one in (change.before, change.after))
        if name == "retired":
            old, new = ("yes" if one else "" for one in (old, new))
        if _value(old) != _value(new) and not name.endswith(("_at", "_by")):
            said.append(f"{name.replace('_', ' ')}: {_value(old)} → {_value(new)}")
    return "; ".join(said)


def _told_person(change: Change, hide_names: bool) -> str:
    """Return what changed of a person who works at the desk: 'eva: items: all → q4, q7; password: set → set again'."""
    said = []
    for name in ("role", "items", "students", "password"):
        old, new = (one.get(name) for one in (change.before, change.after))
        if old != new:
            shown = [_limit(one, hide_names and name == "students") for one in (old, new)]
            said.append(f"{name}: {' → '.join(shown)}")
    who = (change.after or change.before).get("name", "")
    return f"{who}: {'; '.join(said) or 'nothing'}"


def _limit(value: object, count: bool) -> str:
    if not isinstance(value, list):
        return _value(value)
    return (f"{len(value)} named" if count else _value(", ".join(map(str, value)))) if value else "all"


def _value(value: object) -> str:
    if value in (None, "", "[]"):
        return "–"
    text = number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


routes = [
    post("/submissions/{submission}/mark", mark),
    post("/submissions/{submission}/override", override),
    get("/audit", audit),
]
