"""Becomes somebody else: root, another user, another group, with capabilities or without no_new_privs."""

# kind: processes
# expect: blocked

# %%
import os
from pathlib import Path

from attack import attempt, blocked, got, prctl

# %%
# In a user namespace of its own it may look like anybody; then the number is not the machine's.
uid, gid = os.getuid(), os.getgid()
print(uid, gid, os.getgroups())
others = [number for number in (0, 1, 33, 65534) if number != uid]
for number in others:
    attempt(f"setuid {number}", os.setuid, number)
    attempt(f"setreuid {number}", os.setreuid, number, number)
    attempt(f"setresuid {number}", os.setresuid, number, number, number)
    attempt(f"setgid {number}", os.setgid, number) if number != gid else None
attempt("setgroups", os.setgroups, [0, 4, 6, 42, 999])

# %%
lines = Path("/proc/self/status").read_text().splitlines()
status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
for name in ("CapEff", "CapPrm", "CapAmb", "CapBnd", "CapInh"):
    value = int(status[name], 16) & ~4  # to read files is left where it is needed; which, is limited otherwise
    if value and name in ("CapEff", "CapPrm", "CapAmb"):
        got(f"{name} {value:x}")
got("no_new_privs is off") if status["NoNewPrivs"].strip() != "1" else blocked("no_new_privs is on")
got("no seccomp filter") if status["Seccomp"].strip() != "2" else blocked("seccomp is on")

# %%
attempt("no_new_privs off", prctl, 38, 0)
attempt("ambient capability", prctl, 47, 2, 21)
attempt("keep capabilities", lambda: os.setuid(0) if prctl(8, 1) == 0 else None)
attempt("supplementary root", os.setegid, 0) if gid else None
