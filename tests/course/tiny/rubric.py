"""A tiny assignment whose checks look at the source of cells."""

from __future__ import annotations

from grader.assignment import Assignment, Check, Evidence, Fail, Item, Review, Rubric, Threshold


def prints(e: Evidence) -> str:
    """Something is printed."""
    if not any("print" in cell.source for cell in e.notebook.cells):
        raise Fail("nothing is printed in 1 of 3 cells", "one print", "What shows a value?")
    return "printed"


def timed(e: Evidence) -> str:
    """The time is printed."""
    if not any("time" in cell.source for cell in e.notebook.cells):
        raise Fail(f"{len(e.notebook.cells)} cells print no time", "a time", "What tells the time?", credit=0.5)
    return "a time"


def low(e: Evidence) -> str:
    """The loss is low."""
    limit = e.reference.thresholds["loss"]
    if limit.high is not None and limit.high < 0.5:
        raise Fail(f"the loss is above {limit.high:g}")
    return "low"


def answered(e: Evidence) -> Review:
    """The question is answered."""
    return Review("a person decides", ("the loss fell",))


ASSIGNMENT = Assignment(
    "tiny",
    Rubric(
        "tiny",
        (
            Item("q1", "Printing", 4, (Check("q1.print", 2, prints), Check("q1.time", 2, timed, ("q1.print",)))),
            Item("q2", "Loss", 3, (Check("q2.low", 3, low),)),
            Item("q3", "Answer", 5, (Check("q3.answer", 5, answered),)),
        ),
    ),
    (),
    lambda: (),
    (),
    (),
    None,
    (),
    lambda run: {},
    lambda size: {"loss": Threshold(None, 0.6, "20 seeds")},
)
