"""The page *What if*: other points for checks and items, or another limit, and whose points that would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from grader.course import verdicts
from grader.course.points import Points
from grader.course.points_table import set_points
from grader.course.what_if import Change, WhatIfError, changes, concerned, known, parse_points
from grader.grading.replay import ReplayError
from grader.review.desk import Link
from grader.review.limit_trial import LimitTrial, trial_of
from grader.review.replayed import assignment_here
from grader.review.visit import Refused, Visit, get, post

navigation = (Link("What if", "/what-if", 50, for_assistants=False),)
MOST_SHOWN = 300
FIELDS = 3  # in which checks and points can be written


def show(visit: Visit) -> Response:
    """Show the form, and whose points would change with what it holds."""
    visit.demand_instructor()
    checks = verdicts.checks_of_class(visit.store)
    asked = _asked(visit)
    present = visit.store.points()
    found: tuple[Change, ...] = ()
    problem = ""
    points: Points = {}
    try:
        points = {**present, **known(parse_points(asked), checks)}
    except WhatIfError as error:
        problem = f"{error}."
    if asked and not problem:
        found = _found(visit, points, checks)
    return visit.page(
        "review/what_if.html",
        "What if",
        checks=checks,
        fields=_fields(visit),
        asked=bool(asked),
        present=present,
        points=points,
        found=found[:MOST_SHOWN],
        more=max(0, len(found) - MOST_SHOWN),
        gained=sum(one.points > 0 for one in found),
        lost=sum(one.points < 0 for one in found),
        rows={row.entry.name: row for row in visit.rows},
        problem=problem,
    )


def apply(visit: Visit) -> Response:
    """Let points count for the whole class."""
    visit.demand_instructor()
    points = parse_points(visit.texts("points"))
    shown = visit.text("based_on")
    if shown != _words(visit.store.points()):
        raise Refused(409, "Somebody else changed the points meanwhile; look at the page again before you decide.")
    table = set_points(visit.store, points, visit.person.name, visit.text("reason"))
    said = f"These points count now: {_words(table)}." if table else "The points of the rubric count again."
    return visit.done("/what-if", said)


def show_limit(visit: Visit) -> Response:
    """Show the form for a limit, and the trial that runs or ended last."""
    visit.demand_instructor()
    trial = trial_of(visit.desk.folder)
    rows = {row.entry.name: row for row in visit.rows}
    return visit.page("review/what_if_limit.html", "What if: a limit", trial=trial, rows=rows)


def try_limit(visit: Visit) -> Response:
    """Begin to judge the class with another limit."""
    visit.demand_instructor()
    name, value = visit.text("limit"), visit.text("value").replace(",", ".")
    limits = parse_points([f"{name}={value}"])
    try:
        assignment = assignment_here()
    except ReplayError as error:
        raise Refused(409, f"{error}.") from None
    LimitTrial.begin(visit.desk.folder, assignment, limits)
    return visit.done("/what-if/limit")


def apply_limit(visit: Visit) -> Response:
    """Let the verdicts of the last trial count."""
    visit.demand_instructor()
    trial = trial_of(visit.desk.folder)
    if trial is None or not trial.done or trial.words != visit.text("based_on"):
        raise Refused(409, "Another limit was tried meanwhile; look at the page again before you decide.")
    problems = trial.apply(visit.store, visit.person.name, visit.text("reason"))
    if problems:
        visit.session.tell(f"{len(problems)} verdicts were left, as a person had decided on them before.", "problem")
    return visit.done("/what-if/limit", "The verdicts with this limit count now.")


def _asked(visit: Visit) -> list[str]:
    return [f"{check}={points}" for check, points in _fields(visit) if check or points]


def _fields(visit: Visit) -> list[tuple[str, str]]:
    """Return what stands in the form: ids of checks or items, and points."""
    numbers = range(1, FIELDS + 1)
    return [(visit.text(f"id{n}"), visit.text(f"points{n}").replace(",", ".")) for n in numbers]


def _found(visit: Visit, points: Points, checks: Mapping[str, Sequence[str]]) -> tuple[Change, ...]:
    about = {**visit.store.points(), **points}
    return changes(visit.rows, verdicts.of_class(visit.store, concerned(about, checks)), points, visit.store.items_of)


def _words(points: Points) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in sorted(points.items()))


routes = [
    get("/what-if", show),
    post("/what-if", apply),
    get("/what-if/limit", show_limit),
    post("/what-if/limit", try_limit),
    post("/what-if/limit/apply", apply_limit),
]
