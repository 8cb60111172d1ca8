"""Detect a process that was forked from one that had used CUDA."""

from __future__ import annotations

import os


class Fork:
    """Tracks forks: `bad` is true in a process forked after CUDA was used, where CUDA refuses to work."""

    def __init__(self) -> None:
        self.bad = False
        self.used = False
        os.register_at_fork(after_in_child=self._in_child)

    def _in_child(self) -> None:
        self.bad = self.bad or self.used

    @staticmethod
    def error() -> RuntimeError:
        """Return CUDA's error for such a process."""
        return RuntimeError(
            "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the "
            "'spawn' start method"
        )


fork = Fork()
