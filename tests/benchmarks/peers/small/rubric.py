"""Four questions: the model's output, its parameters, its training, and a plot of the losses."""

from __future__ import annotations

from collections.abc import Sequence

from grader.assignment import Assignment, Check, Evidence, Fail, Item, ModelRole, Rubric
from grader.checks import models
from grader.evidence.run import numbers
from tests.benchmarks.peers.small.net import Net

PARAMETERS = 50_890
EPOCHS, BATCHES = 2, 8


def shapes(e: Evidence) -> str:
    """(B, 1, 28, 28) gives (B, 10)."""
    models.exists(e.models["net"], "Net")
    return models.output_shapes(e.models["net"], 10)


def parameters(e: Evidence) -> str:
    """The model has 50,890 parameters."""
    return models.parameter_count(e.models["net"], PARAMETERS)


def learns(e: Evidence) -> str:
    """Two epochs of 8 batches are trained, and the loss falls."""
    epochs = [seen for seen in e.run.passes if seen.trains and seen.complete and seen.steps == BATCHES]
    if len(epochs) != EPOCHS:
        raise Fail(f"{len(epochs)} epochs of {BATCHES} steps", f"{EPOCHS} epochs")
    losses = [loss for seen in epochs for loss in numbers(seen.losses)]
    if len(losses) != EPOCHS * BATCHES or not losses[-1] < losses[0]:
        raise Fail("the loss does not fall", "a loss that falls")
    return f"the loss falls from {losses[0]:.3f} to {losses[-1]:.3f}"


def plotted(e: Evidence) -> str:
    """All 16 losses are plotted."""
    lines = [line for figure in e.run.figures for axes in figure.axes for line in axes.lines]
    if not any(len(line.y) == EPOCHS * BATCHES for line in lines):
        raise Fail(f"{len(lines)} lines, none of them of {EPOCHS * BATCHES} points", "a line of all losses")
    return "a line of all losses"


def recognise(found: Sequence[tuple[int, ...]]) -> bool:
    """Whether parameters of these shapes are those of the model."""
    return sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in found if shape) == PARAMETERS


CHECKS = {"shapes": shapes, "parameters": parameters, "learns": learns, "plot": plotted}

ASSIGNMENT = Assignment(
    name="bench-small",
    rubric=Rubric(
        "bench-small", tuple(Item(id, id, 1, (Check(f"{id}.ok", 1, check),)) for id, check in CHECKS.items())
    ),
    prompts=(),
    template=lambda: (),
    models=(ModelRole("net", ("Net",), Net, ((1, 28, 28),), recognise),),
    loops=(),
    transform=None,
    program=(),
    anchors=lambda run: {},
    thresholds=lambda size: {},
)
