"""Undoes what a launcher did by prctl: death with the parent, dumpability, seccomp; then lives on without the parent."""

# kind: processes
# expect: blocked

# %%
import ctypes
import os
import time

from attack import attempt, attempt_in_child, prctl, sleeper

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NAME, PR_SET_SECCOMP = 1, 4, 36, 15, 22

# %%
# Allowed for oneself and harmless only if nothing relies on it: the runner looks for what is left, and by what name.
for option, value in ((PR_SET_PDEATHSIG, 0), (PR_SET_DUMPABLE, 1), (PR_SET_CHILD_SUBREAPER, 1)):
    print(option, prctl(option, value))
name = ctypes.create_string_buffer(b"systemd")
prctl(PR_SET_NAME, ctypes.addressof(name))

# %%
attempt("seccomp off", prctl, PR_SET_SECCOMP, 0)
attempt("dumpable for root only", prctl, PR_SET_DUMPABLE, 2)
attempt("change of memory map", prctl, 35, 1, 4096)  # PR_SET_MM

# %%
if os.fork() == 0:
    prctl(PR_SET_PDEATHSIG, 0)
    os.setsid()
    os.execve(sleeper()[0], sleeper(), {})
time.sleep(0.5)


# %%
def x32_unshare() -> str:
    """The calls of the x32 ABI have a bit set in their numbers, which a careless filter does not know."""
    if ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(0x40000000 | 272), ctypes.c_long(0x10000000)) != 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "a user namespace"


attempt_in_child("unshare by x32", x32_unshare)
