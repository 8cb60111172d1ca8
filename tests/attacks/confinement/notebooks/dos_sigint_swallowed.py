"""Catches every exception, the interrupt among them, and goes on."""

# kind: denial
# expect: stopped
# ends: killed timeout
# reason: longer

# %%
import time

# %%
while True:
    try:
        while True:
            time.sleep(0.01)
    except BaseException:
        continue
