"""Tests of measuring a kernel's process tree, and of its limits."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.sandbox.confinement.process_tree import (
    Usage,
    as_user,
    children,
    descendants,
    kill_below,
    proportional,
    unlinked,
    usage,
)
from grader.sandbox.limits import GIB, MIB, Limits
from grader.sandbox.watchdog import Watchdog, exceeded, held_by
from tests.sandbox.processes import runs, until

LIMITS = Limits(memory_bytes=GIB, tasks=50, cpu_seconds=10)


@pytest.mark.parametrize(
    ("now", "exact", "words"),
    [
        (Usage(GIB, 50, 10), 0, ""),
        (Usage(2 * GIB, 1, 0), 900 * MIB, ""),  # shared pages were counted twice
        (Usage(2 * GIB, 1, 0), GIB + 1, "more than 1 GiB of memory"),
        (Usage(0, 1, 10.1), 0, "more than 10 s of CPU time"),
        (Usage(0, 60, 0), 0, "more than 50 processes and threads"),
    ],
)
def test_exceeded_limits(now: Usage, exact: int, words: str) -> None:
    assert exceeded(now, LIMITS, lambda: exact) == words


def test_a_tree_is_found_measured_and_killed() -> None:
    script = "import os, time\nx = bytearray(50 << 20)\nos.fork()\nprint(1, flush=True)\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(2):
            process.stdout.readline()
        assert process.pid in children(os.getpid())
        below = descendants(process.pid)
        assert len(below) == 1
        both = [process.pid, *below]
        assert usage(both).tasks == 2
        assert usage(both).resident > 100 * MIB > proportional(both) > 50 * MIB
        assert usage([2**22 + 1]) == Usage()
        kill_below(process.pid)
        assert process.poll() is None
        assert until(lambda: not any(map(runs, below)))  # a signal may be delivered late
        assert not any(map(runs, descendants(process.pid)))
        process.kill()


def test_files_are_measured_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(100_000))
    (tmp_path / "link").symlink_to("/usr")
    held, files = held_by(str(tmp_path))
    assert 100_000 <= held < 200_000
    assert files == 3


def test_the_watchdog_ends_a_tree_that_exceeds_a_limit() -> None:
    ended: list[float] = []
    with subprocess.Popen([sys.executable, "-c", "import os\nos.fork()\nwhile True: pass"]) as process:
        dog = Watchdog(process.pid, Limits(cpu_seconds=0.5), lambda: ended.append(time.monotonic()))
        deadline = time.monotonic() + 30
        while not ended and time.monotonic() < deadline:
            time.sleep(0.05)
        dog.stop()
        kill_below(process.pid)
        process.kill()
    assert ended
    assert dog.broken == "more than 0.5 s of CPU time"


def test_files_without_a_name_are_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("wb") as file, path.open("rb"):
        file.write(bytes(300_000))
        file.flush()
        before = unlinked([os.getpid()])
        path.unlink()
        assert 300_000 <= unlinked([os.getpid()]) - before < 400_000


@pytest.mark.skipif(os.geteuid() != 0, reason="for root")
def test_work_is_done_as_another_user() -> None:
    assert as_user(65_533, lambda: str(os.getuid())) == "65533"
    assert as_user(65_533, lambda: str(1 // 0)) == ""
