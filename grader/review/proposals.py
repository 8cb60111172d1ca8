"""Groups of answers and pictures of runs, made beside the requests: a page waits for them for a moment only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from pathlib import Path
from typing import Any, TypeVar

from grader.course.store import Store, read_document
from grader.reports.evidence import kept_evidence
from grader.reports.pictures import Pictures, pictures
from grader.review.groups import Group, propose

__all__ = ["Beside", "groups", "prepare", "run_of"]

T = TypeVar("T")

GROUPING_SECONDS = 0.1  # until a page says that the answers are being grouped
PICTURE_SECONDS = 5.0


class Beside:
    """Makes things in one thread and keeps the last `most` of them, by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pool = ThreadPoolExecutor(1, "beside")
        self._made: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, key: Hashable, make: Callable[[], T]) -> Future[T]:
        """Return what is made, or will be; one that failed is made anew."""
        with self._lock:
            known = self._made.get(key)
            if known is None or (known.done() and known.exception() is not None):
                known = self._made[key] = self._pool.submit(make)
            self._made.move_to_end(key)
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return known

    def get(self, key: Hashable, make: Callable[[], T], seconds: float) -> T | None:
        """Return what is made, or None if it takes longer."""
        try:
            return self.ask(key, make).result(seconds)
        except TimeoutError:
            return None


_groups = Beside(16)
_pictures = Beside(64)


def groups(answers: Mapping[str, str], seconds: float = GROUPING_SECONDS) -> tuple[Group, ...] | None:
    """Return the groups of these answers; None while they are being made."""
    kept = dict(answers)
    return _groups.get(frozenset(kept.items()), lambda: propose(kept), seconds)


def run_of(folder: Path, key: str, graded_at: str, seconds: float = PICTURE_SECONDS) -> Pictures:
    """Return the pictures of a grading's run; empty ones if there is no evidence, or none that can be shown."""
    return _pictures.get((folder, key, graded_at), lambda: _made(folder, key), seconds) or Pictures()


def prepare(folder: Path, key: str, graded_at: str) -> None:
    """Begin to make the pictures of a grading that will be asked for next."""
    _pictures.ask((folder, key, graded_at), lambda: _made(folder, key))


def _made(folder: Path, key: str) -> Pictures:
    try:
        with Store(folder, create=False) as store:
            result = read_document(store.document(key)).with_evidence(store.evidence(key))
        evidence = kept_evidence(result)
        return pictures(evidence) if evidence is not None else Pictures()
    except Exception:  # a student's process said what stands there: no picture may stop a person
        return Pictures()
