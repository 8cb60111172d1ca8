"""The answer key as records: what the reference's models and functions give for the probes of the public seed.

It holds numbers, shapes and the kinds of layers, and no code. Numbers are compared with the same tolerances as those of
a reference that runs beside the student's code, since no two kinds of CPU give the same last bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from grader.errors import GraderError
from grader.evidence.answers import BuiltParameter
from grader.evidence.decode import Malformed
from grader.evidence.probes import Operation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = "answer key"  # in the place of a notebook's digest: all notebooks are asked the questions that the key answers
FREQUENCIES = (0.37, 1.13, 2.71)  # of the projections that recognise drawn numbers
SAME = 1e-5  # of the length of what was projected
MOST_PARAMETERS = 100_000_000


class AnswerKeyError(GraderError):
    """Raised when the answers of a key do not belong to the questions that are asked here; the message is a sentence.

    >>> raise AnswerKeyError("it holds no answers for batches of 7 images")
    Traceback (most recent call last):
    grader.answer_key.records.AnswerKeyError: it holds no answers for batches of 7 images
    """


@dataclass(frozen=True)
class Floats:
    """An array of float32 as plain data."""

    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, values: NDArray[Any]) -> Floats:
        """Return an array as plain data."""
        return cls(tuple(values.shape), values.astype("<f4").tobytes())

    def decoded(self) -> NDArray[np.float32]:
        """Return the array. Raises Malformed if the data has another length, or a number is not finite."""
        import numpy as np

        if len(self.data) % 4:
            raise Malformed("a part of a number")
        values: NDArray[np.float32] = np.frombuffer(self.data, "<f4")
        if min(self.shape, default=0) < 0 or values.size != math.prod(self.shape) or not np.isfinite(values).all():
            raise Malformed(f"an array of shape {self.shape} that does not fit its data")
        return values.reshape(self.shape).astype(np.float32)


@dataclass(frozen=True)
class LayoutKey:
    """A model's answers for images of one shape: its operations, and its outputs (B, classes) in both modes.

    `draws` says how often weights were drawn until the outputs were well spread; `drawn` recognises what was drawn.
    """

    layout: tuple[int, ...]
    operations: tuple[Operation, ...]
    draws: int
    drawn: tuple[float, ...]
    evaluation: Floats
    training: Floats


@dataclass(frozen=True)
class ModelKey:
    """The answers of one model. `chain` says that its operations, one after the other, give its outputs."""

    parameters: tuple[BuiltParameter, ...]
    layouts: tuple[LayoutKey, ...]
    chain: bool


@dataclass(frozen=True)
class LoopLengths:
    """The numbers of images in the loaders that a function was probed with, and in their batches."""

    train: int
    test: int
    train_batch: int
    test_batch: int


@dataclass(frozen=True)
class LoopKey:
    """The answers of a training or test function for loaders of one length, about the grader's own small model.

    `weights` are the model's after the call; empty for a test, which must leave them alone. `losses`, `sizes` and
    `correct` are those of each batch. `test_labels` follow from the small model's outputs, so that they are kept: one
    rounding could change one of them. `drawn` recognises the other inputs.
    """

    lengths: LoopLengths
    drawn: tuple[float, ...]
    test_labels: bytes
    names: tuple[str, ...]
    weights: Mapping[str, Floats]
    losses: tuple[float, ...]
    sizes: tuple[int, ...]
    correct: tuple[int, ...]


@dataclass(frozen=True)
class AnswerKey:
    """All answers: those of models by role, those of functions by purpose."""

    models: Mapping[str, ModelKey]
    loops: Mapping[Literal["train", "test"], tuple[LoopKey, ...]]
    made_with: Mapping[str, str] = field(default_factory=dict)  # versions by the names of packages

    def need_whole(self) -> None:
        """Raise Malformed if an array does not fit its shape, or a model is larger than any that is taught with."""
        for model in self.models.values():
            if sum(math.prod(parameter.shape) for parameter in model.parameters) > MOST_PARAMETERS:
                raise Malformed("a model of that many parameters")
            for layout in model.layouts:
                layout.evaluation.decoded()
                layout.training.decoded()
        for loop in (loop for loops in self.loops.values() for loop in loops):
            for values in loop.weights.values():
                values.decoded()


def projections(*arrays: NDArray[Any]) -> tuple[float, ...]:
    """Return a few numbers that recognise drawn arrays, up to rounding: their length, and projections of their values.

    >>> import numpy as np
    >>> [round(value, 3) for value in projections(np.ones(2))]
    [1.414, 1.932, 1.426, 0.09]
    """
    import numpy as np

    values = np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays] or [np.zeros(0)])
    places = np.arange(len(values))
    return (
        float(np.sqrt(np.square(values).sum())),
        *(float((values * np.cos(frequency * places)).sum()) for frequency in FREQUENCIES),
    )


def need_drawn(kept: tuple[float, ...], found: tuple[float, ...]) -> None:
    """Raise AnswerKeyError if what was drawn here is not what the answers belong to, beyond rounding."""
    scale = max(1.0, found[0])
    if len(kept) != len(found) or any(abs(a - b) > SAME * scale for a, b in zip(kept, found, strict=True)):
        raise AnswerKeyError(
            "the assignment's file does not fit this installation: numpy draws other numbers here than where the file "
            "was made; ask your instructor for a new file, and update grader"
        )
