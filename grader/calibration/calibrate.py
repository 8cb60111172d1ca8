"""Derive limits on losses from many seeds of the reference, for notebooks that draw their own random numbers."""

from __future__ import annotations

import importlib
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.assignment import Assignment, Threshold
from grader.calibration.measure import FaultyTraining, Measured, measure, store, stored
from grader.calibration.separation import LEAST_SEEDS, WANTED, Separation, ratio_separation, separation, upper_limit
from grader.errors import GraderError
from grader.files import write_atomically
from grader.temporary import temporary_folder

if TYPE_CHECKING:
    from grader.data.sources import DataSource
    from grader.grading.grade import Report


class CalibrationError(GraderError):
    """Limits cannot be derived from these options or measurements; the message is one sentence."""


@dataclass(frozen=True)
class Wanted:
    """The options of `grader calibrate`."""

    package: str
    seeds: int
    fault_seeds: int
    images: int | None
    data: Path | None
    sample: bool
    out: Path | None
    kept: Path | None
    report: Path | None


def calibrate(wanted: Wanted, assignment: Assignment, report: Report) -> list[str]:
    """Measure losses, or read those in `wanted.kept`, derive the limits, and return lines for the terminal.

    The limits are added to the file `wanted.out`, beside those for other data, and the measurements to the file that
    `beside` names. The page is written to `wanted.report`. Raises CalibrationError, DataError, ReferenceFailed and
    OSError.
    """
    if wanted.kept is None:
        fresh = _measure(wanted, assignment, report)
        found = {str(fresh.train_size): fresh}
        if wanted.out is not None:
            store(beside(wanted.out), fresh)
    else:
        found = _kept(wanted.kept)
    in_use = wanted.kept is not None and wanted.out is None
    tables = [
        (measured, separations(measured, _stored_limits(assignment, measured) if in_use else limits(measured)))
        for measured in found.values()
    ]
    if wanted.out is not None:
        entries = json.loads(wanted.out.read_text(encoding="utf-8")) if wanted.out.exists() else {}
        entries |= {size: entry(measured) for size, measured in found.items()}
        write_atomically(wanted.out, json.dumps(entries, indent=1) + "\n")
    if wanted.report is not None:
        from grader.calibration.report import page

        write_atomically(wanted.report, page(assignment.name, tables))
    return [line for measured, rows in tables for line in _lines(measured, rows)]


def beside(out: Path) -> Path:
    """Return the path of the measurements that belong to a file of limits."""
    return out.with_name(f"{out.stem}.measured.json")


def load_faults(package: str) -> tuple[FaultyTraining, ...]:
    """Return the FAULTS of the assignment's module `calibrating`, or () if it has no such module."""
    try:
        module = importlib.import_module(f"{package}.calibrating")
    except ModuleNotFoundError as error:
        if error.name != f"{package}.calibrating":
            raise
        return ()
    faults: tuple[FaultyTraining, ...] = module.FAULTS
    return faults


def _measure(wanted: Wanted, assignment: Assignment, report: Report) -> Measured:
    from grader.data.sources import find_data
    from grader.data.subset import write_smaller

    if wanted.seeds < LEAST_SEEDS:
        raise CalibrationError(f"calibrate needs at least {LEAST_SEEDS} seeds; give --seeds {LEAST_SEEDS} or more")
    source = find_data(wanted.data, wanted.sample)
    with temporary_folder("grader-calibrate-") as folder:
        used = source if wanted.images is None else write_smaller(source, wanted.images, folder)
        faults = load_faults(wanted.package) if wanted.fault_seeds else ()
        return measure(assignment, used, wanted.seeds, report, faults, wanted.fault_seeds, described(source, used))


def described(source: DataSource, used: DataSource) -> str:
    """Describe the data in words that hold on every machine, without the folders of this one."""
    sizes = f"{used.train_size:,} training and {used.test_size:,} test images of"
    origin = {"sample": "the sample that ships with grader", "folder": "MNIST", "cache": "MNIST"}[source.kind]
    return f"the first {sizes} {origin}" if used is not source else f"{sizes} {origin}"


def _kept(path: Path) -> dict[str, Measured]:
    try:
        found = stored(path)
    except ValueError as error:
        raise CalibrationError(f"{path.name} holds no measurements of `grader calibrate --out`: {error}") from None
    if not found:
        raise CalibrationError(f"{path.name} holds no measurements; `grader calibrate --out` writes them")
    return found


# --- limits -------------------------------------------------------------------------------------------------------


def limits(measured: Measured) -> dict[str, float]:
    """Return the upper limits of the losses, by '<role>.loss.<epochs>'.

    A correct notebook exceeds each with a probability of at most `WANTED` divided by their number, and so any of them
    with less than `WANTED` (Bonferroni). Raises CalibrationError if the reference diverged, and for fewer than 20
    losses.
    """
    losses = {key: finite(key, values) for key, values in measured.right.items() if ".loss." in key}
    few = next((key for key, values in losses.items() if len(values) < LEAST_SEEDS), None)
    if few is not None:
        raise CalibrationError(f"a limit needs at least {LEAST_SEEDS} seeds; {few} has {len(losses[few])}")
    return {key: upper_limit(values, WANTED / len(losses)) for key, values in losses.items()}


def finite(key: str, values: Sequence[float | None]) -> list[float]:
    """Return the values. Raises CalibrationError if one of them is None."""
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        raise CalibrationError(f"{key} of the reference itself is not finite under {len(values) - len(found)} seeds")
    return found


def entry(measured: Measured) -> dict[str, object]:
    """Return the entry of the file of limits for this data."""
    found = limits(measured)
    return {
        "data": measured.data,
        "train_size": measured.train_size,
        "sha256": measured.sha256,
        "measured": measured.measured,
        "seeds": measured.seeds,
        "torch": measured.torch,
        "machine": measured.machine,
        "false_reject": float(f"{WANTED / len(found):.3g}"),
        "limits": {
            key: {"high": high, "median": round(statistics.median(finite(key, measured.right[key])), 4)}
            for key, high in found.items()
        },
    }


def thresholds(stored: Mapping[str, Mapping[str, object]], train_size: int) -> dict[str, Threshold]:
    """Return the thresholds stored for data with this many training images, or {} if there are none."""
    entry = stored.get(str(train_size))
    if entry is None:
        return {}
    limits = entry["limits"]
    assert isinstance(limits, Mapping)
    source = f"measured from {entry['seeds']} seeds of the reference"
    return {key: Threshold(None, float(limit["high"]), source, limit.get("median")) for key, limit in limits.items()}


def _stored_limits(assignment: Assignment, measured: Measured) -> dict[str, float]:
    """Return the limits that the assignment uses for this data, or derive them if it has none."""
    found = assignment.thresholds(measured.train_size)
    return {key: limit.high for key, limit in found.items() if limit.high is not None} or limits(measured)


# --- their effect -------------------------------------------------------------------------------------------------


def separations(measured: Measured, limits: Mapping[str, float]) -> tuple[Separation, ...]:
    """Return the effect of each limit on losses, and of the lower limit on the loss of a model's first batches."""
    from grader.authenticity.plausibility import KNOWING

    rows = []
    for key, limit in limits.items():
        if key in measured.right:
            rows.append(separation(key, limit, finite(key, measured.right[key]), _faults(measured, key)))
    for key, values in measured.right.items():
        if key.endswith(".first"):
            rows.append(ratio_separation(key, KNOWING, finite(key, values), _faults(measured, key)))
    return tuple(rows)


def _faults(measured: Measured, key: str) -> dict[str, tuple[str, Sequence[float | None]]]:
    """Return words and losses of the faults with this key, among them the reference with fewer epochs."""
    found = {name: (fault.words, fault.losses[key]) for name, fault in measured.faults.items() if key in fault.losses}
    stem, _, epochs = key.rpartition(".")
    if epochs.isdigit():
        for words, fewer in (("one epoch fewer", int(epochs) - 1), ("half of the epochs", int(epochs) // 2)):
            other = f"{stem}.{fewer}"
            if other in measured.right and (fewer < int(epochs) - 1 or words.startswith("one")):
                found[other] = (words, measured.right[other])
    return found


def _lines(measured: Measured, rows: Sequence[Separation]) -> list[str]:
    sound = sum(row.sound for row in rows)
    head = f"{len(rows)} thresholds from {measured.seeds} seeds on {measured.data}"
    lines = [head, f"{sound} of them reject a correct run with a probability under {WANTED:g}"]
    table = [("limit", "value", "median", "false reject", "nearest fault detected")]
    for row in rows:
        seldom = f"{row.false_reject:.1e}{'' if row.sound else ' (too often)'}"
        table.append((row.key, f"{row.bound} {row.limit:.4g}", f"{row.median:.3g}", seldom, _nearest(row)))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return lines + ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]


def _nearest(row: Separation) -> str:
    """Return the nearest fault that the limit detects, in words, with its median."""
    if row.nearest is None:
        return "none of those measured" if row.missed else "none was measured"
    return f"{row.nearest.words} ({row.nearest.median:.3g})"
