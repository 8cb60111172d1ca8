"""Keeps every core busy with 16 children until it is stopped."""

# kind: denial
# expect: stopped
# ends: ok killed dead timeout
# reason: processor|CPU|longer

# %%
import os
import time

# %%
for _ in range(16):
    if os.fork() == 0:
        os.setsid()
        while True:
            pass
time.sleep(60)
