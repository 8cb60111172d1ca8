"""Prints without end, in small pieces and in large ones."""

# kind: denial
# expect: stopped
# ends: timeout killed
# reason: printed|longer

# %%
while True:
    print("x" * 1000)
