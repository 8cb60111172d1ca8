"""Makes programs that would run with other rights: setuid, setgid, with file capabilities; and device nodes."""

# kind: writing
# expect: blocked

# %%
import contextlib
import os
import shutil
import stat
import struct
import subprocess
import sys

from attack import attempt, blocked, got

# %%
shutil.copy(shutil.which("id") or "/usr/bin/id", "id")
with contextlib.suppress(OSError):
    os.chown("id", 0, 0)
with contextlib.suppress(OSError):  # a harmless attribute where the mount ignores it, and the owner is nobody
    os.chmod("id", 0o6755)
if os.stat("id").st_uid == 0 and os.getuid():
    got("a file of root's")
try:
    words = subprocess.run(["./id", "-u"], capture_output=True, text=True).stdout.strip()
except OSError as error:  # where chmod has no effect
    blocked(error)
else:
    got(f"user id {words} by a setuid program") if words and int(words) != os.getuid() else blocked(f"setuid: {words}")

# %%
capabilities = struct.pack("<IIIII", 0x02000001, 0xFFFFFFFF, 0, 0x1FF, 0)
with contextlib.suppress(OSError):
    os.setxattr("id", "security.capability", capabilities)
attempt("file capabilities", os.getxattr, "id", "security.capability")

# %%
for name, kind, number in (
    ("disk", stat.S_IFBLK, (254, 0)),
    ("memory", stat.S_IFCHR, (1, 1)),
    ("null", stat.S_IFCHR, (1, 3)),
):
    attempt(f"device {name}", os.mknod, name, kind | 0o666, os.makedev(*number))

# %%
for program in ("su", "sudo", "pkexec", "newgrp", "mount"):
    if path := shutil.which(program):
        found = subprocess.run(
            [path, "-c", "id -u"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3
        )
        got(f"{program} gave root") if found.stdout.strip() == "0" and os.getuid() else blocked(
            f"{program}: {found.stderr}"
        )
print(sys.version_info[:2])
