"""Checks on the epochs of one model in the run: each took its steps, and the loss fell as it should."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.assignment import Fail, Reference, Review
from grader.evidence.run import numbers
from grader.evidence.trainings import Epoch

__all__ = ["converges", "stepped"]


def stepped(epochs: Sequence[Epoch], where: str) -> str:
    """Check that an optimizer that holds all parameters of the model took steps in every epoch.

    `epochs` are of one model, at least one; `where` names them in messages ('the first 10 epochs'). Return the number
    of epochs and of batches. Raise Fail, with 0.3 of the credit if the optimizer holds only some of the parameters.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> train = Pass(4, loader, 0.0, 9.0, batches=938, samples=60_000, complete=True, steps=938)
    >>> stepped([Epoch(train)], "the first epoch")
    '1 epoch, one step for each of 938 batches'
    """
    for number, epoch in enumerate(epochs, 1):
        seen = epoch.train
        if seen.steps == 0:
            raise Fail(
                f"in epoch {number} of {where} the optimizer of this model took no step"
                if seen.optimizer is None
                else f"in epoch {number} of {where} no step was taken",
                "one step per batch",
                "Which parameters was the optimizer given, and does the loop over the batches call its step()?",
            )
        if seen.optimizer is not None and seen.optimizer.model_share == 0:
            raise Fail(
                f"the optimizer that steps in {where} holds the parameters of another model, "
                "so this one does not learn",
                "an optimizer made for the model that is trained",
                "What does the optimizer get when it is made, and when is it made?",
            )
        if seen.optimizer is not None and seen.optimizer.model_share < 0.999:
            raise Fail(
                f"the optimizer holds {seen.optimizer.model_share:.0%} of the model's parameters in {where}",
                "all of them",
                "Which parameters was the optimizer given: those of the whole model?",
                credit=0.3,
            )
    many = f"{len(epochs)} epoch{'' if len(epochs) == 1 else 's'}"
    return f"{many}, one step for each of {epochs[0].train.batches} batches"


def converges(
    epochs: Sequence[Epoch],
    reference: Reference,
    role: str,
    *,
    classes: int,
    repeated: bool = False,
    as_wanted: bool = True,
) -> str | Review:
    """Check that the epochs learned as the reference does.

    `repeated` says that steps of these epochs were taken again outside, from the weights that were sent, and gave the
    recorded losses. The last loss must stay under the threshold '<role>.loss.<epochs>' that `grader calibrate`
    measured. It is for the wanted data, so repeated steps on other data, which are not `as_wanted`, need not meet it;
    and one that a model reaches by guessing among the `classes` decides nothing.

    Return the last loss: the mean test loss, or the mean training loss if nothing was tested. Return a Review without
    credit if neither a threshold nor repeated steps can tell. Raise Fail if the loss is above the threshold or not a
    number.

    >>> from grader.assignment import Threshold
    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 128, 64, True)
    >>> epoch = Epoch(Pass(4, loader, 0.0, 9.0, batches=2, samples=128, complete=True, steps=2, losses=(0.5, 0.3)))
    >>> measured = Reference({"mlp.loss.2": Threshold(None, 0.45, "from 20 seeds")})
    >>> converges([epoch, epoch], measured, "mlp", classes=10)
    'the loss is 0.400 after 2 epochs (at most 0.450, from 20 seeds)'
    """
    losses = [epoch.test.mean_loss for epoch in epochs if epoch.test is not None]
    own = [_mean(epoch.train.losses) for epoch in epochs]
    if any(value is None or not math.isfinite(value) for value in (*losses, *own)):
        raise Fail(
            f"the loss stops being a number in epoch {_first_bad(own) or 1}",
            "a loss that falls",
            "A learning rate that is too large makes the weights overflow.",
        )
    final = losses[-1] if losses else own[-1]
    threshold = reference.thresholds.get(f"{role}.loss.{len(epochs)}")
    if repeated and not as_wanted:
        threshold = None
    high = threshold.high if threshold is not None else None
    decides = high is not None and high < math.log(classes)
    if decides and threshold is not None and high is not None and (final is None or final > high):
        first = own[0]
        raise Fail(
            f"after {len(epochs)} epochs the loss is {final:.3f}"
            + (f", from {first:.3f} in the first" if first is not None else ""),
            f"at most {high:.3f}, {threshold.source}",
            "Does the loop step the right model, with gradients that start from zero in each batch?",
        )
    if repeated:
        return f"the losses follow the reference's over {len(epochs)} epochs, down to {final:.3f}"
    if decides and threshold is not None:
        return f"the loss is {final:.3f} after {len(epochs)} epochs (at most {high:.3f}, {threshold.source})"
    return Review(
        f"the loss is {final:.3f} after {len(epochs)} epochs; the grader cannot tell on this data whether the model "
        "learned, so a person decides",
        remark="the steps of the training could not be repeated, and no limit on the loss is known",
        credit=0.0,
    )


def _mean(losses: Sequence[float | None]) -> float | None:
    values = numbers(losses)
    return sum(values) / len(values) if len(values) == len(losses) and values else None


def _first_bad(values: Sequence[float | None]) -> int | None:
    return next((i for i, value in enumerate(values, 1) if value is None or not math.isfinite(value)), None)
