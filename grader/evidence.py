"""The plain records that cross the boundary between student code and the grader.

Everything here is a claim made by a process that ran a student's code: it arrives as JSON, is decoded strictly (unknown
kinds, wrong types, non-finite numbers and oversized arrays are refused) and is only ever compared, never executed.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

MAX_ARRAY_BYTES = 64 * 1024 * 1024
_ITEM_SIZES = {"float32": 4, "float64": 8, "int64": 8, "int32": 4, "uint8": 1, "bool": 1}


class Malformed(ValueError):
    """Something that came out of the sandbox does not have the agreed form."""


# --- one run of the whole notebook -------------------------------------------------------------------------------


@dataclass(frozen=True)
class CellError:
    """The exception that ended a cell. `line` is 1-based in the cell; `missing_module` names what is not installed."""

    name: str
    message: str
    line: int | None = None
    traceback: str = ""
    missing_module: str | None = None


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
    shapes: tuple[tuple[int, ...], ...]
    layers: tuple[str, ...]
    trainable: int
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
    images: int
    batch_size: int | None
    shuffled: bool
    drop_last: bool = False
    workers: int = 0


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
    foreign: int = 0


@dataclass(frozen=True)
class Argument:
    """A parameter of the student's function when the pass began, by what was bound to it.

    `role`: model, optimizer, criterion, train_loader, test_loader, loader, list, int, float, bool, device, str, none,
    callable, other. `value` is kept for numbers and short strings; `length` for lists.
    """

    name: str
    role: str
    value: float | str | None = None
    length: int | None = None


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
    batches: int
    samples: int
    complete: bool
    number: int = 0
    canonical: bool = False
    model: str | None = None
    model_device: str | None = None
    data_device: str | None = None
    training: bool | None = None
    grad_enabled: bool | None = None
    backwards: int = 0
    steps: int = 0
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
    twin: int | None = None


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
    input_shapes: tuple[tuple[int, ...], ...]
    macs: float | None
    parameters: float | None
    reused: bool = False  # the model had been trained or profiled before


@dataclass(frozen=True)
class Note:
    """Something the recorder wants a person to know, e.g. 'the notebook seeded torch itself'."""

    cell: int
    text: str


EVENT_KINDS: Mapping[str, type[Any]] = {
    "model": ModelSeen,
    "pass": Pass,
    "figure": Figure,
    "profile": Profile,
    "note": Note,
}


@dataclass(frozen=True)
class RunEvidence:
    """All that the run of the whole notebook showed. `refused` counts recorder lines that were malformed."""

    cells: tuple[CellRun, ...] = ()
    models: Mapping[str, ModelSeen] = field(default_factory=dict)
    passes: tuple[Pass, ...] = ()
    figures: tuple[Figure, ...] = ()
    profiles: tuple[Profile, ...] = ()
    notes: tuple[Note, ...] = ()
    refused: int = 0

    def cell(self, index: int) -> CellRun | None:
        """The run of the cell with this notebook index, None when it is no code cell."""
        return next((cell for cell in self.cells if cell.index == index), None)


def run_evidence(cells: Iterable[CellRun], events: Iterable[Mapping[str, object]]) -> RunEvidence:
    """Sort the recorder's events (dicts with a 'kind') into records; malformed ones are counted and left out."""
    seen: dict[str, list[Any]] = {kind: [] for kind in EVENT_KINDS}
    refused = 0
    for event in events:
        kind = event.get("kind")
        if not isinstance(kind, str) or kind not in EVENT_KINDS:
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
    )


# --- probes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProbeError:
    """The exception that student code raised in a probe; `line` is 1-based in cell `cell` when known."""

    type: str
    message: str
    line: int | None = None
    cell: int | None = None


@dataclass(frozen=True)
class Parameter:
    """A parameter of a model: its name, shape and whether it requires a gradient."""

    name: str
    shape: tuple[int, ...]
    trainable: bool = True


@dataclass(frozen=True)
class Operation:
    """One tensor operation of a forward pass: 'linear', 'conv2d', 'relu', 'adaptive_max_pool2d', 'softmax', …

    `input` and `output` are shapes; `weight` the shape of the weight, () if none; `settings` stride, padding and the like.
    """

    name: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    weight: tuple[int, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShapeTrial:
    """A model called with an input of `shape`: the output's shape, or the error."""

    shape: tuple[int, ...]
    output: tuple[int, ...] | None
    error: ProbeError | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Outputs of the student's and of the reference's model, same weights, same inputs; (B, 10) float32 each.

    None where the weights could not be transplanted (`why` says why) or the model raised.
    """

    student: NDArray[np.float32] | None
    reference: NDArray[np.float32]
    training: bool = False
    why: str = ""
    error: ProbeError | None = None


@dataclass(frozen=True)
class ModelProbe:
    """What the probes found of one wanted model. `source` says where it came from ("class MLP in cell 11")."""

    role: str
    source: str | None = None
    class_name: str | None = None
    parameters: tuple[Parameter, ...] = ()
    operations: tuple[Operation, ...] = ()  # for one (1, 1, 28, 28) input
    reference_operations: tuple[Operation, ...] = ()
    trials: tuple[ShapeTrial, ...] = ()  # failing ones shrunk to the smallest batch that fails
    comparisons: tuple[Comparison, ...] = ()
    error: ProbeError | None = None  # it could not be built
    missing: str = ""  # why nothing was probed: not found, or the grader's own lack


@dataclass(frozen=True)
class Forward:
    """One call of the probe's model by the student's loop: images in the batch, mode, whether gradients were on, devices."""

    batch: int
    training: bool
    grad_enabled: bool
    device: str = "cpu"


@dataclass(frozen=True)
class Placement:
    """Where a loop's tensors were: devices of parameters, buffers and data at the calls of the model, of targets and losses
    at each loss; `flops` by device, forward and backward, `half_flops` of them in half precision.

    `bytes_to_gpu` and `bytes_from_gpu` were copied in all; `waits` counts how often the CPU waited for the GPU: values
    read (`.item()`) and copies back.
    """

    parameters: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    flops: Mapping[str, int] = field(default_factory=dict)
    half_flops: int = 0
    bytes_to_gpu: int = 0
    bytes_from_gpu: int = 0
    waits: int = 0


@dataclass(frozen=True, eq=False)
class LoopRun:
    """One run of a training or test function on inputs that the grader chose.

    `weights` and `buffers` are the model's afterwards, by name; `start` the weights before. `lists` are the lists that were
    handed in or that the function appended to, by parameter or global name; `returned` the flattened numbers that it
    returned; `batches` how many batches it took from each loader ('train', 'test'); `placement` is measured on a GPU only.
    """

    start: Mapping[str, NDArray[np.float32]]
    weights: Mapping[str, NDArray[np.float32]]
    buffers: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    lists: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    list_types: Mapping[str, str] = field(default_factory=dict)  # 'float', 'int', 'Tensor', 'mixed'
    returned: tuple[float | None, ...] = ()
    returned_nothing: bool = False
    forwards: tuple[Forward, ...] = ()
    batches: Mapping[str, int] = field(default_factory=dict)
    training_after: bool | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)  # global numbers that the function changed
    steps: int = 0  # of any optimizer
    backwards: int = 0  # that reached the model
    placement: Placement | None = None
    error: ProbeError | None = None


@dataclass(frozen=True, eq=False)
class LoopProbe:
    """A student's loop beside the reference's, on the same inputs. `losses` are the reference's, batch by batch; for a test
    function that leaves the model in training mode, those of that mode.

    `faults` are the weights that known mistakes would have given, by the mistake's name.
    """

    role: str
    source: str | None = None
    function: str | None = None
    student: LoopRun | None = None
    reference: LoopRun | None = None
    losses: tuple[float, ...] = ()
    batch_sizes: tuple[int, ...] = ()
    correct: tuple[int, ...] = ()  # per batch, for test functions
    faults: Mapping[str, Mapping[str, NDArray[np.float32]]] = field(default_factory=dict)
    bindings: Mapping[str, str] = field(default_factory=dict)  # parameter or global -> role, for the report
    missing: str = ""
    current_step: int = 0  # the global step and the epoch that were handed in
    epoch: int = 0


@dataclass(frozen=True, eq=False)
class LoaderProbe:
    """A DataLoader of the student's beside the data that was served.

    `first_batch` and `labels` are its first batch as served; `expected_batch` and `expected_labels` what the assignment's
    transform gives for the same images (None for a shuffled loader whose images could not be identified).
    """

    split: Literal["train", "test"]
    seen: LoaderSeen | None = None
    source: str | None = None
    first_batch: NDArray[np.float32] | None = None
    labels: NDArray[np.int64] | None = None
    expected_batch: NDArray[np.float32] | None = None
    expected_labels: NDArray[np.int64] | None = None
    order_differs: bool | None = None  # two passes gave different orders
    error: ProbeError | None = None
    missing: str = ""


# --- decoding ----------------------------------------------------------------------------------------------------


def convert(value: object, kind: type[T]) -> T:
    """Build a record of `kind` from JSON data, strictly. Raises Malformed, naming the field."""
    import msgspec

    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Malformed(f"{kind.__name__}: {error}") from None


def decode_array(value: object, *, max_bytes: int = MAX_ARRAY_BYTES) -> NDArray[Any]:
    """Decode {"dtype", "shape", "data": base64 of little-endian bytes} into an array of its own.

    Raises Malformed for an unlisted dtype, a wrong byte count, a size over `max_bytes` or non-finite values.
    """
    import numpy as np

    if not isinstance(value, Mapping):
        raise Malformed("an array is not an object")
    dtype, shape, data = value.get("dtype"), value.get("shape"), value.get("data")
    if dtype not in _ITEM_SIZES or not isinstance(data, str) or not isinstance(shape, list) or len(shape) > 8:
        raise Malformed(f"an array has no usable dtype, shape or data ({dtype!r})")
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= max_bytes for n in shape):
        raise Malformed("an array's shape is not a list of sizes")
    size = math.prod(shape) * _ITEM_SIZES[dtype]
    if size > max_bytes or len(data) > size * 4 // 3 + 8:
        raise Malformed(f"an array of {size} bytes is larger than allowed or than it says")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("an array's data is not base64") from None
    if len(raw) != size:
        raise Malformed(f"an array holds {len(raw)} bytes where its shape needs {size}")
    array = np.frombuffer(raw, dtype=np.dtype(dtype).newbyteorder("<")).reshape(shape).astype(dtype)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Malformed("an array holds values that are not finite")
    return array


def encode_array(array: NDArray[Any]) -> dict[str, object]:
    """The form that `decode_array` reads."""
    import numpy as np

    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": base64.b64encode(little.tobytes()).decode()}


def numbers(values: Sequence[float | None]) -> tuple[float, ...]:
    """The values that are there."""
    return tuple(value for value in values if value is not None)
