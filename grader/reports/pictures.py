"""Choose what a report shows of the evidence: charts, tables of trainings, models and devices, figures, a time line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.language import tr
from grader.reports.charts import Band, Chart, Curve, Layout, lay_out
from grader.reports.devices import DEVICES, PlacementRow, placement
from grader.reports.figures import FiguresOfCell, figures
from grader.reports.layers import ModelTable, model_table
from grader.reports.timeline import Timeline, timeline

if TYPE_CHECKING:
    from grader.assignment import Evidence, Threshold
    from grader.evidence.trainings import Training

MOST_TRAININGS = 8


@dataclass(frozen=True)
class TrainingRow:
    """A training in a table: seconds of an epoch and the last test's loss and accuracy, None where unknown.

    `expected` is the range of the reference's test loss after as many epochs, None if it was not measured.
    """

    name: str
    device: str
    epochs: int
    seconds: float | None
    loss: float | None
    accuracy: float | None
    expected: tuple[float, float] | None


@dataclass(frozen=True)
class Pictures:
    """All pictures and tables of a report; `figures` holds the student's own, by item."""

    losses: tuple[Layout, ...] = ()
    accuracy: Layout | None = None
    trainings: tuple[TrainingRow, ...] = ()
    figures: Mapping[str, tuple[FiguresOfCell, ...]] = field(default_factory=dict)
    models: tuple[ModelTable, ...] = ()
    placements: tuple[PlacementRow, ...] = ()
    timeline: Timeline | None = None
    virtual_gpu: bool = False

    @property
    def any(self) -> bool:
        """True if there is something to show of the run."""
        return bool(self.trainings or self.models or self.placements or self.timeline)

    @property
    def has_images(self) -> bool:
        """True if a picture of the notebook itself is shown."""
        return any(group.pictures for groups in self.figures.values() for group in groups)


def pictures(evidence: Evidence) -> Pictures:
    """Return the pictures and tables for this evidence."""
    trainings = evidence.all_trainings[:MOST_TRAININGS]
    losses = (lay_out(_losses(evidence, training)) for training in trainings)
    return Pictures(
        losses=tuple(layout for layout in losses if layout is not None),
        accuracy=lay_out(_accuracy(trainings)),
        trainings=tuple(_row(evidence, training) for training in trainings),
        figures=figures(evidence),
        models=tuple(model_table(probe) for probe in evidence.models.values() if probe.operations),
        placements=tuple(row for probe in evidence.loops.values() if (row := placement(probe)) is not None),
        timeline=timeline(evidence.run),
        virtual_gpu=evidence.virtual_gpu,
    )


def _name(training: Training) -> str:
    model = training.model.class_name[:80]
    if training.device == "cuda":
        return tr("{model} on the GPU", model=model)
    return tr("{model} on the CPU", model=model) if training.device == "cpu" else f"{model} ({training.device})"


def _row(evidence: Evidence, training: Training) -> TrainingRow:
    epochs = training.epochs
    timed = not (evidence.virtual_gpu and training.device == "cuda")  # the times of a simulated GPU mean nothing
    last, limit = epochs[-1].test, _limits(evidence, training).get(len(epochs))
    return TrainingRow(
        training.model.class_name[:80],
        DEVICES.get(training.device, training.device),
        len(epochs),
        sum(epoch.end - epoch.start for epoch in epochs) / len(epochs) if timed else None,
        last.mean_loss if last is not None else None,
        last.accuracy if last is not None else None,
        _range(limit) if limit is not None else None,
    )


def _losses(evidence: Evidence, training: Training) -> Chart:
    x: list[float] = []
    y: list[float | None] = []
    for number, epoch in enumerate(training.epochs):
        recorded = epoch.train.losses
        x += [number + (place + 1) / len(recorded) for place in range(len(recorded))]
        y += recorded
    tests = [epoch.test.mean_loss if epoch.test is not None else None for epoch in training.epochs]
    epochs = range(1, len(training.epochs) + 1)
    curves = [
        Curve(tr("training loss of each batch"), x, y, "thin"),
        Curve(tr("test loss after each epoch"), list(epochs), tests),
    ]
    ranges = {number: found for number, limit in _limits(evidence, training).items() if (found := _range(limit))}
    bands = (
        Band(
            tr("the reference's test loss"),
            list(ranges),
            [low for low, _ in ranges.values()],
            [high for _, high in ranges.values()],
        ),
    )
    title = tr("Losses of the {training}", training=_name(training))
    return Chart(title, tuple(curves), tr("epoch"), tr("loss"), log_y=True, bands=bands if ranges else ())


def _limits(evidence: Evidence, training: Training) -> dict[int, Threshold]:
    """Return the limits on the loss after each epoch that the assignment has for the training's model, if any."""
    role = next((r for r, probe in evidence.models.items() if probe.class_name == training.model.class_name), None)
    every = evidence.reference.thresholds
    names = {number: f"{role}.loss.{number}" for number in range(1, len(training.epochs) + 1)}
    return {number: every[name] for number, name in names.items() if name in every}


def _range(limit: Threshold) -> tuple[float, float] | None:
    """Return the range that a limit leaves around the median; losses are log-normal, so it is as wide on both sides."""
    if limit.high is None or limit.median is None or not 0 < limit.median <= limit.high:
        return None
    return limit.median**2 / limit.high, limit.high


def _accuracy(trainings: Sequence[Training]) -> Chart:
    curves = []
    for training in trainings:
        values = [epoch.test.accuracy if epoch.test is not None else None for epoch in training.epochs]
        percent = [None if value is None else 100 * value for value in values]
        curves.append(Curve(_name(training), list(range(1, len(values) + 1)), percent))
    return Chart(tr("Accuracy on the test images"), tuple(curves), tr("epoch"), tr("correct, in %"))
