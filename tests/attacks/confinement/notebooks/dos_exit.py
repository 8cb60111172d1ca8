"""Ends the kernel's process without a word."""

# kind: denial
# expect: stopped
# ends: dead
# reason: exit status 7

# %%
import os

# %%
os._exit(7)
