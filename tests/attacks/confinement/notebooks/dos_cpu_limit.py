"""Uses more processor time in its children than it may in all, while the cell itself waits."""

# kind: denial
# expect: stopped
# ends: killed dead error ok
# reason: processor|CPU
# after: any
# limits: cpu_seconds=4 cell_seconds=50
# must_end_within: 40

# %%
import os
import time

# %%
for _ in range(4):
    if os.fork() == 0:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass
        os._exit(0)
for _ in range(4):
    os.wait()
