"""Calls the parts of the kernel from which most escapes came: bpf, perf, io_uring, userfaultfd, keyrings, vmsplice and more."""

# kind: processes
# expect: blocked
# quick: yes

# %%
import ctypes
import struct

from attack import attempt, syscall

# %%
attempt("bpf", syscall, "bpf", 0, struct.pack("IIII", 2, 4, 4, 1) + bytes(112), 128)
attempt("perf_event_open", syscall, "perf_event_open", struct.pack("IIQ", 1, 112, 0) + bytes(96), 0, -1, -1, 0)
attempt("io_uring", syscall, "io_uring_setup", 4, ctypes.create_string_buffer(256))
attempt("userfaultfd", syscall, "userfaultfd", 0)
attempt("userfaultfd, user mode", syscall, "userfaultfd", 1)
attempt("keyctl", syscall, "keyctl", 1, b"session")
attempt("add_key", syscall, "add_key", b"user", b"name", b"data", 4, -2)
attempt("request_key", syscall, "request_key", b"user", b"name", None, -2)
attempt("fanotify", syscall, "fanotify_init", 0, 0)

# %%
# None of these with arguments that would do anything: a call that gets as far as its arguments says so.
EINVAL, EFAULT, EBADF, ENOENT, ESRCH = 22, 14, 9, 2, 3


def reaches(name: str, *args: int | bytes | None) -> str:
    """What a privileged call says; raises OSError only when it is refused as such."""
    try:
        return f"returned {syscall(name, *args)}"
    except OSError as error:
        if error.errno in (EINVAL, EFAULT, EBADF, ENOENT, ESRCH):
            return f"looked at its arguments: {error}"
        raise


for name, arguments in {
    "init_module": (b"", 0, b""),
    "finit_module": (-1, b"", 0),
    "kexec_load": (0, 1 << 20, None, 0),
    "reboot": (0, 0, 0, None),
    "swapon": (b"/nonexistent", 0),
    "settimeofday": (None, struct.pack("ii", 0, 0)),
    "sethostname": (b"hacked", 6),
    "acct": (b"/nonexistent",),
    "quotactl": (0, b"/nonexistent", 0, None),
    "iopl": (3,),
    "ioperm": (0, 1, 1),
    "process_madvise": (-1, None, 0, 20, 0),
    "move_pages": (1, 0, None, None, None, 0),
    "migrate_pages": (1, 1, None, None),
}.items():
    attempt(name, reaches, name, *arguments)
