"""Choose what a report shows of the evidence: charts, tables of models and devices, a time line, and cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

from grader.evidence.macs import macs
from grader.reports.charts import Chart, Curve, Layout, lay_out
from grader.reports.timeline import Timeline, timeline

if TYPE_CHECKING:
    from grader.assignment import Evidence
    from grader.evidence.probes import LoopProbe, ModelProbe, Operation
    from grader.evidence.run import Axes, Figure, Line
    from grader.evidence.trainings import Training

MOST_TRAININGS = 8
MOST_FIGURES = 12  # of an item
MOST_LAYERS = 60
DEVICES = {"cpu": "CPU", "cuda": "GPU"}


@dataclass(frozen=True)
class Layer:
    """A layer of a model: its description, its output's shape, the number of its weights without biases, its MACs."""

    name: str
    output: str
    weights: int
    macs: int


@dataclass(frozen=True)
class ModelTable:
    """A model's layers beside the reference's. `differs` is the number of the first row that differs, from 0."""

    title: str
    rows: tuple[tuple[Layer | None, Layer | None], ...]
    differs: int | None
    totals: tuple[Layer, Layer]


@dataclass(frozen=True)
class PlacementRow:
    """Where a function put the model, the data, the labels and the losses, and the percentage of FLOPs on each."""

    function: str
    model: str
    data: str
    labels: str
    losses: str
    flops: str


@dataclass(frozen=True)
class Pictures:
    """All pictures and tables of a report; `figures` holds the student's own, by item."""

    losses: tuple[Layout, ...] = ()
    accuracy: Layout | None = None
    figures: Mapping[str, tuple[Layout, ...]] = field(default_factory=dict)
    models: tuple[ModelTable, ...] = ()
    placements: tuple[PlacementRow, ...] = ()
    timeline: Timeline | None = None


def pictures(evidence: Evidence) -> Pictures:
    """Return the pictures and tables for this evidence."""
    trainings = evidence.all_trainings[:MOST_TRAININGS]
    losses = (lay_out(_losses(evidence, training)) for training in trainings)
    return Pictures(
        losses=tuple(layout for layout in losses if layout is not None),
        accuracy=lay_out(_accuracy(trainings)),
        figures={item: found for item in evidence.sections if (found := tuple(_figures(evidence, item)))},
        models=tuple(_model(probe) for probe in evidence.models.values() if probe.operations),
        placements=tuple(row for probe in evidence.loops.values() if (row := _placement(probe)) is not None),
        timeline=timeline(evidence.run),
    )


# --- trainings ---------------------------------------------------------------------------------------------------


def _name(training: Training) -> str:
    return f"{training.model.class_name} on the {DEVICES[training.device]}"


def _losses(evidence: Evidence, training: Training) -> Chart:
    x: list[float] = []
    y: list[float | None] = []
    for number, epoch in enumerate(training.epochs):
        recorded = epoch.train.losses
        x += [number + (place + 1) / len(recorded) for place in range(len(recorded))]
        y += recorded
    tests = [epoch.test.mean_loss if epoch.test is not None else None for epoch in training.epochs]
    epochs = range(1, len(training.epochs) + 1)
    curves = [Curve("training loss of each batch", x, y), Curve("test loss after each epoch", list(epochs), tests)]
    limits = _limits(evidence, training)
    if limits:
        curves.append(Curve("highest test loss that the reference allows", list(limits), list(limits.values())))
    return Chart(f"Losses of the {_name(training)}", tuple(curves), "epoch", "loss", log_y=True)


def _limits(evidence: Evidence, training: Training) -> dict[float, float]:
    """Return the highest losses after epochs that the assignment has for the training's model."""
    role = next((r for r, probe in evidence.models.items() if probe.class_name == training.model.class_name), None)
    found: dict[float, float] = {}
    for number in range(1, len(training.epochs) + 1):
        limit = evidence.reference.thresholds.get(f"{role}.loss.{number}")
        if limit is not None and limit.high is not None:
            found[number] = limit.high
    return found


def _accuracy(trainings: Sequence[Training]) -> Chart:
    curves = []
    for training in trainings:
        values = [epoch.test.accuracy if epoch.test is not None else None for epoch in training.epochs]
        percent = [None if value is None else 100 * value for value in values]
        curves.append(Curve(_name(training), list(range(1, len(values) + 1)), percent))
    return Chart("Accuracy on the test images", tuple(curves), "epoch", "%")


# --- the student's figures ---------------------------------------------------------------------------------------


def _figures(evidence: Evidence, item: str) -> Iterator[Layout]:
    cells = evidence.sections[item].cells
    drawn = 0
    for figure in evidence.run.figures:
        if figure.cell in cells:
            for chart in _charts(figure):
                layout = lay_out(chart)
                if layout is not None and drawn < MOST_FIGURES:
                    drawn += 1
                    yield layout


def _charts(figure: Figure) -> Iterator[Chart]:
    for axes in figure.axes:
        shown = [line for line in axes.lines if line.drawn is None or line.seen]
        hidden = len(axes.lines) - len(shown)
        yield Chart(
            axes.title or f"the figure of cell {figure.cell}",
            tuple(Curve(_label(axes, line), line.x, line.y, _kind(line)) for line in shown),
            axes.xlabel or "(no label)",
            axes.ylabel or "(no label)",
            axes.xscale == "log",
            axes.yscale == "log",
            f"{hidden} more cannot be seen in the figure." if hidden else "",
        )


def _label(axes: Axes, line: Line) -> str:
    return line.label if line.label and not line.label.startswith("_") else "(no label)"


def _kind(line: Line) -> str:
    return "points" if line.kind == "scatter" else "line"


# --- models and devices ------------------------------------------------------------------------------------------


def _model(probe: ModelProbe) -> ModelTable:
    own, reference = _layers(probe.operations), _layers(probe.reference_operations)
    rows = tuple(zip_longest(own, reference))[:MOST_LAYERS]
    differs = next((place for place, (one, other) in enumerate(rows) if one != other), None)
    title = f"{probe.class_name or probe.source or probe.role}, for one image"
    return ModelTable(title, rows, differs, (_sum(own), _sum(reference)))


def _layers(operations: Sequence[Operation]) -> list[Layer]:
    """Return the operations that compute something; views only change shapes."""
    return [_layer(operation) for operation in operations if ":" not in operation.name]


def _layer(operation: Operation) -> Layer:
    shape = " × ".join(map(str, operation.output[1:])) or "1"
    weights = math.prod(operation.weight) if operation.weight else 0
    return Layer(describe(operation), shape, weights, macs(operation))


def describe(operation: Operation) -> str:
    """Return an operation in words: its name, its sizes, and its settings.

    >>> from grader.evidence.probes import Operation
    >>> describe(Operation("linear", (1, 784), (1, 128), (128, 784)))
    'linear 784 → 128'
    """
    words = [operation.name.replace("_", " ")]
    if len(operation.weight) > 1:
        words.append(f"{operation.input[1] if len(operation.input) > 1 else '?'} → {operation.weight[0]}")
    if len(operation.weight) > 2:
        words.append("×".join(map(str, operation.weight[2:])))
    words += [f"{name} {value}" for name, value in sorted(operation.settings.items())]
    return " ".join(words[:2]) + "".join(f", {word}" for word in words[2:])


def _sum(layers: Sequence[Layer]) -> Layer:
    return Layer("all", "", sum(layer.weights for layer in layers), sum(layer.macs for layer in layers))


def _placement(probe: LoopProbe) -> PlacementRow | None:
    placed = probe.student.placement if probe.student is not None else None
    if placed is None:
        return None
    whole = sum(placed.flops.values())
    shares = [f"{_place(device)} {count / (whole or 1):.0%}" for device, count in sorted(placed.flops.items())]
    return PlacementRow(
        probe.function or probe.role,
        _places(placed.parameters),
        _places(placed.data),
        _places(placed.targets),
        _places(placed.losses),
        ", ".join(shares) or "–",
    )


def _places(devices: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(map(_place, devices))) or "–"


def _place(device: str) -> str:
    return DEVICES.get(device.split(":")[0], device)
