"""Signals other processes in quieter ways: signal 0, SIGSTOP, real-time signals, process groups, SIGIO by a descriptor."""

# kind: processes
# expect: blocked

# %%
import contextlib
import fcntl
import os
import signal

from attack import attempt, syscall, target

PIDS = (target.grader_pid, target.neighbour_parent)

# %%
for pid in PIDS:
    attempt(f"signal 0 to {pid}", os.kill, pid, 0)
    attempt(f"SIGCONT to {pid}", os.kill, pid, signal.SIGCONT)
    attempt(f"SIGCONT to group {pid}", os.killpg, pid, signal.SIGCONT)
attempt("SIGSTOP", os.kill, target.grader_pid, signal.SIGSTOP)

# %%
attempt("by pidfd", lambda: syscall("pidfd_send_signal", os.pidfd_open(target.grader_pid), signal.SIGCONT, None, 0))

# %%
# The kernel signals the owner of a descriptor when data comes, and the owner is whom we name.
# Whether it arrives is seen from outside.
receive, send = os.pipe()
with contextlib.suppress(OSError):
    fcntl.fcntl(receive, fcntl.F_SETOWN, target.grader_pid)
    fcntl.fcntl(receive, 10, signal.SIGTERM)  # F_SETSIG
    fcntl.fcntl(receive, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(send, b"x")
