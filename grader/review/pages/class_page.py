"""The class: all submissions in a table, what waits, the distribution of the points, and the common faults."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.responses import Response

from grader.course import verdicts
from grader.reports.class_page import count_words, kind_words, parts, scores_histogram
from grader.reports.class_summary import KINDS
from grader.review.class_figures import figures
from grader.review.class_table import COLUMNS, STATUSES, Wanted, confirmed, page_of, possible, waiting
from grader.review.desk import Link, address_of
from grader.review.regrading import state_of
from grader.review.visit import Visit, get

MOST_FAULTS = 40
SHARES = "percent of the points that are decided"

navigation = (Link("Class", "/class", 20),)


def show(visit: Visit) -> Response:
    """Show the table."""
    wanted = _wanted(visit)
    rows = visit.rows
    names = {row.entry.name: visit.searchable(row.entry) for row in rows}
    faulty = _faulty(visit, wanted)
    found = page_of(rows, wanted, faulty, names)
    checks = visit.remembered("checks", lambda: verdicts.checks_of_class(visit.store))
    waits = dict.fromkeys(visit.store.items(), 0)
    for row in rows:
        for one in row.final.standing.items:
            if one.open:
                waits[one.id] = waits.get(one.id, 0) + 1
    return visit.page(
        "review/class.html",
        "Class",
        wanted=wanted,
        found=found,
        all=len(rows),
        checks=checks,
        statuses=STATUSES,
        columns=COLUMNS,
        waits={item: count for item, count in waits.items() if count},
        items=tuple(checks),
        confirmed=confirmed,
        waiting=waiting,
        possible=possible,
        fault=next((one for one in _all_faults(visit) if one.name == wanted.kind), None) if wanted.kind else None,
        regrading=state_of(visit.store, visit.desk.folder),
    )


def overview(visit: Visit) -> Response:
    """Show the distribution of the points, the items and the common faults."""
    summary = figures(visit.rows, visit.store.items())
    faults = _all_faults(visit)
    return visit.page(
        "review/overview.html",
        "Overview of the class",
        summary=summary,
        scores=replace(scores_histogram(summary), xlabel=SHARES) if any(summary.bins) else None,
        faults=faults[:MOST_FAULTS],
        more=max(0, len(faults) - MOST_FAULTS),
        count=len(visit.rows),
        parts=parts,
        counts=count_words,
        kinds=KINDS,
        words=kind_words(),
        wanted=Wanted(),
    )


def _wanted(visit: Visit) -> Wanted:
    sort, status = visit.text("sort"), visit.text("status")
    return Wanted(
        text=visit.text("text")[:200],
        status=status if status in STATUSES else "",
        item=visit.text("item")[:100],
        fault=visit.text("fault")[:1000],
        kind=visit.text("kind")[:40],
        sort=sort if sort in COLUMNS else "name",
        down=visit.text("down") == "1",
        page=visit.whole("page", 1, least=1),
    )


def _faulty(visit: Visit, wanted: Wanted) -> set[str] | None:
    if wanted.kind:
        fault = next((one for one in _all_faults(visit) if one.name == wanted.kind), None)
        return set(verdicts.alike(visit.store, fault.check, fault.kind)) if fault else set()
    if not wanted.fault:
        return None
    found = verdicts.of_class(visit.store, (wanted.fault,))
    return {name for name, those in found.items() if any(one.lost for one in those)}


@dataclass(frozen=True)
class _Fault:
    """A fault in the words of its `check`, how many submissions lost points by it, and how many; `name` is short."""

    check: str
    kind: str
    count: int
    lost: float

    @property
    def name(self) -> str:
        return address_of(f"{self.check} {self.kind}")


def _all_faults(visit: Visit) -> list[_Fault]:
    return visit.remembered(("faults", visit.person.name, visit.person.students), lambda: _faults(visit))


def _faults(visit: Visit) -> list[_Fault]:
    """Return the faults of the submissions that the person may read, those of the most submissions first."""
    verdicts.fill(visit.store)
    query = (
        "SELECT v.check_id, v.kind, count(*), sum(v.max_score - v.score), min(s.name) FROM submissions s "
        "JOIN verdicts v ON v.key = s.key WHERE v.kind != ''{} GROUP BY v.check_id, v.kind ORDER BY 3 DESC, 4 DESC, 1"
    )
    students = visit.person.students if not visit.person.is_instructor else ()
    only = f" AND s.name IN ({', '.join('?' for _ in students)})" if students else ""
    found = visit.store.query(query.format(only), students)
    return [_Fault(check, kind, count, round(float(lost), 2)) for check, kind, count, lost, _ in found]


routes = [get("/class", show), get("/class/overview", overview)]
