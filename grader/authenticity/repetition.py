"""Take the first steps of recorded epochs again on this side, and compare the losses.

An epoch starts from weights that the run sent, and the harness knows which images each batch held. So the reference's
own steps from there must give the recorded losses. Where the harness set the order of the images, it is derived here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.assignment import ModelRole
from grader.authenticity.evaluations import Arrays, after_epochs, chosen, examined, transplant
from grader.authenticity.weights import Bench, as_labelled, as_served, draw, is_reference, own_outputs, score
from grader.evidence.run import Malformed, Pass, RunEvidence, WeightsSeen
from grader.evidence.trainings import Training, assemble
from grader.in_kernel.randomness import pass_order

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

# Of an epoch; the recorder recognises the images of its first six batches. Those of a later epoch are compared less
# exactly, so a third of them would add little.
FRESH_STEPS, LATER_STEPS = 3, 2
FIRST_SHARE = 2e-3  # of the first loss, which follows from the weights alone
FRESH_SHARE = 5e-3  # of the other losses of a first epoch
# Of those of a later one, since the momentum of the epoch before is not known: up to 48 % off for the CNN on all of
# MNIST (docs/calibration.md).
LATER_SHARE, LATER_SLACK = 0.6, 0.15


@dataclass(frozen=True)
class Start:
    """The start of an epoch: the weights that a model had then, and the training pass that began with them."""

    role: ModelRole
    weights: WeightsSeen
    seen: Pass


def repeated(bench: Bench, run: RunEvidence, roles: Sequence[ModelRole], seed: int) -> frozenset[str]:
    """Return the models of the roles whose trainings were repeated: the examined epochs give the recorded losses.

    Of each training the first, one middle and the last epoch are examined that start with weights that were sent.
    `seed` is the one of the kernel in which the notebook ran. Raises nothing.
    """
    good: set[str] = set()
    bad: set[str] = set()
    found = assemble(run, bench.wanted)
    for role in roles:
        for training in examined(found, role):
            starts = _starts(run, role, training)
            places = chosen(len(starts), training, draw)
            same = bool(starts) and all(_same(bench, starts[place], seed) for place in places)
            (good if same else bad).add(training.model.key)
    return frozenset(good - bad)


def _starts(run: RunEvidence, role: ModelRole, training: Training) -> list[Start]:
    """Return the starts of epochs whose weights were sent. Weights after an epoch are those before the next one."""
    first = training.epochs[0].train
    known = {seen.start: weights for weights, seen in after_epochs(run, training)}
    mine = (weights for weights in run.weights if weights.before and weights.model == training.model.key)
    before = next((weights for weights in mine if weights.start == first.start), None)
    starts = [] if before is None else [Start(role, before, first)]
    for one, other in zip(training.epochs, training.epochs[1:], strict=False):
        weights = next((known[seen.start] for seen in (one.test, one.train) if seen and seen.start in known), None)
        if weights is not None:
            starts.append(Start(role, weights, other.train))
    return starts


def _same(bench: Bench, start: Start, seed: int) -> bool:
    """Return whether the reference's first steps from these weights give the recorded losses."""
    seen, data = start.seen, bench.evaluations.data["train"]
    size = seen.loader.batch_size
    if seen.loader.split != "train" or not size or not _plain(seen):
        return False
    steps = min(FRESH_STEPS if start.weights.before else LATER_STEPS, len(seen.served) // size)
    served = [place for place in seen.served[: steps * size] if place is not None and 0 <= place < len(data[1])]
    if not steps or len(served) != steps * size:
        return False
    if seen.canonical and seen.loader.images == len(data[1]):
        device = (seen.model_device or "cpu").split(":")[0]
        expected = pass_order.permutation(seed, seen.loader.images, seen.number, device)[: len(served)]
        if any(
            one != other and (data[0][one] != data[0][other]).any() for one, other in zip(served, expected, strict=True)
        ):
            return False
    batch = _batch(bench, served)
    try:
        values = start.weights.decoded()
    except Malformed:
        return False
    if batch is None:
        return False
    losses = _losses(start.role, values, seen, *batch, size)
    if losses is not None and agree(seen.losses[:steps], losses, fresh=start.weights.before):
        return True
    other = start.role.build() is None or not is_reference(bench.models[start.role.role])
    return other and _own_first(bench, start, values, batch, size)


def _own_first(
    bench: Bench, start: Start, values: Arrays, batch: tuple[NDArray[np.float32], NDArray[np.int64]], size: int
) -> bool:
    """Return whether the student's own definition gives the recorded first loss.

    It is asked if it is not the reference's, or if that is not here.
    """
    probe, recorded = bench.models[start.role.role], start.seen.losses[0]
    images, labels = batch[0][:size], batch[1][:size]
    outputs = own_outputs(bench.kernel, probe, values, images, start.seen.training is True) if probe.spec else None
    if outputs is None or recorded is None:
        return False
    return math.isclose(recorded, score(outputs, labels).loss, rel_tol=FIRST_SHARE)


def _plain(seen: Pass) -> bool:
    """Return whether a pass took one step of SGD with all the model's parameters for each batch.

    False too for settings that SGD refuses: they are claims.
    """
    made = seen.optimizer
    if made is None or "SGD" not in (made.kind, made.base) or made.model_share <= 0.999:
        return False
    if any((value or 0.0) < 0 for value in (made.lr, made.momentum, made.weight_decay)):
        return False
    return 0 < len(seen.losses) == seen.batches == seen.steps


def _batch(bench: Bench, places: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
    """Return images and labels of the training split as the notebook's loader serves them; None if that is unknown."""
    images, labels = bench.evaluations.data["train"]
    loader = bench.loaders["train"]
    wanted = bench.evaluations.transform(images[list(places)])
    other, named = as_served(loader, wanted), as_labelled(loader, labels[list(places)])
    return None if named is None else (wanted if other is None else other, named)


def _losses(
    role: ModelRole, values: Arrays, seen: Pass, images: NDArray[np.float32], labels: NDArray[np.int64], size: int
) -> list[float] | None:
    """Return the losses of steps on these images, `size` at a time, from these weights.

    None if they do not fit, or if the model is not here.
    """
    import torch

    model: torch.nn.Module | None = role.build()  # type: ignore[assignment]
    if model is None or not transplant(values, model) or seen.optimizer is None:
        return None
    model.train()
    made = seen.optimizer
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=made.lr or 0.0,
        momentum=made.momentum or 0.0,
        weight_decay=made.weight_decay or 0.0,
        nesterov=made.nesterov and bool(made.momentum),
    )
    found = []
    for at in range(0, len(labels), size):
        inputs, targets = torch.from_numpy(images[at : at + size]), torch.from_numpy(labels[at : at + size])
        loss = torch.nn.functional.cross_entropy(model(inputs), targets)
        found.append(loss.item())
        if at + size < len(labels):  # no loss follows from the last step
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return found


def agree(recorded: Sequence[float | None], taken: Sequence[float], fresh: bool = False) -> bool:
    """Return whether recorded losses are those of the steps taken here: the first exactly, the others roughly.

    `fresh` says that the optimizer had no momentum before, so that the others are almost exact too.
    """
    if len(recorded) != len(taken) or not taken or recorded[0] is None:
        return False
    if not math.isclose(recorded[0], taken[0], rel_tol=FIRST_SHARE):
        return False
    share, slack = (FRESH_SHARE, 0.0) if fresh else (LATER_SHARE, LATER_SLACK)
    pairs = zip(recorded[1:], taken[1:], strict=True)
    return all(a is not None and math.isclose(a, b, rel_tol=share, abs_tol=slack) for a, b in pairs)
