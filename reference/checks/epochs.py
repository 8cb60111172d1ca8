"""Checks on the epochs that were trained in the run: which model, on which device, and why some are missing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from grader.assignment import Advice, CheckFunction, Evidence, Fail, Review
from grader.checks import convergence, placement, training_settings
from grader.evidence import trainings
from grader.evidence.run import Pass, numbers
from grader.notebook.places import place as cell_of
from reference.checks.before import (
    charged_before,
    other_criterion,
    overflowed,
    own_shapes,
    settings_fault,
    too_small_steps,
    wrong_function,
)
from reference.checks.loops_in_run import in_run_only, works_in_run
from reference.checks.sections import code_under, section_cells
from reference.checks.trouble import broke_before, counted, over_other_data, trouble
from reference.contract import CLASSES, LEARNING_RATE, MOMENTUM, RECOGNISE, has_classes, is_linear, is_mlp

DOUBTED = "What is recorded of a training must follow from the notebook's own code; ask your instructor if it does."
TEST_EACH = "Which loss says whether the model also reads digits that it was not trained on?"
BETTER = 0.9  # of the loss of guessing
OTHER_SETTINGS = 0.5  # credit for a training that learns, but with another optimizer than the one asked for


def optimizer(e: Evidence) -> str:
    """Training uses the mean cross-entropy, and SGD with learning rate 0.01 and momentum 0.5."""
    passes = [epoch.train for training in _asked(e) for epoch in training.epochs[:10]] or _parts(e)
    if not passes and (not_believed := trainings.doubt(e.run, is_mlp)):
        raise Fail(not_believed, f"SGD with learning rate {LEARNING_RATE:g} and momentum {MOMENTUM:g}", DOUBTED)
    if not passes:
        why, hint = trouble(e, (), "mlp")
        if why:
            wanted = f"SGD with learning rate {LEARNING_RATE:g} and momentum {MOMENTUM:g}"
            raise Fail(
                f"no optimizer took a step in the run{why}", wanted, hint or "Does a cell that runs train the model?"
            )
    training_settings.cross_entropy(passes)
    return training_settings.optimizer_settings(passes, "SGD", LEARNING_RATE, MOMENTUM)


def _asked(e: Evidence) -> tuple[trainings.Training, ...]:
    """Return the trainings of the MLP on the CPU that may be the one asked for: no shorter trials of other settings.

    These are the longest, up to the 20 epochs asked for; of several, those with the right settings if there are any.
    """
    found = cpu_trainings(e)
    most = max((min(20, len(training.epochs)) for training in found), default=0)
    longest = tuple(training for training in found if len(training.epochs) >= most)
    return tuple(t for t in longest if settings_fault(t, len(t.epochs)) is None) or longest


def _parts(e: Evidence) -> list[Pass]:
    """Return all passes that trained the MLP on the CPU, complete or not."""
    known = {key for key, model in e.run.models.items() if is_mlp(model.shapes) and key not in e.run.doubts}
    return [p for p in e.run.passes if p.trains and p.model in known and (p.model_device or "cpu").startswith("cpu")]


def cpu_trainings(e: Evidence) -> tuple[trainings.Training, ...]:
    """Return the trainings of the MLP on the CPU, in order."""
    return of_role(e, "mlp", "cpu")


def of_role(e: Evidence, role: str, device: str) -> tuple[trainings.Training, ...]:
    """Return the trainings on the device of models that are meant to be the role's, in order.

    A linear classifier, or a model with another number of outputs, is one only if the notebook's own model for the role
    is nothing else, which costs its points there.
    """
    own = own_shapes(e, role)
    found = e.trainings(RECOGNISE[role], device)
    return tuple(t for t in found if _is_near(t.model.shapes) or sorted(t.model.shapes) == own)


def _is_near(shapes: Sequence[tuple[int, ...]]) -> bool:
    return has_classes(shapes) and not is_linear(shapes)


def long_enough(e: Evidence, role: str, device: str, epochs: int) -> tuple[trainings.Training, ...]:
    """Return the trainings with at least so many epochs, the likeliest answers first.

    Those of the notebook's own model for the role come first, then those with the settings that were asked for: others
    may be trials.
    """
    own = own_shapes(e, role)

    def likely(training: trainings.Training) -> tuple[bool, bool]:
        return sorted(training.model.shapes) != own, settings_fault(training, epochs) is not None

    return tuple(sorted((t for t in of_role(e, role, device) if len(t.epochs) >= epochs), key=likely))


def trained(e: Evidence, item: str, role: str, device: str, epochs: int) -> trainings.Training:
    """Return the first training of the model on the device with at least `epochs` epochs.

    Raises Fail, which says what was trained instead and why.
    """
    name = role.upper()
    place = "GPU" if device == "cuda" else "CPU"
    found = of_role(e, role, device)
    for training in long_enough(e, role, device, epochs):
        return training
    expected = f"{counted(epochs)} of the {name} on the {place}"
    other_data = over_other_data(e, role, device)
    if found:
        longest = longest_of(found)
        why, hint = trouble(e, section_cells(e, item, longest.cells), role, device)
        if not why and other_data is not None:
            why, hint = f"; {other_data[0]}", other_data[1]
        if not why:
            why, hint = _stale_optimizer(e, found)
        seen = f"the {name} was trained for {counted(len(longest.epochs))} on the {place}{why}"
        raise Fail(
            seen, expected, hint or f"How often is the training function called, in all cells that train {name}?"
        )
    if not_believed := trainings.doubt(e.run, RECOGNISE[role]):
        raise Fail(not_believed, expected, DOUBTED)
    if other_data is not None:
        raise Fail(other_data[0], expected, other_data[1])
    if others := e.trainings(RECOGNISE[role], device):
        where = cell_of(e.notebook, others[0].cells[0])
        lacks = "no hidden layer" if is_linear(others[0].model.shapes) else f"no {CLASSES} outputs"
        raise Fail(
            f"the model that was trained in {where} has {lacks}, so it is not the {name}",
            expected,
            f"Which class is the model made from that the training steps: the {name}?",
        )
    elsewhere = _on_the_other_device(e, item, role, device)
    if elsewhere is not None:
        raise elsewhere
    why, hint = trouble(e, section_cells(e, item), role, device)
    raise Fail(
        f"no training of the {name} on the {place} was seen in the run{why}",
        expected,
        hint or f"Which cell trains the {name} on the {place}, and what does it print when all cells run from the top?",
    )


def _stale_optimizer(e: Evidence, found: Sequence[trainings.Training]) -> tuple[str, str]:
    """Return that epochs ran on a model whose optimizer holds another one's parameters, and a hint; or '' twice."""
    for training in found:
        stale = [epoch for epoch in training.epochs if epoch.train.optimizer and epoch.train.optimizer.model_share == 0]
        if stale:
            where = cell_of(e.notebook, stale[0].cell)
            said = f"; the optimizer that steps in {counted(len(stale))} in {where} holds another model's parameters"
            return said, "Is the model that is trained there the one for which the optimizer was made, or a copy of it?"
    return "", ""


def longest_of(found: Sequence[trainings.Training]) -> trainings.Training:
    """Return the training with the most epochs."""
    return max(found, key=lambda training: len(training.epochs))


def in_part(e: Evidence, item: str, role: str, device: str, epochs: int) -> trainings.Training:
    """Do the same as `trained`, but return the longest training when all are too short, for credit in proportion."""
    found = of_role(e, role, device)
    if found and all(len(training.epochs) < epochs for training in found):
        return longest_of(found)
    return trained(e, item, role, device, epochs)


def enough(e: Evidence, item: str, training: trainings.Training, epochs: int, place: str) -> None:
    """Raise Fail with credit in proportion for a training that is too short."""
    done = len(training.epochs)
    if done < epochs:
        role = next(role for role, known in RECOGNISE.items() if known(training.model.shapes))
        why, hint = trouble(e, section_cells(e, item, training.cells), role, training.device)
        seen = f"{counted(done)} instead of {epochs} on the {place}{why}"
        raise Fail(
            seen,
            f"{counted(epochs)} on the {place}",
            hint or "How many epochs does the loop run?",
            round(done / epochs, 2),
        )


def _on_the_other_device(e: Evidence, item: str, role: str, device: str) -> Fail | None:
    """Return the failure of an item whose cells train the model, but on the other device; None when they do not."""
    other, place = ("cpu", "CPU") if device == "cuda" else ("cuda", "GPU")
    cells = set(section_cells(e, item))
    for training in e.trainings(RECOGNISE[role], other):
        here = [epoch for epoch in training.epochs if epoch.cell in cells]
        if here:
            return Fail(
                f"{counted(len(here))} of the {role.upper()} in {cell_of(e.notebook, here[0].cell)} ran on the {place}",
                f"training on the {'GPU' if device == 'cuda' else 'CPU'}",
                "Where do the model and the batches go before the training, and where does that device come from?",
            )
    return None


def unsure(e: Evidence, training: trainings.Training, said: str) -> str | Review:
    """Return the verdict on a training that is as it should be: `said`, or a Review if it could not be checked."""
    why = trainings.unchecked(e.run, training)
    if not why:
        return said
    return Review(
        f"{said}, but the record of it could not be checked, so a person decides",
        remark=f"{why}; the training earns nothing until a person has looked at it",
        credit=0.0,
    )


def first_training(e: Evidence) -> trainings.Training:
    """Return the likeliest training of the MLP on the CPU for Question 2. Raises Fail as `first_trainings` does."""
    return first_trainings(e)[0]


def first_trainings(e: Evidence) -> tuple[trainings.Training, ...]:
    """Return the trainings of the MLP on the CPU with ten epochs that are not Question 3's, the likeliest first.

    Raises Fail if there is none, also if ten epochs were trained but only below the heading of Question 3.
    """
    found = trained(e, "q2", "mlp", "cpu", 10)
    if fitting := [t for t in long_enough(e, "mlp", "cpu", 10) if _not_of_question_3(e, t) >= 10]:
        return tuple(fitting)
    first = max(_not_of_question_3(e, training) for training in of_role(e, "mlp", "cpu"))
    ran = f"only {counted(first)} of the first 10 ran" if first else "the first 10 epochs were never run"
    why, hint = trouble(e, section_cells(e, "q2", found.cells), "mlp")
    if not why:
        why, hint = broke_before(e, found.cells[0])
    raise Fail(
        f"{ran}; the {len(found.epochs) - first} that ran below the heading of Question 3 are Question 3's{why}",
        "10 epochs of the MLP on the CPU before those of Question 3",
        hint or "Does the loop over the first 10 epochs run? Look at what its cell prints.",
    )


def _not_of_question_3(e: Evidence, training: trainings.Training) -> int:
    """Return how many epochs are not Question 3's: those outside its cells, and all but ten wherever they ran."""
    later = set(code_under(e, "q3")) - set(code_under(e, "q2"))
    return max(sum(epoch.cell not in later for epoch in training.epochs), len(training.epochs) - 10)


def second_training(e: Evidence) -> trainings.Training:
    """Return the training of Question 3: the likeliest of the MLP with 20 epochs.

    If ten epochs ran in the question's own cells and only the first ten are missing, which costs points in Question 2,
    it is that one, unless another model was trained before. Raises Fail.
    """
    for training in long_enough(e, "mlp", "cpu", 20):
        return training
    found = of_role(e, "mlp", "cpu")
    for training in long_enough(e, "mlp", "cpu", 10):
        alone = len(training.epochs) - _not_of_question_3(e, training)
        before = [other for other in found if other is not training and _not_of_question_3(e, other)]
        if alone >= 10 and not before:
            return training
        if alone >= 10 and alone == len(training.epochs):
            raise Fail(
                f"the {alone} epochs below the heading of Question 3 are of a new MLP, not of the one trained before",
                "another 10 epochs of the same model",
                "Which line below that heading makes a model, and what becomes of the one that was trained?",
            )
    return trained(e, "q3", "mlp", "cpu", 20)


def ten_epochs(e: Evidence) -> str | Review:
    """The MLP is trained for 10 epochs on the CPU, with a test after each."""
    training = first_training(e)
    epochs = training.epochs[:10]
    said = convergence.stepped(epochs, "the first 10 epochs")
    untested = sum(epoch.test is None for epoch in epochs)
    if untested:
        raise Fail(f"{untested} of the 10 epochs were not tested", "a test after each epoch", TEST_EACH, credit=0.5)
    return unsure(e, training, said)


def mlp_converges(e: Evidence) -> str | Review:
    """The loss falls as the reference's does."""
    training = first_training(e)
    charged = charged_before(e, "mlp", training)
    charged = charged or overflowed(e, training)
    if not charged and not too_small_steps(training) and other_criterion(training.epochs):
        charged = "the criterion"
    if not charged and settings_fault(training, 10) is not None:
        real = _steps_are_true(e, training) or _other_optimizer_learned(e, training)
        charged = "the optimizer's settings" if real else ""
    return _learns(e, "mlp", training, 10, charged)


def _learns(e: Evidence, role: str, training: trainings.Training, epochs: int, charged: str) -> str | Review:
    """Check that the first epochs of a training learned as the reference's do; `charged` is as in `converges`."""
    asked_for = settings_fault(training, epochs) is None
    found = convergence.converges(
        training.epochs[:epochs],
        e.reference,
        role,
        classes=CLASSES,
        repeated=asked_for and training.model.key in e.run.repeated,
        charged=charged,
    )
    return unsure(e, training, found) if isinstance(found, str) else found


def twenty_epochs(e: Evidence) -> str | Review:
    """The same model is trained for another 10 epochs."""
    training = second_training(e)
    if len(training.epochs) < 20:
        return unsure(e, training, convergence.stepped(training.epochs, "the 10 epochs of Question 3"))
    said = convergence.stepped(training.epochs[:20], "the 20 epochs")
    convergence.continues(training.epochs[:20], 10)
    later = settings_fault(training, 20, after=10) if settings_fault(training, 10) is None else None
    if later is not None:  # those of the first ten cost points with the training function
        raise Fail(f"in epochs 11 to 20 {later.seen}", later.expected, later.hint, credit=OTHER_SETTINGS)
    return unsure(e, training, said)


def converges(item: str, role: str, device: str, epochs: int) -> CheckFunction:
    """Return a check that the first `epochs` epochs learn as the reference's do, with the optimizer that was asked for.

    Fewer epochs earn credit in proportion; epochs that learn with other settings earn half of it.
    """

    def check(e: Evidence) -> str | Review:
        training = in_part(e, item, role, device, epochs)
        wrong = settings_fault(training, epochs)
        of_the_function = other_criterion(training.epochs[:epochs]) and wrong_function(e, training) is not None
        if wrong is None or of_the_function:  # a loss that the training function changes costs points there
            return _learned(e, role, training, epochs)
        try:
            found = _learned(e, role, training, epochs)
            learned = 1.0 if isinstance(found, str) or _steps_are_true(e, training) else 0.0
        except Fail as fail:
            learned = fail.credit
        raise Fail(wrong.seen, wrong.expected, wrong.hint, credit=round(OTHER_SETTINGS * learned, 2))

    by = f"the mean cross-entropy and SGD with learning rate {LEARNING_RATE:g} and momentum {MOMENTUM:g}"
    check.__doc__ = f"In {epochs} epochs of {by} the loss falls as the reference's does."
    return check


def _steps_are_true(e: Evidence, training: trainings.Training) -> bool:
    """Return whether a training with other settings took its steps, and steps that are large enough to learn."""
    if trainings.unchecked(e.run, training) or training.model.key not in e.run.repeated:
        return False
    return training.epochs[0].train.optimizer is not None and not too_small_steps(training)


def _other_optimizer_learned(e: Evidence, training: trainings.Training) -> bool:
    """Return whether ten epochs by another optimizer than SGD, whose steps are never repeated, end below guessing."""
    made, losses = training.epochs[0].train.optimizer, [numbers(epoch.train.losses) for epoch in training.epochs[:10]]
    if trainings.unchecked(e.run, training) or made is None or made.kind == "SGD" or not losses[0] or not losses[-1]:
        return False
    return statistics.fmean(losses[-1]) < min(statistics.fmean(losses[0]), BETTER * math.log(CLASSES))


def _learned(e: Evidence, role: str, training: trainings.Training, epochs: int) -> str | Review:
    """Check that a training learned as the reference does. Raises Fail; too few epochs earn credit in proportion."""
    done = len(training.epochs)
    if done >= epochs:
        return _learns(e, role, training, epochs, charged_before(e, role, training))
    follows = training.model.key in e.run.repeated and not trainings.unchecked(e.run, training)
    raise Fail(
        f"the losses of {counted(done)} follow the reference's"
        if follows
        else f"the losses of {counted(done)} do not follow the reference's",
        f"{counted(epochs)} that learn as the reference does",
        "How many epochs does the loop run, and what do its losses do from one to the next?",
        credit=round(done / epochs, 2) if follows else 0.0,
    )


def gpu_placement(e: Evidence) -> str | Advice:
    """Model, data and target are on the GPU in every batch of training and testing."""
    try:
        return placement.placed(e.loops["gpu_train"], e.loops["gpu_test"])
    except Fail as fail:
        for role in ("gpu_train", "gpu_test"):
            probe = e.loops[role]
            failed = probe.missing or probe.student is None or probe.student.error is not None
            if failed and works_in_run(e, role):
                raise in_run_only(fail.seen) from None
        raise
