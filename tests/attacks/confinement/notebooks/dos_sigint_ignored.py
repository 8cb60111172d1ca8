"""Ignores the signals by which programs are asked to end."""

# kind: denial
# expect: stopped
# ends: killed
# reason: longer

# %%
import contextlib
import signal

# %%
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    with contextlib.suppress(OSError):
        signal.signal(number, signal.SIG_IGN)
while True:
    pass
