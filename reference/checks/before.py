"""Find faults that stand before an item and cost points already: in the data, the model, the loop and the settings.

A fault costs once. A later item is judged given the faults before it: what they do to its losses and curves costs
nothing more. A training by the right function with the right settings is what the reference's loop does to the same
model with the same images; so a loss that is too high is the model's or the images' doing when these are wrong. One by
a wrong function would be right with the reference's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from grader.assignment import Evidence, Fail, NotGraded
from grader.checks import loaders, loop_records, loop_tests, loops, models, training_settings
from grader.evidence.probes import LoopProbe
from grader.evidence.trainings import Epoch, Training
from reference.contract import BATCH_SIZE, LEARNING_RATE, LOG_EVERY, MOMENTUM

LEAST_RATE = LEARNING_RATE / 100  # smaller steps teach a model nothing, whatever else is wrong

Records = Literal["right", "unknown", "wrong"]


def charged_before(e: Evidence, role: str, training: Training) -> str:
    """Return in words on what this training rests that is wrong and cost points before; '' if nothing is.

    That is the data, the model or the function that trained it. A training with steps too small to learn by rests on
    itself.
    """
    if too_small_steps(training):
        return ""
    if (split := _wrong_data(e)) is not None:
        return f"the {'training' if split == 'train' else 'test'} loader"
    if _is_own(e, role, training) and fails(lambda: models.same_outputs(e.models[role])):
        return f"the {role.upper()}"
    if (function := wrong_function(e, training)) is not None:
        return f"the function '{function}'"
    return ""


def too_small_steps(training: Training) -> bool:
    """Return whether some of the training's steps were too small to learn by."""
    made = [epoch.train.optimizer for epoch in training.epochs if epoch.train.optimizer is not None]
    rates = [rate for seen in made for rate in (seen.lr, seen.lowest_lr) if rate is not None]
    return min(rates, default=LEARNING_RATE) < LEAST_RATE


def fails(check: Callable[[], object]) -> bool:
    """Return whether a check found something wrong. What could not be judged was not charged."""
    try:
        check()
    except Fail:
        return True
    except NotGraded:
        return False
    return False


def _wrong_data(e: Evidence) -> Literal["train", "test"] | None:
    """Return the split whose loader serves something else than what was asked for; None if none is known to."""
    sizes: tuple[tuple[Literal["train", "test"], int], ...] = (("train", e.train_size), ("test", e.test_size))
    for split, images in sizes:
        probe = e.loaders.get(split)
        if probe is None or probe.seen is None:
            continue
        other_loader = fails(lambda: loaders.loader(probe, images, BATCH_SIZE, shuffled=split == "train"))  # noqa: B023
        if other_loader and (split == "train" or probe.seen.images != images):  # how a test is batched changes no loss
            return split
        known = probe.first_batch is not None and probe.expected_batch is not None
        if known and fails(lambda: loaders.pixels(probe)):  # noqa: B023
            return split
    return None


def _is_own(e: Evidence, role: str, training: Training) -> bool:
    """Return whether the model that was trained is the one that was judged for this role, by its parameters."""
    own = own_shapes(e, role)
    return bool(own) and sorted(training.model.shapes) == own


def own_shapes(e: Evidence, role: str) -> list[tuple[int, ...]]:
    """Return the shapes of the parameters of the notebook's own model for this role, sorted; [] if there is none."""
    probe = e.models.get(role)
    return sorted(parameter.shape for parameter in probe.parameters) if probe is not None else []


def wrong_function(e: Evidence, training: Training) -> str | None:
    """Return the name of the function that trained in every epoch, if it was judged and is wrong."""
    for probe in (e.loops.get("cpu_train"), e.loops.get("gpu_train")):
        if probe is None or probe.function is None or probe.student is None:
            continue
        seen = [(epoch.train.function, epoch.train.inner_function) for epoch in training.epochs]
        if all(probe.function in names for names in seen) and fails(lambda: loops.trains(probe)):  # noqa: B023
            return probe.function
    return None


def settings_fault(training: Training, epochs: int, after: int = 0) -> Fail | None:
    """Return what is wrong with criterion or optimizer in the first `epochs` epochs of a training; None if nothing is.

    The first `after` of them are left out.
    """
    passes = [epoch.train for epoch in training.epochs[after:epochs]]
    try:
        training_settings.cross_entropy(passes)
        training_settings.optimizer_settings(passes, "SGD", LEARNING_RATE, MOMENTUM)
    except Fail as fail:
        return fail
    return None


def other_criterion(epochs: Sequence[Epoch]) -> bool:
    """Return whether losses were propagated backward that are not the mean cross-entropies, which cost points."""
    return fails(lambda: training_settings.cross_entropy([epoch.train for epoch in epochs]))


def overflowed(e: Evidence, training: Training) -> str:
    """Return in words what made the losses of most batches no numbers and cost points before; '' if nothing did."""
    losses = [loss for epoch in training.epochs for loss in epoch.train.losses]
    if 2 * sum(loss is not None and math.isfinite(loss) for loss in losses) > len(losses):
        return ""
    charged = charged_before(e, "mlp", training)
    return charged or ("the optimizer's settings" if settings_fault(training, len(training.epochs)) else "")


def _tried(e: Evidence, role: str) -> LoopProbe | None:
    """Return the probe of the function for a role; None if the function could not be run."""
    probe = e.loops.get(role)
    return probe if probe is not None and probe.student is not None and probe.student.error is None else None


def test_records(e: Evidence) -> Records:
    """Return whether the function for the CPU's tests is known to record the average loss.

    'wrong' if it records something else, which cost points, and 'unknown' if it could not be tried.
    """
    probe = _tried(e, "cpu_test")
    if probe is None:
        return "unknown"
    try:
        loop_tests.averages_loss(probe)
    except Fail:
        return "wrong"
    except NotGraded:
        return "unknown"
    return "right"


def wrong_record_intervals(e: Evidence) -> tuple[int, ...]:
    """Return the intervals at which the CPU's training function may record values that are no losses.

    An interval is a number of batches. It is possible if the probed function recorded as many values; the asked one
    comes first. Return () if the function is not known to record such values, which cost points.
    """
    probe = _tried(e, "cpu_train")
    if probe is None or probe.student is None:
        return ()
    try:
        loop_records.records_losses(probe, LOG_EVERY)
        return ()
    except NotGraded:
        return ()
    except Fail as fail:
        if fail.credit:  # they are losses, with wrong steps or at another interval
            return ()
    counts, batches = {len(values) for values in probe.student.lists.values()}, len(probe.batch_sizes)
    found = [every for every in range(1, batches + 1) if math.ceil(batches / every) in counts]
    return tuple(sorted(found, key=lambda every: abs(every - LOG_EVERY)))


def counts_steps_wrongly(e: Evidence) -> bool:
    """Return whether the training function for the CPU is known to record or return wrong steps, which cost points."""
    probe = _tried(e, "cpu_train")
    return probe is not None and (
        fails(lambda: loop_records.records_losses(probe, LOG_EVERY)) or fails(lambda: loop_records.returns_step(probe))
    )
