"""Leaves children asleep: by the shell, by subprocess, in new groups and sessions, stopped and ignoring signals."""

# kind: denial
# expect: stopped
# ends: ok
# after: runs

# %%
import shlex
import subprocess

from attack import sleeper

# %%
subprocess.Popen(sleeper(), start_new_session=True, env={})
subprocess.Popen(sleeper())
command = shlex.join(sleeper())
subprocess.run(["sh", "-c", f"(setsid {command} &) & (nohup {command} >/dev/null 2>&1 &)"], capture_output=False)
subprocess.run(["sh", "-c", f"(trap '' TERM INT HUP; {command}) & kill -STOP $!"])
print("left")
