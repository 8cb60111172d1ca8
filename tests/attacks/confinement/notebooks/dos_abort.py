"""Aborts the kernel, with a large memory image for a core dump."""

# kind: denial
# expect: stopped
# ends: dead
# reason: SIGABRT

# %%
import contextlib
import os
import resource

# %%
with contextlib.suppress(ValueError, OSError):
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
block = bytearray(b"x") * (100 << 20)
os.abort()
