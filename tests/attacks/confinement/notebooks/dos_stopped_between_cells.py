"""Stops itself a moment after its cell has ended, while the grader asks for the next."""

# kind: denial
# expect: stopped
# ends: ok killed
# after: any

# %%
import os
import signal
import threading

# %%
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGSTOP)).start()

# %%
print("is anyone there?")
