"""Reads the environment of other processes, where tokens of CI systems stand: all that are listed, and known ids."""

# kind: reading
# expect: blocked
# quick: yes

# %%
import contextlib

from attack import attempt, other_processes, read, target

# %%
# What is readable of the sandbox's own first process is no breach unless it holds a secret, which the runner looks for.
for pid in other_processes():
    with contextlib.suppress(OSError):
        print(pid, read(f"/proc/{pid}/environ", 1 << 16))

# %%
attempt("the grader's environment", read, f"/proc/{target.grader_pid}/environ", 1 << 16)
attempt("the driver's environment", read, f"/proc/{target.driver_pid}/environ", 1 << 16)
attempt("the neighbour's environment", read, f"/proc/{target.neighbour_pid}/environ", 1 << 16)
