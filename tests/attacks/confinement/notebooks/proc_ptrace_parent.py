"""Attaches to the process that started it, and lets a child attach to the kernel: a launcher may have more rights."""

# kind: processes
# expect: blocked

# %%
import os

from attack import attempt, attempt_in_child, read, syscall

# %%
attempt("attach to the parent", syscall, "ptrace", 16, os.getppid(), 0, 0)
attempt("the parent's memory", os.open, f"/proc/{os.getppid()}/mem", os.O_RDWR)

# %%
attempt("attach to process 1", syscall, "ptrace", 16, 1, 0, 0)
attempt("memory of process 1", os.open, "/proc/1/mem", os.O_RDWR)
attempt("maps of process 1", read, "/proc/1/maps")

# %%
attempt_in_child("to be traced", lambda: syscall("ptrace", 0, 0, 0, 0))
