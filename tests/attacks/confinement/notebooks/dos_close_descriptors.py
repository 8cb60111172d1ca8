"""Closes all descriptors, those of the kernel's sockets among them."""

# kind: denial
# expect: stopped
# ends: killed dead timeout error
# reason: longer|died|connection

# %%
import os

# %%
os.closerange(3, 4096)
