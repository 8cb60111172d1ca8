"""The class: all submissions in a table, what waits, and the distribution of the points."""

from __future__ import annotations

from starlette.responses import Response

from grader.review.desk import Link
from grader.review.visit import Visit, get

navigation = (Link("Class", "/class", 20),)


def show(visit: Visit) -> Response:
    """Show the table."""
    return visit.page("review/class.html", "Class", rows=visit.rows[:100])


routes = [get("/class", show)]
