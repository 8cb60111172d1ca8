"""Starts threads without end."""

# kind: denial
# expect: stopped
# limit: tasks
# ends: ok killed dead timeout
# reason: process|task|thread|memory

# %%
import threading
import time

from attack import amount, blocked

# %%
threads = 0
try:
    while threads < 4000:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        threads += 1
except RuntimeError as error:
    blocked(error)
amount(threads, "tasks")
