"""Checks on the epochs that were trained in the run: which model, on which device, and why some are missing."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from grader.assignment import Advice, CheckFunction, Evidence, Fail, Review
from grader.checks import convergence, loaders, loops, placement
from grader.evidence import trainings
from grader.evidence.run import CellRun, Pass
from grader.packages import Lacking, missing_packages
from reference.contract import BATCH_SIZE, CLASSES, LEARNING_RATE, MOMENTUM, RECOGNISE, is_linear, is_mlp

UNTESTED = 0.8  # credit for a training that was never tested
OLD_MODEL = 0.6  # credit for a training whose model had been trained before
OTHER_SETTINGS = 0.5  # credit for a training that learns, but with another optimizer than the one asked for
BROKE = ("error", "timeout", "killed", "dead")  # the statuses of a cell that did not run to its end


def optimizer(e: Evidence) -> str:
    """Training uses SGD with learning rate 0.01 and momentum 0.5."""
    passes = [epoch.train for training in cpu_trainings(e) for epoch in training.epochs] or _parts(e)
    if not passes and (not_believed := trainings.doubt(e.run, is_mlp)):
        raise Fail(not_believed, f"SGD with learning rate {LEARNING_RATE:g} and momentum {MOMENTUM:g}")
    if not passes:
        why, hint = trouble(e, (), "mlp")
        if why:
            wanted = f"SGD with learning rate {LEARNING_RATE:g} and momentum {MOMENTUM:g}"
            raise Fail(f"no optimizer took a step in the run{why}", wanted, hint)
    return loops.optimizer_settings(passes, "SGD", LEARNING_RATE, MOMENTUM)


def _parts(e: Evidence) -> list[Pass]:
    """Return all passes that trained the MLP on the CPU, complete or not."""
    known = {key for key, model in e.run.models.items() if is_mlp(model.shapes) and key not in e.run.doubts}
    return [p for p in e.run.passes if p.trains and p.model in known and (p.model_device or "cpu").startswith("cpu")]


def cpu_trainings(e: Evidence) -> tuple[trainings.Training, ...]:
    """Return the trainings of the MLP on the CPU, in order."""
    return of_role(e, "mlp", "cpu")


def of_role(e: Evidence, role: str, device: str) -> tuple[trainings.Training, ...]:
    """Return the trainings on the device of models that are meant to be the role's, in order.

    A linear classifier is one only if the notebook's own MLP is nothing else, which costs its points there.
    """
    probe = e.models.get(role)
    own = sorted(parameter.shape for parameter in probe.parameters) if probe is not None else []
    found = e.trainings(RECOGNISE[role], device)
    return tuple(t for t in found if not is_linear(t.model.shapes) or sorted(t.model.shapes) == own)


def trained(e: Evidence, item: str, role: str, device: str, epochs: int) -> trainings.Training:
    """Return the first training of the model on the device with at least `epochs` epochs.

    Raises Fail, which says what was trained instead and why.
    """
    name = role.upper()
    place = "GPU" if device == "cuda" else "CPU"
    found = of_role(e, role, device)
    for training in found:
        if len(training.epochs) >= epochs:
            return training
    expected = f"{counted(epochs)} of the {name} on the {place}"
    other_data = over_other_data(e, role, device)
    if found:
        longest = longest_of(found)
        why, hint = trouble(e, section_cells(e, item, longest.cells), role, device)
        if not why and other_data is not None:
            why, hint = f"; {other_data[0]}", other_data[1]
        seen = f"the {name} was trained for {counted(len(longest.epochs))} on the {place}{why}"
        raise Fail(seen, expected, hint)
    if not_believed := trainings.doubt(e.run, RECOGNISE[role]):
        raise Fail(not_believed, expected)
    if other_data is not None:
        raise Fail(other_data[0], expected, other_data[1])
    if linear := e.trainings(RECOGNISE[role], device):
        raise Fail(
            f"the model that was trained in cell {linear[0].cells[0]} has no hidden layer, so it is not the {name}",
            expected,
            f"Which class is the model made from that the training steps: the {name}?",
        )
    elsewhere = _on_the_other_device(e, item, role, device)
    if elsewhere is not None:
        raise elsewhere
    why, hint = trouble(e, section_cells(e, item), role, device)
    raise Fail(f"no training of the {name} on the {place} was seen in the run{why}", expected, hint)


def counted(epochs: int) -> str:
    """Return a number of epochs in words: '1 epoch', '2 epochs'."""
    return f"{epochs} epoch{'' if epochs == 1 else 's'}"


def longest_of(found: Sequence[trainings.Training]) -> trainings.Training:
    """Return the training with the most epochs."""
    return max(found, key=lambda training: len(training.epochs))


def in_part(e: Evidence, item: str, role: str, device: str, epochs: int) -> trainings.Training:
    """Do the same as `trained`, but return the longest training when all are too short, for credit in proportion."""
    found = of_role(e, role, device)
    if found and all(len(training.epochs) < epochs for training in found):
        return longest_of(found)
    return trained(e, item, role, device, epochs)


def _enough(e: Evidence, item: str, training: trainings.Training, epochs: int, place: str) -> None:
    """Raise Fail with credit in proportion for a training that is too short."""
    done = len(training.epochs)
    if done < epochs:
        role = next(role for role, known in RECOGNISE.items() if known(training.model.shapes))
        why, hint = trouble(e, section_cells(e, item, training.cells), role, training.device)
        seen = f"{counted(done)} instead of {epochs} on the {place}{why}"
        raise Fail(seen, f"{counted(epochs)} on the {place}", hint, credit=round(done / epochs, 2))


def _on_the_other_device(e: Evidence, item: str, role: str, device: str) -> Fail | None:
    """Return the failure of an item whose cells train the model, but on the other device; None when they do not."""
    other, place = ("cpu", "CPU") if device == "cuda" else ("cuda", "GPU")
    cells = set(section_cells(e, item))
    for training in e.trainings(RECOGNISE[role], other):
        here = [epoch for epoch in training.epochs if epoch.cell in cells]
        if here:
            return Fail(
                f"{counted(len(here))} of the {role.upper()} in cell {here[0].cell} ran on the {place}",
                f"training on the {'GPU' if device == 'cuda' else 'CPU'}",
                "Where do the model and the batches go before the training, and where does that device come from?",
            )
    return None


def trouble(e: Evidence, cells: Sequence[int], role: str = "", device: str = "cpu") -> tuple[str, str]:
    """Return why cells did not do what they should, as a text to append to a sentence, and a hint; both may be ''.

    The reason is the error of the last of `cells` that broke, or why they were not reached. With the `role` of a model
    whose training on `device` is missing, it is the error that stopped that training, in whichever cell. If nothing
    broke, it is what else happened to the training; if nothing at all was trained, what broke last before these cells.

    Raises Lacking when the notebook rightly needs a package that is missing here, which may be the reason. The import
    of an unknown package is an error like any other; it is named also when it stands before what broke later.
    """
    missing = missing_packages(e.notebook, e.run)
    for package in missing:
        if package.here:
            raise Lacking(package)
    said, hint = _broke(e, cells, role, device)
    for package in missing:
        if not cells or package.cell <= max(cells):
            named = f"; cell {package.cell}," in said or f"; cell {package.cell} " in said
            before = "before that, " if said else ""
            return said if named else f"{said}; {before}{package.told}", hint or package.hint
    return said, hint


def _broke(e: Evidence, cells: Sequence[int], role: str, device: str) -> tuple[str, str]:
    """Return the reason and the hint as `trouble` does, whatever packages are missing."""
    broken = [cell for cell in e.run.cells if cell.status != "ok" and cell.index in cells]
    named = _breakdowns(e, broken, role, device) if role else broken[-1:]
    if named:
        told = dict(_ending(e, cell) for cell in reversed(named))
        return "".join(reversed(told)), next((hint for hint in told.values() if hint), "")
    unreached = [cell for cell in e.run.cells if cell.status == "not_run"]
    if unreached:
        return f"; {unreached[0].reason}", ""
    said, hint = "", ""
    if role:
        said, hint = (
            _left_early(e, role, device) or _over_test_data(e, role, device) or new_models(e, role, device, cells)
        )
    if role and not said and cells and not any(seen.trains for seen in e.run.passes):
        before = [cell for cell in e.run.cells if cell.status in BROKE and cell.index < min(cells)]
        if before:  # it need not be the reason
            said, hint = _ending(e, before[-1])
            return said.replace("; ", "; before that, ", 1), hint
    return f"; {said}" if said else "", hint


def _ending(e: Evidence, cell: CellRun) -> tuple[str, str]:
    """Return how a cell that broke ended, after a semicolon, and a hint or ''."""
    if cell.error is None:
        return f"; {cell.reason}", ""
    line = f", line {cell.error.line}," if cell.error.line is not None else ""
    said = f"; cell {cell.index}{line} ended with {cell.error.name}: {cell.error.message[:200]}"
    open_pass = next((p for p in reversed(e.run.passes) if p.cell == cell.index and not p.complete), None)
    model, data = (open_pass.model_device or "", open_pass.data_device or "") if open_pass else ("", "")
    devices = placement.explain_error(cell.error.message, (model,), (data,))
    return (f"{said} ({devices[0]})", devices[1]) if devices is not None else (said, "")


def _breakdowns(e: Evidence, broken: Sequence[CellRun], role: str, device: str) -> list[CellRun]:
    """Return the cells that explain why a training is missing: at most two, which ended differently.

    `broken` are the question's cells that broke. The first is the cell in which the training was first stopped, the
    second the last of the question's cells that broke, as it may have broken for another reason.
    """
    opened = {seen.cell for seen in e.run.passes if _stopped(e, seen, role, device)}
    stopped = [cell for cell in e.run.cells if cell.status in BROKE and cell.index in opened]
    here = [cell for cell in broken if cell in stopped]
    first, last = (here or stopped)[:1], (here or broken)[-1:]
    return first if first and last and _same_end(first[0], last[0]) else [*first, *last]


def _same_end(one: CellRun, other: CellRun) -> bool:
    """Return whether two cells broke in the same way."""
    if one.error is None or other.error is None:
        return one is other
    return (one.error.name, one.error.message) == (other.error.name, other.error.message)


def _stopped(e: Evidence, seen: Pass, role: str, device: str) -> bool:
    """Return whether a pass of this model on this device was left before its end.

    A model of the wrong shape counts, as it may be meant to be this one, and so does a pass in which a function had not
    called its model yet.
    """
    if seen.complete or (seen.model_device or seen.data_device or device).split(":")[0] != device:
        return False
    model = e.run.models.get(seen.model or "")
    if model is None:
        return seen.loader.split == "train" and seen.function is not None
    return RECOGNISE[role](model.shapes) or (
        seen.loader.split == "train" and not any(known(model.shapes) for known in RECOGNISE.values())
    )


def _left_early(e: Evidence, role: str, device: str) -> tuple[str, str] | None:
    """Return a sentence on training passes that stopped early without an error, and a hint; None without any."""
    ended = {cell.index for cell in e.run.cells if cell.status == "ok"}
    left = [
        seen
        for seen in e.run.passes
        if seen.trains and seen.loader.split != "test" and seen.cell in ended and _stopped(e, seen, role, device)
    ]
    if not left:
        return None
    size, images = left[0].loader.batch_size, left[0].loader.images
    of = f" of {math.ceil(images / size)}" if size else ""
    most = max(seen.batches for seen in left)
    after = f"after {most}" if all(seen.batches == most for seen in left) else f"after {most} at most"
    passes = (
        "a pass over the training data was" if len(left) == 1 else f"{len(left)} passes over the training data were"
    )
    return f"{passes} left {after}{of} batches", "What in the loop over the batches can end it early?"


def _over_test_data(e: Evidence, role: str, device: str) -> tuple[str, str] | None:
    """Return a sentence on passes that trained this model on the test images, and a hint; None without any."""
    models = {key for key, model in e.run.models.items() if RECOGNISE[role](model.shapes)}
    found = [
        seen
        for seen in e.run.passes
        if seen.trains
        and seen.loader.split == "test"
        and seen.model in models
        and (seen.model_device or device).split(":")[0] == device
    ]
    if not found:
        return None
    passes = "a pass that trained it" if len(found) == 1 else f"{len(found)} passes that trained it"
    return f"{passes} went over the test images", "Which loader does the training go over?"


def over_other_data(e: Evidence, role: str, device: str) -> tuple[str, str] | None:
    """Return a sentence on epochs of this model over data that was not asked for, and a hint; None without any."""
    found = [
        epoch.train
        for training in trainings.select(trainings.assemble(e.run), RECOGNISE[role], device)
        for epoch in training.epochs
        if not e.wanted_data.trains(epoch.train)
    ]
    if not found:
        return None
    loader = found[0].loader
    images = f"{loader.images:,} image{'' if loader.images == 1 else 's'}"
    what = f"{images} of MNIST's training images" if loader.split == "train" else f"{images} of '{loader.dataset}'"
    judged = e.wanted_data.judged.get("train")
    wanted = f"{(judged.images if judged is not None else e.train_size):,} images of the training loader"
    return (
        f"{counted(len(found))} of the {role.upper()} went over {what}, not over the {wanted}",
        "Which loader does the training go over, and which images does it hold at that moment?",
    )


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


def new_models(e: Evidence, role: str, device: str, cells: Collection[int]) -> tuple[str, str]:
    """Return a sentence on a cell in which each epoch trained a new model, and a hint; ('', '') without such a cell."""
    counts: dict[int, list[int]] = {}
    for training in e.trainings(RECOGNISE[role], device):
        for cell in set(training.cells) & set(cells):
            counts.setdefault(cell, []).append(sum(epoch.cell == cell for epoch in training.epochs))
    for cell, epochs in counts.items():
        if len(epochs) > 1 and set(epochs) == {1}:
            many = len(epochs)
            said = f"the {many} epochs in cell {cell} are of {many} models: a new {role.upper()} for each epoch"
            return said, "Where is the model made: once, before the loop over the epochs, or in it?"
    return "", ""


def ten_epochs(e: Evidence) -> str | Review:
    """The MLP is trained for 10 epochs on the CPU, with a test after each."""
    training = trained(e, "q2", "mlp", "cpu", 10)
    epochs = training.epochs[:10]
    said = convergence.stepped(epochs, "the first 10 epochs")
    untested = sum(epoch.test is None for epoch in epochs)
    if untested:
        raise Fail(f"{untested} of the 10 epochs were not tested", "a test after each epoch", credit=0.5)
    return unsure(e, training, said)


def mlp_converges(e: Evidence) -> str | Review:
    """The loss falls as the reference's does."""
    return _learns(e, "mlp", trained(e, "q2", "mlp", "cpu", 10), 10)


def _learns(e: Evidence, role: str, training: trainings.Training, epochs: int) -> str | Review:
    """Check that the first epochs of a training learned as the reference's do."""
    asked_for = _other_settings(training.epochs[:epochs]) is None
    found = convergence.converges(
        training.epochs[:epochs],
        e.reference,
        role,
        classes=CLASSES,
        repeated=asked_for and training.model.key in e.run.repeated,
        as_wanted=_as_wanted(e),
    )
    return unsure(e, training, found) if isinstance(found, str) else found


def _as_wanted(e: Evidence) -> bool:
    """Return whether the loaders of training and testing serve what was asked for, as far as is known."""
    for split, images in (("train", e.train_size), ("test", e.test_size)):
        probe = e.loaders.get(split)
        if probe is None or probe.seen is None or probe.first_batch is None or probe.expected_batch is None:
            continue
        try:
            loaders.loader(probe, images, BATCH_SIZE, shuffled=split == "train")
            loaders.pixels(probe)
        except Fail:
            return False
    return True


def twenty_epochs(e: Evidence) -> str | Review:
    """The same model is trained for another 10 epochs."""
    training = trained(e, "q3", "mlp", "cpu", 20)
    return unsure(e, training, convergence.stepped(training.epochs[:20], "the 20 epochs"))


def section_cells(e: Evidence, item: str, cells: Sequence[int] = ()) -> tuple[int, ...]:
    """Return the cells in which the answer to an item is expected: those of its section, and `cells`."""
    section = e.sections.get(item)
    return tuple(sorted({*(section.cells if section else ()), *cells}))


def cnn_epochs(item: str, device: str) -> CheckFunction:
    """Return a check that a new CNN was trained and tested for 2 epochs on the device."""
    place = "GPU" if device == "cuda" else "CPU"

    def check(e: Evidence) -> str | Review:
        return _new_and_tested(e, item, "cnn", device, 2, f"the CNN's training on the {place}")

    check.__doc__ = f"A new CNN is trained for 2 epochs on the {place}, with a test after each."
    return check


def gpu_epochs(e: Evidence) -> str | Review:
    """A new MLP is trained for 10 epochs on the GPU, with a test after each."""
    return _new_and_tested(e, "q5", "mlp", "cuda", 10, "the training on the GPU")


def _new_and_tested(e: Evidence, item: str, role: str, device: str, epochs: int, where: str) -> str | Review:
    """Check that a model that was not trained on the other device is trained for these epochs and tested after each."""
    place, name = "GPU" if device == "cuda" else "CPU", role.upper()
    training = in_part(e, item, role, device, epochs)
    seen = training.epochs[:epochs]
    said = convergence.stepped(seen, where)
    if training.before:
        raise Fail(
            f"the {name} that already had {counted(training.before)} was trained further, on the {place}",
            f"a new {name}, trained for {counted(epochs)} on the {place}",
            "Both devices start from the same place when each gets its own model.",
            credit=OLD_MODEL * min(1.0, len(seen) / epochs),
        )
    _enough(e, item, training, epochs, place)
    untested = sum(epoch.test is None for epoch in seen)
    if untested:
        raise Fail(
            f"{untested} of the {epochs} epochs on the {place} were not tested",
            "a test after each epoch",
            "Which loss says whether the model also reads digits that it was not trained on?",
            credit=round(1 - (1 - UNTESTED) * untested / epochs, 2),
        )
    return unsure(e, training, said)


def converges(item: str, role: str, device: str, epochs: int) -> CheckFunction:
    """Return a check that the first `epochs` epochs learn as the reference's do, with the optimizer that was asked for.

    Fewer epochs earn credit in proportion; epochs that learn with other settings earn half of it.
    """

    def check(e: Evidence) -> str | Review:
        training = in_part(e, item, role, device, epochs)
        wrong = _other_settings(training.epochs[:epochs])
        if wrong is None:
            return _learned(e, role, training, epochs)
        try:
            found = _learned(e, role, training, epochs)
            learned = 1.0 if isinstance(found, str) or _steps_are_true(e, training) else 0.0
        except Fail as fail:
            learned = fail.credit
        raise Fail(wrong.seen, wrong.expected, wrong.hint, credit=round(OTHER_SETTINGS * learned, 2))

    by = f"SGD with learning rate {LEARNING_RATE:g} and momentum {MOMENTUM:g}"
    check.__doc__ = f"In {epochs} epochs of {by} the loss falls as the reference's does."
    return check


def _steps_are_true(e: Evidence, training: trainings.Training) -> bool:
    """Return whether a training with other settings took its steps, and steps that are large enough to learn."""
    if trainings.unchecked(e.run, training) or training.model.key not in e.run.repeated:
        return False
    made = training.epochs[0].train.optimizer
    return made is not None and (made.lr or 0.0) >= LEARNING_RATE / 100


def _other_settings(epochs: Sequence[trainings.Epoch]) -> Fail | None:
    """Return what is wrong with the optimizer that stepped in these epochs; None if nothing is."""
    try:
        loops.optimizer_settings([epoch.train for epoch in epochs], "SGD", LEARNING_RATE, MOMENTUM)
    except Fail as fail:
        return fail
    return None


def _learned(e: Evidence, role: str, training: trainings.Training, epochs: int) -> str | Review:
    """Check that a training learned as the reference does. Raises Fail; too few epochs earn credit in proportion."""
    done = len(training.epochs)
    if done >= epochs:
        return _learns(e, role, training, epochs)
    follows = training.model.key in e.run.repeated and not trainings.unchecked(e.run, training)
    raise Fail(
        f"the losses of {counted(done)} {'follow' if follows else 'do not follow'} the reference's",
        f"{counted(epochs)} that learn as the reference does",
        credit=round(done / epochs, 2) if follows else 0.0,
    )


def gpu_placement(e: Evidence) -> str | Advice:
    """Model, data and target are on the GPU in every batch of training and testing."""
    return placement.placed(e.loops["gpu_train"], e.loops["gpu_test"])
