"""Loops for ever in Python."""

# kind: denial
# expect: stopped
# ends: timeout
# reason: longer
# after: runs

# %%
while True:
    pass
