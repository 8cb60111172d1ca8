"""Checks on the epochs of one model in the run: each took its steps, and the loss fell as it should."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.assignment import Fail, NotGraded, Reference
from grader.evidence.trainings import Epoch, _mean, follows

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
                credit=0.3,
            )
    many = f"{len(epochs)} epoch{'' if len(epochs) == 1 else 's'}"
    return f"{many}, one step for each of {epochs[0].train.batches} batches"


def converges(epochs: Sequence[Epoch], reference: Reference, role: str, checked: bool = True) -> str:
    """Check that the epochs learned as the reference does.

    With the harness's random numbers the losses follow the trajectory of `reference` for this `role`. A notebook with
    its own seeds, or another valid model, must stay under the threshold '<role>.loss.<epochs>' that `grader calibrate`
    measured; `checked` says that its losses were confirmed by the weights that they led to.

    Return the last loss: the mean test loss, or the mean training loss if nothing was tested. Raise Fail if it is above
    the threshold or not a number, and NotGraded if there is no threshold or the losses are not `checked`.

    >>> from grader.assignment import Threshold
    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 128, 64, True)
    >>> epoch = Epoch(Pass(4, loader, 0.0, 9.0, batches=2, samples=128, complete=True, steps=2, losses=(0.5, 0.3)))
    >>> measured = Reference(thresholds={"mlp.loss.2": Threshold(None, 0.45, "from 20 seeds")})
    >>> converges([epoch, epoch], measured, "mlp")
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
    trajectory = reference.trajectories.get(role, ())
    if trajectory and follows(epochs, trajectory):
        final = losses[-1] if losses else own[-1]
        return f"the losses follow the reference's over {len(epochs)} epochs, down to {final:.3f}"
    if not checked:
        raise NotGraded("the losses could not be checked by the weights that they led to")
    threshold = reference.thresholds.get(f"{role}.loss.{len(epochs)}")
    if threshold is None or threshold.high is None:
        if reference.unavailable:
            raise NotGraded(reference.unavailable)
        raise NotGraded(f"no threshold is stored for {len(epochs)} epochs of the {role} on this data")
    final_loss = losses[-1] if losses else own[-1]
    if final_loss is None or final_loss > threshold.high:
        first = own[0]
        raise Fail(
            f"after {len(epochs)} epochs the loss is {final_loss:.3f}"
            + (f", from {first:.3f} in the first" if first is not None else ""),
            f"at most {threshold.high:.3f}, {threshold.source}",
            "Does the loop step the right model, with gradients that start from zero in each batch?",
        )
    return f"the loss is {final_loss:.3f} after {len(epochs)} epochs (at most {threshold.high:.3f}, {threshold.source})"


def _first_bad(values: Sequence[float | None]) -> int | None:
    return next((i for i, value in enumerate(values, 1) if value is None or not math.isfinite(value)), None)
