"""What the virtual device is called and how large it is; read by what must not import torch."""

from __future__ import annotations

NAME = "Tesla T4 (virtual)"
CAPABILITY = (7, 5)
TOTAL_MEMORY = 15_828_320_256  # bytes, what a T4 reports
