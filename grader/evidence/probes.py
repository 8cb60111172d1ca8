"""Records of the probes: a notebook's models, training and test functions and loaders, run beside the reference's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from grader.evidence.decode import Count, Shape
from grader.evidence.run import LoaderSeen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Comparison",
    "Forward",
    "LoaderProbe",
    "LoopProbe",
    "LoopRun",
    "ModelProbe",
    "Operation",
    "Parameter",
    "Placement",
    "ProbeError",
    "ShapeTrial",
]


@dataclass(frozen=True)
class ProbeError:
    """The exception that student code raised in a probe; `line` is counted from 1 in cell `cell`, both when known.

    `code` is that line, without its indentation.

    >>> ProbeError("RuntimeError", "shapes cannot be multiplied", line=8, cell=11).cell
    11
    """

    type: str
    message: str
    line: Count | None = None
    cell: int | None = None
    code: str = ""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a model: its name, its shape, and whether it requires a gradient.

    >>> Parameter("fc1.weight", (128, 784)).trainable
    True
    """

    name: str
    shape: Shape
    trainable: bool = True


@dataclass(frozen=True)
class Operation:
    """One tensor operation of a forward pass: 'linear', 'conv2d', 'relu', 'adaptive_max_pool2d', 'softmax', …

    The name of one whose result does not reach the output begins with 'unused:', that of a view with 'view:'. `input`
    and `output` are shapes, `weight` is the shape of the weight, () without one. `settings` holds stride,
    padding and the like.

    >>> Operation("linear", input=(1, 784), output=(1, 128), weight=(128, 784)).weight
    (128, 784)
    """

    name: str
    input: Shape
    output: Shape
    weight: Shape = ()
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShapeTrial:
    """A call of a model with an input of `shape`: the shape of the output, or None and the error.

    >>> ShapeTrial((3, 784), output=(3, 10)).output
    (3, 10)
    """

    shape: tuple[int, ...]
    output: tuple[int, ...] | None
    error: ProbeError | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """The outputs of the student's and of the reference's model for the same weights and inputs, (B, 10) float32 each.

    `student` is None when the weights could not be copied into the model (`why` says why) or the model raised
    (`error`). `training` says that both were in training mode. `either_sign` says that no output was negative, and that
    some were with the last layer's weights negated, so that no activation kept them from it.

    >>> import numpy as np
    >>> logits = np.zeros((16, 10), np.float32)
    >>> Comparison(student=logits, reference=logits).student.shape
    (16, 10)
    """

    student: NDArray[np.float32] | None
    reference: NDArray[np.float32]
    training: bool = False
    why: str = ""
    error: ProbeError | None = None
    either_sign: bool = False


@dataclass(frozen=True)
class ModelProbe:
    """The probe of one wanted model. `source` says where it was found ('class MLP in cell 11'), None when it was not.

    >>> probe = ModelProbe("mlp", "class Net in cell 4", "Net", (Parameter("fc.weight", (10, 784)),))
    >>> probe.source, [parameter.shape for parameter in probe.parameters]
    ('class Net in cell 4', [(10, 784)])
    """

    role: str
    source: str | None = None
    class_name: str | None = None
    parameters: tuple[Parameter, ...] = ()
    operations: tuple[Operation, ...] = ()  # for one (1, 1, 28, 28) input
    reference_operations: tuple[Operation, ...] = ()
    reference_parameters: tuple[Parameter, ...] = ()
    trials: tuple[ShapeTrial, ...] = ()  # a failing one is shrunk to the smallest batch that fails
    comparisons: tuple[Comparison, ...] = ()
    error: ProbeError | None = None  # why it could not be built
    missing: str = ""  # why nothing was probed: it was not found, or the grader could not probe it
    spec: Mapping[str, object] = field(default_factory=dict)  # tells the probe how to build it


@dataclass(frozen=True)
class Forward:
    """One call of the probe's model by the student's loop: the images in the batch, the mode, gradients and the device.

    `grad_enabled` says that the outputs require gradients.

    >>> Forward(batch=64, training=True, grad_enabled=True).device
    'cpu'
    """

    batch: Count
    training: bool
    grad_enabled: bool
    device: str = "cpu"


@dataclass(frozen=True)
class Placement:
    """The devices of a loop's tensors, and its work and copies.

    `parameters`, `buffers` and `data` are the devices at the calls of the model, `targets` and `losses` those at each
    loss. `flops` counts the FLOPs by device, forward and backward, `half_flops` those of them in half precision.
    `bytes_to_gpu` and `bytes_from_gpu` are totals. `waits` counts how often the CPU waited for the GPU: values read
    (`.item()`) and copies back.

    >>> Placement(parameters=("cuda:0",), data=("cuda:0",), flops={"cuda": 1_000_000}).flops["cuda"]
    1000000
    """

    parameters: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    flops: Mapping[str, Count] = field(default_factory=dict)
    half_flops: Count = 0
    bytes_to_gpu: Count = 0
    bytes_from_gpu: Count = 0
    waits: Count = 0


@dataclass(frozen=True, eq=False)
class LoopRun:
    """One run of a training or test function on inputs that the grader chose.

    `start` holds the model's weights before the run, `weights` and `buffers` those after it, by name. `lists` are the
    lists that were passed in or that the function appended to, by parameter or global name. `returned` are the numbers
    that it returned, flattened. `batches` counts the batches that it took from each loader ('train', 'test').
    `placement` is measured on a GPU only.

    >>> import numpy as np
    >>> weights = {"fc.bias": np.zeros(10, np.float32)}
    >>> LoopRun(start=weights, weights=weights, batches={"train": 3}, steps=3).steps
    3
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
class SecondCall:
    """A second call of a test function, on a model with other weights, and the reference's figures for it."""

    student: LoopRun
    losses: tuple[float, ...] = ()
    correct: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class LoopProbe:
    """A student's training or test function beside the reference's, on the same inputs.

    `losses` are the reference's, batch by batch; for a test function that leaves the model in training mode, the losses
    in that mode. `faults` holds the weights that known mistakes would have given, by the mistake's name. `again` is a
    second call of a test function that may keep something from one call to the next.

    >>> LoopProbe("cpu_train", missing="no function cpu_train was found").student is None
    True
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
    current_step: int = 0  # the global step and the epoch that were passed in
    epoch: int = 0
    training_losses: tuple[float, ...] = ()  # of a test function, batch by batch, with the model in training mode
    again: SecondCall | None = None


@dataclass(frozen=True, eq=False)
class LoaderProbe:
    """A DataLoader of the notebook beside the data that it was given.

    `first_batch` (B, 1, 28, 28) and `labels` (B,) are its first batch; `expected_batch` and `expected_labels` are what
    the assignment's transform gives for the same images (None for a shuffled loader whose images could not be
    identified). If no loader holds the split, `missing` says so, and `misnamed` is a loader that has its name.

    >>> LoaderProbe("test", LoaderSeen("loader-2", "MNIST", "test", 10_000, 64, False)).seen.batch_size
    64
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
    misnamed: LoaderSeen | None = None
