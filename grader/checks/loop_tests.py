"""Checks on test functions: what they did to the grader's own model, and the figures that they left behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.assignment import Fail
from grader.checks.loop_common import LOSS_TOLERANCE, both_runs, close, need_forwards, shortened
from grader.evidence.compare import distance
from grader.evidence.probes import LoopProbe, LoopRun
from grader.evidence.run import numbers

SAME_FIGURE = 2e-5  # relative: the same sum in another order; a wrong average seldom comes that near to another figure


def mode_in_test(probe: LoopProbe) -> str:
    """The model is in evaluation mode during the test: so were the calls, and so are the figures that it leaves behind."""
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
    """Whether the losses that the function leaves behind are those of training mode, however they are averaged.

    Only equal ones are, and not a value that is near one of evaluation mode too: both modes' losses are alike. Where another
    value is one of evaluation mode, equality is chance; but that has to be equal too, as something is always near something.
    """
    if not probe.training_losses or probe.student is None:
        return False
    values = _outcomes(probe.student)
    own, other = (
        _averages(TestFacts(losses, probe.batch_sizes, probe.correct))
        for losses in (probe.losses, probe.training_losses)
    )

    def is_one_of(value: float, figures: Sequence[float], tolerance: float) -> bool:
        return any(close(value, figure, tolerance) for figure in figures)

    if any(is_one_of(value, own, SAME_FIGURE) for value in values):
        return False
    return any(is_one_of(v, other, SAME_FIGURE) and not is_one_of(v, own, LOSS_TOLERANCE) for v in values)


def _averages(facts: TestFacts) -> tuple[float, ...]:
    """Right and wrong averages of the batches' losses."""
    right = (facts.mean_of_batches, facts.mean_of_images)
    weighted = facts.mean_of_images * facts.images
    return (*right, facts.total_loss, facts.total_loss / facts.images, weighted, weighted / facts.batches)


def gradients_off(probe: LoopProbe) -> str:
    """No gradients are recorded during the test."""
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
class TestFacts:
    """What one pass over the test loader gives: per batch losses, sizes and numbers of correct predictions."""

    __test__ = False  # not a pytest class

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
        """The losses averaged over images: the same but for a smaller last batch, and accepted."""
        return sum(a * b for a, b in zip(self.losses, self.sizes, strict=True)) / self.images

    @property
    def accuracy(self) -> float:
        """Correct predictions over images."""
        return sum(self.correct) / self.images


def test_facts(probe: LoopProbe) -> TestFacts:
    """The reference's figures for the test loader that the student's function was given."""
    return TestFacts(probe.losses, probe.batch_sizes, probe.correct)


test_facts.__test__ = False  # type: ignore[attr-defined]


def _outcomes(student: LoopRun) -> tuple[float, ...]:
    """All numbers that the function left behind: last entries of lists first, then what it returned."""
    ends = [numbers(values)[-1] for values in student.lists.values() if numbers(values)]
    return (*ends, *numbers(student.returned))


def averages_loss(probe: LoopProbe) -> str:
    """The loss is averaged over the batches of the test loader and recorded once."""
    student, _ = both_runs(probe)
    facts = test_facts(probe)
    values = _outcomes(student)
    expected = f"{facts.mean_of_batches:.4f}, the mean of the batches' losses"
    for right in (facts.mean_of_batches, facts.mean_of_images):
        if any(close(value, right) for value in values):
            return f"records {right:.4f}, the average loss over the test loader"
    images, batches, total = facts.images, facts.batches, facts.total_loss
    wrong = (
        (total / images, "the batches' mean losses are added up and divided by the number of images"),
        (total, "the losses are added up and not divided"),
        (facts.losses[-1], "only the last batch's loss is recorded"),
        (facts.losses[0], "only the first batch's loss is recorded"),
        (facts.losses[-1] / batches, "only the last batch's loss is kept, and divided by the number of batches"),
        (facts.losses[-1] / images, "only the last batch's loss is kept, and divided by the number of images"),
        (facts.mean_of_images * images / batches, "the losses are weighted by batch size but divided by the batches"),
    )
    for value, words in wrong:
        if any(close(seen, value) for seen in values):
            raise Fail(f"{words}: {value:.4f}", expected, "What does the criterion already average over?")
    if not values:
        raise Fail("no loss was recorded or returned", expected)
    raise Fail(f"what the function records or returns, {shortened(values)}, holds no average loss", expected)


def accuracy(probe: LoopProbe) -> str:
    """The accuracy is the fraction of all test images whose largest output is at the label."""
    student, _ = both_runs(probe)
    facts = test_facts(probe)
    values = _outcomes(student)
    right = facts.accuracy
    expected = f"{right:.4f}: {sum(facts.correct)} of {facts.images} images"
    if any(close(value, right, 1e-6) for value in values):
        return f"records an accuracy of {right:.4f}"
    ratios = [c / s for c, s in zip(facts.correct, facts.sizes, strict=True)]
    loader_images, batches = facts.images, facts.batches
    wrong: tuple[tuple[float, str, float], ...] = (
        (100 * right, "the accuracy is in percent", 0.5),
        (sum(facts.correct), "the number of correct images is recorded, not their fraction", 0.3),
        (sum(ratios) / batches, "the batches' accuracies are averaged although the last batch is smaller", 0.5),
        (100 * sum(ratios) / batches, "the batches' accuracies are averaged, in percent", 0.3),
        (ratios[-1], "only the last batch's accuracy is recorded", 0.0),
        (facts.correct[-1] / loader_images, "only the last batch's correct images are counted", 0.0),
        (facts.correct[-1], "only the last batch's correct images are counted", 0.0),
        (sum(facts.correct) / batches, "the correct images are divided by the number of batches", 0.0),
        (
            sum(facts.correct) / (batches * facts.sizes[0]),
            "divided by batches times batch size, but the last batch is smaller",
            0.5,
        ),
        (1 - right, "the share of wrong images is recorded", 0.0),
    )
    for value, words, credit in wrong:
        if any(close(seen, value, 1e-6) for seen in values):
            raise Fail(f"{words}: {value:g}", expected, credit=credit)
    if any(forward.training for forward in student.forwards):
        raise Fail(
            "the accuracy is that of a model in training mode", expected, "See the mode of the model.", credit=0.5
        )
    if not values:
        raise Fail("no accuracy was recorded or returned", expected)
    raise Fail(f"what the function records or returns, {shortened(values)}, holds no such accuracy", expected)


def leaves_model_alone(probe: LoopProbe) -> str:
    """The test uses the whole test loader and changes nothing in the model."""
    student, _ = both_runs(probe)
    train, test = student.batches.get("train", 0), student.batches.get("test", 0)
    if test == 0:
        used = "the training loader was used" if train else "no loader was used"
        raise Fail(f"the test loader was not used: {used}", "one pass over the test loader")
    if test != len(probe.batch_sizes):
        raise Fail(f"{test} batches were taken from a test loader of {len(probe.batch_sizes)}", "one pass over it")
    handed_in = probe.reference.start if probe.reference is not None else student.start
    if distance(student.weights, handed_in) > 0:
        raise Fail(
            "the test changes the model's weights", "weights that stay as they are", "No step belongs in a test."
        )
    return f"one pass over all {test} batches of the test loader; the weights stay as they are"
