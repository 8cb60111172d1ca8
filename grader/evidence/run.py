"""Records of one run of a whole notebook: its cells, and what the recorder saw while they ran.

The recorder runs in the process that runs the student's code, so each record is a claim. It arrives as JSON, is decoded
strictly by `grader.evidence.decode`, and is only ever compared, never executed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from grader.evidence.decode import Count, Shape
from grader.evidence.decode import Malformed as Malformed  # re-exported for the readers of these records
from grader.evidence.decode import convert as convert
from grader.evidence.decode import decode_array as decode_array
from grader.evidence.decode import encode_array as encode_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "EVENT_KINDS",
    "MAX_RECORDS",
    "Argument",
    "Axes",
    "CellError",
    "CellRun",
    "Figure",
    "Line",
    "LoaderSeen",
    "Malformed",
    "ModelSeen",
    "NamedArray",
    "Note",
    "OptimizerSeen",
    "Pass",
    "Profile",
    "RunEvidence",
    "WeightsSeen",
    "convert",
    "decode_array",
    "encode_array",
    "numbers",
    "run_evidence",
]


@dataclass(frozen=True)
class CellError:
    """The exception that ended a cell.

    `line` is the line that raised, counted from 1 in the cell, and `statement` the line of the cell's own statement,
    which may have called a function. `raised` is the cell and the line that raised it, if that is the function's cell.
    `missing_module` names a package that is not installed.

    >>> error = CellError("NameError", "name 'x' is not defined", line=2)
    >>> f"line {error.line}: {error.name}: {error.message}"
    "line 2: NameError: name 'x' is not defined"
    """

    name: str
    message: str
    line: int | None = None
    traceback: str = ""
    missing_module: str | None = None
    statement: int | None = None
    raised: tuple[int, int] | None = None


@dataclass(frozen=True)
class CellRun:
    """The run of one code cell.

    `index` is the cell's place in the notebook, from 0. `seconds` is wall time. `text` is all text output, `stdout`
    only what was printed; `truncated` says that text was cut. `error` is set for the status 'error', and `reason` is a
    sentence for every status but 'ok' and 'error'. `pictures` are the small PNG pictures that it showed, in base64, for
    people to look at: no verdict rests on them.

    >>> CellRun(3, "timeout", seconds=600.0, reason="cell 3 ran for more than 600 s").status
    'timeout'
    """

    index: int
    status: Literal["ok", "error", "timeout", "killed", "dead", "not_run"]
    seconds: float = 0.0
    text: str = ""
    stdout: str = ""
    error: CellError | None = None
    truncated: bool = False
    reason: str = ""
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelSeen:
    """An outermost nn.Module that was called in the run, as it was at its first call.

    `key` is 'model-1', 'model-2', … in order of first call. `shapes` are the shapes of its parameters, in order,
    `layers` the class names of its leaf modules, `trainable` the number of elements of parameters that require a
    gradient.

    >>> ModelSeen("model-1", "Sequential", ((10, 784), (10,)), ("Flatten", "Linear"), 7850).parameters
    7850
    """

    key: str
    class_name: str
    shapes: tuple[Shape, ...]
    layers: tuple[str, ...]
    trainable: Count
    names: tuple[str, ...] = ()  # global names bound to it at the end of the cell

    @property
    def parameters(self) -> int:
        """Number of parameter elements."""
        return sum(math.prod(shape) for shape in self.shapes)


@dataclass(frozen=True)
class LoaderSeen:
    """A DataLoader of the notebook.

    `split` says whether its images are MNIST's training or test images, also when another dataset wraps MNIST; None for
    other data. In a pass, the images that it served decide, not the name of the dataset. `images` is their number.

    >>> LoaderSeen("loader-1", "MNIST", "train", images=60_000, batch_size=64, shuffled=True).split
    'train'
    """

    key: str
    dataset: str
    split: Literal["train", "test"] | None
    images: Count
    batch_size: Count | None
    shuffled: bool
    drop_last: bool = False
    workers: Count = 0


@dataclass(frozen=True)
class OptimizerSeen:
    """The optimizer that stepped during a pass.

    `kind` is its class name. A class of the notebook's own that overrides neither `step` nor `zero_grad` counts as
    torch's class below it; for one that does, `base` is that class, else ''. `model_share` is the share of the elements
    of the called model's parameters that it holds (1.0: all of them), `foreign` the number of elements that it holds
    and the called model does not have, as those of another model. `lr` is the learning rate of its first group of
    parameters at the last step, `lowest_lr` and `highest_lr` are those of all groups and steps.

    >>> OptimizerSeen("SGD", 0.01, momentum=0.5, model_share=1.0).foreign
    0
    """

    kind: str
    lr: float | None
    momentum: float | None = None
    weight_decay: float | None = None
    nesterov: bool = False
    model_share: float = 0.0
    foreign: Count = 0
    dampening: float | None = None
    maximize: bool = False
    lowest_lr: float | None = None
    highest_lr: float | None = None
    base: str = ""


@dataclass(frozen=True)
class Argument:
    """An argument of the student's function when the pass began.

    `role` is one of model, optimizer, criterion, train_loader, test_loader, loader, list, int, float, bool, device,
    str, none, callable, other. `value` is kept for numbers and short strings, `length` for lists.

    >>> Argument("epoch", "int", value=3).value
    3
    """

    name: str
    role: str
    value: float | str | None = None
    length: Count | None = None


@dataclass(frozen=True)
class Pass:
    """One pass over a DataLoader, as the recorder saw it.

    `start` is in seconds since the kernel began, `seconds` is the wall time of the pass. `complete` says that the
    loader was read to its end. `number` counts the training passes of this model over this data, from 0. `canonical`
    says that the harness chose the initial weights and the order, so that the pass can be compared with the
    reference's.

    `losses` are the values on which backward() was called, one for each batch (None: not finite). `mean_loss` and
    `sample_loss` are cross-entropies that the recorder computed itself from the model's outputs, averaged over batches
    and over images; `scored` is the number of these images, 0 if the outputs were no logits. `accuracy` is a fraction.

    `model_device` is where the model was when it was called: a GPU only if it was there in nearly all of the calls.
    `data_device` is where the model's input was, `batch_device` where the loader served it. `function` is the outermost
    of the student's functions in which the pass ran, None at cell level; `inner_function` is the innermost when that is
    another one. `served` holds, for a training pass, the indices in their split of the images of its first batches, in
    the order served; None for an image that was not recognised.

    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> seen = Pass(4, loader, start=10.0, seconds=5.5, batches=938, samples=60_000, complete=True, steps=938)
    >>> seen.trains, seen.end
    (True, 15.5)
    """

    cell: int
    loader: LoaderSeen
    start: float
    seconds: float
    batches: Count
    samples: Count
    complete: bool
    number: Count = 0
    canonical: bool = False
    model: str | None = None
    model_device: str | None = None
    data_device: str | None = None
    training: bool | None = None
    grad_enabled: bool | None = None
    backwards: Count = 0
    steps: Count = 0
    losses: tuple[float | None, ...] = ()
    mean_loss: float | None = None
    sample_loss: float | None = None
    accuracy: float | None = None
    optimizer: OptimizerSeen | None = None
    function: str | None = None
    arguments: tuple[Argument, ...] = ()
    inner_function: str | None = None
    inner_arguments: tuple[Argument, ...] = ()
    batch_device: str | None = None
    served: tuple[Count | None, ...] = ()
    scored: Count = 0

    @property
    def end(self) -> float:
        """Seconds since the kernel began when the pass ended."""
        return self.start + self.seconds

    @property
    def trains(self) -> bool:
        """True if an optimizer took a step during the pass."""
        return self.steps > 0


@dataclass(frozen=True)
class Line:
    """A line of a plot: at most 20,000 points, and its label in the legend ('' when it has none).

    `drawn` is the number of pixels that it takes in a picture of the figure without the other lines, `seen` the number
    of these that would change in the whole picture without the line; None: not known. `hidden` holds ranges of points,
    (first, end), near which nothing of the line can be seen.

    >>> Line("training loss", x=(1.0, 2.0), y=(0.5, None)).kind
    'line'
    """

    label: str
    x: tuple[float | None, ...]
    y: tuple[float | None, ...]
    kind: Literal["line", "scatter"] = "line"
    drawn: Count | None = None
    seen: Count | None = None
    hidden: tuple[tuple[Count, Count], ...] = ()


@dataclass(frozen=True)
class Axes:
    """One axes of a figure.

    `legend` holds the entries of its legend, () without one. `twin` is the index, in the figure, of an axes at the same
    place that shares an axis with it (twinx, twiny). Labels and titles that cannot be seen are ''. `legend_seen` says
    of each entry whether it can be read, `xlim` and `ylim` are the limits of the axes; None: not known.

    >>> Axes("Losses", "epoch", "loss", "linear", "log", ("training",), (Line("training", (1.0,), (0.5,)),)).yscale
    'log'
    """

    title: str
    xlabel: str
    ylabel: str
    xscale: str
    yscale: str
    legend: tuple[str, ...]
    lines: tuple[Line, ...]
    twin: Count | None = None
    legend_seen: tuple[bool, ...] | None = None
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None


@dataclass(frozen=True)
class Figure:
    """A matplotlib figure as it was when it was shown, closed or cleared, or when its cell ended.

    >>> figure = Figure(5, (Axes("", "epoch", "loss", "linear", "log", (), ()),))
    >>> [axes.ylabel for axes in figure.axes]
    ['loss']
    """

    cell: int
    axes: tuple[Axes, ...]


@dataclass(frozen=True)
class Profile:
    """One count of a model's operations: the model, the shapes of its inputs, and what the tool returned.

    `tool` is 'thop', 'torchinfo' or 'FlopCounterMode'. `macs` are multiply-accumulates; torchinfo adds one for each
    bias.

    >>> Profile(7, "MLP", "model-1", "cpu", ((1, 1, 28, 28),), macs=109_184.0, parameters=109_386.0).macs
    109184.0
    """

    cell: int
    model_class: str
    model: str | None
    device: str
    input_shapes: tuple[Shape, ...]
    macs: float | None
    parameters: float | None
    reused: bool = False  # the model had been trained or profiled before
    tool: str = "thop"


@dataclass(frozen=True)
class Note:
    """A remark of the recorder for a person to read.

    >>> Note(2, "the notebook seeded torch itself").cell
    2
    """

    cell: int
    text: str


@dataclass(frozen=True)
class NamedArray:
    """A named array in the form that `decode_array` reads.

    >>> import numpy as np
    >>> NamedArray("fc.bias", encode_array(np.zeros(10, np.float32))).array["shape"]
    [10]
    """

    name: str
    array: Mapping[str, Any]


@dataclass(frozen=True)
class WeightsSeen:
    """The weights of a model at the end of the pass that began at `start` (seconds since the kernel began).

    With `before`, they are those that the model had when that pass began, its first training pass.

    >>> import numpy as np
    >>> bias = NamedArray("fc.bias", encode_array(np.zeros(2, np.float32)))
    >>> WeightsSeen(4, "model-1", 10.0, (bias,)).decoded()
    {'fc.bias': array([0., 0.], dtype=float32)}
    """

    cell: int
    model: str
    start: float
    values: tuple[NamedArray, ...]
    before: bool = False

    @property
    def size(self) -> int:
        """The number of characters in which its arrays were sent."""
        return sum(len(data) for value in self.values if isinstance(data := value.array.get("data"), str))

    def decoded(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name. Raises Malformed."""
        return {value.name: decode_array(value.array) for value in self.values}

    def vector(self) -> NDArray[Any]:
        """Return all weights in one vector of float64. Raises Malformed."""
        import numpy as np

        parts = [value.astype(np.float64).ravel() for value in self.decoded().values()]
        return np.concatenate(parts) if parts else np.zeros(0)


MAX_RECORDS = 20_000
"""The largest number of records of one kind; an honest notebook makes far fewer."""
EVENT_KINDS: Mapping[str, type[Any]] = {
    "model": ModelSeen,
    "pass": Pass,
    "figure": Figure,
    "profile": Profile,
    "note": Note,
    "weights": WeightsSeen,
}
"""The record of each kind of event that the recorder sends."""


@dataclass(frozen=True)
class RunEvidence:
    """Everything that the run of the whole notebook showed.

    `models` are by key; `passes` are in the order in which they began. `refused` counts events that were malformed.
    `doubts` says by a model's key why its recorded training cannot have happened; such epochs do not count. `unchecked`
    says by a model's key what of its training could not be checked: it earns nothing until a person has looked. The
    steps of the models in `repeated` were taken again outside, and gave the recorded losses.

    >>> run = RunEvidence(cells=(CellRun(0, "ok"), CellRun(2, "error", error=CellError("NameError", "x"))))
    >>> [cell.index for cell in run.cells if cell.status != "ok"]
    [2]
    """

    cells: tuple[CellRun, ...] = ()
    models: Mapping[str, ModelSeen] = field(default_factory=dict)
    passes: tuple[Pass, ...] = ()
    figures: tuple[Figure, ...] = ()
    profiles: tuple[Profile, ...] = ()
    notes: tuple[Note, ...] = ()
    refused: int = 0
    weights: tuple[WeightsSeen, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()

    def cell(self, index: int) -> CellRun | None:
        """Return the run of the cell with this index in the notebook, None when it is not a code cell."""
        return next((cell for cell in self.cells if cell.index == index), None)


def run_evidence(cells: Iterable[CellRun], events: Iterable[Mapping[str, object]]) -> RunEvidence:
    """Return the evidence of a run: its cells, and the records of the recorder's events.

    An event is a dict with a 'kind', a key of `EVENT_KINDS`, and the fields of that record. Malformed events, and more
    than `MAX_RECORDS` of one kind, are counted in `refused` and left out.

    >>> run = run_evidence([], [{"kind": "note", "cell": 2, "text": "torch was seeded"}, {"kind": "other"}])
    >>> run.notes, run.refused
    ((Note(cell=2, text='torch was seeded'),), 1)
    """
    seen: dict[str, list[Any]] = {kind: [] for kind in EVENT_KINDS}
    refused = 0
    for event in events:
        kind = event.get("kind")
        if not isinstance(kind, str) or kind not in EVENT_KINDS or len(seen[kind]) >= MAX_RECORDS:
            refused += 1
            continue
        try:
            seen[kind].append(convert({k: v for k, v in event.items() if k != "kind"}, EVENT_KINDS[kind]))
        except Malformed:
            refused += 1
    return RunEvidence(
        cells=tuple(cells),
        models={model.key: model for model in seen["model"]},
        passes=tuple(sorted(seen["pass"], key=lambda p: p.start)),
        figures=tuple(seen["figure"]),
        profiles=tuple(seen["profile"]),
        notes=tuple(seen["note"]),
        refused=refused,
        weights=tuple(seen["weights"]),
    )


def numbers(values: Sequence[float | None]) -> tuple[float, ...]:
    """Return the values that are not None.

    >>> numbers((0.5, None, 0.25))
    (0.5, 0.25)
    """
    return tuple(value for value in values if value is not None)
