"""Sends SIGKILL to every process that it may: all at once, one by one, and by known ids."""

# kind: processes
# expect: stopped
# ends: ok dead killed
# quick: yes

# %%
import contextlib
import os
import signal

from attack import got, other_processes, target

# %%
for pid in (target.grader_pid, target.driver_pid, target.neighbour_pid, target.neighbour_parent):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError as error:
        print("blocked:", error)
    else:
        if pid not in (int(name) for name in os.listdir("/proc") if name.isdigit()):
            got(f"process {pid} killed")

# %%
for pid in [*other_processes(), *range(1, 4000)]:
    if pid != os.getpid():
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)

# %%
with contextlib.suppress(OSError):
    os.kill(-1, signal.SIGKILL)
print("still here")
