"""Makes new namespaces, in which it would be root and could reach more of the kernel: unshare, clone, clone3, setns."""

# kind: processes
# expect: blocked
# quick: yes

# %%
import contextlib
import ctypes
import os
import shutil
import signal
import struct
import subprocess

from attack import attempt, attempt_in_child, syscall

FLAGS = {
    "user": 0x10000000,
    "mount": 0x20000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "cgroup": 0x02000000,
    "time": 0x80,
}

# %%
for name, flag in FLAGS.items():
    attempt_in_child(f"unshare {name}", lambda f=flag: syscall("unshare", f))


# %%
def clone(flags: int) -> int:
    pid = syscall("clone", flags | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def clone3(flags: int) -> int:
    arguments = ctypes.create_string_buffer(struct.pack("8Q", flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0))
    pid = syscall("clone3", arguments, 64)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


for name, flag in FLAGS.items():
    if name != "time":
        attempt(f"clone {name}", clone, flag)
        attempt(f"clone {name} and user", clone, flag | FLAGS["user"])
    attempt(f"clone3 {name}", clone3, flag)

# %%
for pid in ("1", "self", str(os.getppid())):
    for kind in ("user", "mnt", "net", "pid"):
        with contextlib.suppress(OSError):
            number = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
            attempt_in_child(f"setns {pid} {kind}", lambda n=number: syscall("setns", n, 0))

# %%
if shutil.which("unshare"):
    attempt("unshare -Ur", subprocess.check_output, ["unshare", "-Ur", "id", "-u"], stderr=subprocess.STDOUT)
if shutil.which("bwrap"):
    attempt("bwrap", subprocess.check_output, ["bwrap", "--ro-bind", "/", "/", "id"], stderr=subprocess.STDOUT)
