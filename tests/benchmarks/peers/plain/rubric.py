"""Four questions, each answered by a printed line."""

from __future__ import annotations

from grader.assignment import Assignment, Check, CheckFunction, Evidence, Fail, Item, Rubric
from tests.benchmarks.peers.cases import PRINTED


def printed(line: str) -> CheckFunction:
    """A check that some cell printed exactly this line."""

    def check(e: Evidence) -> str:
        if not any(line in cell.stdout.splitlines() for cell in e.run.cells):
            raise Fail("no cell printed it", line)
        return f"printed: {line}"

    check.__doc__ = f"The line '{line}' is printed."
    return check


ASSIGNMENT = Assignment(
    name="bench-plain",
    rubric=Rubric(
        "bench-plain", tuple(Item(id, id, 1, (Check(f"{id}.value", 1, printed(line)),)) for id, line in PRINTED.items())
    ),
    prompts=(),
    template=lambda: (),
    models=(),
    loops=(),
    transform=None,
    program=(),
    anchors=lambda run: {},
    thresholds=lambda size: {},
)
