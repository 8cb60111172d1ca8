"""Grade submissions again."""

from __future__ import annotations

from starlette.responses import Response

from grader.review.regrading import start, stop
from grader.review.visit import Visit, post


def regrade(visit: Visit) -> Response:
    """Start to grade one, some or all again."""
    visit.demand_instructor()
    chosen = None if visit.text("which") == "all" else [visit.row(one).entry.name for one in visit.texts("one")]
    count = start(visit.store, visit.desk.folder, chosen)
    back = visit.text("back") or "/class"
    return visit.done(back, f"{count} {'submission is' if count == 1 else 'submissions are'} being graded again.")


def end(visit: Visit) -> Response:
    """Stop the running grading."""
    visit.demand_instructor()
    stopped = stop(visit.store)
    said = "The grading is being stopped; what is graded stays." if stopped else "No grading is running."
    return visit.done("/class", said)


routes = [post("/regrade", regrade), post("/regrade/stop", end)]
