"""Leaves thousands of ended children that nobody waits for."""

# kind: denial
# expect: stopped
# limit: tasks
# ends: ok killed dead timeout
# reason: process|task|thread|longer

# %%
import os

from attack import amount, blocked

# %%
zombies = 0
try:
    while zombies < 5000:
        if os.fork() == 0:
            os._exit(0)
        zombies += 1
except OSError as error:
    blocked(error)
amount(zombies, "tasks")
