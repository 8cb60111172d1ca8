"""How much memory a command and everything below it take at most, shared pages counted once."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from types import TracebackType

import psutil

EVERY_SECONDS = 0.1


class Peak:
    """As a context: the largest sum of the proportional set sizes of this process's descendants, in MiB; Linux only."""

    def __init__(self) -> None:
        self.mib = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(EVERY_SECONDS):
            self.mib = max(self.mib, sum(pss(child.pid) for child in me.children(recursive=True)))


def pss(pid: int) -> float:
    """The proportional set size of a process in MiB, 0 when it is gone or not to be seen."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
