"""An assignment that imports nothing slow, for classes whose gradings take no time."""

from grader.assignment import Assignment
from tests.conftest import RUBRIC, passes

ITEMS = RUBRIC.items[:3]
ASSIGNMENT = Assignment(
    name="tiny",
    rubric=type(RUBRIC)("tiny", ITEMS),
    prompts=(),
    template=tuple,
    models=(),
    loops=(),
    transform=passes,
    program=(),
    anchors=lambda run: {},
    thresholds=lambda size: {},
)
