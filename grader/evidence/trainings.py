"""Trainings: the epochs of one model on one device, assembled from the passes of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from grader.evidence.run import LoaderSeen, ModelSeen, Pass, RunEvidence

__all__ = ["Epoch", "Recognise", "Training", "WantedData", "assemble", "doubt", "select", "trainings", "unchecked"]

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


@dataclass(frozen=True)
class WantedData:
    """The data that a training must go over: all images of the split, or just what the judged loader serves.

    `sizes` holds the number of images by split ('train', 'test'), `judged` the notebook's loaders by split, for which
    the item on the data has been judged already: a training over exactly those is not faulted for them once more.

    >>> loader = LoaderSeen("loader-1", "Subset", "train", 64, 64, True)
    >>> WantedData({"train": 60_000, "test": 10_000}).holds(loader, "train")
    False
    >>> WantedData({"train": 60_000, "test": 10_000}, {"train": loader}).holds(loader, "train")
    True
    """

    sizes: Mapping[str, int]
    judged: Mapping[str, LoaderSeen] = field(default_factory=dict)

    def holds(self, loader: LoaderSeen, split: Literal["train", "test"]) -> bool:
        """Return whether a pass over this loader goes over the data wanted for the split."""
        if loader.split == split and loader.images == self.sizes.get(split):
            return True
        judged = self.judged.get(split)
        if judged is None or loader.split not in (split, judged.split):
            return False
        return (loader.dataset, loader.images) == (judged.dataset, judged.images)

    def trains(self, seen: Pass) -> bool:
        """Return whether a training pass is over the wanted training images."""
        return self.holds(seen.loader, "train")

    def tests(self, seen: Pass) -> bool:
        """Return whether a pass is a test: over the wanted test images, or over a good many other images of MNIST.

        A test on the wrong images is still a test, and other checks find it.
        """
        many = 2 * seen.loader.images >= self.sizes.get("test", 0)
        return self.holds(seen.loader, "test") or (seen.loader.split == "train" and many)


def assemble(run: RunEvidence, wanted: WantedData | None = None) -> tuple[Training, ...]:
    """Return all trainings of all models on all devices, by the start of their first epoch.

    An epoch is a complete pass with steps or backward passes over the `wanted` training images; None accepts any data
    but MNIST's test images. A complete pass without either, over the test images or else over others, is the test of
    the epoch before it. A model that moves to another device has a training on each. A model whose record is in doubt
    has none.

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
            if seen.loader.split != "test" and (wanted is None or wanted.trains(seen)):
                known.append(Epoch(seen))
        elif known and (wanted is None or wanted.tests(seen)) and _is_test(seen, known[-1]):
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


def unchecked(run: RunEvidence, training: Training) -> str:
    """Return what of a training could not be checked, so that a person must look; '' if all could.

    >>> model = ModelSeen("model-1", "MLP", ((10, 784), (10,)), ("Linear",), 7850)
    >>> unchecked(RunEvidence(unchecked={"model-1": "no weights were sent"}), Training(model, ()))
    'no weights were sent'
    """
    return run.unchecked.get(training.model.key, "")


def _is_test(seen: Pass, epoch: Epoch) -> bool:
    """Return whether a pass without gradients replaces the epoch's test.

    The test is the first pass over the test images, or else the first pass over others: a test on the wrong images is
    still a test, and other checks find it. A pass after the training pass is preferred to one within it.
    """
    known = epoch.test
    if known is None or (known.loader.split != "test" and seen.loader.split == "test"):
        return True
    return known.start < epoch.train.end <= seen.start and seen.loader.split == known.loader.split
