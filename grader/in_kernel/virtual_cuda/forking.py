"""Whether this process was forked from one that had used CUDA."""

from __future__ import annotations

import os


class Fork:
    """Whether this process was forked from one that had used CUDA, where CUDA refuses to work."""

    def __init__(self) -> None:
        self.bad = False
        self.used = False
        os.register_at_fork(after_in_child=self._in_child)

    def _in_child(self) -> None:
        self.bad = self.bad or self.used

    @staticmethod
    def error() -> RuntimeError:
        """What CUDA says then."""
        return RuntimeError(
            "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the 'spawn' "
            "start method"
        )


fork = Fork()
