"""Grade one, some or all submissions again, as the class was graded: `grader grade` in a process of its own.

The process goes on if the desk is closed. What it has done so far is seen in the store.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from grader.course.grading_order import ORDER, GradingOrder, parse_order
from grader.course.store import Store, now
from grader.errors import GraderError
from grader.formatting import one_line

RUNNING = "regrading"  # the fact that holds what was started last
LOG = "regrading.log"  # in the folder of results
_starting = threading.Lock()


class RegradeError(GraderError):
    """Nothing can be graded again; the message is one sentence."""


@dataclass(frozen=True)
class Regrading:
    """The progress of a regrade: `done` of `count`. `problem` says why there is none, `ended` how the last ended."""

    running: bool = False
    done: int = 0
    count: int = 0
    problem: str = ""
    ended: str = ""


def state_of(store: Store, folder: Path) -> Regrading:
    """Return what is being graded again. Raises StoreError."""
    problem = problem_of(parse_order(store.fact(ORDER)))
    last = _last(store)
    if last is None:
        return Regrading(problem=problem)
    done, count = _done(store, last)
    if _process(last) is not None:
        return Regrading(True, min(done, count), count, problem)
    when = f"The grading again of {str(last['began'])[:16].replace('T', ' ')} UTC is over"
    said = f"{when}: {done} of {count} {'was' if done == 1 else 'were'} graded."
    if done < count:
        said += f" It said last: {_last_line(folder / LOG)}"
    return Regrading(False, done, count, problem, said)


def problem_of(order: GradingOrder | None) -> str:
    """Return in a sentence what is missing for grading again, or ''."""
    if order is None:
        return (
            "Nothing can be graded again from here, since the store does not say from where and with which options the "
            "class was graded: an earlier grader did that. Run `grader grade` once more with this --out folder."
        )
    gone = [path for path in order.sources if not Path(path).exists()]
    if gone:
        return f"Nothing can be graded again from here, since '{gone[0]}' is not there any more."
    return ""


def start(store: Store, folder: Path, names: Sequence[str] | None) -> int:
    """Start grading the submissions of these names again, all for None; return how many. Raises RegradeError."""
    with _starting:
        state = state_of(store, folder)
        order = parse_order(store.fact(ORDER))
        if state.running:
            raise RegradeError("a grading is running; wait for it, or stop it")
        if state.problem or order is None:
            raise RegradeError(state.problem.rstrip("."))
        count = len(names) if names is not None else sum(1 for _ in store.rows())
        if not count:
            raise RegradeError("tick the submissions that are to be graded again")
        only = [] if names is None else [part for name in names for part in ("--only", name)]
        command = [sys.executable, "-m", "grader", "grade", "--force", *only, *order.arguments]
        began = now()
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen(
                command, cwd=order.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        threading.Thread(target=process.wait, daemon=True).start()
        created = psutil.Process(process.pid).create_time() if process.poll() is None else 0.0
        facts = {"pid": process.pid, "created": created, "began": began, "names": names, "count": count}
        store.set_fact(RUNNING, json.dumps(facts))
        return count


def stop(store: Store) -> bool:
    """Ask the running grading to stop; what it has graded stays. Return whether one was running."""
    last = _last(store)
    process = _process(last) if last is not None else None
    if process is None:
        return False
    os.kill(process.pid, signal.SIGTERM)
    return True


def _last(store: Store) -> dict[str, Any] | None:
    try:
        found = json.loads(store.fact(RUNNING) or "null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _process(last: dict[str, Any]) -> psutil.Process | None:
    """Return the process if it still runs, and is not another one with its number."""
    try:
        process = psutil.Process(int(last["pid"]))
        if abs(process.create_time() - float(last["created"])) > 1 or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process
    except (psutil.Error, KeyError, ValueError):
        return None


def _done(store: Store, last: dict[str, Any]) -> tuple[int, int]:
    query = "SELECT s.name FROM submissions s JOIN results r ON r.key = s.key WHERE r.graded_at >= ?"
    fresh = {name for (name,) in store.query(query, (last["began"],))}
    names = last.get("names")
    return (len(fresh) if names is None else len(fresh & set(names))), int(last["count"])


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return one_line(lines[-1])[:500] if lines else "nothing"
