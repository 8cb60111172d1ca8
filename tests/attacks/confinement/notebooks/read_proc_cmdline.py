"""Reads the command lines of other processes, where careless tools take passwords."""

# kind: reading
# expect: blocked
# harmless: yes
# weak: process-user: without a process namespace or another user id, Linux shows every process's command line

# %%
import contextlib

from attack import attempt, other_processes, read, target

# %%
for pid in other_processes():
    with contextlib.suppress(OSError):
        print(pid, read(f"/proc/{pid}/cmdline"))

# %%
attempt("the grader's command line", read, f"/proc/{target.grader_pid}/cmdline")
