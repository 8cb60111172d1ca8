"""Forks without end, in Python; every child sleeps."""

# kind: denial
# expect: stopped
# limit: tasks
# ends: ok killed dead timeout
# reason: process|task|thread|memory
# quick: yes
# seconds: 12

# %%
import os
import time

from attack import amount, blocked

# %%
children = 0
try:
    while children < 3000:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        children += 1
except OSError as error:
    blocked(error)
amount(children, "tasks")
