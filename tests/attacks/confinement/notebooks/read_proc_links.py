"""Follows the links of other processes: their root, working directory, program and open files, also across sandboxes."""

# kind: reading
# expect: blocked
# harmless: yes

# %%
import os

from attack import attempt, attempt_any, read, target

PIDS = (target.grader_pid, target.driver_pid, target.neighbour_pid, target.neighbour_parent)

# %%
for pid in PIDS:
    attempt_any(f"descriptors of {pid}", os.listdir, f"/proc/{pid}/fd")
    attempt_any(f"root of {pid}", os.listdir, f"/proc/{pid}/root/")
    attempt_any(f"working directory of {pid}", os.listdir, f"/proc/{pid}/cwd/")
    attempt(f"program of {pid}", os.readlink, f"/proc/{pid}/exe")

# %%
# A helper outside the sandbox with the same user id, or a first process that kept the old root, would be a way out.
for pid in ("1", "2", "self", "thread-self", str(os.getppid())):
    for path in target.secret_files:
        attempt(f"{path} by {pid}", read, f"/proc/{pid}/root{path}")
