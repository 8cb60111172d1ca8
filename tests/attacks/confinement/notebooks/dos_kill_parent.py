"""Kills the process that started it, and its own first process."""

# kind: denial
# expect: stopped
# ends: ok dead killed

# %%
import contextlib
import os
import signal
import time

# %%
for number in (signal.SIGTERM, signal.SIGKILL):
    for pid in (os.getppid(), 1):
        with contextlib.suppress(OSError):
            os.kill(pid, number)
time.sleep(0.3)
print("still here")
