"""The page of one submission: all that the report has, what people decided, and the way to the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

from grader.course.decided import decided
from grader.reports.executed import executed_notebook
from grader.review.class_table import confirmed, neighbours, possible, waiting
from grader.review.pages.decisions import forms
from grader.review.regrading import state_of
from grader.review.submission import nameless, picture, report_page, result_of
from grader.review.visit import Refused, Visit, get

if TYPE_CHECKING:
    from grader.course.store import Row

_FILE = {"cache-control": "private, max-age=86400, immutable"}


def show(visit: Visit) -> Response:
    """Show a submission."""
    row = visit.row()
    before, after = neighbours(visit.rows, row.entry.name)
    called = visit.called(row.entry)
    result = decided(result_of(visit.store, row), row.final)
    if visit.session.hide_names:
        result = nameless(result, called)
    frame = visit.frame(called) | {
        "row": row,
        "called": called,
        "before": before,
        "after": after,
        "confirmed": confirmed(row),
        "waiting": waiting(row),
        "possible": possible(row),
        "further": visit.desk.further,
        "released": _released(row),
        **forms(visit, row),
        "regrading": state_of(visit.store, visit.desk.folder),
    }
    return HTMLResponse(report_page(result, visit.link(row.entry.name), frame))


def _released(row: Row) -> str:
    if row.release is None:
        return "not yet: the student sees no marks"
    state = {
        "changed": "something was decided since, which the student does not see yet",
        "earlier": "of an earlier notebook",
    }.get(row.release_state, "as it is now")
    return f"{row.release.at[:16].replace('T', ' ')} UTC by {row.release.by}: {state}"


def show_picture(visit: Visit) -> Response:
    """Send a picture of the run."""
    row = visit.row()
    found = picture(result_of(visit.store, row), str(visit.request.path_params["name"]))
    if found is None:
        raise Refused(404, "There is no such picture.")
    return Response(found, media_type="image/png", headers=_FILE)


def executed(visit: Visit) -> Response:
    """Send the notebook as it ran, with the feedback."""
    row = visit.row()
    result = decided(result_of(visit.store, row), row.final)
    if visit.session.hide_names:
        result = nameless(result, visit.called(row.entry))
    name = f"{visit.desk.address(row.entry.name)}.ipynb"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(executed_notebook(result), media_type="application/x-ipynb+json", headers=headers)


routes = [
    get("/submissions/{submission}", show),
    get("/submissions/{submission}/executed.ipynb", executed),
    get("/submissions/{submission}/pictures/{name}.png", show_picture),
]
