"""Name, compute capability and memory of the virtual device. Imports no torch, because `smi` must not."""

from __future__ import annotations

NAME = "Tesla T4 (virtual)"
CAPABILITY = (7, 5)
TOTAL_MEMORY = 15_828_320_256  # bytes, as a T4 reports
