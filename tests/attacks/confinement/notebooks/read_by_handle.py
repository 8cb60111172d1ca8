"""Opens files by handle or inode number, past all folders in between (the way out of old containers)."""

# kind: reading
# expect: blocked

# %%
import contextlib
import ctypes
import os
import struct

from attack import attempt, blocked, syscall, target

# %%
folders = []
for path in ("/", ".", "/etc", "/usr"):
    with contextlib.suppress(OSError):
        folders.append(os.open(path, os.O_RDONLY))
AT_FDCWD = -100


def handle_of(path: str) -> ctypes.Array[ctypes.c_char]:
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    mount = ctypes.create_string_buffer(8)
    syscall("name_to_handle_at", AT_FDCWD, path.encode(), handle, mount, 0)
    return handle


# %%
# The root of many file systems has inode 2 (ext4) or 128 (xfs): a handle can be made up.
made_up = [ctypes.create_string_buffer(struct.pack("IiQ", 8, 1, inode)) for inode in (2, 128, 256)]
for folder in folders:
    for handle in made_up:
        attempt("a made-up handle", syscall, "open_by_handle_at", folder, handle, os.O_RDONLY)

# %%
for path in (target.secret_files[0], "/etc/passwd", "."):
    try:
        handle = handle_of(path)
    except OSError as error:
        blocked(error)
        continue
    attempt(f"the handle of {path}", syscall, "open_by_handle_at", folders[0], handle, os.O_RDONLY)
