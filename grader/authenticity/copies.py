"""Find trainings on one device that are the records of another device's training, told once more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.assignment import ModelRole
from grader.authenticity.evaluations import after_epochs, examined
from grader.evidence.run import Malformed, RunEvidence
from grader.evidence.trainings import Training, WantedData, assemble

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Of the way that the weights went. From the same initial weights, trainings that see the images in two orders end apart
# by 3 to 14 % of it: MLP and CNN, 512 to 8,192 images, 1 to 10 epochs.
SAME = 0.01


def copied(run: RunEvidence, roles: Sequence[ModelRole], wanted: WantedData) -> dict[str, str]:
    """Return by model why its training seems to be the record of one on the other device.

    The harness serves each device the images in an order of its own, so trainings on two devices never end with the
    same weights. A loader that does not shuffle serves both in the same order, and is left out. Only the last epoch
    that two trainings have in common is compared.
    """
    judged = wanted.judged.get("train")
    if judged is not None and not judged.shuffled:
        return {}
    found: dict[str, str] = {}
    trainings = assemble(run, wanted)
    for role in roles:
        seen: list[tuple[Training, dict[int, NDArray[np.float64]]]] = []
        for training in sorted(examined(trainings, role), key=lambda each: each.epochs[0].start):
            mine = _by_epoch(run, training)
            for other, theirs in seen:
                if other.device != training.device and other.model.key != training.model.key and _same(mine, theirs):
                    found[training.model.key] = (
                        f"the {role.role.upper()} that was trained in cell {training.cells[0]} has the weights of the "
                        f"one that was trained in cell {other.cells[0]}, although the images came in another order"
                    )
            seen.append((training, mine))
    return found


def _by_epoch(run: RunEvidence, training: Training) -> dict[int, NDArray[np.float64]]:
    """Return a model's weights in one vector, by the number of the epoch after which it had them; -1 is the start."""
    import numpy as np

    numbers = {seen.start: n for n, e in enumerate(training.epochs) for seen in (e.train, e.test) if seen is not None}
    sent = [(weights, numbers[seen.start]) for weights, seen in after_epochs(run, training)]
    sent += [(weights, -1) for weights in run.weights if weights.before and weights.model == training.model.key]
    found = {}
    for weights, number in sent:
        try:
            values = list(weights.decoded().values())
        except Malformed:
            continue
        found[number] = np.concatenate([value.astype(np.float64).ravel() for value in values])
    return found


def _same(mine: dict[int, NDArray[np.float64]], theirs: dict[int, NDArray[np.float64]]) -> bool:
    """Return whether the weights ended at the same place after the last common epoch, seen from where they began."""
    common = mine.keys() & theirs.keys()
    if not common or max(common) < 0:
        return False
    begin, one, other = mine[min(mine)], mine[max(common)], theirs[max(common)]
    if not begin.shape == one.shape == other.shape:
        return False
    way, apart = float(((one - begin) ** 2).sum()), float(((one - other) ** 2).sum())
    return math.isfinite(apart) and apart <= SAME**2 * way
