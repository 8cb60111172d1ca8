"""Answers signals with more work: a handler that forks, raises other errors, and sends the signal again."""

# kind: denial
# expect: stopped
# ends: killed dead timeout error ok
# after: any

# %%
import contextlib
import os
import signal
import time


def handler(number: int, frame: object) -> None:
    with contextlib.suppress(OSError):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
    signal.setitimer(signal.ITIMER_REAL, 0.05)


# %%
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD, signal.SIGXCPU, signal.SIGHUP):
    signal.signal(number, handler)
signal.setitimer(signal.ITIMER_REAL, 0.05)
while True:
    time.sleep(0.01)
