"""The warden, which stays behind a kernel to end what it leaves."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.processes import runs, until

KERNEL = """
import os, signal, subprocess, sys, time
from grader.sandbox.confinement.in_child import leave_a_warden
leave_a_warden(None)
assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
with open(sys.argv[1] + ".new", "w") as file:
    left = subprocess.Popen(["sleep", "100"], start_new_session=True)
    file.write(str(left.pid))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("seconds", "statuses"), [(0.0, {0}), (0.1, {0, 128 + signal.SIGTERM}), (100.0, {128 + signal.SIGTERM})]
)
def test_the_warden_ends_all_that_is_left(tmp_path: Path, seconds: float, statuses: set[int]) -> None:
    """Signals that come while it ends do not stop it: Linux sends one for each thread of the grader that ends."""
    for attempt in range(5):
        note = tmp_path / f"pid{attempt}"
        warden = subprocess.Popen([sys.executable, "-c", KERNEL, str(note), str(seconds)])
        while not note.exists():
            assert warden.poll() is None or note.exists()
            time.sleep(0.001)
        left = int(note.read_text())
        if seconds:
            time.sleep(min(seconds, 0.1))
            while warden.poll() is None:
                os.kill(warden.pid, signal.SIGTERM)
        assert warden.wait(timeout=20) in statuses
        assert until(lambda: not runs(left))  # noqa: B023  (a killed process may end a little later)
