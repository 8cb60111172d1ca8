"""The recorder's event channel, the number of the running cell, and pausing. `recorder` defines what is recorded.

Events are JSON objects, one a line, written to an inherited file descriptor as they happen, so that finished events
survive the kernel's death. They have the fields of the records in `grader.evidence.run`, and a 'kind'.
"""

from __future__ import annotations

import functools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MAX_EVENT = 4_000_000  # bytes
MAX_TOTAL = 128_000_000
MAX_NOTES = 50
TURN_SECONDS = 2.0  # how long a thread waits for another in the recorder

_clock = time.perf_counter  # students patch `time`


class _State:
    def __init__(self) -> None:
        self.fd: int | None = None
        self.sink: Callable[[bytes], object] | None = None
        self.process = 0
        self.cell = -1
        self.began = _clock()
        self.paused = 0
        self.left = MAX_TOTAL
        self.torn = False  # an interrupted write left part of a line
        self.notes: set[str] = set()


_state = _State()
_lock = threading.RLock()  # one thread may load batches while another processes them
_at_cell_end: list[Callable[[], None]] = []


def _fresh_lock() -> None:
    """Replace the lock in a forked child: if another thread held it, nobody would ever release it."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fresh_lock)


def restart(fd: int | None, sink: Callable[[bytes], object] | None = None) -> None:
    """Begin a new recording that is written to the descriptor `fd`, or line by line given to `sink`.

    Without either nothing is written.
    """
    _state.__init__()  # type: ignore[misc]
    _state.fd = fd
    _state.sink = sink
    _state.process = os.getpid()


def now() -> float:
    """Return seconds since recording began, by a clock that a notebook's patch of `time` does not change."""
    return _clock() - _state.began


def cell() -> int:
    """Return the index of the running cell; -1 before the first."""
    return _state.cell


def is_paused() -> bool:
    """Return whether recording is paused."""
    return _state.paused > 0


@contextmanager
def pause() -> Iterator[None]:
    """Record nothing inside this context, in any thread; probes run student code in it."""
    _state.paused += 1
    try:
        yield
    finally:
        _state.paused -= 1


def at_cell_end(callback: Callable[[], None]) -> None:
    """Call `callback()` at the end of every cell, before the cell's number changes."""
    if callback not in _at_cell_end:
        _at_cell_end.append(callback)


def guarded(function: Callable[P, T]) -> Callable[P, T | None]:
    """Decorate a function to run in one thread at a time and to return None instead of raising.

    Student code must not see errors of the recorder; they are noted.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T | None:
        lock = _lock
        taken = lock.acquire(timeout=TURN_SECONDS)  # go on without it: a deadlock would be worse
        try:
            return function(*args, **kwargs)
        except Exception as error:
            with suppress(Exception):  # writing may fail while the interpreter shuts down
                note(f"the recorder failed in {function.__name__}: {type(error).__name__}")
            return None
        finally:
            if taken:
                lock.release()

    return call


def note(text: str) -> None:
    """Write a note for the person who grades; each text once."""
    if text not in _state.notes and len(_state.notes) < MAX_NOTES:
        _state.notes.add(text)
        emit("note", {"cell": max(0, _state.cell), "text": text[:500]})


def emit(kind: str, fields: dict[str, object]) -> None:
    """Write one event as a single line. Leave it out, with a note, if it is too long or the total is used up.

    Floats in `fields` must be finite. A forked child writes nothing.
    """
    if (_state.fd is None and _state.sink is None) or os.getpid() != _state.process:
        return
    line = json.dumps({"kind": kind, **fields}, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    if len(line) > MAX_EVENT:
        note(f"an event of kind {kind} was longer than {MAX_EVENT} bytes and left out")
        return
    with _lock:
        if len(line) > _state.left:
            if _state.left > 0:
                _state.left = 1000  # for the note itself
                note("the notebook caused more events than are kept; later ones are missing")
                _state.left = 0
            return
        _state.left -= len(line)
        _write(line)


def _write(line: bytes) -> None:
    if _state.sink is not None:
        _state.sink(line)
        return
    if _state.torn:
        line = b"\n" + line
    _state.torn = True
    while line:
        line = line[os.write(_state.fd or 0, line) :]
    _state.torn = False


def begin_cell(index: int) -> None:
    """Record that the cell of this index is about to run."""
    _state.cell = index


def end_cell() -> None:
    """Record that the cell has ended, normally or not: call the callbacks, which write down all that is still open."""
    for callback in _at_cell_end:
        guarded(callback)()
