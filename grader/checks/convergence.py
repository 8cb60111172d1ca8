"""Checks on the epochs of one model in the run: each took its steps, and the loss fell as it should."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from grader.assignment import Fail, Reference, Review
from grader.evidence.run import numbers
from grader.evidence.trainings import Epoch

__all__ = ["continues", "converges", "stepped"]

LEARNED, AS_NEW = 0.6, 0.85  # of the very first loss: the mean that ends a training, the first loss of a new one
# Standard deviations of an epoch's losses above the highest of them, and the fewest losses for which that tells: of 16
# normal values and one more, the last lies so high in 0.02 % of draws (docs/calibration.md).
OUTLIER, MANY = 3, 16
FEW_IMAGES = 0.9  # share: a loop may leave out the last, smaller batch


def stepped(epochs: Sequence[Epoch], where: str) -> str:
    """Check that an optimizer that holds all parameters of the model took steps in every epoch, over all images.

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
        if 0 < seen.scored < FEW_IMAGES * seen.samples:
            raise Fail(
                f"in epoch {number} of {where} the model was given {seen.scored:,} of the {seen.samples:,} images",
                "all images of every batch",
                "What happens to a batch between the loader and the model?",
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
    many = "1 epoch" if len(epochs) == 1 else f"{len(epochs)} epochs"
    return f"{many}, one step for each of {epochs[0].train.batches} batches"


def continues(epochs: Sequence[Epoch], after: int) -> str:
    """Check that epoch `after` + 1 goes on where epoch `after` ended, with the weights that the model had then.

    New weights show in the first loss of the epoch: it is as high as the very first one, though the mean loss of the
    epoch before had come down to 60 % of that, or no loss of that epoch was nearly as high. Return the loss of the
    first batch, or that it is not known. Raise Fail, without credit, if the training began anew.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 128, 64, True)
    >>> epochs = [Epoch(Pass(4, loader, 0.0, 9.0, 2, 128, True, losses=seen)) for seen in ((2.3, 0.5), (0.4, 0.3))]
    >>> continues(epochs, 1)
    'epoch 2 goes on from a loss of 0.400'
    """
    if len(epochs) <= after:
        return "there is no later epoch"
    began, ended, again = (numbers(epochs[place].train.losses) for place in (0, after - 1, after))
    if not began or not ended or not again:
        return "the losses are not known"
    last = statistics.fmean(ended)
    outlier = len(ended) >= MANY and again[0] > max(ended) + OUTLIER * statistics.pstdev(ended)
    as_before = outlier and last < began[0] and again[0] < began[0] / AS_NEW  # a training that diverges is no new one
    if (last < LEARNED * began[0] or as_before) and again[0] > AS_NEW * began[0]:
        raise Fail(
            f"epoch {after + 1} begins with a loss of {again[0]:.3f}, as the first epoch did ({began[0]:.3f}), though "
            f"epoch {after} had come down to {last:.3f}: the model's weights were set anew",
            "the same model, trained further from where it was",
            "What happens to the model between the two trainings?",
        )
    return f"epoch {after + 1} goes on from a loss of {again[0]:.3f}"


def converges(
    epochs: Sequence[Epoch],
    reference: Reference,
    role: str,
    *,
    classes: int,
    repeated: bool = False,
    charged: str = "",
) -> str | Review:
    """Check that the epochs learned as the reference does.

    `repeated` says that steps of these epochs were taken again outside, from the weights that were sent, and gave the
    recorded losses. The last loss must stay under the threshold '<role>.loss.<epochs>' that `grader calibrate`
    measured, unless the model reaches that by guessing among the `classes`: then it decides nothing.

    `charged` names a fault on which the training rests and that cost points before, such as 'the training loader'; ''
    without one. The threshold is for a training without that fault, and a fault costs once: what it does to the losses
    costs nothing here.

    Return the last loss: the mean test loss, or the mean training loss if nothing was tested. Where no loss was seen
    to be propagated, the training loss is that of the model's outputs. Return a Review without
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
    own = [_mean(epoch.train.losses) if epoch.train.losses else epoch.train.sample_loss for epoch in epochs]
    bad = any(value is None or not math.isfinite(value) for value in (*losses, *own))
    stops = f"the loss stops being a number in epoch {_first_bad(own) or _first_bad(losses)}" if bad else ""
    if stops and not charged:
        raise Fail(stops, "a loss that falls", "Print the loss of each batch: where does it begin to grow?")
    final = losses[-1] if losses else own[-1]
    ends = stops or f"the loss is {final:.3f} after {len(epochs)} epochs"
    if charged and not (repeated and not stops):
        return f"{ends}; this rests on {charged}, which cost points before, so it costs nothing here"
    threshold = reference.thresholds.get(f"{role}.loss.{len(epochs)}") if not charged else None
    high = threshold.high if threshold is not None else None
    decides = high is not None and high < math.log(classes)
    if decides and threshold is not None and high is not None and (final is None or final > high):
        first = own[0]
        raise Fail(
            f"after {len(epochs)} epochs the loss is {final:.3f}"
            + (f", from {first:.3f} in the first" if first is not None else ""),
            f"at most {high:.3f}, {threshold.source}",
            "What happens to this model's weights between two batches, and between two epochs?",
        )
    if repeated:
        return f"the losses follow the reference's over {len(epochs)} epochs, down to {final:.3f}"
    if decides and threshold is not None:
        return f"{ends} (at most {high:.3f}, {threshold.source})"
    return Review(
        f"{ends}; the grader cannot tell on this data whether the model learned, so a person decides",
        remark="the steps of the training could not be repeated, and no limit on the loss is known",
        credit=0.0,
    )


def _mean(losses: Sequence[float | None]) -> float | None:
    values = numbers(losses)
    return sum(values) / len(values) if len(values) == len(losses) and values else None


def _first_bad(values: Sequence[float | None]) -> int | None:
    return next((i for i, value in enumerate(values, 1) if value is None or not math.isfinite(value)), None)
