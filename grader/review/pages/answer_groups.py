"""Groups of answers to one question: decide on many that say the same at once, and take single ones out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from grader.course.decisions import Mark
from grader.course.scores import limit
from grader.formatting import number
from grader.review import marking
from grader.review.groups import Group
from grader.review.pages.queue import MOST_VERSION, Queue, decided, queue_of
from grader.review.proposals import groups
from grader.review.visit import Refused, Visit, get, post

if TYPE_CHECKING:
    from grader.course.store import Row

MOST_SHOWN = 100  # answers of one group on a page
MOST_LISTED = 200  # groups in the list


@dataclass(frozen=True)
class Member:
    """An answer of a group, with its row and what a person gave it."""

    row: Row
    answer: str
    given: Mark | None


@dataclass(frozen=True)
class Listed:
    """A group in the list: its most typical answer, and how many of its answers there are and are decided."""

    address: str
    answer: str
    size: int
    decided: int
    width: float


def overview(visit: Visit) -> Response:
    """Show the groups, the largest first, and how many answers stand alone."""
    queue = _queue(visit)
    answers = _answers(visit, queue)
    found = groups(answers) if not queue.missing else None
    by_address = {visit.desk.address(row.entry.name): row for row, _ in queue.entries}
    listed = [_listed(group, by_address, answers, queue.item) for group in found or () if len(group.members) > 1]
    return visit.page(
        "review/answer_groups.html",
        f"{queue.item}: groups of answers",
        queue=queue,
        ready=found is not None,
        groups=[one for one in listed if one.decided < one.size][:MOST_LISTED],
        done=[one for one in listed if one.decided == one.size][:MOST_LISTED],
        alone=sum(len(group.members) == 1 for group in found or ()),
    )


def show(visit: Visit) -> Response:
    """Show a group's answers, all ticked that nobody has decided, and the form for their mark."""
    return page(visit, _queue(visit))


def page(
    visit: Visit,
    queue: Queue,
    typed: marking.Typed | None = None,
    problem: str = "",
    ticked: Sequence[str] | None = None,
) -> Response:
    """Return the page of the group that the address names; with what was `typed`, and the `problem` with it."""
    answers = _answers(visit, queue)
    found = groups(answers, 60.0)
    wanted = str(visit.request.path_params["submission"])
    group = next((one for one in found or () if wanted in one.members), None)
    if group is None:
        raise Refused(404, "There is no such group.")
    by_address = {visit.desk.address(row.entry.name): row for row, _ in queue.entries}
    members = [
        Member(by_address[one], answers[one], marking.given(by_address[one], queue.item)) for one in group.members
    ]
    if ticked is None:
        ticked = [one for one, member in zip(group.members, members, strict=True) if member.given is None][:MOST_SHOWN]
    standing = members[0].row.machine.item(queue.item)
    return visit.page(
        "review/answer_group.html",
        f"{queue.item}: {len(members)} answers that say the same?",
        status=409 if problem else 200,
        queue=queue,
        first=group.members[0],
        members=members[:MOST_SHOWN],
        more=max(0, len(members) - MOST_SHOWN),
        ticked=frozenset(ticked),
        typed=typed or marking.Typed(),
        versions={visit.desk.address(one.row.entry.name): marking.version(one.given) for one in members},
        problem=problem,
        most=limit(standing) if standing is not None else 0.0,
        lines=marking.lines(visit, queue.item),
        comments=marking.comments(visit, queue.item),
        following=_next(found or (), group, by_address, queue.item),
    )


def save(visit: Visit) -> Response:
    """Give all ticked answers the mark of the form, in one transaction, and go on to the next group."""
    queue = _queue(visit)
    ticked = visit.texts("member")
    by_address = {visit.desk.address(row.entry.name): row for row, _ in queue.entries}
    rows = [by_address[one] for one in ticked if one in by_address]
    for row in rows:
        visit.demand_mark(row.entry.name, queue.item)
    typed = marking.read(visit)
    seen = {
        row.entry.name: visit.whole(f"seen-{visit.desk.address(row.entry.name)}", 0, most=MOST_VERSION) for row in rows
    }
    try:
        if not rows:
            raise marking.Problem("Tick at least one answer.")
        most = min(limit(standing) for row in rows if (standing := row.machine.item(queue.item)) is not None)
        decision = marking.decide(typed, marking.lines(visit, queue.item), most)
        marking.save(visit, rows, queue.item, decision, seen)
    except marking.Problem as problem:
        return page(visit, _queue(visit), typed, str(problem), ticked)
    saved = f"{marking.counted(len(rows), 'answer')} to {queue.item}"
    told = f"Saved: {saved}: {number(decision.points)} of {number(most)} each."
    return visit.done(visit.text("following") or f"{queue.address}/groups", told)


def _queue(visit: Visit) -> Queue:
    visit.request.path_params.setdefault("kind", "answer")
    return queue_of(visit)


def _answers(visit: Visit, queue: Queue) -> dict[str, str]:
    return {visit.desk.address(row.entry.name): entry.answer for row, entry in queue.entries if entry.answer}


def _listed(group: Group, rows: Mapping[str, Row], answers: Mapping[str, str], item: str) -> Listed:
    done = sum(item in decided(rows[one]) for one in group.members)
    return Listed(group.members[0], answers[group.members[0]], len(group.members), done, group.width)


def _next(found: Sequence[Group], group: Group, rows: Mapping[str, Row], item: str) -> str:
    """Return the first member of the next group, going round, with at least two answers, one of them not decided."""
    at = list(found).index(group)
    around = [*found[at + 1 :], *found[:at]]
    open_groups = (
        one.members[0]
        for one in around
        if len(one.members) > 1 and not all(item in decided(rows[m]) for m in one.members)
    )
    return next(open_groups, "")


routes = [
    get("/queue/{item}/answer/groups", overview),
    get("/queue/{item}/answer/groups/{submission}", show),
    post("/queue/{item}/answer/groups/{submission}", save),
]
