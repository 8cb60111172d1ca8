"""Trainings: the epochs of one model, put together from the passes of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from grader.evidence.run import ModelSeen, Pass, RunEvidence, numbers

# Relative differences of losses. Equal mathematics in another order of operations stays far under both, another model or
# another order of images far over the first.
SAME_STEP = 1e-3  # of each step of the first epoch
SAME_MEAN = 0.02  # of an epoch's mean, over which rounding may have grown

Recognise: TypeAlias = Callable[[Sequence[tuple[int, ...]]], bool]
"""Tells by the shapes of its parameters whether a model is meant to be the wanted one."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data with steps, and the test pass of the same model that followed it, if any."""

    train: Pass
    test: Pass | None = None

    @property
    def start(self) -> float:
        """Seconds since the kernel began."""
        return self.train.start

    @property
    def end(self) -> float:
        """Seconds since the kernel began; after the test pass when there was one."""
        return (self.test or self.train).end

    @property
    def cell(self) -> int:
        """Index of the cell that it ran in."""
        return self.train.cell

    @property
    def device(self) -> str:
        """'cpu' or 'cuda': where the model was."""
        return (self.train.model_device or "cpu").split(":")[0]


@dataclass(frozen=True)
class Training:
    """All epochs of one model on one device, in order; `before` counts those that it had on another device by then."""

    model: ModelSeen
    epochs: tuple[Epoch, ...]
    before: int = 0

    @property
    def device(self) -> str:
        """'cpu' or 'cuda'."""
        return self.epochs[0].device

    @property
    def cells(self) -> tuple[int, ...]:
        """The cells that its epochs ran in, in order, once each."""
        return tuple(dict.fromkeys(epoch.cell for epoch in self.epochs))


def assemble(run: RunEvidence) -> tuple[Training, ...]:
    """Return all trainings of all models on all devices, by the start of their first epoch, in one pass over the run.

    An epoch is a complete pass with gradients over any data but MNIST's test images. A complete pass without gradients
    over the test images, or over others, is the test of the epoch before it. A model that moves to another device has a
    training on each. A model whose record is in doubt has none.
    """
    models = [model for model in run.models.values() if model.key not in run.doubts]
    epochs: dict[str, list[Epoch]] = {model.key: [] for model in models}
    for seen in run.passes:
        if seen.model is None or seen.model not in epochs or not seen.complete:
            continue
        known = epochs[seen.model]
        if seen.trains or seen.backwards > 0:
            if seen.loader.split != "test":
                known.append(Epoch(seen))
        elif known and _is_test(seen, known[-1]):
            known[-1] = Epoch(known[-1].train, seen)
    found = [training for model in models for training in _by_device(model, epochs[model.key])]
    return tuple(sorted(found, key=lambda training: training.epochs[0].start))


def _by_device(model: ModelSeen, epochs: Sequence[Epoch]) -> Iterator[Training]:
    """The trainings of one model, whose epochs these are, on each device."""
    places: dict[str, list[int]] = {}
    for place, epoch in enumerate(epochs):
        places.setdefault(epoch.device, []).append(place)
    for here in places.values():
        yield Training(model, tuple(epochs[place] for place in here), here[0])


def select(found: Iterable[Training], recognise: Recognise, device: str = "cpu") -> tuple[Training, ...]:
    """Return the trainings on `device` of the models that `recognise` accepts by their parameters' shapes, in order."""
    return tuple(t for t in found if t.device == device and recognise(t.model.shapes))


def trainings(run: RunEvidence, recognise: Recognise, device: str = "cpu") -> tuple[Training, ...]:
    """Assemble the trainings of a run and return those that `select` takes.

    A check calls `Evidence.trainings` instead, which assembles them once.
    """
    return select(assemble(run), recognise, device)


def doubt(run: RunEvidence, recognise: Recognise) -> str:
    """Why a training of the models that `recognise` accepts is not believed; '' when all are."""
    found = (run.doubts[key] for key in run.doubts if key in run.models and recognise(run.models[key].shapes))
    return next((f"the recorded training is not believed: {why}" for why in found), "")


def _is_test(seen: Pass, epoch: Epoch) -> bool:
    """Whether a pass without gradients is an epoch's test: the first over the test images, else the first at all.

    One that comes after the training pass goes before those in the midst of it. Some tests go over the wrong images, which
    other checks find; they are tests all the same.
    """
    known = epoch.test
    if known is None or (known.loader.split != "test" and seen.loader.split == "test"):
        return True
    return known.start < epoch.train.end <= seen.start and seen.loader.split == known.loader.split


def follows(epochs: Sequence[Epoch], trajectory: Sequence[Pass]) -> bool:
    """Whether the epochs' training losses are those of the reference's epochs with the same numbers.

    `trajectory` holds the reference's training passes in order. False where the notebook's random numbers were its own.
    """
    if len(epochs) > len(trajectory) or not all(epoch.train.canonical for epoch in epochs):
        return False
    by_number = {seen.number: seen for seen in trajectory}
    pairs = [(epoch.train, by_number.get(epoch.train.number)) for epoch in epochs]
    return all(expected is not None and _same_epoch(seen, expected) for seen, expected in pairs)


def _same_epoch(seen: Pass, expected: Pass) -> bool:
    if seen.number == 0:
        pairs = list(zip(seen.losses, expected.losses, strict=False))
        return len(seen.losses) == len(expected.losses) and all(
            a is not None and b is not None and math.isclose(a, b, rel_tol=SAME_STEP) for a, b in pairs
        )
    mean, wanted = _mean(seen.losses), _mean(expected.losses)
    return mean is not None and wanted is not None and math.isclose(mean, wanted, rel_tol=SAME_MEAN)


def _mean(losses: Sequence[float | None]) -> float | None:
    values = numbers(losses)
    return sum(values) / len(values) if len(values) == len(losses) and values else None
