"""A daemon: forks twice, has its own session, no environment, no descriptors, another name, and works on after the kernel."""

# kind: denial
# expect: stopped
# ends: ok
# after: runs
# quick: yes

# %%
import ctypes
import os

from attack import prctl, sleeper

# %%
pid = os.fork()
if pid == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.setsid()
    prctl(1, 0)
    os.chdir("/")
    os.closerange(0, 4096)
    name = ctypes.create_string_buffer(b"kworker/0:1")
    prctl(15, ctypes.addressof(name))
    os.execve(sleeper()[0], sleeper(), {})
os.waitpid(pid, 0)
print("left")
