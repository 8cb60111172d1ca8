"""Checks on training functions: what they did to the grader's own model, compared with the reference.

The source is never read. A training function is right if the weights after it equal the reference's. If they do not,
they are compared with the weights that known mistakes give, which tells the mistake.

`probe` is the evidence of one function, `e.loops[role]`.
"""

from __future__ import annotations

from collections.abc import Mapping

from grader.assignment import Fail
from grader.checks.loop_common import WEIGHT_TOLERANCE, both_runs, need_forwards, weight_change
from grader.checks.models import describe_error
from grader.checks.placement import explain_run
from grader.evidence.compare import Weights, distance
from grader.evidence.probes import LoopProbe, LoopRun

__all__ = ["diagnose", "exists", "mode_in_training", "trains"]

_DEFINED = "Is it defined in a cell that runs?"
HALF_TOLERANCE = 0.05  # WEIGHT_TOLERANCE for mixed precision, which autocast chooses; over 6 draws: up to 0.0024

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
        "the loss is computed on probabilities: a softmax comes before the cross-entropy",
        "The criterion takes raw logits.",
    ),
    "wrong_loader": ("the function trains on the test data", "Look at which loader the loop goes over."),
    "first_batch_only": ("only the first batch was trained on", "A return or break inside the loop ends it early."),
    "skips_last_batch": ("the last, smaller batch was not trained on", "It counts too, whatever its size."),
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
    """Check that a function called `wanted` was found and ran with the grader's arguments.

    Return where it was found. Raise Fail if there is none or it raised an exception.

    >>> run = LoopRun({}, {}, batches={"train": 128})
    >>> exists(LoopProbe("cpu_train", source="cpu_train in cell 5", student=run, reference=run), "cpu_train")
    'found cpu_train in cell 5'
    """
    if probe.missing or probe.student is None:
        raise Fail(probe.missing or f"no function for {wanted} was found", f"a function {wanted}", _DEFINED)
    if probe.student.error is not None:
        raised = f"{probe.source} raises {describe_error(probe.student.error)}"
        expected = f"{wanted} runs through its loader"
        if (devices := explain_run(probe.student)) is not None:
            raise Fail(f"{devices[0]}: {raised}", expected, devices[1])
        raise Fail(
            raised, expected, "It was called with the grader's own small model, loader, optimizer and criterion."
        )
    if _idle(probe.student):
        raise Fail(
            f"{probe.source} does nothing: it takes no batch from its loader and never calls the model",
            f"{wanted} goes over its loader",
            "Is there a loop over the batches in it?",
        )
    return f"found {probe.source}"


def _idle(run: LoopRun) -> bool:
    """Return whether a function came to its end without anything that training or testing takes."""
    return not (any(run.batches.values()) or run.forwards or run.steps or run.backwards or run.lists)


def trains(probe: LoopProbe) -> str:
    """Check that after one call the model's weights equal those after one epoch of the reference.

    Weights are equal if their distance is at most `WEIGHT_TOLERANCE` times the reference's weight change. Return the
    number of batches. Raise Fail with the mistake if it is a known one, else with the distance, and NotGraded if the
    function was not run. Evaluation mode alone passes here; `mode_in_training` is the check for it.

    >>> import numpy as np
    >>> run = LoopRun(start={"w": np.zeros(3)}, weights={"w": np.ones(3)}, batches={"train": 128})
    >>> trains(LoopProbe("cpu_train", student=run, reference=run))
    "after 128 batches the weights equal the reference's"
    """
    student, reference = both_runs(probe)
    moved = weight_change(reference)
    off = distance(student.weights, reference.weights)
    if off <= WEIGHT_TOLERANCE * moved or _equal_in_half_precision(student, off, moved, probe.faults):
        served = student.batches.get("train", len(probe.batch_sizes))
        return f"after {served} batches the weights equal the reference's"
    expected = "the weights that the reference has after the same batches"
    if distance(student.weights, reference.start) <= WEIGHT_TOLERANCE * moved:
        seen, hint = _unmoved(student)
        raise Fail(seen, expected, hint)
    name = diagnose(student.weights, probe.faults, moved)
    if name == EVALUATION_MODE:  # `mode_in_training` reports it
        return "the weights are the reference's, except for the model's mode"
    if name is not None and name in FAULTS:
        seen, hint = FAULTS[name]
        raise Fail(seen, expected, hint)
    wrong_batches = _wrong_batches(student, len(probe.batch_sizes))
    if wrong_batches:
        raise Fail(wrong_batches, expected, "One call goes once over the training loader.")
    if 0 < student.steps < len(probe.batch_sizes):
        missing = len(probe.batch_sizes) - student.steps
        raise Fail(
            f"{student.steps} optimizer steps were taken for {len(probe.batch_sizes)} batches: "
            f"{missing / len(probe.batch_sizes):.0%} of the updates are missing",
            expected,
            "One batch, one step.",
        )
    share = f"{off / moved:.0%} of" if off < 10 * moved else "more than ten times"
    raise Fail(
        f"the weights differ from the reference's by {share} its weight change",
        expected,
        "Per batch: clear the gradients, forward, loss, backward, one step. Nothing else may change the weights.",
    )


def _equal_in_half_precision(student: LoopRun, off: float, moved: float, faults: Mapping[str, Weights]) -> bool:
    """Return whether a loop in mixed precision ends close to the reference, and closer than to any known fault."""
    mixed = student.placement is not None and student.placement.half_flops > 0
    return mixed and off <= HALF_TOLERANCE * moved and all(off < distance(student.weights, f) for f in faults.values())


def diagnose(weights: Weights, faults: Mapping[str, Weights], moved: float) -> str | None:
    """Return the name of the known fault that gives `weights`; None if no fault does, or several do.

    `faults` are the weights that each fault gives, by name; `moved` is the length of the reference's weight change, to
    which tolerances are relative.

    >>> import numpy as np
    >>> diagnose({"w": np.zeros(3)}, {"no_step": {"w": np.zeros(3)}, "two_steps": {"w": np.ones(3)}}, moved=1.0)
    'no_step'
    """
    offs = {name: distance(weights, fault) for name, fault in faults.items()}
    name = min(offs, key=lambda key: offs[key], default=None)
    if name is None or offs[name] > 10 * WEIGHT_TOLERANCE * moved:
        return None
    alike = (distance(faults[name], fault) <= WEIGHT_TOLERANCE * moved for key, fault in faults.items() if key != name)
    return None if any(alike) else name


def _unmoved(student: LoopRun) -> tuple[str, str]:
    """Return the message and the hint for weights that did not change; name one cause only if no other is possible."""
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
        "cleared between backward() and step(), or the optimizer holds the parameters of another model, or its "
        "learning rate is 0",
        "What does the optimizer hold when it steps, and which gradients are there by then?",
    )


def _wrong_batches(student: LoopRun, expected: int) -> str:
    train, test = student.batches.get("train", 0), student.batches.get("test", 0)
    if train == 0:
        return "the training loader was not used" + (", the test loader was" if test else "")
    if train != expected:
        return f"{train} batches were taken from a training loader of {expected}"
    return ""


def mode_in_training(probe: LoopProbe) -> str:
    """Check that the model is in training mode while it is trained, also if it was in evaluation mode before.

    The weights tell evaluation mode even if the recorded calls do not. Return a sentence. Raise Fail if the model is in
    evaluation mode or never called, and NotGraded if the function was not run.

    Example::

        def train_mode(e: Evidence) -> str:
            return loops.mode_in_training(e.loops["cpu_train"])
    """
    student, reference = both_runs(probe)
    need_forwards(student)
    told = diagnose(student.weights, probe.faults, weight_change(reference))
    if told == EVALUATION_MODE or not all(forward.training for forward in student.forwards if forward.grad_enabled):
        raise Fail(
            "the model was left in evaluation mode while training",
            "training mode: dropout active, batch norm on batch statistics",
            "The test function leaves the model in evaluation mode; who puts it back?",
        )
    return "the model is in training mode"
