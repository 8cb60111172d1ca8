"""Displays images without end, some of them large, and updates one display for ever."""

# kind: denial
# expect: stopped
# ends: timeout killed ok
# reason: printed|longer|memory

# %%
import os

from IPython.display import Image, display

# %%
image = b"\x89PNG\r\n\x1a\n" + os.urandom(1 << 20)
handle = display("x", display_id=True)
while True:
    display(Image(data=image, format="png"))
    handle.update("y" * 100_000)
