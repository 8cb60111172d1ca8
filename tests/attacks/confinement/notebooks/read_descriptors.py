"""Looks at the descriptors that it inherited, opens them anew for writing, and uses memfd to run a program without a file."""

# kind: reading
# expect: blocked

# %%
import os
import stat

from attack import attempt, blocked, got, target

# %%
private = [os.path.realpath(p) for p in (target.checkout, target.home, target.planted, target.neighbour_folder)]
for name in sorted(os.listdir("/proc/self/fd"), key=int):
    number = int(name)
    try:
        path, mode, flags = os.readlink(f"/proc/self/fd/{name}"), os.fstat(number).st_mode, os.get_inheritable(number)
    except OSError:
        continue  # the listing's own
    print(number, path, stat.filemode(mode), flags)
    if stat.S_ISDIR(mode) and not path.startswith(os.path.dirname(os.getcwd())):
        got(f"a descriptor of the folder {path}")
    if any(path.startswith(folder) for folder in private) and "site-packages" not in path and stat.S_ISREG(mode):
        got(f"a descriptor of {path}")

# %%
# Opened read-only by the one who started us, opened anew for writing by us.
for name in sorted(os.listdir("/proc/self/fd"), key=int):
    path = f"/proc/self/fd/{name}"
    try:
        stands = os.readlink(path)
    except OSError:
        continue
    if stands.startswith("/") and not stands.startswith(("/dev/", os.path.dirname(os.getcwd()), "/tmp", "/proc")):
        attempt(f"{stands}, to write", os.open, path, os.O_WRONLY)

# %%
attempt("the interpreter, to write", os.open, "/proc/self/exe", os.O_WRONLY)
try:
    number = os.memfd_create("x")
    os.write(number, b"#!/bin/sh\ncat " + target.secret_files[0].encode() + b"\n")
except OSError as reason:
    blocked(f"a program in memory: {reason}")
else:
    if os.fork() == 0:
        try:
            os.execve(number, ["x"], {})
        except OSError:
            os._exit(1)
    _, status = os.wait()
    if status == 0:
        got("a secret by a program in memory")
    else:
        blocked(f"a program in memory: status {status}")
