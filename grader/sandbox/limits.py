"""What student code may use up before it is stopped."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True)
class Limits:
    """The budgets of one kernel. Raises ValueError for one that is not a positive, finite number."""

    cell_seconds: float = 600.0
    """Wall time of one cell, in seconds; then it is interrupted."""
    total_seconds: float = 1800.0
    """Wall time of all cells together, in seconds."""
    interrupt_grace_seconds: float = 5.0
    """How long an interrupted cell may take to end, in seconds, before its processes are killed."""
    startup_seconds: float = 60.0
    """How long a kernel may take until it answers, in seconds."""
    request_seconds: float = 60.0
    """Wall time of one question that the harness is asked, in seconds, unless the caller names another."""
    cell_output_bytes: int = MIB
    """Text kept of one cell, in bytes; the rest is dropped. A cell that prints FLOOD times as much is interrupted."""
    total_output_bytes: int = 8 * MIB
    """Text kept of all cells together, in bytes."""
    evidence_bytes: int = 64 * MIB
    """What the recorder may write in all, and the most that one answer of the harness may hold, in bytes."""
    memory_bytes: int = 4 * GIB
    """Memory of all processes of the kernel together, in bytes; of each one its private data too."""
    tasks: int = 256
    """Processes and threads at a time."""
    cpu_seconds: float = 7200.0
    """CPU time of all processes of the kernel together, in seconds."""
    file_bytes: int = GIB
    """Size of one file, in bytes."""
    scratch_bytes: int = GIB
    """What all files of the kernel may hold together, in bytes."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"the limit {field.name} must be a positive number, not {value!r}")


def in_words(size: int) -> str:
    """A size in bytes as a person says it: '2 GiB', '512 MiB', '300 bytes'."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (1024, "KiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"


ISOLATION = ("auto", "namespaces", "process", "none")  # what a person may ask for, see `backends.find_backend`
FLOOD = 20  # so many times `cell_output_bytes`: no honest cell prints that much
