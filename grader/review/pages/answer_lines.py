"""The rubric of a written answer, made and changed while marking: a changed line changes every score that used it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from grader.course.decisions import RubricLine
from grader.course.scores import limit
from grader.formatting import number
from grader.review import marking
from grader.review.pages.queue import MOST_VERSION, Queue, queue_of
from grader.review.visit import Refused, Visit, get, post


@dataclass(frozen=True)
class Asked:
    """A change that has to be confirmed: what it does, the fields of the form, and how many scores it changes."""

    title: str
    sentence: str
    button: str
    uses: int
    fields: tuple[tuple[str, str], ...]


def show(visit: Visit) -> Response:
    """Show the lines, each as a form."""
    return page(visit, queue_of(visit))


def page(visit: Visit, queue: Queue, problem: str = "", asked: Asked | None = None) -> Response:
    """Return the page of the rubric, with a `problem` or what is `asked` before a change."""
    standing = queue.entries[0][0].machine.item(queue.item)
    here = visit.text("back")
    return visit.page(
        "review/rubric_lines.html",
        f"{queue.item}: rubric",
        status=409 if problem else 200,
        queue=queue,
        lines=marking.lines(visit, queue.item),
        most=limit(standing) if standing is not None else 0.0,
        back=here if here.startswith("/queue") else queue.address,
        uses=marking.uses(visit, queue.item),
        problem=problem,
        asked=asked,
    )


def save(visit: Visit) -> Response:
    """Add, change or retire a line; a change of what students get is asked for first."""
    queue = queue_of(visit)
    visit.demand_mark(queue.entries[0][0].entry.name, queue.item)
    if visit.person.students:
        raise Refused(403, "A rubric counts for all students, so who marks some of them cannot change it.")
    do, text = visit.text("do"), visit.text("text")
    try:
        if do == "add":
            marking.add_line(visit, queue.item, text, marking.points_in(visit.text("points")))
            return _done(visit, queue, f"Saved: a line of {queue.item}.")
        line = next((one for one in visit.store.lines(queue.item) if str(one.id) == visit.text("id")), None)
        if line is None:
            raise marking.Problem("Somebody removed this line meanwhile. Nothing was stored.")
        seen = visit.whole("seen", 0, most=MOST_VERSION)
        if do == "retire":
            marking.retire_line(visit, line, seen)
            return _done(visit, queue, f"Saved: '{line.text}' is offered no more; it counts where it was used.")
        points, used = marking.points_in(visit.text("points")), marking.uses(visit, queue.item)[line.id]
        if (text, points) == (line.text, line.points):
            return _done(visit, queue, "Nothing was changed.")
        if used and visit.text("confirmed") != str(used):
            return page(visit, queue, asked=_asked(queue, line, text, points, used, seen))
        marking.change_line(visit, line, text, points, seen)
    except marking.Problem as problem:
        return page(visit, queue, str(problem))
    changed = f" {marking.counted(used, 'score')} changed with it." if used and points != line.points else ""
    return _done(visit, queue, f"Saved: the rubric of {queue.item}.{changed}")


def _done(visit: Visit, queue: Queue, told: str) -> Response:
    back = visit.text("back")
    more = f"?back={back}" if back.startswith("/queue/") else ""
    return visit.done(f"{queue.address}/lines{more}", told)


def _asked(queue: Queue, line: RubricLine, text: str, points: float, uses: int, seen: int) -> Asked:
    """Return what is asked before a line changes that marks have used."""
    used = marking.counted(uses, "score")
    if points != line.points:
        title, button = "Change these scores?", f"Change {used}"
        says = (
            f"'{line.text}' will count {number(points)} instead of {number(line.points)}. "
            f"That changes {used} of {queue.item}: each that used this line."
        )
    else:
        title, button = "Change these words?", "Change the words"
        says = f"{used} of {queue.item} used '{line.text}'. The points stay, and the students read '{text}' instead."
    fields = (("id", str(line.id)), ("text", text), ("do", "change"), ("points", number(points)), ("seen", str(seen)))
    return Asked(title, says, button, uses, fields)


routes = [get("/queue/{item}/{kind}/lines", show), post("/queue/{item}/{kind}/lines", save)]
