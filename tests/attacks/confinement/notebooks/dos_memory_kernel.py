"""Takes memory inside the kernel: full pipes, full sockets, thousands of timers."""

# kind: denial
# expect: stopped
# limit: memory
# ends: ok error killed dead timeout
# reason: memory|longer

# %%
import contextlib
import fcntl
import os
import socket

from attack import amount, blocked

# %%
kept, total = [], 0
try:
    for _ in range(2000):
        receive, send = os.pipe()
        kept.append((receive, send))
        with contextlib.suppress(OSError):
            fcntl.fcntl(send, 1031, 1 << 20)  # F_SETPIPE_SZ
        os.set_blocking(send, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                total += os.write(send, bytes(1 << 16))
except OSError as error:
    blocked(error)
amount(total >> 20, "MiB")

# %%
pairs = []
try:
    for _ in range(2000):
        left, right = socket.socketpair()
        pairs.append((left, right))
        left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
        left.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                total += left.send(bytes(1 << 16))
except OSError as error:
    blocked(error)
amount(total >> 20, "MiB")
