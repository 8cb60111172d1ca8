"""Takes memory in 8 children, each of them within what one may have."""

# kind: denial
# expect: stopped
# limit: memory
# ends: ok killed dead timeout
# reason: memory
# seconds: 12

# %%
import os
import time

# %%
children = []
for _ in range(8):
    pid = os.fork()
    if pid == 0:
        block = bytearray(b"x") * (500 << 20)
        time.sleep(3)
        os._exit(0)
    children.append(pid)
print([os.waitpid(pid, 0)[1] for pid in children])
