"""Evaluate the reference's models on the served images, with the weights that a run sent.

Each evaluation is made once. It starts in the background as soon as the weights are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from grader.assignment import ModelRole
from grader.evidence.run import Malformed, ModelSeen, Pass, RunEvidence, WeightsSeen
from grader.evidence.trainings import Training, WantedData, assemble
from grader.probe.models import BuiltParameter, match_parameters, parameters_of

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

Arrays: TypeAlias = "Mapping[str, NDArray[Any]]"
Draw: TypeAlias = Callable[[str, int], int]
"""A function that draws one of n numbers, 0 to n - 1, for a question with this name."""
Split: TypeAlias = "tuple[NDArray[np.uint8], NDArray[np.int64]]"

TOGETHER = 64  # images in a batch; larger ones are slower
ROUGHLY = 2000  # images, if the recorded pass cannot be repeated
MOST_TRAININGS = 12  # of each role; an assignment asks for a few, a notebook may try out hundreds
MOST_EARLY = 16  # evaluations ahead: twice as many as a notebook needs that trains each of four models in its own cell


@dataclass(frozen=True)
class Sent:
    """Weights that a run sent, of a model that a role recognises, and the complete pass after which it sent them."""

    role: ModelRole
    model: ModelSeen
    weights: WeightsSeen
    seen: Pass

    @property
    def split(self) -> Literal["train", "test"]:
        """The split whose images the pass went over."""
        return self.seen.loader.split or "test"

    def repeatable(self, images: int) -> bool:
        """Return whether the pass tested all `images` of its split, so that the weights must give the same figures."""
        trained = self.seen.trains or self.seen.backwards > 0
        return not trained and self.seen.loader.images == self.seen.samples == images


def sent_weights(
    run: RunEvidence, roles: Sequence[ModelRole], wanted: WantedData | None = None, draw: Draw | None = None
) -> Iterator[Sent]:
    """Yield the weights that are evaluated of each training: those after its first, one middle and its last epoch.

    The epochs are over the `wanted` data. `draw(name, n)` chooses one of n epochs between the first and the last, which
    nobody can foresee; without it there is none between.
    """
    found = assemble(run, wanted)
    for role in roles:
        for training in examined(found, role):
            sent = list(after_epochs(run, training))
            for place in chosen(len(sent), training, draw):
                weights, seen = sent[place]
                if seen.loader.split is not None:
                    yield Sent(role, training.model, weights, seen)


def select_role(found: Sequence[Training], role: ModelRole) -> list[Training]:
    """Return the trainings of a role's model, on any device, in the same order."""
    return [training for training in found if role.recognise(training.model.shapes)]


def examined(found: Sequence[Training], role: ModelRole) -> list[Training]:
    """Return the trainings of a role's model that are examined: the longest ones, since each takes time."""
    return sorted(select_role(found, role), key=lambda training: -len(training.epochs))[:MOST_TRAININGS]


def after_epochs(run: RunEvidence, training: Training) -> Iterator[tuple[WeightsSeen, Pass]]:
    """Yield the weights that were sent after epochs of a training, with the pass after which the model had them."""
    sent = {weights.start: weights for weights in run.weights if weights.model == training.model.key}
    for epoch in training.epochs:
        for seen in (epoch.test, epoch.train):
            if seen is not None and seen.start in sent and not sent[seen.start].before:
                yield sent[seen.start], seen
                break


def chosen(count: int, training: Training, draw: Draw | None) -> list[int]:
    """Return which of `count` epochs are examined: the first, a drawn one between, and the last."""
    between = draw(f"epoch of {training.model.key} on {training.device}", count - 2) if draw and count > 2 else None
    places = {0, count - 1, *([] if between is None else [1 + between])}
    return sorted(place for place in places if 0 <= place < count)


@dataclass
class Evaluations:
    """The outputs of the reference's models for the first images of a split.

    `data` holds images (N, 28, 28) and labels (N,) by split, `transform` is the one that the loaders should apply, and
    `pool` runs the evaluations.
    """

    data: Mapping[str, Split]
    transform: Callable[..., Any]
    pool: Executor
    _made: dict[tuple[str, str, float], tuple[WeightsSeen, int, Future[NDArray[np.float32] | None]]] = field(
        default_factory=dict
    )
    _early: int = 0

    def foresee(self, run: RunEvidence, roles: Sequence[ModelRole]) -> None:
        """Start the evaluations that will be needed if the run sends no more weights. Raises nothing."""
        for sent in sent_weights(run, roles):
            images = len(self.data[sent.split][1])
            images = images if sent.repeatable(images) else ROUGHLY
            if self._known(sent, images) is None and self._early < MOST_EARLY:
                self._early += 1
                self._begin(sent, images)

    def outputs(self, sent: Sent, images: int) -> NDArray[np.float32] | None:
        """Return the outputs (images, classes) in evaluation mode; None if the weights do not fit or are malformed."""
        found = (self._known(sent, images) or self._begin(sent, images)).result()
        return None if found is None else found[:images]

    def _known(self, sent: Sent, images: int) -> Future[NDArray[np.float32] | None] | None:
        """Return the evaluation, started or done, of exactly these weights on at least so many images."""
        weights, enough, future = self._made.get(_key(sent), (None, 0, None))
        return future if weights == sent.weights and enough >= images else None

    def _begin(self, sent: Sent, images: int) -> Future[NDArray[np.float32] | None]:
        future = self.pool.submit(lambda: evaluated(sent, self.transform(self.data[sent.split][0][:images])))
        self._made[_key(sent)] = sent.weights, images, future
        return future


def _key(sent: Sent) -> tuple[str, str, float]:
    return sent.role.role, sent.weights.model, sent.weights.start


def evaluated(sent: Sent, pixels: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the outputs (N, classes) of the reference's model with these weights for pixels (N, …).

    The model is in evaluation mode. None if the weights do not fit or are malformed, or if the model is not here.
    """
    model: torch.nn.Module | None = sent.role.build()  # type: ignore[assignment]
    if model is None:
        return None
    try:
        fits = transplant(sent.weights.decoded(), model)
    except Malformed:
        return None
    return outputs(model, pixels) if fits else None


def transplant(values: Arrays, model: torch.nn.Module) -> bool:
    """Copy a student's weights into a model of the reference, layer by layer. Return False if they do not fit."""
    import torch

    student = tuple(BuiltParameter(name, v.shape, True, name.rpartition(".")[0]) for name, v in values.items())
    matched = match_parameters(student, parameters_of(model))
    if isinstance(matched, str):
        return False
    places = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in values.items():
            place = places[matched[name]]
            shape = tuple(place.shape)
            turned = value.T if value.ndim == 2 and value.shape != shape and value.shape[::-1] == shape else value
            place.copy_(torch.from_numpy(turned.reshape(shape).copy()))
    return True


def outputs(model: torch.nn.Module, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the outputs (N, classes) of a model in evaluation mode for pixels (N, …)."""
    import numpy as np
    import torch

    model.eval()
    with torch.no_grad():
        parts = [model(torch.from_numpy(pixels[i : i + TOGETHER])).numpy() for i in range(0, len(pixels), TOGETHER)]
    return np.concatenate(parts)
