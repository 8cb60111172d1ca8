"""Limits on student code: it is stopped when it exceeds one."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True)
class Limits:
    """The limits of one notebook. Raises ValueError if one is not a positive, finite number."""

    cell_seconds: float = 600.0
    """Wall time of one cell, in seconds; beyond it the cell is interrupted."""
    total_seconds: float = 1800.0
    """Wall time of all cells together, in seconds."""
    probing_seconds: float = 600.0
    """Wall time of the grader's questions about a notebook's definitions, in seconds, if the cells left less."""
    reading_seconds: float = 60.0
    """Time to read the file, in seconds; it takes well under one."""
    checking_seconds: float = 300.0
    """Time to compare the evidence with the reference, in seconds."""
    grading_memory_bytes: int = 4 * GIB
    """Memory of the process that reads, probes and checks the notebook, in bytes; the notebook runs elsewhere."""
    interrupt_grace_seconds: float = 5.0
    """Time that an interrupted cell has to end, in seconds, before its processes are killed."""
    startup_seconds: float = 60.0
    """Time until a new kernel must answer, in seconds."""
    request_seconds: float = 60.0
    """Wall time of one request to the harness, in seconds, unless the caller passes another."""
    cell_output_bytes: int = MIB
    """Text kept from one cell, in bytes; the rest is dropped. A cell that prints FLOOD times as much is interrupted."""
    total_output_bytes: int = 8 * MIB
    """Text kept from all cells together, in bytes."""
    evidence_bytes: int = 96 * MIB
    """Limit on all that the recorder writes, and on each answer of the harness, in bytes."""
    memory_bytes: int = 4 * GIB
    """Memory of all processes of the kernel together, in bytes; also the limit on each process's private data."""
    tasks: int = 256
    """Number of processes and threads at any one time."""
    cpu_seconds: float = 7200.0
    """CPU time of all processes of the kernel together, in seconds."""
    file_bytes: int = GIB
    """Size of one file, in bytes."""
    scratch_bytes: int = GIB
    """Size of all files of the kernel together, in bytes."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"the limit {field.name} must be a positive number, not {value!r}")


def in_words(size: int) -> str:
    """Return a size in bytes as text: '2 GiB', '512 MiB', '300 bytes'."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (1024, "KiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"


ISOLATION = ("auto", "namespaces", "process", "none")  # choices on the command line, see `backends.find_backend`
FLOOD = 20  # times `cell_output_bytes`: no honest cell prints that much
