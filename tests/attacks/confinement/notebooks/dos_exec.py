"""Replaces the kernel's process by another program, which goes on with its id and its descriptors."""

# kind: denial
# expect: stopped
# ends: killed dead timeout
# reason: longer|died

# %%
import os

from attack import sleeper

# %%
os.execv(sleeper()[0], sleeper())
