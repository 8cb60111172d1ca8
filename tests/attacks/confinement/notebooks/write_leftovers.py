"""Leaves files in every folder that is shared and writable: /dev/shm, /tmp, message queues, System V memory."""

# kind: writing
# expect: blocked
# weak: process-user: what a notebook leaves in /dev/shm under a name of its own cannot be told from its user's own

# %%
import contextlib
import ctypes
import os
import tempfile

from attack import libc, target

# %%
# It may have such places for itself; that nothing of it is there afterwards is seen from outside.
for folder in ("/dev/shm", "/tmp", "/var/tmp", "/run/lock", "/var/lock", tempfile.gettempdir(), os.environ["HOME"]):
    with contextlib.suppress(OSError):
        open(os.path.join(folder, target.mark), "x").close()
        print("left a file in", folder)

# %%
segment = libc.shmget(target.leftover_key, 4096, 0o1666)
print("System V segment", segment, ctypes.get_errno())
semaphore = libc.semget(target.leftover_key, 1, 0o1666)
print("semaphore", semaphore, ctypes.get_errno())
queue = libc.msgget(target.leftover_key, 0o1666)
print("queue", queue, ctypes.get_errno())

# %%
library = ctypes.CDLL("librt.so.1", use_errno=True)
print("POSIX queue", library.mq_open(b"/" + target.mark.encode(), os.O_CREAT | os.O_RDWR, 0o666, None))
