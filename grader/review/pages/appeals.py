"""The appeals: what students dispute, beside the evidence and all who lost by the same check."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.datastructures import UploadFile
from starlette.responses import Response

from grader.course.appeal_decisions import accept, followers, reject
from grader.course.appeal_decisions import told as told_in_words
from grader.course.appeals import Appeal, all_appeals, appeal, file_appeal
from grader.course.appeals_csv import import_appeals
from grader.course.disputed import Disputed, disputed
from grader.grading.replay import ReplayError
from grader.result import CheckResult
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
        resembling=[rows[name] for name in found.resembling if name in rows][:MOST_ALIKE],
        following=list(_following(found)),
        may_decide=all(visit.person.may_mark(one.submission, check.item) for check in found.checks),
        again=again,
        problem=problem,
    )


def _following(found: Disputed) -> Iterator[CheckResult]:
    """Yield the checks that were skipped because one in question failed."""
    every = {check.id: check for item in found.result.items for check in item.checks}
    messages = [(check.id, check.message) for check in every.values()]
    yield from (every[check] for check in followers(messages, [one.verdict.id for one in found.checks]))


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


def decide(visit: Visit) -> Response:
    """Accept or reject an appeal, with all that are ticked."""
    one = _appeal(visit)
    found = disputed(visit.store, one)
    told = {check.id: item.id for item in found.result.items for check in item.checks}
    others = [visit.row(address).entry.name for address in visit.texts("alike")]
    if visit.text("decision") not in ("accept", "reject"):
        raise Refused(400, "Choose to accept or to reject the appeal.")
    points = dict(_points(visit, told)) if visit.text("decision") == "accept" else {}
    concerned = {told[check] for check in points} or {check.item for check in found.checks}
    for name in (one.submission, *others):
        for item in concerned:
            visit.demand_mark(name, item)
    reason, by = visit.text("reason"), visit.person.name
    if visit.text("decision") == "accept":
        if not points:
            raise Refused(400, "Say how many points the check gets.")
        done = accept(visit.store, one.id, reason, by, points, others)
    else:
        done = reject(visit.store, one.id, reason, by, others)
    if done.problems:
        visit.session.tell("\n".join(("Left as it was:", *(_hidden(visit, one) for one in done.problems))), "problem")
    said = told_in_words(done, "accepted" if points else "rejected")
    return visit.done("/appeals", f"{said[0].upper()}{said[1:]}.")


def _points(visit: Visit, told: dict[str, str]) -> Iterator[tuple[str, float]]:
    """Yield the points in the form, of the checks for which some are given."""
    for check in visit.texts("check"):
        given = visit.text(f"points {check}").replace(",", ".")
        if not given or check not in told:
            continue
        try:
            yield check, float(given)
        except ValueError:
            raise Refused(400, f"The points of {check} are no number.") from None


def _hidden(visit: Visit, problem: str) -> str:
    """Return a sentence that begins with a submission's name, with what the submission is called here."""
    name, colon, rest = problem.partition(": ")
    row = next((row for row in visit.rows if row.entry.name == name), None)
    return f"{visit.called(row.entry)}{colon}{rest}" if row is not None else problem


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
    post("/appeals/{number}", decide),
]
