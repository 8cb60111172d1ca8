"""Leaves threads that go on after their cell: printing, computing, starting more when the kernel ends."""

# kind: denial
# expect: stopped
# ends: ok
# after: any

# %%
import contextlib
import threading
import time


def work() -> None:
    while True:
        print("tick")
        with contextlib.suppress(RuntimeError):
            sum(range(10_000))
        time.sleep(0.01)


# %%
for _ in range(8):
    threading.Thread(target=work).start()
