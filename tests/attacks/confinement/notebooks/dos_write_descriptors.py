"""Writes to the descriptors of standard output and error without end, past Python's own streams, also in a child."""

# kind: denial
# expect: stopped
# ends: timeout killed ok
# reason: printed|longer|disk|file

# %%
import os
import time

# %%
end = time.monotonic() + 1.5
while time.monotonic() < end:
    os.write(2, b"z" * 65536)

# %%
if os.fork() == 0:
    while True:
        os.write(2, b"z" * 65536)
while True:
    os.write(1, b"y" * 65536)
