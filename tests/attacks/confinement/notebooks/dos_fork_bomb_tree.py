"""Forks without end, and every child does the same."""

# kind: denial
# expect: stopped
# limit: tasks
# ends: ok killed dead timeout
# reason: process|task|thread|longer|memory

# %%
import os
import time

# %%
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
