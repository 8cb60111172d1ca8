"""Watch a kernel's processes and files from outside, and end the kernel when it exceeds a limit."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence

from grader.sandbox.confinement.process_tree import Usage, descendants, proportional, unlinked, usage
from grader.sandbox.limits import Limits, in_words

EVERY_SECONDS = 0.1
FILES_EVERY = 5  # measurements; walking folders takes longer
MAX_FILES = 100_000
WRAPPERS = 4  # processes of the sandbox itself, not of the notebook


class Watchdog:
    """A thread that measures the process tree below `pid` and the files in `folders` until `stop` or a broken limit.

    When a limit is broken, `broken` says which in words, and `end` is called. Files of `user` in shared memory count
    too. `private` is a folder of a file system that only the tree sees. `starved` returns whether a control group
    killed a process of the tree for using too much memory: then the whole tree is ended.
    """

    def __init__(
        self,
        pid: int,
        limits: Limits,
        end: Callable[[], None],
        folders: Sequence[str] = (),
        user: int | None = None,
        starved: Callable[[], bool] = lambda: False,
        private: str = "",
    ) -> None:
        self.broken = ""
        self._private = private
        self._starved = starved
        self._pid, self._limits, self._end = pid, limits, end
        self._folders, self._user = folders, user
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="grader-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _watch(self) -> None:
        rounds = 0
        while not self._stopped.wait(EVERY_SECONDS):
            rounds += 1
            below = descendants(self._pid)
            words = exceeded(usage(below), self._limits, lambda: proportional(below, self._user))  # noqa: B023  (called at once)
            if self._starved():
                words = out_of_memory(self._limits)
            if not words and rounds % FILES_EVERY == 0:
                words = self._files(below)
            if words and not self._stopped.is_set():
                self.broken = words
                self._end()
                return

    def _files(self, below: Sequence[int]) -> str:
        held, files = unlinked(below, self._user) if self._folders else 0, 0
        if self._private and below:
            with contextlib.suppress(OSError):  # its size is limited by the mount, the number of its files is not
                state = os.statvfs(f"/proc/{below[-1]}/root{self._private}")
                files = state.f_files - state.f_ffree
        for folder in self._folders:
            more, count = held_by(folder)
            held, files = held + more, files + count
        if self._user is not None and not self._private:  # else it has its own shared memory, of limited size
            held += _shared_memory(self._user)
        if held > self._limits.scratch_bytes:
            return f"more than {in_words(self._limits.scratch_bytes)} of files"
        return f"more than {MAX_FILES} files" if files > MAX_FILES else ""


def out_of_memory(limits: Limits) -> str:
    """Return the memory limit in words, as what was exceeded."""
    return f"more than {in_words(limits.memory_bytes)} of memory"


def exceeded(now: Usage, limits: Limits, memory: Callable[[], int]) -> str:
    """Return the limit that a process tree exceeds, in words, '' for none.

    `memory` measures the tree's memory more exactly than `now`, which takes longer.
    """
    if now.resident > limits.memory_bytes and memory() > limits.memory_bytes:
        return out_of_memory(limits)
    if now.cpu_seconds > limits.cpu_seconds:
        return f"more than {limits.cpu_seconds:g} s of CPU time"
    if now.tasks > limits.tasks + WRAPPERS:
        return f"more than {limits.tasks} processes and threads"
    return ""


def held_by(folder: str) -> tuple[int, int]:
    """Return the bytes on disk of the files below a folder, and the number of entries. Links are not followed."""
    held = count = 0
    todo = [folder]
    while todo and count <= MAX_FILES:
        with contextlib.suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                count += 1
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    else:
                        held += entry.stat(follow_symlinks=False).st_blocks * 512
    return held, count


def _shared_memory(user: int) -> int:
    held = 0
    with contextlib.suppress(OSError), os.scandir("/dev/shm") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                state = entry.stat(follow_symlinks=False)
                held += state.st_blocks * 512 if state.st_uid == user else 0
    return held
