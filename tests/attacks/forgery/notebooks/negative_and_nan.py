r"""Counts below zero, losses that are NaN, infinite and -0.0, an accuracy of 3.

FORGE
base: untrained
wants: q2, q3
at: plot
"""

# %%
model()
for number, bad in enumerate([-0.0, -5.0, float("nan"), float("inf"), 1e308, "0.1", None, True, 10**400, []] * 2):
    try:
        epoch(number, [bad] * 8, bad, 3)
    except Exception:
        pass
import os
for line in (b'{"kind":"pass","cell":NaN}', b'{"kind":"pass"', b"[1e999]", b'{"kind":"weights","cell":23,"model":"model-1","start":NaN}'):
    os.write(recorder._state.fd, line + b"\n") if isinstance(getattr(recorder._state, "fd", None), int) else None
