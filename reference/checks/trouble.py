"""Why a training is missing: what broke, what ended early, and which data or model was trained instead."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence

from grader.assignment import Evidence, Fail
from grader.checks import placement
from grader.checks.breakdowns import breakdown, first_cause, hint_for, undefined_name
from grader.evidence import trainings
from grader.evidence.run import CellRun, Pass
from grader.notebook.beside import cells_naming
from grader.notebook.helper_files import CHECKPOINTS
from grader.notebook.places import place
from grader.packages import Lacking, Missing, missing_packages
from reference.checks.sections import BROKE, is_stub
from reference.contract import RECOGNISE

TRAINED_BY = {"cpu": "cpu_train", "cuda": "gpu_train"}  # the role of the function that trains on a device


def counted(epochs: int) -> str:
    """Return a number of epochs in words: '1 epoch', '2 epochs'."""
    return "1 epoch" if epochs == 1 else f"{epochs} epochs"


def trouble(e: Evidence, cells: Sequence[int], role: str = "", device: str = "cpu") -> tuple[str, str]:
    """Return why cells did not do what they should, as a text to append to a sentence, and a hint; both may be ''.

    The reason is the error of the last of `cells` that broke, or why they were not reached. With the `role` of a model
    whose training on `device` is missing, it is the error that stopped that training, in whichever cell. If nothing
    broke, it is what else happened to the training, or the error of an earlier cell that calls the function for it; if
    nothing at all was trained, what broke last before these cells.

    Raises Lacking when the notebook rightly needs a package that is missing here, which may be the reason. A file that
    was not handed in is an error like any other; it is named also when it stands before what broke later.
    """
    missing = missing_packages(e.notebook, e.run)
    for package in missing:
        if package.here:
            raise Lacking(package)
    said, hint = _broke(e, cells, role, device)
    before = [package for package in missing if not cells or package.cell <= max(cells)]
    if not before or any(package.told in said for package in before):
        return said, hint
    package = explains(said, before) or before[0]
    return f"{said}; {'before that, ' if said else ''}{package.told}", package.hint or hint


def explains(said: str, missing: Sequence[Missing]) -> Missing | None:
    """Return what is missing and would have defined a name of which a sentence says that it is not there."""
    quoted = frozenset(re.findall(r"['`](\w+)['`]", said))
    return next((one for one in missing if one.binds & quoted), None)


def with_missing(e: Evidence, fail: Fail, undefined: bool = False) -> Fail:
    """Return the failure of a check on a definition, with the helper file that would have defined it, if one lacks.

    If nothing like it was found at all, so that it is `undefined`, any helper file that lacks may have held it: the
    name that the notebook imports may be that of a class with the wanted method.
    """
    missing = [one for one in missing_packages(e.notebook, e.run) if not one.here]
    one = explains(fail.seen, missing) or (next((one for one in missing if one.name), None) if undefined else None)
    return fail if one is None else Fail(f"{fail.seen}; {one.told}", fail.expected, one.hint or fail.hint, fail.credit)


def because(e: Evidence, fail: Fail, cells: Sequence[int], role: str = "", device: str = "cpu") -> Fail:
    """Return the failure, with the reason why these cells did not get further appended, and the hint for it.

    Raises NotGraded when `trouble` does.
    """
    why, hint = trouble(e, cells, role, device)
    return Fail(fail.seen + why, fail.expected, hint or fail.hint, fail.credit)


def _broke(e: Evidence, cells: Sequence[int], role: str, device: str) -> tuple[str, str]:
    """Return the reason and the hint as `trouble` does, whatever packages are missing."""
    broken = [cell for cell in e.run.cells if cell.status != "ok" and cell.index in cells]
    named = _breakdowns(e, broken, role, device) if role else broken[-1:]
    if named:
        told = dict(_ending(e, cell) for cell in reversed(named))
        return "".join(reversed(told)), next((hint for hint in told.values() if hint), "")
    unreached = [cell for cell in e.run.cells if cell.status == "not_run"]
    if unreached:
        return f"; {unreached[0].reason}", "Does an earlier cell never end, or end the session?"
    said, hint = "", ""
    if role:
        said, hint = (
            _left_early(e, role, device)
            or _over_test_data(e, role, device)
            or from_checkpoint(e, cells)
            or new_models(e, role, device, cells)
        )
    if role and not said:
        names = (role.upper(), TRAINED_BY[device])
        stubs = [name for name in names if is_stub(e, name)]
        if stubs:
            return f"; {' and '.join(stubs)} {'is' if len(stubs) == 1 else 'are'} not started", ""
    if role and not said and cells:
        anything = any(seen.trains for seen in e.run.passes)
        return broke_before(e, min(cells), calling=TRAINED_BY[device] if anything else "")
    return f"; {said}" if said else "", hint


def broke_before(e: Evidence, index: int, calling: str = "") -> tuple[str, str]:
    """Return how the last cell before this one that broke ended, as `trouble` does; it need not be the reason.

    With the role `calling` ('cpu_train' or 'gpu_train'), only cells that call the function for it are looked at.
    """
    before = [cell for cell in e.run.cells if cell.status in BROKE and cell.index < index]
    if calling:
        probe = e.loops.get(calling)
        name = (probe.function if probe is not None else None) or calling
        call = re.compile(rf"(?<!def )\b{re.escape(name.split('.')[-1])}\s*\(")
        sources = {cell.index: cell.source for cell in e.notebook.code_cells}
        before = [cell for cell in before if call.search(sources.get(cell.index, ""))]
    said, hint = _ending(e, before[-1]) if before else ("", "")
    return said.replace("; ", "; before that, ", 1), hint


def _ending(e: Evidence, cell: CellRun) -> tuple[str, str]:
    """Return how a cell broke, or the earlier cell that is the cause, after a semicolon, and a hint or ''."""
    cause = first_cause(e.notebook, e.run.cells, cell)
    if cause is not cell:
        said, hint = _ending(e, cause)
        return f"{said}, so `{undefined_name(cell)}` has no value", hint
    if cell.error is None:
        return f"; {breakdown(e.notebook, cell)}", ""
    missing = next((one for one in missing_packages(e.notebook, e.run) if one.cell == cell.index), None)
    if missing is not None:
        return f"; {missing.told}", missing.hint
    said = f"; {breakdown(e.notebook, cell)}"
    open_pass = next((p for p in reversed(e.run.passes) if p.cell == cell.index and not p.complete), None)
    model, data = (open_pass.model_device or "", open_pass.data_device or "") if open_pass else ("", "")
    devices = placement.explain_error(cell.error.message, (model,), (data,))
    return (f"{said} ({devices[0]})", devices[1]) if devices is not None else (said, hint_for(cell))


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


def from_checkpoint(e: Evidence, cells: Collection[int]) -> tuple[str, str] | None:
    """Return a sentence on trained weights that were handed in and are read by these cells or before; None without."""
    for name in e.notebook.beside.names:
        if name.lower().endswith(CHECKPOINTS):
            reads = [cell for cell in cells_naming(e.notebook, name) if not cells or cell <= max(cells)]
            if reads:
                said = (
                    f"cell {reads[-1]} reads '{name}', which was handed in: a training that this replaces is not done"
                )
                return (
                    said,
                    f"What does the notebook do without {name}? Train in it each time, whatever files there are.",
                )
    return None


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
    images = "1 image" if loader.images == 1 else f"{loader.images:,} images"
    what = f"{images} of MNIST's training images" if loader.split == "train" else f"{images} of '{loader.dataset}'"
    judged = e.wanted_data.judged.get("train")
    wanted = f"{(judged.images if judged is not None else e.train_size):,} images of the training loader"
    return (
        f"{counted(len(found))} of the {role.upper()} went over {what}, not over the {wanted}",
        "Which loader does the training go over, and which images does it hold at that moment?",
    )


def new_models(e: Evidence, role: str, device: str, cells: Collection[int]) -> tuple[str, str]:
    """Return a sentence on a cell in which each epoch trained a new model, and a hint; ('', '') without such a cell."""
    counts: dict[int, list[int]] = {}
    for training in e.trainings(RECOGNISE[role], device):
        for cell in set(training.cells) & set(cells):
            counts.setdefault(cell, []).append(sum(epoch.cell == cell for epoch in training.epochs))
    for cell, epochs in counts.items():
        if len(epochs) > 1 and set(epochs) == {1}:
            many, where = len(epochs), place(e.notebook, cell)
            said = f"the {many} epochs in {where} are of {many} models: a new {role.upper()} for each epoch"
            return said, "Where is the model made: once, before the loop over the epochs, or in it?"
    return "", ""
