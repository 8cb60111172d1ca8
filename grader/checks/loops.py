"""Checks on training and test functions: what they did to the grader's own model, beside what the reference did.

The source is never read. A training function is right when the weights after it equal the reference's; when they do not, the
weights that known mistakes would have given tell which mistake it is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from grader.checks.models import describe_error
from grader.checks.placement import explain_run
from grader.evidence import LoopProbe, LoopRun, OptimizerSeen, Pass, numbers
from grader.rubric import Fail, NotGraded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Weights = Mapping[str, "NDArray[np.float32]"]

WEIGHT_TOLERANCE = 1e-3  # of the distance the reference moved; equal mathematics in another order stays under 1e-4
HALF_TOLERANCE = 0.1  # the same for mixed precision, which autocast chooses; measured over 8 draws: up to 0.037
LOSS_TOLERANCE = 1e-3  # relative
SAME_FIGURE = 2e-5  # relative: the same sum in another order; a wrong average seldom comes that near to another figure

EVALUATION_MODE = "eval_mode"
FAULTS: Mapping[str, tuple[str, str]] = {
    "no_zero_grad": (
        "gradients of earlier batches are still there when a step is taken: they pile up over the epoch",
        "Each batch needs gradients that start from zero.",
    ),
    "zero_grad_after_backward": (
        "the gradients are cleared between backward() and step(), so the steps change nothing or only by momentum",
        "Look at the order of zero_grad, backward and step.",
    ),
    "no_step": ("the weights did not change: no step was taken", "Computing gradients does not apply them."),
    "no_backward": ("the weights did not change: no gradients were computed", "The loss must be propagated backward."),
    "softmax_before_loss": (
        "the loss is computed on probabilities: a softmax stands before the cross-entropy",
        "The criterion takes raw logits.",
    ),
    "wrong_loader": ("the function trains on the test data", "Look at which loader the loop goes over."),
    "first_batch_only": ("only the first batch was trained on", "A return or break inside the loop ends it early."),
    "skips_last_batch": ("the last batch was not trained on", "The last batch may be smaller; it counts too."),
    "skips_first_batch": ("the first batch was not trained on", "Look at where the iterator is advanced."),
    "two_epochs": ("the function goes over the data twice", "One call trains one epoch."),
    "sum_loss": (
        "the loss was summed over the batch instead of averaged, or multiplied by the batch size, before backward()",
        "Propagate the criterion's value as it is.",
    ),
    "two_steps": ("two optimizer steps were taken for each batch", "One batch, one step."),
    "optimizer_per_batch": (
        "the momentum is lost after each batch, as if a new optimizer were made for every one",
        "One optimizer serves the whole training.",
    ),
}


def exists(probe: LoopProbe, wanted: str) -> str:
    """Says which function was taken for `wanted` and that it ran; fails when there is none or it raised."""
    if probe.missing or probe.student is None:
        raise Fail(probe.missing or f"no function for {wanted} was found", f"a function {wanted}")
    if probe.student.error is not None:
        raised = f"{probe.source} raises {describe_error(probe.student.error)}"
        expected = f"{wanted} runs through its loader"
        if (devices := explain_run(probe.student)) is not None:
            raise Fail(f"{devices[0]}: {raised}", expected, devices[1])
        raise Fail(
            raised, expected, "It was called with the grader's own small model, loader, optimizer and criterion."
        )
    return f"found {probe.source}"


def _runs(probe: LoopProbe) -> tuple[LoopRun, LoopRun]:
    if probe.student is None or probe.reference is None:
        raise NotGraded(probe.missing or "the function was not run")
    return probe.student, probe.reference


# --- training -----------------------------------------------------------------------------------------------------


def trains(probe: LoopProbe) -> str:
    """After one call the model's weights equal the reference's."""
    student, reference = _runs(probe)
    moved = distance(reference.weights, reference.start)
    off = distance(student.weights, reference.weights)
    if off <= WEIGHT_TOLERANCE * moved or _equal_in_half_precision(student, off, moved, probe.faults):
        served = student.batches.get("train", len(probe.batch_sizes))
        return f"after {served} batches the weights equal the reference's"
    expected = "the weights that the reference has after the same batches"
    if distance(student.weights, reference.start) <= WEIGHT_TOLERANCE * moved:
        seen, hint = _unmoved(student)
        raise Fail(seen, expected, hint)
    name = diagnose(student.weights, probe.faults, moved)
    if name == EVALUATION_MODE:  # which `mode_in_training` answers for
        return "the weights are the reference's, but for the model's mode"
    if name is not None and name in FAULTS:
        seen, hint = FAULTS[name]
        raise Fail(seen, expected, hint)
    wrong_batches = _wrong_batches(student, len(probe.batch_sizes))
    if wrong_batches:
        raise Fail(wrong_batches, expected, "One call goes once over the training loader.")
    share = f"{off / moved:.0%} of" if off < 10 * moved else "more than ten times"
    raise Fail(
        f"the weights differ from the reference's by {share} the way that they moved",
        expected,
        "Per batch: clear the gradients, forward, loss, backward, one step. Nothing else may change the weights.",
    )


def _equal_in_half_precision(student: LoopRun, off: float, moved: float, faults: Mapping[str, Weights]) -> bool:
    """Whether a loop in mixed precision is the reference's: near it, and nearer than to any known fault."""
    mixed = student.placement is not None and student.placement.half_flops > 0
    return mixed and off <= HALF_TOLERANCE * moved and all(off < distance(student.weights, f) for f in faults.values())


def distance(weights: Weights, others: Weights) -> float:
    """Euclidean distance between two sets of weights; infinite when names or shapes differ."""
    import numpy as np

    if weights.keys() != others.keys() or any(weights[name].shape != others[name].shape for name in weights):
        return math.inf
    return math.sqrt(sum(float(np.square(weights[n].astype(np.float64) - others[n]).sum()) for n in weights))


def diagnose(weights: Weights, faults: Mapping[str, Weights], moved: float) -> str | None:
    """The known fault whose weights these are, None when they are nobody's, or those of several faults that end alike."""
    offs = {name: distance(weights, fault) for name, fault in faults.items()}
    name = min(offs, key=lambda key: offs[key], default=None)
    if name is None or offs[name] > 10 * WEIGHT_TOLERANCE * moved:
        return None
    alike = (distance(faults[name], fault) <= WEIGHT_TOLERANCE * moved for key, fault in faults.items() if key != name)
    return None if any(alike) else name


def _unmoved(student: LoopRun) -> tuple[str, str]:
    """What is said of weights that are what they were, and a hint: one cause only where no other is left."""
    if not student.forwards:
        trained = student.batches.get("train", 0)
        said = "" if trained else ", and the training loader was not used"
        return (
            f"the weights did not change: the model that the function was given was never called{said}",
            "Which model does the function train?",
        )
    if not student.steps:
        seen, hint = FAULTS["no_step"]
        return (seen, hint) if student.backwards else (f"{seen}, and no gradients were computed", hint)
    if not student.backwards:
        return FAULTS["no_backward"]
    return (
        "the weights did not change at all although gradients were computed and steps were taken: the gradients are "
        "cleared between backward() and step(), or the optimizer holds the parameters of another model, or its learning "
        "rate is 0",
        "What does the optimizer hold when it steps, and which gradients are there by then?",
    )


def _wrong_batches(student: LoopRun, expected: int) -> str:
    train, test = student.batches.get("train", 0), student.batches.get("test", 0)
    if train == 0:
        return "the training loader was not used" + (", the test loader was" if test else "")
    if train != expected:
        return f"{train} batches were taken from a training loader of {expected}"
    return ""


def records_losses(probe: LoopProbe, every: int) -> str:
    """The loss of every `every`-th batch is recorded, with the global step beside it.

    Any phase is right (batches 0, 100, 200 or 99, 199), and a step may be counted before or after it is recorded:
    start + i or start + i + 1 for batch i, where start is the step that was handed in, or what it is by the epoch.
    """
    student, _ = _runs(probe)
    start = probe.current_step
    expected = f"the loss and the global step of every {every}th batch, appended to the lists that were handed in"
    recorded = {name: numbers(values) for name, values in student.lists.items() if len(numbers(values))}
    if not recorded:
        raise Fail("nothing was appended to any list", expected)
    followed = _moved_alike(probe)
    starts = _starts(probe)
    name, indices = _recorded_indices(recorded, probe.losses if followed else (), every, starts, len(probe.batch_sizes))
    if name is None:
        _explain_losses(recorded, probe.losses, every, followed, expected)
    if student.list_types.get(name) == "Tensor":
        raise Fail(
            f"'{name}' holds tensors, which keep every batch's graph alive",
            "plain numbers",
            "A tensor has a method that gives its value as a number.",
            credit=0.5,
        )
    beside = [values for other, values in recorded.items() if other != name and len(values) == len(indices)]
    if not any(_are_steps(values, indices, begin) for values in beside for begin in starts):
        seen = f"; the list beside it holds {_short(beside[0])}" if beside else ""
        raise Fail(
            f"the losses are recorded, their global steps are not{seen}",
            f"steps that go on from {start}, like {_short([start + i + 1 for i in indices])}",
            "The step counts batches over all epochs; append it when the loss is appended.",
            credit=0.5,
        )
    return f"{len(indices)} losses recorded, one every {every} batches, with their steps"


def _starts(probe: LoopProbe) -> tuple[int, ...]:
    """The global step at the beginning: as it was handed in, or epoch * batches, which some compute instead.

    In a notebook whose epochs count from 0 both are the same; the probe's epoch and step are not of one training.
    """
    by_epoch = (probe.epoch or 0) * len(probe.batch_sizes)
    return (probe.current_step, by_epoch) if by_epoch else (probe.current_step,)


def _moved_alike(probe: LoopProbe) -> bool:
    """Whether the student's batches had the reference's losses: the weights after them are the same."""
    student, reference = _runs(probe)
    moved = distance(reference.weights, reference.start)
    return distance(student.weights, reference.weights) <= WEIGHT_TOLERANCE * moved


def _recorded_indices(
    recorded: Mapping[str, Sequence[float]], losses: Sequence[float], every: int, starts: Sequence[int], batches: int
) -> tuple[str | None, tuple[int, ...]]:
    """The list that holds the losses of every `every`-th batch, and their indices; (None, ()) when none does.

    Without `losses`, because the student's weights went another way, the steps recorded beside them decide.
    """
    for indices in _regular(every, batches):
        for name, values in recorded.items():
            if len(values) != len(indices):
                continue
            if losses:
                if all(_close(value, losses[i]) for value, i in zip(values, indices, strict=True)):
                    return name, indices
            elif any(
                _are_steps(steps, indices, start)
                for other, steps in recorded.items()
                for start in starts
                if other != name
            ):
                return name, indices
    return None, ()


def _regular(every: int, batches: int) -> Iterator[tuple[int, ...]]:
    """The indices of every `every`-th batch from each phase on; the last batch may be recorded besides."""
    for phase in range(min(every, batches)):
        indices = tuple(range(phase, batches, every))
        yield indices
        if indices[-1] != batches - 1:
            yield (*indices, batches - 1)


def _explain_losses(
    recorded: Mapping[str, Sequence[float]], losses: Sequence[float], every: int, followed: bool, expected: str
) -> NoReturn:
    """Say what lists hold that are not the losses of every `every`-th batch. Raises Fail."""
    for name, values in recorded.items():
        if _is_running_mean(values, losses):
            raise Fail(
                f"'{name}' holds averages over several batches", expected, "Record the batch's own loss.", credit=0.5
            )
    for values in recorded.values() if followed else ():
        indices = _recorded_often(values, losses)
        if indices:
            raise Fail(_interval(indices, len(losses)), expected, "Count batches, not epochs.", credit=0.4)
    lengths = ", ".join(f"{len(values)} in '{name}'" for name, values in recorded.items())
    raise Fail(f"the recorded values ({lengths}) are not the losses of every {every}th batch", expected)


def _recorded_often(values: Sequence[float], losses: Sequence[float]) -> tuple[int, ...]:
    """The indices of the losses that the values are, at one interval if they can be; () when they are not those of any.

    Batches may have nearly the same loss, so the first that is close is not always the one that was recorded.
    """
    for gap in range(1, len(losses) + 1):
        for indices in _regular(gap, len(losses)):
            if len(indices) == len(values) and all(_close(v, losses[i]) for v, i in zip(values, indices, strict=True)):
                return indices
    found = tuple(_match_in_order(values, losses))
    return found if len(found) == len(values) else ()


def _match_in_order(values: Sequence[float], losses: Sequence[float]) -> Iterator[int]:
    """Indices of `losses` that the values are, in order; stops at the first that is none."""
    position = 0
    for value in values:
        while position < len(losses) and not _close(value, losses[position]):
            position += 1
        if position == len(losses):
            return
        yield position
        position += 1


def _interval(indices: Sequence[int], batches: int) -> str:
    """How often a loss was recorded, in words."""
    if len(indices) == 1:
        return f"one loss was recorded in {batches} batches"
    gaps = [b - a for a, b in itertools.pairwise(indices)]
    if len(set(gaps[:-1] or gaps)) == 1 and batches - indices[-1] <= gaps[0]:
        return f"a loss was recorded every {gaps[0]} batch{'es' if gaps[0] > 1 else ''}"
    return f"the losses recorded are those of batches {_short(indices)} of {batches}"


def _are_steps(values: Sequence[float], indices: Sequence[int], start: int) -> bool:
    return len(values) == len(indices) and any(
        all(v == start + i + shift for v, i in zip(values, indices, strict=True)) for shift in (0, 1)
    )


def _is_running_mean(values: Sequence[float], losses: Sequence[float]) -> bool:
    """Whether each value is the mean of all the losses up to some batch."""
    total, means = 0.0, []
    for count, loss in enumerate(losses, 1):
        total += loss
        means.append(total / count)
    return all(any(math.isclose(v, m, rel_tol=1e-4) for m in means) for v in values)


def _short(values: Sequence[float]) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:4])
    return f"[{shown}{', …' if len(values) > 4 else ''}]"


def returns_step(probe: LoopProbe) -> str:
    """The function returns the global step: the one that was handed in plus the number of batches."""
    student, _ = _runs(probe)
    for begin in _starts(probe):
        after = begin + len(probe.batch_sizes)
        if after in student.returned:
            return f"returns {after}, the global step after {len(probe.batch_sizes)} batches from {begin}"
    start = probe.current_step
    expected = start + len(probe.batch_sizes)
    if student.returned_nothing:
        seen = "it returns nothing"
    else:
        seen = f"it returns {_short(numbers(student.returned))}"
    raise Fail(seen, f"{expected}: {start} and one for each of the {len(probe.batch_sizes)} batches")


def mode_in_training(probe: LoopProbe) -> str:
    """The model is in training mode during training, also when it was left in evaluation mode before.

    The weights tell, whatever the calls were recorded as.
    """
    student, reference = _runs(probe)
    _need_forwards(student)
    told = diagnose(student.weights, probe.faults, distance(reference.weights, reference.start))
    if told == EVALUATION_MODE or not all(forward.training for forward in student.forwards if forward.grad_enabled):
        raise Fail(
            "the model was left in evaluation mode while training",
            "training mode: dropout active, batch norm on batch statistics",
            "The test function leaves the model in evaluation mode; who puts it back?",
        )
    return "the model is in training mode"


# --- testing ------------------------------------------------------------------------------------------------------


def mode_in_test(probe: LoopProbe) -> str:
    """The model is in evaluation mode during the test: so were the calls, and so are the figures that it leaves behind."""
    student, _ = _runs(probe)
    _need_forwards(student)
    if any(forward.training for forward in student.forwards) or _leaves_training_figures(probe):
        raise Fail(
            "the model is in training mode during the test: dropout is active and batch norm uses the batch",
            "evaluation mode",
            "There is a call that puts a model into evaluation mode.",
        )
    return "the model is in evaluation mode"


def _leaves_training_figures(probe: LoopProbe) -> bool:
    """Whether the losses that the function leaves behind are those of training mode, however they are averaged.

    Only equal ones are: both modes' losses are alike, so that a wrong average may be near one of the other mode's.
    """
    if not probe.training_losses or probe.student is None:
        return False
    values = _outcomes(probe.student)
    own, other = (
        _averages(TestFacts(losses, probe.batch_sizes, probe.correct))
        for losses in (probe.losses, probe.training_losses)
    )

    def hits(figures: Sequence[float], tolerance: float) -> bool:
        return any(_close(value, figure, tolerance) for value in values for figure in figures)

    return hits(other, SAME_FIGURE) and not hits(own, LOSS_TOLERANCE)


def _averages(facts: TestFacts) -> tuple[float, ...]:
    """Right and wrong averages of the batches' losses."""
    total, images, batches = sum(facts.losses), sum(facts.sizes), len(facts.sizes)
    right = (facts.mean_of_batches, facts.mean_of_images)
    return (*right, total, total / images, facts.mean_of_images * images, facts.mean_of_images * images / batches)


def gradients_off(probe: LoopProbe) -> str:
    """No gradients are recorded during the test."""
    student, _ = _runs(probe)
    _need_forwards(student)
    if any(forward.grad_enabled for forward in student.forwards):
        raise Fail(
            "gradients are recorded during the test, which costs memory and time",
            "no_grad or inference_mode around the test",
            "There is a context manager for this.",
        )
    return "gradients are off"


def _need_forwards(student: LoopRun) -> None:
    if not student.forwards:
        raise Fail("the model that the function was given was never called", "one call per batch")


@dataclass(frozen=True)
class TestFacts:
    """What one pass over the test loader gives: per batch losses, sizes and numbers of correct predictions."""

    __test__ = False  # not a pytest class

    losses: tuple[float, ...]
    sizes: tuple[int, ...]
    correct: tuple[int, ...]

    @property
    def mean_of_batches(self) -> float:
        """The losses averaged over batches, as the assignment asks."""
        return sum(self.losses) / len(self.losses)

    @property
    def mean_of_images(self) -> float:
        """The losses averaged over images: the same but for a smaller last batch, and accepted."""
        return sum(a * b for a, b in zip(self.losses, self.sizes, strict=True)) / sum(self.sizes)

    @property
    def accuracy(self) -> float:
        """Correct predictions over images."""
        return sum(self.correct) / sum(self.sizes)


def test_facts(probe: LoopProbe) -> TestFacts:
    """The reference's figures for the test loader that the student's function was given."""
    return TestFacts(probe.losses, probe.batch_sizes, probe.correct)


test_facts.__test__ = False  # type: ignore[attr-defined]


def _outcomes(student: LoopRun) -> tuple[float, ...]:
    """All numbers that the function left behind: last entries of lists first, then what it returned."""
    ends = [numbers(values)[-1] for values in student.lists.values() if numbers(values)]
    return (*ends, *numbers(student.returned))


def _close(value: float, target: float, tolerance: float = LOSS_TOLERANCE) -> bool:
    return math.isclose(value, target, rel_tol=tolerance, abs_tol=1e-9)


def averages_loss(probe: LoopProbe) -> str:
    """The loss is averaged over the batches of the test loader and recorded once."""
    student, _ = _runs(probe)
    facts = test_facts(probe)
    values = _outcomes(student)
    expected = f"{facts.mean_of_batches:.4f}, the mean of the batches' losses"
    for right in (facts.mean_of_batches, facts.mean_of_images):
        if any(_close(value, right) for value in values):
            return f"records {right:.4f}, the average loss over the test loader"
    images, batches = sum(facts.sizes), len(facts.sizes)
    total = sum(facts.losses)
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
        if any(_close(seen, value) for seen in values):
            raise Fail(f"{words}: {value:.4f}", expected, "What does the criterion already average over?")
    if not values:
        raise Fail("no loss was recorded or returned", expected)
    raise Fail(f"what the function leaves behind, {_short(values)}, holds no average loss", expected)


def accuracy(probe: LoopProbe) -> str:
    """The accuracy is the fraction of all test images whose largest output is at the label."""
    student, _ = _runs(probe)
    facts = test_facts(probe)
    values = _outcomes(student)
    right = facts.accuracy
    expected = f"{right:.4f}: {sum(facts.correct)} of {sum(facts.sizes)} images"
    if any(_close(value, right, 1e-6) for value in values):
        return f"records an accuracy of {right:.4f}"
    ratios = [c / s for c, s in zip(facts.correct, facts.sizes, strict=True)]
    loader_images, batches = sum(facts.sizes), len(facts.sizes)
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
            "divided by batches times batch size: the last is smaller",
            0.5,
        ),
        (1 - right, "the share of wrong images is recorded", 0.0),
    )
    for value, words, credit in wrong:
        if any(_close(seen, value, 1e-6) for seen in values):
            raise Fail(f"{words}: {value:g}", expected, credit=credit)
    if any(forward.training for forward in student.forwards):
        raise Fail(
            "the accuracy is that of a model in training mode", expected, "See the mode of the model.", credit=0.5
        )
    if not values:
        raise Fail("no accuracy was recorded or returned", expected)
    raise Fail(f"what the function leaves behind, {_short(values)}, holds no such accuracy", expected)


def leaves_model_alone(probe: LoopProbe) -> str:
    """The test uses the whole test loader and changes nothing in the model."""
    student, _ = _runs(probe)
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


# --- the run ------------------------------------------------------------------------------------------------------


def optimizer_settings(passes: Sequence[Pass], kind: str, lr: float, momentum: float) -> str:
    """In the run, training used this optimizer with these settings, on all of the model's parameters."""
    seen = [p.optimizer for p in passes if p.optimizer is not None]
    wanted = f"{kind} with learning rate {lr:g} and momentum {momentum:g}"
    if not seen:
        raise Fail("no optimizer took a step in the run", wanted)
    for optimizer in seen:
        problem = _settings_problem(optimizer, kind, lr, momentum)
        if problem:
            raise Fail(problem, wanted)
    return wanted


def _settings_problem(seen: OptimizerSeen, kind: str, lr: float, momentum: float) -> str:
    if seen.kind != kind:
        return f"the optimizer is {seen.kind}"
    if seen.lr is not None and not math.isclose(seen.lr, lr, rel_tol=1e-6):
        return f"the learning rate is {seen.lr:g}"
    if not math.isclose(seen.momentum or 0.0, momentum, rel_tol=1e-6):
        return f"the momentum is {seen.momentum or 0:g}"
    if seen.weight_decay or seen.nesterov:
        return "the optimizer has " + ("weight decay" if seen.weight_decay else "Nesterov momentum") + " switched on"
    return ""
