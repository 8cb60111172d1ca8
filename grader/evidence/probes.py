"""Records of what probes of models, loops and loaders observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from grader.evidence.decode import Count, Shape
from grader.evidence.run import LoaderSeen


@dataclass(frozen=True)
class ProbeError:
    """The exception that student code raised in a probe; `line` is 1-based in cell `cell` when known."""

    type: str
    message: str
    line: Count | None = None
    cell: int | None = None


@dataclass(frozen=True)
class Parameter:
    """A parameter of a model: its name, shape and whether it requires a gradient."""

    name: str
    shape: Shape
    trainable: bool = True


@dataclass(frozen=True)
class Operation:
    """One tensor operation of a forward pass: 'linear', 'conv2d', 'relu', 'adaptive_max_pool2d', 'softmax', …

    `input` and `output` are shapes; `weight` the shape of the weight, () if none; `settings` stride, padding and the like.
    """

    name: str
    input: Shape
    output: Shape
    weight: Shape = ()
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
    spec: Mapping[str, object] = field(default_factory=dict)  # with which the probe builds it


@dataclass(frozen=True)
class Forward:
    """One call of the probe's model by the student's loop: images in the batch, mode, whether gradients were on, devices."""

    batch: Count
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
    flops: Mapping[str, Count] = field(default_factory=dict)
    half_flops: Count = 0
    bytes_to_gpu: Count = 0
    bytes_from_gpu: Count = 0
    waits: Count = 0


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
    unprobed: str = ""  # why what stands for the function could not be asked
    current_step: int = 0  # the global step and the epoch that were handed in
    epoch: int = 0
    training_losses: tuple[float, ...] = ()  # what a test function finds, batch by batch, in a model in training mode


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
