"""The appeals: what students dispute, beside the evidence and all who lost by the same check."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.responses import Response

from grader.course.appeals import Appeal, all_appeals, appeal, file_appeal
from grader.course.appeals_csv import import_appeals
from grader.course.disputed import disputed
from grader.grading.replay import ReplayError
from grader.review.called import row_called
from grader.review.desk import Link
from grader.review.replayed import replayed
from grader.review.visit import Refused, Visit, get, post

navigation = (Link("Appeals", "/appeals", 30),)
MOST_LISTED = 500
MOST_ALIKE = 300


def index(visit: Visit) -> Response:
    """List the appeals, open ones first."""
    rows = {row.entry.name: row for row in visit.rows}
    mine = [one for one in all_appeals(visit.store) if one.submission in rows]
    return visit.page(
        "review/appeals.html",
        "Appeals",
        appeals=mine[:MOST_LISTED],
        more=max(0, len(mine) - MOST_LISTED),
        open=sum(one.status == "open" for one in mine),
        rows=rows,
    )


def show(visit: Visit) -> Response:
    """Show an appeal with all that belongs to it."""
    one = _appeal(visit)
    found = disputed(visit.store, one)
    rows = {row.entry.name: row for row in visit.rows}
    again, problem = None, ""
    if visit.text("replay"):
        try:
            again = {check: replayed(found.result, check) for check in (each.verdict.id for each in found.checks)}
        except ReplayError as error:
            problem = f"{error}."
    others = [rows[name] for name in found.others if name in rows]
    return visit.page(
        "review/appeal.html",
        f"Appeal {one.id}: {visit.called(rows[one.submission].entry)}, {one.check}",
        appeal=one,
        row=rows[one.submission],
        found=found,
        others=others[:MOST_ALIKE],
        more=max(0, len(others) - MOST_ALIKE),
        again=again,
        problem=problem,
    )


def add(visit: Visit) -> Response:
    """Store an appeal that a person enters."""
    row = visit.row(visit.text("submission")) if visit.text("submission") else row_called(visit, visit.text("who"))
    one, new = file_appeal(visit.store, row.entry.name, visit.text("check"), visit.text("text"), visit.person.name)
    said = "The appeal is stored." if new else "This appeal was known already."
    return visit.done(f"/appeals/{one.id}", said)


def add_file(visit: Visit) -> Response:
    """Store the appeals of a CSV file."""
    visit.demand_instructor()
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Refused(400, "Choose a CSV file first.")
    done = import_appeals(visit.store, file.file.read().decode("utf-8-sig", "replace"), visit.person.name)
    said = f"{len(done.filed)} new appeals, {done.known} known before."
    if done.problems:
        visit.session.tell("\n".join(("These lines cannot be used:", *done.problems[:50])), "problem")
    return visit.done("/appeals", said)


def _appeal(visit: Visit) -> Appeal:
    number = str(visit.request.path_params["number"])
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise Refused(404, "There is no such appeal.")
    one = appeal(visit.store, int(number))
    if all(row.entry.name != one.submission for row in visit.rows):
        raise Refused(404, "There is no such appeal, or you may not read it.")
    return one


routes = [
    get("/appeals", index),
    post("/appeals", add),
    post("/appeals/file", add_file),
    get("/appeals/{number}", show),
]
