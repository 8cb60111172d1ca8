"""Leaves a folder that is hard to remove: very deep, without rights, with odd names, and a link at its end."""

# kind: writing
# expect: blocked

# %%
import os

from attack import target

# %%
os.mkdir("closed")
open("closed/inside", "w").close()
os.chmod("closed", 0)
os.mkdir("read-only")
open("read-only/inside", "w").close()
os.chmod("read-only", 0o500)
for name in (b"\xff\xfe", b"a\nb", b"-rf", b" ", "\u202egpj".encode(), b"x" * 255):
    open(name, "w").close()
os.symlink(target.canary_folder, "link")
os.mkfifo("pipe")

# %%
# Deeper than Python's recursion goes, and longer than a path may be.
home = os.open(".", os.O_RDONLY)
for _ in range(1500):
    os.mkdir("d" * 20)
    os.chdir("d" * 20)
os.chmod("..", 0o500)
os.fchdir(home)
