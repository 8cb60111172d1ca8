"""Facts on speed, CPU against GPU: the times in the notebook's stored outputs, and those that were measured here."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from grader.assignment import Evidence
from grader.checks.stored_times import StoredCell, StoredTimes, span, stored_times
from grader.evidence import trainings
from reference.contract import RECOGNISE

DEVICES = ("cpu", "cuda")
HOMES: Mapping[tuple[str, str], tuple[str, ...]] = {  # the questions whose cells train a model on a device
    ("mlp", "cpu"): ("q2", "q3"),
    ("mlp", "cuda"): ("q5",),
    ("cnn", "cpu"): ("q7",),
    ("cnn", "cuda"): ("q8",),
}
EPOCHS = {"mlp": 10, "cnn": 2}
_PLACES = {"cpu": "the CPU", "cuda": "the GPU"}
_WORDS = {
    "cpu": re.compile(r"(?<![A-Za-z])cpu(?![A-Za-z])", re.IGNORECASE),
    "cuda": re.compile(r"(?<![A-Za-z])(?:gpu|cuda|t4)(?![A-Za-z])", re.IGNORECASE),
    "mlp": re.compile(r"(?<![A-Za-z])mlp(?![A-Za-z])", re.IGNORECASE),
    "cnn": re.compile(r"(?<![A-Za-z])cnn(?![A-Za-z])", re.IGNORECASE),
}
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True)
class Speeds:
    """The times of a model by device: those that the student saw, and the median seconds of an epoch here."""

    role: str
    seen: Mapping[str, StoredTimes] = field(default_factory=dict)
    here: Mapping[str, float] = field(default_factory=dict)


def speeds(e: Evidence, role: str) -> Speeds:
    """Return how long the model's trainings took, as far as it is known."""
    found: dict[str, Sequence[trainings.Epoch]] = {}
    seen = {}
    for device in DEVICES:
        ran = [t for at in DEVICES for t in e.trainings(RECOGNISE[role], at) if _meant(e, t) == device]
        found[device] = [epoch for training in ran for epoch in training.epochs]
        other = next(name for name in DEVICES if name != device)
        times = stored_times(_cells(e, role, device, found[device]), found[device], EPOCHS[role], _WORDS[other])
        if times is not None:
            seen[device] = times
    real = {device: epochs for device, epochs in found.items() if epochs and (device == "cpu" or _real_gpu(e))}
    here = {device: statistics.median(map(span, epochs)) for device, epochs in real.items()}
    return Speeds(role, seen, here)


def _real_gpu(e: Evidence) -> bool:
    return bool(e.gpu) and not e.virtual_gpu


def _meant(e: Evidence, training: trainings.Training) -> str:
    """Return the device that a training was written for: without a GPU here, GPU cells may run on the CPU."""
    return _meant_at(e, training.cells[0], training.device)


def _meant_at(e: Evidence, cell: int, device: str) -> str:
    homes = [item for (_, at), items in HOMES.items() for item in items if at == "cuda"]
    falls_back = not e.gpu and any(item in e.sections and cell in e.sections[item].cells for item in homes)
    return "cuda" if falls_back else device


def _cells(e: Evidence, role: str, device: str, epochs: Sequence[trainings.Epoch]) -> list[StoredCell]:
    """Return the cells where the student's times may be: those that trained, the next ones, and the question's."""
    code = [cell.index for cell in e.notebook.code_cells]
    trained = sorted({epoch.cell for epoch in epochs})
    items = HOMES[role, device]
    home = {cell for item in items if item in e.sections for cell in e.sections[item].cells}
    foreign = {cell for item, section in e.sections.items() if item not in items for cell in section.cells} - home
    others = _others(e, role, device)
    below = dict(pairwise(code))
    near = [below[cell] for cell in trained if cell in below]
    near += [below[cell] for cell in sorted(home & below.keys())[-1:]]
    wanted = {*trained, *home, *(cell for cell in near if cell not in foreign)} & set(code)
    counts = Counter(epoch.cell for epoch in epochs)
    runs = {run.index: run.text for run in e.run.cells}
    return [
        StoredCell(
            cell.index,
            cell.stored_text,
            runs.get(cell.index, ""),
            counts[cell.index],
            tuple(_naming(role, device, others.get(cell.index, ()))),
        )
        for cell in e.notebook.code_cells
        if cell.index in wanted and (cell.index in trained or cell.index not in others)
    ]


def _others(e: Evidence, role: str, device: str) -> dict[int, set[tuple[str, str]]]:
    """Return by cell what else was trained there: roles, '' for a model outside the assignment, and devices."""
    found: dict[int, set[tuple[str, str]]] = {}
    for seen in e.run.passes:
        model = e.run.models.get(seen.model or "")
        if not (seen.trains or seen.backwards) or model is None:
            continue
        name = next((name for name, recognise in RECOGNISE.items() if recognise(model.shapes)), "")
        at = _meant_at(e, seen.cell, (seen.model_device or "cpu").split(":")[0])
        if (name, at) != (role, device):
            found.setdefault(seen.cell, set()).add((name, at))
    return found


def _naming(role: str, device: str, others: Iterable[tuple[str, str]]) -> Iterable[re.Pattern[str]]:
    """Yield the words that tell a training from others in the same cell."""
    for other_role, other_device in others:
        if not other_role:
            yield _NEVER
        if other_role != role:
            yield _WORDS[role]
        if other_device != device:
            yield _WORDS[device]


# --- in words -----------------------------------------------------------------------------------------------------


def speed_facts(e: Evidence, *roles: str) -> list[str]:
    """Return, for each model, the times that the student saw and those measured here on both devices, and ratios."""
    known = [speeds(e, role) for role in roles]
    return [*(fact for of in known for fact in _seen_facts(of)), *_missing_facts(known), *_here_facts(e, known)]


def _seen_facts(of: Speeds) -> list[str]:
    name = of.role.upper()
    facts = [
        f"the student saw, for the {name} on {_PLACES[at]}: {_in_words(of.seen[at])}" for at in DEVICES if at in of.seen
    ]
    if len(of.seen) == len(DEVICES):
        facts.append(f"by the student's figures, for the {name}, {_ratio(of.seen['cpu'].epoch, of.seen['cuda'].epoch)}")
    return facts


def _missing_facts(known: Sequence[Speeds]) -> list[str]:
    lacking = [(of.role.upper(), [_PLACES[at] for at in DEVICES if at not in of.seen]) for of in known]
    if not any(places for _, places in lacking):
        return []
    if all(len(places) == len(DEVICES) for _, places in lacking):  # said once for all models
        lacking = [(" or the ".join(name for name, _ in lacking), lacking[0][1])]
    said = " and ".join(f"the {name} on {' or on '.join(places)}" for name, places in lacking if places)
    return [f"the notebook's stored outputs hold no time for {said}: the student's own figures are not known"]


def _in_words(times: StoredTimes) -> str:
    each = f"{_seconds(times.epoch)} per epoch"
    if times.total is None or not times.epochs:
        return each + (f" (median of {times.times} printed times)" if times.times > 1 else "")
    several = f"{_seconds(times.total)} for {times.epochs} epochs"
    if times.whole_cell:
        return f"{_seconds(times.total)} for the cell that ran {times.epochs} epochs (%%time), so at most {each}"
    if not times.times:
        return f"{several}, so {each}"
    return f"{each}{f' (median of {times.times} printed times)' if times.times > 1 else ''}, {several}"


def _here_facts(e: Evidence, known: Sequence[Speeds]) -> list[str]:
    facts = []
    for of in known:
        said = [f"{_seconds(of.here[at])} on {_PLACES[at]}" for at in DEVICES if at in of.here]
        if said:
            ratio = f": {_ratio(of.here['cpu'], of.here['cuda'])}" if len(said) == 2 else ""
            facts.append(f"measured here: an epoch of the {of.role.upper()} took {' and '.join(said)}{ratio}")
        missing = [_PLACES[at] for at in (DEVICES if _real_gpu(e) else DEVICES[:1]) if at not in of.here]
        if missing:
            facts.append(f"no epoch of the {of.role.upper()} was seen here on {' or on '.join(missing)}")
    if e.virtual_gpu:
        facts.append("the GPU here was simulated on the CPU: its times say nothing about a GPU and are left out")
    elif not e.gpu:
        facts.append("there was no GPU here, so nothing was measured on one")
    return facts


def compared(e: Evidence) -> list[str]:
    """Return how much longer an epoch of the CNN took than one of the MLP, by the student's figures and here."""
    mlp, cnn = speeds(e, "mlp"), speeds(e, "cnn")
    theirs, their_mlp = ({device: times.epoch for device, times in of.seen.items()} for of in (cnn, mlp))
    facts = []
    # Images in memory make the MLP's epochs far shorter than they are on Colab.
    here = "measured here, where images are loaded from memory:"
    for whose, one, other in (("by the student's figures", theirs, their_mlp), (here, cnn.here, mlp.here)):
        said = [
            f"{_factor(one[at] / other[at])} as long on {_PLACES[at]}" for at in DEVICES if at in one and at in other
        ]
        if said:
            facts.append(f"{whose} an epoch of the CNN took, against the MLP, {' and '.join(said)}")
    return facts


def _ratio(cpu: float, gpu: float) -> str:
    """Return the ratio of two times in words."""
    if 0.95 < cpu / gpu < 1.05:
        return "CPU and GPU were equally fast"
    if cpu > gpu:
        return f"the GPU was {_factor(cpu / gpu)} as fast as the CPU"
    return f"the GPU was slower: it took {_factor(gpu / cpu)} as long as the CPU"


def _factor(value: float) -> str:
    return f"{value:.0f} times" if value >= 10 else f"{value:.1f} times"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 20 else f"{value:.2f} s"
