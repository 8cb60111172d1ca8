"""Changes what is mounted: a new file system, a bind over a file, an unmount, a pivot, the new mount calls, chroot."""

# kind: processes
# expect: blocked

# %%
import os

from attack import attempt, attempt_in_child, syscall

MS_BIND, MS_REMOUNT = 4096, 32

# %%
os.makedirs("m/old", exist_ok=True)
attempt("tmpfs", syscall, "mount", b"none", b"m", b"tmpfs", 0, None)
attempt("proc", syscall, "mount", b"proc", b"m", b"proc", 0, None)
attempt("bind", syscall, "mount", b"/", b"m", None, MS_BIND, None)
attempt("writable root", syscall, "mount", None, b"/", None, MS_REMOUNT | MS_BIND, None)
for place in (b"/proc", b"/tmp", b"/dev", b"/home", b"/"):
    attempt(f"unmount {place.decode()}", syscall, "umount2", place, 2)

# %%
attempt("pivot_root", syscall, "pivot_root", b"m", b"m/old")
attempt_in_child("chroot", lambda: os.chroot("m"))
attempt("open_tree", syscall, "open_tree", -100, b"/", 1)
attempt("fsopen", syscall, "fsopen", b"tmpfs", 0)
attempt("move_mount", syscall, "move_mount", -100, b"/proc", -100, b"m", 0)
attempt("mount_setattr", syscall, "mount_setattr", -100, b"/", 0, bytes(32), 32)
