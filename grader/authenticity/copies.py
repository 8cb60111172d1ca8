"""Find trainings on one device that are the records of another device's training, told once more."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.assignment import ModelRole
from grader.authenticity.evaluations import after_epochs, examined
from grader.evidence.run import Malformed, RunEvidence, WeightsSeen
from grader.evidence.trainings import Training, WantedData, assemble

# Of the way that the weights went. From the same initial weights, trainings that see the images in two orders end apart
# by 3 to 14 % of it: MLP and CNN, 512 to 8,192 images, 1 to 10 epochs.
SAME = 0.01


def copied(run: RunEvidence, roles: Sequence[ModelRole], wanted: WantedData) -> dict[str, str]:
    """Return by model why its training seems to be the record of one on the other device.

    The harness serves each device the images in an order of its own, so trainings on two devices never end with the
    same weights. A loader that does not shuffle serves both in the same order, and one batch has none: both are left
    out. Only the last epoch that two trainings have in common is compared.
    """
    judged = wanted.judged.get("train")
    if judged is not None and not judged.shuffled:
        return {}
    found: dict[str, str] = {}
    trainings = assemble(run, wanted)
    for role in roles:
        seen: list[tuple[Training, dict[int, WeightsSeen]]] = []
        several = [each for each in examined(trainings, role) if each.epochs[0].train.batches > 1]
        for training in sorted(several, key=lambda each: each.epochs[0].start):
            mine = _by_epoch(run, training)
            for other, theirs in seen:
                if other.device != training.device and other.model.key != training.model.key and _same(mine, theirs):
                    found[training.model.key] = (
                        f"the {role.role.upper()} that was trained in cell {training.cells[0]} has the weights of the "
                        f"one that was trained in cell {other.cells[0]}, although the harness serves each device in "
                        "another order"
                    )
            seen.append((training, mine))
    return found


def _by_epoch(run: RunEvidence, training: Training) -> dict[int, WeightsSeen]:
    """Return a model's weights by the number of the epoch after which it had them; -1 is the start."""
    numbers = {seen.start: n for n, e in enumerate(training.epochs) for seen in (e.train, e.test) if seen is not None}
    found = {numbers[seen.start]: weights for weights, seen in after_epochs(run, training)}
    before = [weights for weights in run.weights if weights.before and weights.model == training.model.key]
    return {-1: before[0], **found} if before else found


def _same(mine: dict[int, WeightsSeen], theirs: dict[int, WeightsSeen]) -> bool:
    """Return whether the weights ended at the same place after the last common epoch, seen from where they began."""
    common = mine.keys() & theirs.keys()
    if not common or max(common) < 0:
        return False
    try:
        begin, one, other = (w.vector() for w in (mine[min(mine)], mine[max(common)], theirs[max(common)]))
    except Malformed:
        return False
    if not begin.shape == one.shape == other.shape:
        return False
    way, apart = float(((one - begin) ** 2).sum()), float(((one - other) ** 2).sum())
    return math.isfinite(apart) and apart <= SAME**2 * way
