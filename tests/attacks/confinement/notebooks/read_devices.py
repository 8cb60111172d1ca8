"""Reads the machine's memory and disks below the file system."""

# kind: reading
# expect: blocked

# %%
import glob
import os

from attack import attempt, blocked, read

# %%
for path in (
    "/proc/kcore",
    "/dev/mem",
    "/dev/kmem",
    "/dev/port",
    "/dev/kmsg",
    "/proc/kmsg",
    "/proc/vmallocinfo",
    "/dev/fuse",
):
    attempt(path, read, path) if os.path.exists(path) else blocked(path)

# %%
disks = [path for pattern in ("sd*", "vd*", "nvme*", "xvd*", "loop*", "dm-*") for path in glob.glob("/dev/" + pattern)]
for path in disks:
    attempt(path, read, path)
    attempt(f"{path}, to write", os.open, path, os.O_RDWR)


# %%
def addresses() -> str:
    line = read("/proc/kallsyms").decode()
    if int(line.split()[0], 16) == 0:
        raise OSError("addresses are hidden")
    return line


attempt("addresses of the kernel", addresses)
for path in (
    "/dev/kvm",
    "/dev/snapshot",
    "/dev/cpu/0/msr",
    "/dev/watchdog",
    "/dev/loop-control",
    "/dev/mapper/control",
):
    attempt(path, os.open, path, os.O_RDWR) if os.path.exists(path) else blocked(path)
