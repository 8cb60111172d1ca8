"""The answers of the probes as records, and their decoding. See docs/protocol.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from msgspec import Meta

from grader.evidence.decode import Count, EncodedArray, Malformed, Shape, convert, decode_array
from grader.evidence.namespace import NamespaceFacts
from grader.evidence.probes import Forward, Operation, Placement
from grader.evidence.run import LoaderSeen

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ANSWERS",
    "MAX_REPLY_ARRAY",
    "BuildAnswer",
    "BuiltParameter",
    "ForwardAnswer",
    "LoaderAnswer",
    "LoopAnswer",
    "ShapeAnswer",
    "ShapesAnswer",
    "TraceAnswer",
    "array",
    "decode_answer",
]

T = TypeVar("T")

MAX_REPLY_ARRAY = 16 * 1024 * 1024
"""The largest array of an answer, in bytes."""

Numbers = Annotated[tuple[float | None, ...], Meta(max_length=20_000)]
PerBatch = Annotated[tuple[Count, ...], Meta(max_length=100_000)]
Arrays = Annotated[Mapping[str, EncodedArray], Meta(max_length=1000)]


@dataclass(frozen=True)
class BuiltParameter:
    """A parameter of a built model; `owner` is the path of the module that holds it."""

    name: str
    shape: Shape
    trainable: bool = True
    owner: str = ""


@dataclass(frozen=True)
class BuildAnswer:
    """The answer of `probe.build`; `layers` are the class names of the leaf modules."""

    class_name: str
    parameters: Annotated[tuple[BuiltParameter, ...], Meta(max_length=10_000)]
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShapeAnswer:
    """The answer of `probe.shape`: the shape of the model's output."""

    output: Shape


@dataclass(frozen=True)
class ShapesAnswer:
    """The answer of `probe.shapes`: the shapes of the outputs, up to the first input for which the model raised."""

    outputs: Annotated[tuple[Shape, ...], Meta(max_length=1000)]


@dataclass(frozen=True)
class ForwardAnswer:
    """The answer of `probe.forward`: the model's output, float32."""

    output: EncodedArray


@dataclass(frozen=True)
class TraceAnswer:
    """The answer of `probe.trace`: the operations of one forward pass."""

    operations: Annotated[tuple[Operation, ...], Meta(max_length=500)]


@dataclass(frozen=True)
class LoopAnswer:
    """The answer of `probe.loop` without its error, see `evidence.probes.LoopRun`.

    `losses`, `sizes` and `correct` were seen by the criterion, one for each batch.
    """

    start: Arrays
    weights: Arrays
    buffers: Arrays
    lists: Mapping[str, Numbers] = field(default_factory=dict)
    list_types: Mapping[str, str] = field(default_factory=dict)
    returned: Numbers = ()
    returned_nothing: bool = False
    forwards: Annotated[tuple[Forward, ...], Meta(max_length=20_000)] = ()
    batches: Mapping[str, Count] = field(default_factory=dict)
    training_after: bool | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    steps: Count = 0
    backwards: Count = 0
    placement: Placement | None = None
    losses: Annotated[tuple[float | None, ...], Meta(max_length=100_000)] = ()
    sizes: PerBatch = ()
    correct: PerBatch = ()


@dataclass(frozen=True)
class LoaderAnswer:
    """The answer of `probe.loader`: images float32 and labels int64 of the first batch, and of `items` at `places`."""

    seen: LoaderSeen
    first_batch: EncodedArray
    labels: EncodedArray
    order_differs: bool | None = None
    items: EncodedArray | None = None
    item_labels: EncodedArray | None = None
    places: Annotated[tuple[int | None, ...], Meta(max_length=1000)] = ()
    different: Count | None = None  # images of one epoch, each counted once


ANSWERS: Mapping[str, type[Any]] = {
    "probe.describe": NamespaceFacts,
    "probe.build": BuildAnswer,
    "probe.shape": ShapeAnswer,
    "probe.shapes": ShapesAnswer,
    "probe.forward": ForwardAnswer,
    "probe.trace": TraceAnswer,
    "probe.loop": LoopAnswer,
    "probe.loader": LoaderAnswer,
}
"""The record of each probe's answer."""


def decode_answer(answer: Mapping[str, object], kind: type[T]) -> T:
    """Return the record in an answer, without the error that may stand beside it. Raises Malformed.

    >>> decode_answer({"output": [3, 10]}, ShapeAnswer)
    ShapeAnswer(output=(3, 10))
    """
    return convert({key: value for key, value in answer.items() if key != "error"}, kind)


def array(value: object, dtype: str, *, max_bytes: int = MAX_REPLY_ARRAY) -> NDArray[Any]:
    """Return an array of an answer; Malformed is raised unless it has this dtype and at least one element.

    >>> array({"dtype": "uint8", "shape": [2], "data": "AAE="}, "uint8")
    array([0, 1], dtype=uint8)
    """
    found = decode_array(value, max_bytes=max_bytes)
    if found.dtype.name != dtype or not found.size:
        raise Malformed(f"an array of {found.dtype} and shape {found.shape} where {dtype} is expected")
    return found
