"""Prints 50 MB at once, then a line without an end."""

# kind: denial
# expect: stopped
# ends: ok timeout killed
# reason: printed|longer|memory

# %%
print("x" * (50 << 20))

# %%
import sys

sys.stderr.write("y" * (50 << 20))
