"""Attaches to other processes as a debugger does: ptrace, process_vm_readv, pidfd_getfd, kcmp."""

# kind: processes
# expect: blocked
# harmless: yes

# %%
import ctypes
import os
import struct

from attack import attempt, syscall, target

PIDS = (target.grader_pid, target.driver_pid, target.neighbour_pid, target.neighbour_parent)
PTRACE_SEIZE = 0x4206

# %%
attempt("seize the grader", syscall, "ptrace", PTRACE_SEIZE, target.grader_pid, 0, 0)

# %%
buffer = ctypes.create_string_buffer(64)
local = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buffer), 64))
there = ctypes.create_string_buffer(struct.pack("QQ", id(int), 64))  # without randomness the same address everywhere
for pid in PIDS:
    attempt(f"read memory of {pid}", syscall, "process_vm_readv", pid, local, 1, there, 1, 0)
    attempt(f"write memory of {pid}", syscall, "process_vm_writev", pid, local, 0, there, 0, 0)

# %%
for pid in PIDS:
    attempt(f"descriptor of {pid}", lambda p=pid: syscall("pidfd_getfd", os.pidfd_open(p), 1, 0))
    attempt(f"kcmp {pid}", syscall, "kcmp", pid, os.getpid(), 0, 0, 0)
