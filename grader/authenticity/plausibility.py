"""Decide whether the records of a run can be true, by its clocks, counts and weights. Pure functions.

The recorder shares a process with the student's code, so its records are only claims. Clocks on this side, arithmetic
on counts, and weights evaluated in the reference's own model show which of them are impossible. A doubted training
counts for nothing; one that cannot be checked earns nothing until a person has looked at it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.assignment import ModelRole
from grader.authenticity.evaluations import select_role
from grader.evidence.run import CellRun, ModelSeen, Note, Pass, RunEvidence
from grader.evidence.trainings import Training, WantedData, assemble

CLOCK_SLACK = 0.5  # seconds that the two sides' clocks may differ, as messages take time
CLOCK_SHARE = 0.02
BATCH_SECONDS, STEP_SECONDS = 5e-6, 10e-6  # less than any interpreter needs for a batch or a step
FLOPS_PER_SECOND = {"cpu": 5e12, "cuda": 5e15}  # beyond any core and any GPU
OVERLAP = 0.01  # seconds
LOSS_SHARE, LOSS_SLACK = 0.05, 0.02  # how far a recorded loss may be from the weights' loss; autocast rounds coarsely
ACCURACY_SLACK = 0.03
ROUGH_SHARE, ROUGH_SLACK = 1.5, 0.3  # how much worse the weights may be than a pass that cannot be repeated
KNOWING = 0.5  # of the loss of guessing: no untrained model is as good
BUDGET = 60_000_000  # characters: near the most that grader.in_kernel.recorder.weights sends in all; next: of one model
MAX_EVENTS, MAX_ELEMENTS = 64, 700_000


@dataclass(frozen=True)
class Score:
    """The mean cross-entropy and the accuracy over images that some weights give on this side."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Confirmation:
    """The scores of the weights that a model had after one pass, one for each plausible way of evaluating them.

    `certain`: the model is known to compute the same function as the reference's, on the right images, so that a
    different score contradicts the record. `rough`: the pass could not be repeated as it was, so that the weights must
    only be no worse than recorded.
    """

    model: str
    start: float
    scores: tuple[Score, ...] = ()
    certain: bool = False
    rough: bool = False


def doubted(run: RunEvidence, doubts: Mapping[str, str]) -> RunEvidence:
    """Return the run with these doubts, and a note for each."""
    cells = {model: next((p.cell for p in run.passes if p.model == model), 0) for model in doubts}
    notes = tuple(Note(cells[model], f"not believed: {why}") for model, why in doubts.items())
    return replace(run, doubts=doubts, notes=(*run.notes, *dict.fromkeys(notes)))


def find_doubts(
    run: RunEvidence, roles: Sequence[ModelRole], wanted: WantedData, confirmations: Sequence[Confirmation] = ()
) -> dict[str, str]:
    """Return a sentence for each model whose recorded training cannot have happened, saying what is impossible.

    `wanted` is the data that trainings must go over.
    """
    found: dict[str, str] = {}
    for model in run.models.values():
        passes = [seen for seen in run.passes if seen.model == model.key]
        if any(seen.trains or seen.backwards for seen in passes):
            why = _impossible(model, passes, run.cells)
            if why:
                found[model.key] = why
    trainings = assemble(run, wanted)
    for role in roles:
        for training in select_role(trainings, role):
            if training.model.key not in found and (why := _unfounded(training, run, role, confirmations)):
                found[training.model.key] = why
    return found


def unconfirmed(
    run: RunEvidence, roles: Sequence[ModelRole], wanted: WantedData, confirmations: Sequence[Confirmation]
) -> dict[str, str]:
    """Return by model why its training is not confirmed: its losses rest on its own process's word.

    The weights after each epoch that was examined must give the loss that was recorded for it.
    """
    by_model: dict[str, list[Confirmation]] = {}
    for confirmation in confirmations:
        by_model.setdefault(confirmation.model, []).append(confirmation)
    trainings = assemble(run, wanted)
    found: dict[str, str] = {}
    for role in roles:
        for training in select_role(trainings, role):
            key, name = training.model.key, role.role.upper()
            passes = {
                seen.start: (number, seen)
                for number, epoch in enumerate(training.epochs, 1)
                for seen in (epoch.train, epoch.test)
                if seen is not None
            }
            mine = [confirmation for confirmation in by_model.get(key, ()) if confirmation.start in passes]
            failed = next((each for each in mine if not confirms(each, passes[each.start][1])), None)
            if not mine:
                found[key] = f"the losses of the {name} that was trained here could not be checked by its weights"
            elif failed is not None:
                epoch = passes[failed.start][0]
                found[key] = f"the weights that the {name} had after epoch {epoch} do not give the recorded loss"
    return found


# --- clocks and counts --------------------------------------------------------------------------------------------


def _impossible(model: ModelSeen, passes: Sequence[Pass], cells: Sequence[CellRun]) -> str:
    if not re.fullmatch(r"model-[1-9]\d{0,3}", model.key):
        return f"the recorder names no model '{model.key[:40]}'"
    for why in (_counts(passes), _clock(passes, cells), _speed(model, passes), _order(passes)):
        if why:
            return why
    return ""


def _counts(passes: Sequence[Pass]) -> str:
    for seen in passes:
        where = f"a pass in cell {seen.cell} has"
        if min(seen.batches, seen.samples, seen.steps, seen.backwards, seen.number, seen.loader.images) < 0:
            return f"{where} a negative count"
        if len(seen.losses) > min(seen.batches, seen.backwards):
            return f"{where} {len(seen.losses)} losses of {min(seen.batches, seen.backwards)} backward passes"
        if seen.accuracy is not None and not 0 <= seen.accuracy <= 1:
            return f"{where} an accuracy of {seen.accuracy:g}"
        if any(loss is not None and loss < 0 for loss in (seen.mean_loss, seen.sample_loss)):
            return f"{where} a cross-entropy below 0"
    return ""


def _clock(passes: Sequence[Pass], cells: Sequence[CellRun]) -> str:
    """Say which passes do not lie within their cell, as this side measured it, and after the cells before it."""
    ran = {cell.index: cell for cell in cells}
    before: dict[int, float] = {}
    elapsed = 0.0
    for each in cells:
        before[each.index] = elapsed
        elapsed += each.seconds
    for index in dict.fromkeys(seen.cell for seen in passes):
        cell = ran.get(index)
        if cell is None or cell.status == "not_run":
            return f"passes were recorded in cell {index}, which did not run"
        here = [seen for seen in passes if seen.cell == index]
        first, last = min(seen.start for seen in here), max(seen.end for seen in here)
        if min(seen.seconds for seen in here) < 0:
            return f"a pass in cell {index} ended before it began"
        if last - first > cell.seconds * (1 + CLOCK_SHARE) + CLOCK_SLACK:
            took = f"take {last - first:.1f} s, and the cell ran for {cell.seconds:.1f} s"
            return f"the passes recorded in cell {index} {took}"
        if first < before[index] * (1 - CLOCK_SHARE) - CLOCK_SLACK:
            return f"a pass in cell {index} is recorded as starting before the cell did"
    return ""


def _speed(model: ModelSeen, passes: Sequence[Pass]) -> str:
    """Say which pass was too fast. The bound is generous: one use of each weight per image, on the fastest machine."""
    for seen in passes:
        trains = 3 if seen.backwards else 1
        device = (seen.model_device or "cpu").split(":")[0]
        least = 2 * trains * model.parameters * seen.samples / FLOPS_PER_SECOND.get(device, FLOPS_PER_SECOND["cuda"])
        least = max(least, seen.batches * BATCH_SECONDS + seen.steps * STEP_SECONDS)
        if seen.complete and seen.seconds < least:
            took = f"took {seen.seconds * 1000:.2f} ms, which no machine can do"
            return f"a pass over {seen.samples} images in cell {seen.cell} {took}"
    return ""


def _order(passes: Sequence[Pass]) -> str:
    """Say which training passes, as the harness numbered them, do not follow each other."""
    last: dict[int, Pass] = {}
    for seen in sorted((p for p in passes if p.trains and p.canonical), key=lambda p: p.start):
        before = last.get(seen.loader.images)
        if before is not None and seen.number <= before.number:
            return f"training pass {seen.number + 1} of a model is recorded after its pass {before.number + 1}"
        if before is not None and seen.start < before.end - OVERLAP:
            return f"two training passes of one model in cell {seen.cell} run at the same time"
        last[seen.loader.images] = seen
    return ""


# --- weights ------------------------------------------------------------------------------------------------------


def _unfounded(training: Training, run: RunEvidence, role: ModelRole, confirmations: Sequence[Confirmation]) -> str:
    """Return how the weights contradict a training; '' if they do not."""
    key, name = training.model.key, role.role.upper()
    if not _covered(training, run):
        return f"epochs of the {name} in cell {training.cells[-1]} were recorded without the weights that they led to"
    mine = {c.start: c for c in confirmations if c.model == key}
    for number, epoch in enumerate(training.epochs, 1):
        seen = next((p for p in (epoch.test, epoch.train) if p is not None and p.start in mine), None)
        if seen is None:
            continue
        found = mine[seen.start]
        scaled = replace(seen, losses=_as_cross_entropy(seen)) if seen.losses else seen
        if found.certain and found.scores and not (confirms(found, seen) or confirms(found, scaled)):
            which = "loss in epoch" if seen is epoch.train else "test loss after epoch"
            return (
                f"the {name}'s {which} {number} is recorded as {_recorded(seen) or 0:.3f}, but the weights "
                f"that it had then give {found.scores[0].loss:.3f}"
            )
    return _knew_before(training, run, role)


def _covered(training: Training, run: RunEvidence) -> bool:
    """Return whether the run has the weights that the recorder sends at the end of each cell that trained.

    For a cell in which the kernel died, any weights are enough, and they are only needed if a test had been run.
    """
    if training.model.parameters > MAX_ELEMENTS or sum(weights.size for weights in run.weights) > BUDGET:
        return True
    sent = [weights for weights in run.weights if weights.model == training.model.key and not weights.before]
    if len(sent) >= MAX_EVENTS:
        return True
    alive = {cell.index for cell in run.cells if cell.status in ("ok", "error", "timeout")}
    for cell, epoch in {epoch.cell: epoch for epoch in training.epochs}.items():
        if cell in alive:
            if not any(weights.cell == cell and weights.start >= epoch.start for weights in sent):
                return False
        elif not sent and any(epoch.test is not None for epoch in training.epochs):
            return False
    return True


def confirms(found: Confirmation, seen: Pass) -> bool:
    """Return whether one of the scores can be that of the recorded pass."""
    recorded = _recorded(seen)
    if not found.rough or recorded is None:
        return any(agrees(seen, score) for score in found.scores)
    return any(score.loss <= ROUGH_SHARE * recorded + ROUGH_SLACK for score in found.scores)


def _as_cross_entropy(seen: Pass) -> tuple[float | None, ...]:
    """Return the losses of a training pass, scaled to the cross-entropy of its outputs.

    A loop that divides its losses, sums them or uses another criterion propagates numbers of another scale; so does one
    that propagates the loss of each batch in parts.
    """
    losses = [loss for loss in seen.losses if loss is not None]
    mean = sum(losses) / len(losses) if losses else 0.0
    factor = max(1.0, seen.backwards / max(1, seen.batches))
    if mean > 0 and math.isfinite(mean) and seen.mean_loss is not None:
        factor = max(0.0, seen.mean_loss) / mean
    return tuple(loss if loss is None else loss * factor for loss in seen.losses)


def _recorded(seen: Pass) -> float | None:
    losses = [loss for loss in seen.losses if loss is not None]
    return sum(losses) / len(losses) if losses else seen.sample_loss


def agrees(seen: Pass, score: Score) -> bool:
    """Return whether a recorded test pass can have had this score."""
    if seen.sample_loss is None:
        return True
    near = abs(seen.sample_loss - score.loss) <= LOSS_SHARE * score.loss + LOSS_SLACK
    return near and (seen.accuracy is None or abs(seen.accuracy - score.accuracy) <= ACCURACY_SLACK)


def _knew_before(training: Training, run: RunEvidence, role: ModelRole) -> str:
    """Return how the first training of its kind shows that the model was trained before; '' if it does not."""
    first = training.epochs[0].train
    earlier = [
        seen
        for seen in run.passes
        if seen.start < first.start
        and (seen.trains or seen.backwards)
        and (seen.model == training.model.key or _is_like(run, seen, role))
    ]
    losses = [loss for loss in _as_cross_entropy(first)[:3] if loss is not None]
    if earlier or not losses or training.before or min(losses) < 0:  # no cross-entropy is negative
        return ""
    if sum(losses) / len(losses) < KNOWING * math.log(_classes(training.model)) and math.isfinite(sum(losses)):
        return (
            f"the {role.role.upper()}'s loss in its very first batches is {sum(losses) / len(losses):.3f}: "
            "it knew the digits before it was trained"
        )
    return ""


def _classes(model: ModelSeen) -> int:
    """Return the number of a model's outputs, or less: no layer of it is narrower."""
    return max(2, min((shape[0] for shape in model.shapes if shape), default=2))


def _is_like(run: RunEvidence, seen: Pass, role: ModelRole) -> bool:
    model = run.models.get(seen.model or "")
    return model is not None and role.recognise(model.shapes)
