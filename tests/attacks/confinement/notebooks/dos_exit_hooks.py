"""Hangs when it is asked to end: atexit, a finalizer, a thread that is no daemon, and an exit hook that forks."""

# kind: denial
# expect: stopped
# ends: ok
# after: runs

# %%
import atexit
import os
import threading
import time
import weakref

from attack import sleeper


class Kept:
    pass


# %%
kept = Kept()
weakref.finalize(kept, time.sleep, 600)
atexit.register(time.sleep, 600)
atexit.register(lambda: os.fork() or os.execve(sleeper()[0], sleeper(), {}))
threading.Thread(target=time.sleep, args=(600,)).start()
