"""The plain records that cross the boundary between student code and the grader.

Everything here is a claim made by a process that ran a student's code: it arrives as JSON, is decoded strictly by
`grader.evidence.decode` and is only ever compared, never executed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from grader.evidence.decode import Count, Shape
from grader.evidence.decode import Malformed as Malformed  # also found here by whoever reads records
from grader.evidence.decode import convert as convert
from grader.evidence.decode import decode_array as decode_array
from grader.evidence.decode import encode_array as encode_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

# --- one run of the whole notebook -------------------------------------------------------------------------------


@dataclass(frozen=True)
class CellError:
    """The exception that ended a cell. `line` is 1-based in the cell; `missing_module` names what is not installed.

    `statement` is a line of the cell's own statement that raised, where `line` may be in a function that it called.
    """

    name: str
    message: str
    line: int | None = None
    traceback: str = ""
    missing_module: str | None = None
    statement: int | None = None


@dataclass(frozen=True)
class CellRun:
    """What became of one code cell. `seconds` is wall time; `text` is all text output, `stdout` only what was printed.

    `reason` is a sentence for every status but 'ok' and 'error'.
    """

    index: int
    status: Literal["ok", "error", "timeout", "killed", "dead", "not_run"]
    seconds: float = 0.0
    text: str = ""
    stdout: str = ""
    error: CellError | None = None
    truncated: bool = False
    reason: str = ""


@dataclass(frozen=True)
class ModelSeen:
    """An outermost nn.Module that was called in the run, at its first call.

    `key` is 'model-1', 'model-2', … in order of first call; `shapes` are those of its parameters, in order; `layers` the
    class names of its leaf modules; `trainable` the number of elements of parameters that require a gradient.
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
    """A DataLoader. `split` says whether its images are MNIST's training or test images, whatever wraps them."""

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

    `model_share` is the share of the elements of the called model's parameters that it holds (1.0: all of them), and
    `foreign` the number of elements it holds that the called model does not have (an optimizer of another model).
    """

    kind: str
    lr: float | None
    momentum: float | None = None
    weight_decay: float | None = None
    nesterov: bool = False
    model_share: float = 0.0
    foreign: Count = 0


@dataclass(frozen=True)
class Argument:
    """A parameter of the student's function when the pass began, by what was bound to it.

    `role`: model, optimizer, criterion, train_loader, test_loader, loader, list, int, float, bool, device, str, none,
    callable, other. `value` is kept for numbers and short strings; `length` for lists.
    """

    name: str
    role: str
    value: float | str | None = None
    length: Count | None = None


@dataclass(frozen=True)
class Pass:
    """One pass over a DataLoader, as the recorder saw it.

    `number` counts the training passes of this model over this data (0-based); `canonical` says that the harness owned
    initial weights and order, so that the pass can be compared with the reference's. `losses` are the values on which
    backward() was called, one a batch (None: not finite); `mean_loss` and `sample_loss` are cross-entropies that the
    recorder computed itself from the model's outputs, averaged over batches and over images; `accuracy` is a fraction.
    `data_device` is where the model's input was, `batch_device` where the loader served it.
    `start` is in seconds since the kernel began, `seconds` the wall time of the pass. `function` is the outermost
    function of the student's in which it ran, None at cell level, `inner_function` the innermost when that is another one.
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

    @property
    def end(self) -> float:
        """Seconds since the kernel began when the pass ended."""
        return self.start + self.seconds

    @property
    def trains(self) -> bool:
        """Whether an optimizer stepped during it."""
        return self.steps > 0


@dataclass(frozen=True)
class Line:
    """A line of a plot; `label` as the legend shows it ('' when it has none); at most 20,000 points."""

    label: str
    x: tuple[float | None, ...]
    y: tuple[float | None, ...]
    kind: Literal["line", "scatter"] = "line"


@dataclass(frozen=True)
class Axes:
    """One axes of a figure. `legend` holds the entries of its legend, () when there is none.

    `twin` is the index, in the figure, of an axes that lies at the same place and shares an axis (twinx, twiny).
    """

    title: str
    xlabel: str
    ylabel: str
    xscale: str
    yscale: str
    legend: tuple[str, ...]
    lines: tuple[Line, ...]
    twin: Count | None = None


@dataclass(frozen=True)
class Figure:
    """A matplotlib figure as it stood when it was shown, closed, cleared, or when its cell ended."""

    cell: int
    axes: tuple[Axes, ...]


@dataclass(frozen=True)
class Profile:
    """One call of thop.profile: what was profiled and what it returned."""

    cell: int
    model_class: str
    model: str | None
    device: str
    input_shapes: tuple[Shape, ...]
    macs: float | None
    parameters: float | None
    reused: bool = False  # the model had been trained or profiled before


@dataclass(frozen=True)
class Note:
    """Something the recorder wants a person to know, e.g. 'the notebook seeded torch itself'."""

    cell: int
    text: str


@dataclass(frozen=True)
class NamedArray:
    """An array in the form that `decode_array` reads, by its name."""

    name: str
    array: Mapping[str, Any]


@dataclass(frozen=True)
class WeightsSeen:
    """The weights that a model had at the end of the pass over data that began at `start`."""

    cell: int
    model: str
    start: float
    values: tuple[NamedArray, ...]

    @property
    def size(self) -> int:
        """Characters that its arrays were sent as."""
        return sum(len(data) for value in self.values if isinstance(data := value.array.get("data"), str))

    def decoded(self) -> dict[str, NDArray[Any]]:
        """The arrays by name. Raises Malformed."""
        return {value.name: decode_array(value.array) for value in self.values}


MAX_RECORDS = 20_000  # of one kind; no honest notebook comes near
EVENT_KINDS: Mapping[str, type[Any]] = {
    "model": ModelSeen,
    "pass": Pass,
    "figure": Figure,
    "profile": Profile,
    "note": Note,
    "weights": WeightsSeen,
}


@dataclass(frozen=True)
class RunEvidence:
    """All that the run of the whole notebook showed. `refused` counts recorder lines that were malformed.

    `doubts` says by a model's key why what was recorded of its training cannot be: such epochs count for nothing. The losses
    of the models in `unchecked` could not be checked by the weights that they led to.
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
    unchecked: frozenset[str] = frozenset()

    def cell(self, index: int) -> CellRun | None:
        """The run of the cell with this notebook index, None when it is no code cell."""
        return next((cell for cell in self.cells if cell.index == index), None)


def run_evidence(cells: Iterable[CellRun], events: Iterable[Mapping[str, object]]) -> RunEvidence:
    """Sort the recorder's events (dicts with a 'kind') into records; malformed ones are counted and left out."""
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


# --- probes ------------------------------------------------------------------------------------------------------


def numbers(values: Sequence[float | None]) -> tuple[float, ...]:
    """The values that are there."""
    return tuple(value for value in values if value is not None)
