"""Reads and writes the memory of other processes by /proc/PID/mem, and their maps."""

# kind: reading
# expect: blocked

# %%
import contextlib
import os

from attack import attempt, other_processes, read, target


def peek(pid: int) -> bytes:
    with open(f"/proc/{pid}/maps") as maps:
        line = next(line for line in maps if "[heap]" in line or "[stack]" in line)
    start = int(line.split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(start)
        return memory.read(64)


# %%
for pid in (target.grader_pid, target.driver_pid, target.neighbour_pid, target.neighbour_parent):
    attempt(f"memory of {pid}", peek, pid)
    attempt(f"memory of {pid}, to write", os.open, f"/proc/{pid}/mem", os.O_RDWR)

# %%
for pid in other_processes():
    for name in ("auxv", "stack", "syscall", "pagemap", "clear_refs"):
        with contextlib.suppress(OSError):
            print(pid, name, read(f"/proc/{pid}/{name}", 64)[:16])
