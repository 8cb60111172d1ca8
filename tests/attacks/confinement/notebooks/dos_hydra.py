"""A process that forks, ends, and goes on in its child, in a new session each time: a list of processes is always too old."""

# kind: denial
# expect: stopped
# ends: ok killed dead timeout
# after: any

# %%
import os
import time

# %%
if os.fork() == 0:
    end = time.monotonic() + 30
    os.environ.clear()
    while time.monotonic() < end:
        try:
            if os.fork():
                os._exit(0)
            os.setsid()
        except OSError:
            pass
time.sleep(1)
print("it runs")
