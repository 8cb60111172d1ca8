"""Stops itself: a process that does not run answers nothing and heeds nothing."""

# kind: denial
# expect: stopped
# ends: killed
# reason: longer

# %%
import os
import signal
import time

# %%
if os.fork() == 0:
    os.setsid()
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
time.sleep(0.1)
os.kill(os.getpid(), signal.SIGSTOP)
