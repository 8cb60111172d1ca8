"""Changes what is known of files outside: mode, owner, times, extended attributes, flags."""

# kind: writing
# expect: blocked
# harmless: yes

# %%
import fcntl
import os
import struct
from collections.abc import Callable

from attack import attempt, target


# %%
def changes(path: str, function: Callable[..., object], *arguments: object) -> str:
    """Call it; raises OSError also when it has no effect, of which a sandbox may say nothing."""
    before = os.stat(path), os.listxattr(path)
    function(path, *arguments)
    if (os.stat(path), os.listxattr(path)) == before:
        raise OSError("without effect")
    return "changed"


# Reading is allowed of some, and Landlock does not watch over these calls: something else must.
for path in (target.canary, target.readable_file):
    attempt(f"chmod {path}", changes, path, os.chmod, 0o666)
    attempt(f"chown {path}", changes, path, os.chown, os.getuid(), 7)
    attempt(f"utime {path}", changes, path, os.utime, (1, 1))
    attempt(f"setxattr {path}", changes, path, os.setxattr, "user.x", b"y")


# %%
def set_flags(path: str) -> None:
    """No access times any more: what needs no privilege but ownership."""
    with open(path) as file:
        fcntl.ioctl(file, 0x40086602, struct.pack("l", 0x80))


for path in (target.canary, target.readable_file):
    attempt("flags", set_flags, path)
