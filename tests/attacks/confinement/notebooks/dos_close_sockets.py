"""Closes the kernel's ZeroMQ sockets by way of the garbage collector's list of objects."""

# kind: denial
# expect: stopped
# ends: killed dead timeout error ok
# after: any

# %%
import contextlib
import gc

import zmq

# %%
for thing in gc.get_objects():
    if isinstance(thing, zmq.Socket):
        with contextlib.suppress(Exception):
            thing.close(linger=0)
