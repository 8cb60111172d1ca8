"""Release submissions in the background: each takes about a second, since its report is written again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course.handback import release
from grader.course.store import Store
from grader.errors import GraderError
from grader.formatting import one_line


@dataclass
class Releasing:
    """The progress of a release. `problem` says why it ended early, '' if it did not."""

    total: int
    done: int = 0
    problem: str = ""
    ended: bool = False


_lock = threading.Lock()
_latest: dict[Path, Releasing] = {}  # by the folder of the class


def latest(folder: Path) -> Releasing | None:
    """Return the release that was begun last, None if there was none since the desk was opened."""
    with _lock:
        return _latest.get(folder)


def start(folder: Path, names: Sequence[str], by: str) -> bool:
    """Begin to release these submissions; return False, and do nothing, while another release runs."""
    with _lock:
        before = _latest.get(folder)
        if before is not None and not before.ended:
            return False
        state = _latest[folder] = Releasing(len(names))
    threading.Thread(target=_run, args=(folder, names, by, state), name="release", daemon=True).start()
    return True


def _run(folder: Path, names: Sequence[str], by: str, state: Releasing) -> None:
    def told(name: str) -> None:
        state.done += 1

    try:
        with Store(folder, create=False) as store:
            release(store, folder, names, by, told)
    except (GraderError, OSError) as error:
        state.problem = one_line(str(error))
    finally:
        state.ended = True
