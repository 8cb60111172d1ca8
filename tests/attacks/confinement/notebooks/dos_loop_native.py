"""Waits for ever in native code that holds the interpreter's lock, so that no thread of the kernel runs either."""

# kind: denial
# expect: stopped
# ends: killed timeout
# reason: longer

# %%
import ctypes

# %%
ctypes.PyDLL(None).sleep(100)
ctypes.PyDLL(None).pause()
