"""Checks on the criterion and the optimizer with which models were trained in the run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.assignment import Fail
from grader.evidence.run import OptimizerSeen, Pass, numbers

__all__ = ["cross_entropy", "optimizer_settings"]

SAME_LOSS = 0.01  # share by which two means of the same losses may differ, as in half precision
SUMMED = 0.05  # share: batches differ in size
_MADE = "Look at the line that makes the optimizer: which class is it, and what is it given?"
LEAST_SCALE = 256  # of a gradient scaler; it starts with 65,536


def optimizer_settings(passes: Sequence[Pass], kind: str, lr: float, momentum: float) -> str:
    """Check that training used an optimizer of class `kind` with the learning rate `lr` and this `momentum`.

    `passes` are the training passes of the run. Weight decay, Nesterov momentum, dampening and maximization must be
    off, and all parameters have the same learning rate in every step. Return the settings. Raise Fail if a setting
    differs in any pass, or if no pass has an optimizer.

    >>> from grader.evidence.run import LoaderSeen
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> sgd = OptimizerSeen("SGD", lr=0.01, momentum=0.5)
    >>> epoch = Pass(4, loader, 0.0, 1.0, 938, 60_000, complete=True, optimizer=sgd)
    >>> optimizer_settings([epoch], "SGD", 0.01, 0.5)
    'SGD with learning rate 0.01 and momentum 0.5'
    """
    seen = [p.optimizer for p in passes if p.optimizer is not None]
    wanted = f"{kind} with learning rate {lr:g} and momentum {momentum:g}"
    if not seen:
        raise Fail("no optimizer took a step in the run", wanted, "Does a cell that runs train the model?")
    for optimizer in seen:
        problem = _settings_problem(optimizer, kind, lr, momentum)
        if problem:
            changes = optimizer is not seen[0] and not _settings_problem(seen[0], kind, lr, momentum)
            hint = "It was right at first: what changes it, a scheduler?" if changes else _MADE
            raise Fail(f"{problem} in a later epoch" if changes else problem, wanted, hint)
    return wanted


def _settings_problem(seen: OptimizerSeen, kind: str, lr: float, momentum: float) -> str:
    if seen.kind != kind:
        return f"the optimizer is {seen.kind}"
    if seen.lr is not None and not math.isclose(seen.lr, lr, rel_tol=1e-6):
        return f"the learning rate is {seen.lr:g}"
    if not math.isclose(seen.momentum or 0.0, momentum, rel_tol=1e-6):
        return f"the momentum is {seen.momentum or 0:g}"
    low, high = seen.lowest_lr, seen.highest_lr
    if low is not None and high is not None and not (_same_rate(low, lr) and _same_rate(high, lr)):
        return f"the learning rate is not the same for all parameters and steps, but from {low:g} to {high:g}"
    extras = {
        "weight decay": seen.weight_decay,
        "Nesterov momentum": seen.nesterov,
        "dampening": seen.dampening,
        "`maximize`, which makes the loss grow,": seen.maximize,
    }
    return next((f"the optimizer has {name} switched on" for name, is_on in extras.items() if is_on), "")


def _same_rate(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6)


def cross_entropy(passes: Sequence[Pass]) -> str:
    """Check that the losses that were propagated backward are the mean cross-entropies of the model's outputs.

    `passes` are training passes. A pass whose outputs were no logits, or whose losses are no numbers, decides nothing.
    Return a sentence. Raise Fail.

    >>> from grader.evidence.run import LoaderSeen
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 128, 64, True)
    >>> cross_entropy([Pass(4, loader, 0.0, 1.0, 2, 128, True, losses=(1.5, 0.5), mean_loss=1.0)])
    'the losses are mean cross-entropies'
    """
    for seen in passes:
        own, losses = seen.mean_loss, numbers(seen.losses)
        if own is None or not losses or len(losses) != seen.batches or seen.backwards != seen.batches:
            continue
        given = sum(losses) / len(losses)
        if math.isclose(given, own, rel_tol=SAME_LOSS, abs_tol=SAME_LOSS) or _is_scaled(given, own):
            continue
        images = seen.samples / max(1, seen.batches)
        if own > 0 and math.isclose(given / own, images, rel_tol=SUMMED):
            said = "the loss of a batch is the sum over its images, not the mean"
        else:
            said = (
                f"the losses that are propagated backward are {given:.3f} on average, where the cross-entropies of the "
                f"model's outputs are {own:.3f}"
            )
        raise Fail(
            said,
            "the mean cross-entropy of each batch",
            "Which criterion computes the loss, from what, and with which arguments?",
        )
    return "the losses are mean cross-entropies"


def _is_scaled(given: float, own: float) -> bool:
    """Return whether a loss is a large power of two times the other: a gradient scaler makes it so."""
    if own <= 0 or given / own < LEAST_SCALE:
        return False
    power = math.log2(given / own)
    return abs(power - round(power)) < SAME_LOSS
