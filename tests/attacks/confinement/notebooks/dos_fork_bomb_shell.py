"""The fork bomb of the shell, in the background and in sessions of its own."""

# kind: denial
# expect: stopped
# limit: tasks
# ends: ok killed dead timeout error
# reason: process|task|thread|longer|memory

# %%
import subprocess

# %%
subprocess.run(["sh", "-c", "b() { b | b & }; b; sleep 2"], capture_output=True)

# %%
subprocess.run(["sh", "-c", "while :; do setsid sleep 60 & done"], capture_output=True)
