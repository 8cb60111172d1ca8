"""Look at processes that may end at any moment."""

import time
from collections.abc import Callable

import psutil


def runs(pid: int) -> bool:
    """Return whether a process exists and has not ended; a zombie has."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait until a condition holds, for at most so many seconds, and return whether it does."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()
