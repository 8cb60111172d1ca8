"""The queue: what waits for a person, item by item over all students, one submission after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.responses import Response

from grader.course.questions import Question
from grader.course.scores import limit
from grader.course.store import StoreError, read_document
from grader.formatting import number
from grader.review import marking
from grader.review.desk import Link
from grader.review.proposals import prepare, run_of
from grader.review.queue import KINDS, Kind, Waiting, place, tally
from grader.review.visit import Refused, Visit, get, post
from grader.review.waits import waits_of

if TYPE_CHECKING:
    from grader.course.store import Row
    from grader.result import ItemResult

WHOLE = "file"  # stands in addresses for the item of a file that failed as a whole

MOST_VERSION = 10**9

navigation = (Link("Queue", "/queue", 10),)


@dataclass(frozen=True)
class Queue:
    """The queue of one item and kind: its entries in order, and the names of the submissions that are decided."""

    item: str
    kind: Kind
    entries: tuple[tuple[Row, Waiting], ...]
    decided: frozenset[str]
    question: Question
    missing: int = 0  # gradings that have yet to be looked at

    @property
    def names(self) -> list[str]:
        """The names of the submissions, in order."""
        return [row.entry.name for row, _ in self.entries]

    @property
    def address(self) -> str:
        """The address of this queue."""
        return f"/queue/{self.item or WHOLE}/{self.kind}"

    def at(self, submission: str) -> tuple[Row, Waiting]:
        """Return the entry of a submission, by name. Raises KeyError."""
        found = next(((row, entry) for row, entry in self.entries if row.entry.name == submission), None)
        if found is None:
            raise KeyError(submission)
        return found


def entries(visit: Visit) -> tuple[list[tuple[Row, Waiting]], int]:
    """Return what waits and the person may mark, and how many gradings have yet to be looked at."""
    found, missing = waits_of(visit.desk.folder).of(visit.store, visit.rows)
    if visit.person.is_instructor:
        return found, missing
    return [(row, one) for row, one in found if visit.person.may_mark(row.entry.name, one.item)], missing


def decided(row: Row) -> frozenset[str]:
    """Return the items of the notebook that counts on which a person has decided: by a mark, or check by check."""
    waited = {item.id for item in row.machine.items if item.open}
    still = {item.id for item in row.final.standing.items if item.open}
    overruled = {one.item for one in row.final.overrides.values()} - waited
    return frozenset(row.final.marks) | (waited - still) | overruled


def queue_of(visit: Visit) -> Queue:
    """Return the queue that the address names. Raises Refused."""
    item, kind = visit.request.path_params["item"], visit.request.path_params["kind"]
    item = "" if item == WHOLE else item
    if kind not in KINDS:
        raise Refused(404, "There is no such queue.")
    every, missing = entries(visit)
    found = [(row, one) for row, one in every if (one.item, one.kind) == (item, kind)]
    if not found:
        raise Refused(404, "Nothing of this kind waits here, or you may not mark it.")
    # in the order of what stands for the names: nobody is always first or last, and names need not be known
    found.sort(key=lambda pair: visit.desk.address(pair[0].entry.name))
    names = frozenset(row.entry.name for row, _ in found if item in decided(row))
    return Queue(item, cast(Kind, kind), tuple(found), names, question(visit, item, found[0][0]), missing)


def question(visit: Visit, item: str, row: Row) -> Question:
    """Return the question of an item as the store keeps it, else with the title of a result."""
    for one in visit.store.questions():
        if one.item == item:
            return one
    try:
        titles = {one.id: one.title for one in read_document(visit.store.document(row.key)).items}
    except StoreError:
        titles = {}
    return Question(item, titles.get(item, ""))


# --- the overview ------------------------------------------------------------------------------------------------


def overview(visit: Visit) -> Response:
    """Show how much waits, by item and kind."""
    found, missing = entries(visit)
    done = {(row.entry.name, item) for row in visit.rows for item in decided(row)}
    rows = tally(((row.entry.name, one) for row, one in found), done, visit.store.items())
    titles = {one.item: one.title for one in visit.store.questions()}
    return visit.page(
        "review/queue.html",
        "Queue",
        tallies=rows,
        titles=titles,
        kinds=KINDS,
        whole=WHOLE,
        missing=missing,
        left=sum(one.left for one in rows if one.kind in ("answer", "unsure", "error")),
    )


# --- one submission ----------------------------------------------------------------------------------------------


def start(visit: Visit) -> Response:
    """Go to the first submission that nobody has decided, or show that nothing is left."""
    queue = queue_of(visit)
    first = next((name for name in queue.names if name not in queue.decided), queue.names[0])
    return visit.done(address_of(visit, queue, first))


def address_of(visit: Visit, queue: Queue, submission: str) -> str:
    """Return the address of a submission in a queue; that of the overview for ''."""
    return f"{queue.address}/{visit.desk.address(submission)}" if submission else "/queue"


def show(visit: Visit) -> Response:
    """Show one submission of a queue: the answer beside the facts of its run, and the form for the mark."""
    queue = queue_of(visit)
    row, entry = _entry(visit, queue)
    return page(visit, queue, row, entry)


def _entry(visit: Visit, queue: Queue) -> tuple[Row, Waiting]:
    row = visit.row()
    try:
        return queue.at(row.entry.name)
    except KeyError:
        raise Refused(404, "This submission is not in this queue.") from None


def page(
    visit: Visit, queue: Queue, row: Row, entry: Waiting, typed: marking.Typed | None = None, problem: str = ""
) -> Response:
    """Return the page of a submission; with what was `typed` and the `problem` with it, if there is one."""
    here = place(row.entry.name, queue.names, queue.decided)
    given = marking.given(row, queue.item)
    standing = row.machine.item(queue.item)
    if here.next_left:
        following = queue.at(here.next_left)[0]
        prepare(visit.desk.folder, following.key, following.graded_at)
    return visit.page(
        "review/queue_one.html",
        f"{queue.item or 'File'}: {queue.question.title or KINDS[queue.kind]}",
        status=409 if problem else 200,
        queue=queue,
        row=row,
        entry=entry,
        item=item_of(visit, row, queue.item),
        place=here,
        given=given,
        typed=typed or marking.typed_before(given),
        seen=marking.version(given),
        problem=problem,
        most=limit(standing) if standing is not None else 0.0,
        lines=marking.lines(visit, queue.item, given),
        comments=marking.comments(visit, queue.item),
        run=run_of(visit.desk.folder, row.key, row.graded_at),
        address=lambda name: address_of(visit, queue, name),
        kind_name=KINDS[queue.kind],
    )


def item_of(visit: Visit, row: Row, item: str) -> ItemResult | None:
    """Return an item's result with its checks, None if it has none that this version reads."""
    try:
        result = read_document(visit.store.document(row.key))
    except StoreError:
        return None
    return next((one for one in result.items if one.id == item), None)


# --- forms -------------------------------------------------------------------------------------------------------


def save(visit: Visit) -> Response:
    """Store the mark of the form, and go on to the next submission that nobody has decided."""
    queue = queue_of(visit)
    row, _ = _entry(visit, queue)
    visit.demand_mark(row.entry.name, queue.item)
    typed = marking.read(visit)
    standing = row.machine.item(queue.item)
    if standing is None:
        raise Refused(409, "This file could not be graded, so there are no points to give; grade it again.")
    try:
        known = marking.lines(visit, queue.item, marking.given(row, queue.item))
        decision = marking.decide(typed, known, limit(standing))
        marking.save(visit, [row], queue.item, decision, {row.entry.name: visit.whole("seen", 0, most=MOST_VERSION)})
    except marking.Problem as problem:
        return _again(visit, typed, str(problem))
    told = f"Saved: {visit.called(row.entry)}, {queue.item}: {number(decision.points)} of {number(limit(standing))}."
    after = place(row.entry.name, queue.names, queue.decided).next_left
    if visit.text("go") == "stay":
        return visit.done(address_of(visit, queue, row.entry.name), told)
    if not after:
        return visit.done("/queue", f"{told} Nothing is left of {queue.item}, {KINDS[queue.kind]}.")
    return visit.done(address_of(visit, queue, after), told)


def remove(visit: Visit) -> Response:
    """Remove the mark; the machine's points count again, and the item waits again."""
    queue = queue_of(visit)
    row, _ = _entry(visit, queue)
    visit.demand_mark(row.entry.name, queue.item)
    try:
        marking.remove(visit, row, queue.item, visit.whole("seen", 0, most=MOST_VERSION))
    except marking.Problem as problem:
        return _again(visit, None, str(problem))
    told = f"Removed: the mark of {visit.called(row.entry)}, {queue.item}."
    return visit.done(address_of(visit, queue, row.entry.name), told)


def _again(visit: Visit, typed: marking.Typed | None, problem: str) -> Response:
    """Show the submission as it stands now, with the problem."""
    queue = queue_of(visit)
    row, entry = _entry(visit, queue)
    return page(visit, queue, row, entry, typed, problem)


def undo(visit: Visit) -> Response:
    """Take back the person's own last change, and show its first submission again if it is in this queue."""
    queue = queue_of(visit)
    try:
        undone = marking.undo(visit)
    except marking.Problem as problem:
        return visit.done(queue.address, str(problem), "problem")
    called = {row.entry.name: visit.called(row.entry) for row in visit.rows}
    first = undone[0]
    what = f"{first.action} of {first.item}" if first.item else first.action
    whose = f", {called[first.submission]}" if first.submission in called else ""
    more = f", and {len(undone) - 1} more" if len(undone) > 1 else ""
    here = first.submission if first.submission in queue.names and first.item == queue.item else ""
    return visit.done(address_of(visit, queue, here) if here else queue.address, f"Undone: {what}{whose}{more}.")


routes = [
    get("/queue", overview),
    get("/queue/{item}/{kind}", start),
    post("/queue/{item}/{kind}/undo", undo),
    get("/queue/{item}/{kind}/{submission}", show),
    post("/queue/{item}/{kind}/{submission}", save),
    post("/queue/{item}/{kind}/{submission}/remove", remove),
]
