"""Fills the other places that it may write to: the home folder, the temporary folder, /tmp, unlinked files, in children."""

# kind: denial
# expect: stopped
# limit: scratch
# ends: ok error killed dead timeout
# reason: disk|file|folder|memory|longer

# %%
import contextlib
import os
import tempfile

from attack import amount, blocked

# %%
written = 0
kept = []
for folder in (os.environ["HOME"], tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm", "/run"):
    try:
        for _ in range(20):
            file, path = tempfile.mkstemp(dir=folder)
            os.unlink(path)  # has no name: a walk over the folder does not find it
            kept.append(file)
            for _ in range(30):
                os.write(file, bytes(1 << 20))
                written += 1
    except OSError as error:
        blocked(f"{folder}: {error}")
    amount(written, "MiB")
with contextlib.suppress(OSError):
    print(len(kept))
