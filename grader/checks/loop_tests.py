"""Checks on test functions: what they did to the grader's own model, and the numbers that they recorded or returned.

`probe` is the evidence of one test function, `e.loops[role]`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from grader.assignment import Fail
from grader.checks.loop_common import LOSS_TOLERANCE, both_runs, close, first_steps, need_forwards, shortened
from grader.evidence.compare import distance
from grader.evidence.probes import LoopProbe, LoopRun
from grader.evidence.run import numbers

__all__ = ["accuracy", "averages_loss", "gradients_off", "leaves_model_alone", "mode_in_test"]

_AVERAGE = "Which sum is divided, and by how many batches?"
_FRACTION = "How many images were counted as right, and by which number of images is that divided?"
_LOADER = "Which loader does the loop go over?"
SAME_FIGURE = 2e-5  # relative: the same sum in another order; a wrong average is rarely this close to another figure


def mode_in_test(probe: LoopProbe) -> str:
    """Check that the model is in evaluation mode during the test: in each call, and by the losses that are recorded.

    Return a sentence. Raise Fail if it is in training mode or never called, and NotGraded if the function was not run.

    >>> from grader.evidence.probes import Forward
    >>> run = LoopRun({}, {}, forwards=(Forward(batch=64, training=False, grad_enabled=False),))
    >>> mode_in_test(LoopProbe("cpu_test", student=run, reference=run))
    'the model is in evaluation mode'
    """
    student, _ = both_runs(probe)
    need_forwards(student)
    if any(forward.training for forward in student.forwards) or _leaves_training_figures(probe):
        raise Fail(
            "the model is in training mode during the test: dropout is active and batch norm uses the batch",
            "evaluation mode",
            "There is a call that puts a model into evaluation mode.",
        )
    return "the model is in evaluation mode"


def _leaves_training_figures(probe: LoopProbe) -> bool:
    """Return whether the function recorded or returned losses of training mode, however they were averaged.

    The losses of both modes are similar. So a value counts only if it equals an average of training mode up to rounding
    and is not even close to one of evaluation mode. If any other value equals an average of evaluation mode, the match
    with training mode is a coincidence; being close to one is not enough for that, as some value nearly always is.
    """
    if not probe.training_losses or probe.student is None:
        return False
    values = _outcomes(probe.student)
    own, other = (
        _averages(_Figures(losses, probe.batch_sizes, probe.correct))
        for losses in (probe.losses, probe.training_losses)
    )

    def is_one_of(value: float, figures: Sequence[float], tolerance: float) -> bool:
        return any(close(value, figure, tolerance) for figure in figures)

    if any(is_one_of(value, own, SAME_FIGURE) for value in values):
        return False
    return any(is_one_of(v, other, SAME_FIGURE) and not is_one_of(v, own, LOSS_TOLERANCE) for v in values)


def _averages(figures: _Figures) -> tuple[float, ...]:
    """Return right and wrong averages of the batches' losses."""
    right = (figures.mean_of_batches, figures.mean_of_images)
    weighted = figures.mean_of_images * figures.images
    return (*right, figures.total_loss, figures.total_loss / figures.images, weighted, weighted / figures.batches)


def gradients_off(probe: LoopProbe) -> str:
    """Check that no gradients are recorded during the test.

    Return a sentence. Raise Fail if they are or the model is never called, and NotGraded if the function was not run.

    >>> from grader.evidence.probes import Forward
    >>> run = LoopRun({}, {}, forwards=(Forward(batch=64, training=False, grad_enabled=False),))
    >>> gradients_off(LoopProbe("cpu_test", student=run, reference=run))
    'gradients are off'
    """
    student, _ = both_runs(probe)
    need_forwards(student)
    if any(forward.grad_enabled for forward in student.forwards):
        raise Fail(
            "gradients are recorded during the test, which costs memory and time",
            "no_grad or inference_mode around the test",
            "There is a context manager for this.",
        )
    return "gradients are off"


@dataclass(frozen=True)
class _Figures:
    """The reference's losses, sizes and correct predictions, batch by batch, for one pass over the test loader."""

    losses: tuple[float, ...]
    sizes: tuple[int, ...]
    correct: tuple[int, ...]

    @property
    def images(self) -> int:
        """The number of images."""
        return sum(self.sizes)

    @property
    def batches(self) -> int:
        """The number of batches."""
        return len(self.sizes)

    @property
    def total_loss(self) -> float:
        """The sum of the batches' losses."""
        return sum(self.losses)

    @property
    def mean_of_batches(self) -> float:
        """The losses averaged over batches, as the assignment asks."""
        return self.total_loss / len(self.losses)

    @property
    def mean_of_images(self) -> float:
        """The losses averaged over images: accepted too, as it differs only by the weight of a smaller last batch."""
        return sum(a * b for a, b in zip(self.losses, self.sizes, strict=True)) / self.images

    @property
    def accuracy(self) -> float:
        """The share of images that are predicted correctly."""
        return sum(self.correct) / self.images


def _figures(probe: LoopProbe) -> _Figures:
    """Return the reference's figures for the test loader that the student's function was given."""
    return _Figures(probe.losses, probe.batch_sizes, probe.correct)


def _outcomes(student: LoopRun) -> tuple[float, ...]:
    """Return all numbers that the function recorded or returned: the last entries of lists first."""
    ends = [numbers(values)[-1] for values in student.lists.values() if numbers(values)]
    return (*ends, *numbers(student.returned))


def averages_loss(probe: LoopProbe) -> str:
    """Check that the loss averaged over the test loader is the last entry of a list or is returned.

    An average over images is correct too. If the function was given a list for the steps and the step, the last entry
    of that list must be the step. Return the loss. Raise Fail, with half the credit if only the step is wrong, with the
    mistake that explains the value if it is a common one, and NotGraded if the function was not run.

    >>> run = LoopRun({}, {}, returned=(0.3,))
    >>> averages_loss(LoopProbe("cpu_test", student=run, reference=run, losses=(0.2, 0.4), batch_sizes=(64, 64)))
    'records 0.3000, the average loss over the test loader'
    """
    student, _ = both_runs(probe)
    figures = _figures(probe)
    values = _outcomes(student)
    expected = f"{figures.mean_of_batches:.4f}, the mean of the batches' losses"
    for right in (figures.mean_of_batches, figures.mean_of_images):
        if any(close(value, right) for value in values):
            _need_step(probe)
            _need_again(probe, averages_loss)
            return f"records {right:.4f}, the average loss over the test loader"
    images, batches, total = figures.images, figures.batches, figures.total_loss
    without_last = total - figures.losses[-1]
    wrong = (
        (total / images, "the batches' mean losses are added up and divided by the number of images"),
        (total, "the losses are added up and not divided"),
        (figures.losses[-1], "only the last batch's loss is recorded"),
        (figures.losses[0], "only the first batch's loss is recorded"),
        *((without_last / count, "the last, smaller batch is left out") for count in (batches, max(1, batches - 1))),
        (figures.losses[-1] / batches, "only the last batch's loss is kept, and divided by the number of batches"),
        (figures.losses[-1] / images, "only the last batch's loss is kept, and divided by the number of images"),
        (figures.mean_of_images * images / batches, "the losses are weighted by batch size but divided by the batches"),
    )
    for value, words in wrong:
        if any(close(seen, value) for seen in values):
            raise Fail(f"{words}: {value:.4f}", expected, "What does the criterion already average over?")
    if not values:
        raise Fail("no loss was recorded or returned", expected, "Where does the average go when the loop is over?")
    raise Fail(f"what the function records or returns, {shortened(values)}, holds no average loss", expected, _AVERAGE)


def _need_step(probe: LoopProbe) -> None:
    """Raise Fail if the function got a list for the steps and the step, and did not append the one to the other."""
    student, _ = both_runs(probe)
    lists = [name for name, role in probe.bindings.items() if role == "steps"]
    roles = set(probe.bindings.values())
    if len(lists) != 1 or "current_step" not in roles or "epoch" in roles:
        return
    expected, hint = f"{probe.current_step}, the step that was passed in", "The curves need the step of each test."
    steps = {begin + more for begin in first_steps(probe) for more in (0, 1)}
    if any(steps & set(values) for values in student.lists.values()):
        return
    found = numbers(student.lists.get(lists[0], ()))
    if not found:
        raise Fail(f"the loss is recorded, but no step in '{lists[0]}'", expected, hint, credit=0.5)
    raise Fail(f"the step recorded in '{lists[0]}' is {found[-1]:g}", expected, hint, credit=0.5)


def _need_again(probe: LoopProbe, check: Callable[[LoopProbe], str]) -> None:
    """Raise Fail with half the credit if a check that a first call passes finds something wrong in a second one."""
    if probe.again is None:
        return
    call = probe.again
    second = replace(probe, student=call.student, losses=call.losses, correct=call.correct, again=None)
    try:
        check(second)
    except Fail as fail:
        raise Fail(
            f"right in a first call, but not in the next: {fail.seen}",
            fail.expected,
            "What is left from the call before, and where is it set to zero?",
            credit=0.5,
        ) from None


def accuracy(probe: LoopProbe) -> str:
    """Check that the accuracy, the fraction of all test images that are classified correctly, is recorded or returned.

    Return the accuracy. Raise Fail: with half the credit for percent, for the mean of the batches' accuracies, for a
    wrong number of images and for training mode, with 0.3 for the number of correct images and for the mean of the
    batches' percentages, else without. Raise NotGraded if the function was not run.

    >>> run = LoopRun({}, {}, returned=(122 / 128,))
    >>> accuracy(LoopProbe("cpu_test", student=run, reference=run, batch_sizes=(64, 64), correct=(60, 62)))
    'records an accuracy of 0.9531'
    """
    student, _ = both_runs(probe)
    figures = _figures(probe)
    values = _outcomes(student)
    right = figures.accuracy
    expected = f"{right:.4f}: {sum(figures.correct)} of {figures.images} images"
    if any(close(value, right, 1e-6) for value in values):
        _need_again(probe, accuracy)
        return f"records an accuracy of {right:.4f}"
    ratios = [c / s for c, s in zip(figures.correct, figures.sizes, strict=True)]
    loader_images, batches = figures.images, figures.batches
    wrong: tuple[tuple[float, str, float], ...] = (
        (100 * right, "the accuracy is in percent", 0.5),
        (sum(figures.correct), "the number of correct images is recorded, not their fraction", 0.3),
        (sum(ratios) / batches, "the batches' accuracies are averaged although the last batch is smaller", 0.5),
        (100 * sum(ratios) / batches, "the batches' accuracies are averaged, in percent", 0.3),
        (ratios[-1], "only the last batch's accuracy is recorded", 0.0),
        (figures.correct[-1] / loader_images, "only the last batch's correct images are counted", 0.0),
        (figures.correct[-1], "only the last batch's correct images are counted", 0.0),
        (sum(figures.correct) / batches, "the correct images are divided by the number of batches", 0.0),
        (
            sum(figures.correct) / (batches * figures.sizes[0]),
            "divided by batches times batch size, but the last batch is smaller",
            0.5,
        ),
        (1 - right, "the share of wrong images is recorded", 0.0),
    )
    for value, words, credit in wrong:
        if any(close(seen, value, 1e-6) for seen in values):
            raise Fail(f"{words}: {value:g}", expected, _FRACTION, credit)
    if any(forward.training for forward in student.forwards):
        raise Fail(
            "the accuracy is that of a model in training mode", expected, "Check the mode of the model.", credit=0.5
        )
    if not values:
        raise Fail("no accuracy was recorded or returned", expected, "Where does it go when the loop is over?")
    raise Fail(
        f"what the function records or returns, {shortened(values)}, holds no such accuracy", expected, _FRACTION
    )


def leaves_model_alone(probe: LoopProbe) -> str:
    """Check that the test goes once over the whole test loader and leaves the model's weights as they are.

    Return the number of batches. Raise Fail if it uses another loader, more or fewer batches, or changes the weights,
    and NotGraded if the function was not run.

    >>> run = LoopRun({}, {}, batches={"test": 16})
    >>> leaves_model_alone(LoopProbe("cpu_test", student=run, reference=run, batch_sizes=(64,) * 16))
    'one pass over all 16 batches of the test loader; the weights stay as they are'
    """
    student, _ = both_runs(probe)
    train, test = student.batches.get("train", 0), student.batches.get("test", 0)
    if test == 0:
        used = "the training loader was used" if train else "no loader was used"
        raise Fail(f"the test loader was not used: {used}", "one pass over the test loader", _LOADER)
    if test != len(probe.batch_sizes):
        raise Fail(
            f"{test} batches were taken from a test loader of {len(probe.batch_sizes)}",
            "one pass over it",
            "What ends the loop over the batches, and how often does it begin?",
        )
    handed_in = probe.reference.start if probe.reference is not None else student.start
    if distance(student.weights, handed_in) > 0:
        raise Fail(
            "the test changes the model's weights", "weights that stay as they are", "No step belongs in a test."
        )
    return f"one pass over all {test} batches of the test loader; the weights stay as they are"
