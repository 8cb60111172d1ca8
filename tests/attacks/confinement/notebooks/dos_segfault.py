"""Crashes the kernel in native code."""

# kind: denial
# expect: stopped
# ends: dead
# reason: SIGSEGV

# %%
import ctypes

# %%
ctypes.string_at(0)
