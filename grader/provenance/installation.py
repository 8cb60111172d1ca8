"""Describe the software, data and devices of a machine as plain data: machines with equal ones give equal results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from grader.machine import Device

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.result import Digests


@dataclass(frozen=True)
class Wanted:
    """The options of a grading on a machine: `assignment` is a package, `data` a folder there ('' for none)."""

    assignment: str = "reference"
    data: str = ""
    sample: bool = False
    device: Device = "auto"
    isolation: str = "auto"


@dataclass(frozen=True)
class Installation:
    """A machine's versions, its digests as in `grader.result.Digests`, and the device and confinement of notebooks."""

    grader: str
    torch: str
    torchvision: str
    grader_files: str
    rubric: str
    reference: str
    data: str
    environment: str
    device: str
    isolation: str
    confines: bool


_WORDS = {
    "grader": "grader {}",
    "torch": "torch {}",
    "torchvision": "torchvision {}",
    "grader_files": "other files of the grader itself",
    "rubric": "another rubric",
    "reference": "another reference",
    "data": "other data",
    "environment": "other packages installed, or another Python",
    "device": "the device '{}'",
    "isolation": "the confinement '{}'",
}
EVERYWHERE = tuple(_WORDS)
DRIVER_TOO = ("grader", "torch", "torchvision", "grader_files", "rubric", "reference")
"""Fields in which a driver must equal its workers. It runs no notebooks: its data, device and packages may differ."""


def installation(assignment: Assignment, wanted: Wanted) -> Installation:
    """Return this machine's installation under these options. Raises DataError, DeviceError and IsolationError."""
    from grader.data.sources import find_data
    from grader.machine import find_gpu
    from grader.provenance import digests
    from grader.sandbox.confinement.backends import find_backend
    from grader.version import __version__

    data = find_data(Path(wanted.data) if wanted.data else None, wanted.sample).sha256
    backend, of = find_backend(wanted.isolation), digests.digests(assignment, data=data)
    return Installation(
        __version__,
        metadata.version("torch"),
        metadata.version("torchvision"),
        of.grader,
        of.rubric,
        of.reference,
        data,
        of.environment,
        find_gpu(wanted.device).name,
        backend.level,
        backend.confines,
    )


def of_driver(assignment: Assignment, worker: Installation) -> Installation:
    """Return the driver's expected installation: its own versions and digests, the worker's values elsewhere."""
    from dataclasses import replace

    from grader.provenance import digests
    from grader.version import __version__

    rubric, reference = digests.of_assignment(assignment)
    own = (__version__, metadata.version("torch"), metadata.version("torchvision"), digests.of_grader())
    return replace(worker, **dict(zip(DRIVER_TOO, (*own, rubric, reference), strict=True)))  # type: ignore[arg-type]


def digests_of(here: Installation, submission: str) -> Digests:
    """Return the digests of a grading on such a machine."""
    from grader.result import Digests

    return Digests(submission, here.rubric, here.reference, here.data, here.grader_files, here.environment)


def unlike(one: Installation, other: Installation, fields: Sequence[str] = EVERYWHERE) -> str:
    """Return the first difference in words, such as 'torch 2.13.0 instead of torch 2.14.1', or '' if there is none.

    Versions come first, as they explain why digests differ.
    """
    for field in fields:
        have, want = str(getattr(one, field)), str(getattr(other, field))
        if have != want:
            words = _WORDS[field]
            return f"{words.format(have)} instead of {words.format(want)}" if "{}" in words else words
    return ""
