"""Takes a lease on, and locks, the grader's data: whoever opens or locks it afterwards has to wait for the notebook."""

# kind: writing
# expect: blocked
# harmless: yes
# probe: open

# %%
import fcntl
import os
import time

from attack import blocked, target

# %%
number = os.open(target.data_file, os.O_RDONLY)
try:
    fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError as error:
    blocked(error)
time.sleep(1.5)
