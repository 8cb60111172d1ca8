"""Sleeps."""

# kind: denial
# expect: stopped
# ends: timeout
# reason: longer
# after: runs

# %%
import time

# %%
time.sleep(1000)
