"""Release marks: see whose points students will see, and let them see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple

from starlette.responses import Response

from grader.course.handback import Planned, planned
from grader.review.desk import Link
from grader.review.releasing import latest, start
from grader.review.visit import Visit, get, post

MOST_SHOWN = 200

navigation = (Link("Release", "/release", 25, for_assistants=False),)


def show(visit: Visit) -> Response:
    """Show what a release would change."""
    visit.demand_instructor()
    rows = [row for row in visit.rows if not row.missing]
    ready, held = _ready(visit)
    return visit.page(
        "review/release.html",
        "Release",
        ready=ready[:MOST_SHOWN],
        more=max(0, len(ready) - MOST_SHOWN),
        count=len(ready),
        seen=_digest(ready),
        held=held,
        entries={row.entry.name: row.entry for row in rows},
        failed={row.entry.name for row in rows if row.final.standing.status == "failed"},
        running=latest(visit.desk.folder),
    )


def release(visit: Visit) -> Response:
    """Release all in which nothing waits, if they are still what the page showed."""
    visit.demand_instructor()
    plan, _ = _ready(visit)
    names = [one.name for one in plan]
    if not names:
        return visit.done("/release", "There is nothing to release.")
    if visit.text("seen") != _digest(plan):
        told = "Nothing was released, since somebody decided meanwhile. Look at the list again, then release it."
        return visit.done("/release", told, kind="problem")
    if not start(visit.desk.folder, names, visit.person.name):
        return visit.done("/release", "A release is running already; wait until it has ended.", kind="problem")
    many = "1 submission is" if len(names) == 1 else f"{len(names)} submissions are"
    return visit.done("/release", f"{many} being released.")


def _ready(visit: Visit) -> tuple[list[Planned], int]:
    """Return what a release would change for submissions in which nothing waits, and how many others are left out."""
    waiting = {row.entry.name for row in visit.rows if row.final.standing.waiting}
    plan = planned(visit.rows)
    ready = [one for one in plan if one.name not in waiting]
    return ready, len(plan) - len(ready)


def _digest(plan: Sequence[Planned]) -> str:
    """Return what tells a list of releases from another, so that the button releases what the page showed."""
    return hashlib.sha256(json.dumps([astuple(one) for one in plan]).encode()).hexdigest()


routes = [get("/release", show), post("/release", release)]
