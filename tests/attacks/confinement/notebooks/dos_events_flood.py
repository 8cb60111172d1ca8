"""Writes without end to every descriptor that it inherited, among them the recorder's channel to the grader."""

# kind: denial
# expect: stopped
# ends: ok timeout killed dead error
# recorder: yes
# after: any

# %%
import contextlib
import os
import time

# %%
numbers = [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2]
end, total = time.monotonic() + 2, 0
for number in numbers:
    with contextlib.suppress(OSError):
        if os.readlink(f"/proc/self/fd/{number}").startswith("/dev/"):
            continue
        os.set_blocking(number, False)
        for _ in range(300):
            if time.monotonic() > end:
                break
            total += os.write(number, b'{"kind": "note", "text": "' + b"x" * (1 << 20) + b'"}\n')
print(total >> 20, "MiB")
