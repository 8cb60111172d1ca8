"""Trainings: the epochs of one model on one device, assembled from the passes of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from grader.evidence.run import ModelSeen, Pass, RunEvidence, numbers

__all__ = ["Epoch", "Recognise", "Training", "assemble", "doubt", "follows", "select", "trainings"]

# Relative differences of losses. The same mathematics in another order of operations stays far below both; another
# model or another order of images is far above the first.
SAME_STEP = 1e-3  # of each step of the first epoch
SAME_MEAN = 0.02  # of an epoch's mean, over which rounding may have grown

Recognise: TypeAlias = Callable[[Sequence[tuple[int, ...]]], bool]
"""A function that tells by the shapes of a model's parameters, in order, whether it is meant to be the wanted model."""


@dataclass(frozen=True)
class Epoch:
    """A training pass, and the test pass of the same model that belongs to it, if any.

    >>> from grader.evidence.run import LoaderSeen
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> epoch = Epoch(Pass(4, loader, 10.0, 5.0, 938, 60_000, True, model_device="cuda:0", steps=938))
    >>> epoch.device, epoch.start, epoch.end
    ('cuda', 10.0, 15.0)
    """

    train: Pass
    test: Pass | None = None

    @property
    def start(self) -> float:
        """The start of the training pass, in seconds since the kernel began."""
        return self.train.start

    @property
    def end(self) -> float:
        """The end of the test pass, or of the training pass without one, in seconds since the kernel began."""
        return (self.test or self.train).end

    @property
    def cell(self) -> int:
        """The index of the cell in which it ran."""
        return self.train.cell

    @property
    def device(self) -> str:
        """The model's device: 'cpu' or 'cuda'."""
        return (self.train.model_device or "cpu").split(":")[0]


@dataclass(frozen=True)
class Training:
    """All epochs of one model on one device, in order.

    `before` counts the epochs that the model had on another device before the first of them.

    >>> from grader.evidence.run import LoaderSeen
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> epochs = [Epoch(Pass(4, loader, start, 5.0, 938, 60_000, True, steps=938)) for start in (10.0, 20.0)]
    >>> Training(ModelSeen("model-1", "MLP", ((10, 784), (10,)), ("Linear",), 7850), tuple(epochs)).cells
    (4,)
    """

    model: ModelSeen
    epochs: tuple[Epoch, ...]
    before: int = 0

    @property
    def device(self) -> str:
        """The device of its epochs: 'cpu' or 'cuda'."""
        return self.epochs[0].device

    @property
    def cells(self) -> tuple[int, ...]:
        """The cells in which its epochs ran, in order, each once."""
        return tuple(dict.fromkeys(epoch.cell for epoch in self.epochs))


def assemble(run: RunEvidence) -> tuple[Training, ...]:
    """Return all trainings of all models on all devices, by the start of their first epoch.

    An epoch is a complete pass with steps or backward passes, over any data but MNIST's test images. A complete pass
    without either, over the test images or else over others, is the test of the epoch before it. A model that moves to
    another device has a training on each. A model whose record is in doubt has none.

    >>> from grader.evidence.run import LoaderSeen
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> model = ModelSeen("model-1", "MLP", ((10, 784), (10,)), ("Linear",), 7850)
    >>> passes = [Pass(4, loader, t, 5.0, 938, 60_000, True, model="model-1", steps=938) for t in (10.0, 20.0)]
    >>> [len(found.epochs) for found in assemble(RunEvidence(models={"model-1": model}, passes=tuple(passes)))]
    [2]
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
    """Yield the trainings of a model on each device; `epochs` are all its epochs."""
    places: dict[str, list[int]] = {}
    for place, epoch in enumerate(epochs):
        places.setdefault(epoch.device, []).append(place)
    for here in places.values():
        yield Training(model, tuple(epochs[place] for place in here), here[0])


def select(found: Iterable[Training], recognise: Recognise, device: str = "cpu") -> tuple[Training, ...]:
    """Return the trainings on `device` ('cpu' or 'cuda') of the models that `recognise` accepts, in the same order.

    >>> select(assemble(RunEvidence()), lambda shapes: True, "cuda")
    ()
    """
    return tuple(t for t in found if t.device == device and recognise(t.model.shapes))


def trainings(run: RunEvidence, recognise: Recognise, device: str = "cpu") -> tuple[Training, ...]:
    """Assemble the trainings of a run and return those on `device` of the models that `recognise` accepts.

    A check calls `Evidence.trainings` instead, for which they are assembled once.

    >>> trainings(RunEvidence(), lambda shapes: True)
    ()
    """
    return select(assemble(run), recognise, device)


def doubt(run: RunEvidence, recognise: Recognise) -> str:
    """Return why a training of the models that `recognise` accepts is not believed; '' when all are.

    >>> model = ModelSeen("model-1", "MLP", ((10, 784), (10,)), ("Linear",), 7850)
    >>> run = RunEvidence(models={"model-1": model}, doubts={"model-1": "a clock ran backward"})
    >>> doubt(run, lambda shapes: True)
    'the recorded training is not believed: a clock ran backward'
    """
    found = (run.doubts[key] for key in run.doubts if key in run.models and recognise(run.models[key].shapes))
    return next((f"the recorded training is not believed: {why}" for why in found), "")


def _is_test(seen: Pass, epoch: Epoch) -> bool:
    """Return whether a pass without gradients replaces the epoch's test.

    The test is the first pass over the test images, or else the first pass over others: a test on the wrong images is
    still a test, and other checks find it. A pass after the training pass is preferred to one within it.
    """
    known = epoch.test
    if known is None or (known.loader.split != "test" and seen.loader.split == "test"):
        return True
    return known.start < epoch.train.end <= seen.start and seen.loader.split == known.loader.split


def follows(epochs: Sequence[Epoch], trajectory: Sequence[Pass]) -> bool:
    """Return whether the epochs' training losses are those of the reference's epochs with the same numbers.

    `trajectory` holds the reference's training passes in order. The losses of a first epoch must agree batch by batch
    within 0.1 %, the means of later ones within 2 %. False when the notebook used its own random numbers.

    >>> from grader.evidence.run import LoaderSeen
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 128, 64, True)
    >>> reference = Pass(1, loader, 0.0, 1.0, 2, 128, True, canonical=True, steps=2, losses=(2.3, 2.1))
    >>> follows([Epoch(reference)], [reference]), follows([Epoch(reference)], [])
    (True, False)
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
