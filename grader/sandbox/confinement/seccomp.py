"""Refuse system calls that no notebook needs and that have led out of sandboxes, by a seccomp filter.

The filter is compiled outside with libseccomp. The child itself loads it, as the last step before student code may run.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import tempfile

REFUSED = (
    # other processes' memory and state
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise", "perf_event_open"),
    # mounts and namespaces
    *("mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "move_mount", "open_tree", "fsopen", "fsconfig"),
    *("fsmount", "fspick", "mount_setattr", "quotactl", "swapon", "swapoff", "open_by_handle_at", "name_to_handle_at"),
    # large and new parts of the kernel
    *(
        "bpf",
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "keyctl",
        "add_key",
        "request_key",
    ),
    *("fanotify_init", "personality", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "lookup_dcookie"),
    # memory, semaphores and queues that outlive processes and that others may open
    *("shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv"),
    *("msgctl", "mq_open", "mq_unlink"),
    # names of files that others create, even in folders that cannot be listed
    *("inotify_init", "inotify_init1"),
    # the machine
    *("reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "acct", "syslog"),
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "iopl", "ioperm"),
    *("vhangup", "nfsservctl"),
)
# Landlock does not govern these. Where the child runs as the grader's user, they do nothing and report success, because
# shutil.copy and the like use them on the notebook's own files.
WITHOUT_EFFECT = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("utime", "utimes", "futimesat", "utimensat"),
)
# By name: the index of the argument that names the process (0 for the caller), and the error for any other process.
# Error 0 means to do nothing and report success: libzmq schedules a thread of its own, and aborts if that fails.
OWN_ONLY = {
    "setpriority": (1, errno.EPERM),
    "prlimit64": (0, errno.EPERM),
    "ioprio_set": (1, errno.EPERM),
    "sched_setaffinity": (0, 0),
    "sched_setscheduler": (0, 0),
    "sched_setparam": (0, 0),
    "sched_setattr": (0, 0),
}
_LEASE, _NOTIFY = 1024, 1026  # of fcntl: others that open the file have to wait
_SET_FLAGS, _SET_ATTRIBUTES = 0x40086602, 0x401C5820  # of ioctl, on the notebook's own files
_NEW_NAMESPACES = (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000, 0x00000080)
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # they type into the terminal of the grader
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


class NoSeccomp(Exception):
    """This system cannot compile a filter; the message says why."""


@functools.lru_cache(maxsize=2)
def compile_filter(own_files: bool = False) -> bytes:
    """Return the filter as a BPF program. Raises NoSeccomp.

    `own_files`: the child runs as the grader's user, and could change files and processes of that user.
    """
    try:
        import pyseccomp

        rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    except Exception as error:  # no package, no libseccomp, an unknown architecture
        raise NoSeccomp(f"libseccomp cannot be used ({error})") from None

    def refuse(name: str, number: int, *arguments: object) -> None:
        try:
            rules.add_rule(pyseccomp.ERRNO(number), name, *arguments)
        except (RuntimeError, ValueError, OSError):
            if name in ("socket", "clone", "ptrace"):  # a filter without these is worthless
                raise NoSeccomp(f"libseccomp rejects the rule for {name}") from None

    for name in REFUSED:
        refuse(name, errno.EPERM)
    if own_files:
        for name in WITHOUT_EFFECT:
            refuse(name, 0)
        for name, (position, number) in OWN_ONLY.items():
            refuse(name, number, pyseccomp.Arg(position, pyseccomp.NE, 0))
    for command in (_LEASE, _NOTIFY):
        refuse("fcntl", errno.EPERM, pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, command))
    for name in ("memfd_create", "memfd_secret"):  # memory outside any process, which no limit counts
        refuse(name, errno.ENOSYS)
    refuse("clone3", errno.ENOSYS)  # a filter cannot see its flags; libraries fall back to clone
    for flag in _NEW_NAMESPACES:
        refuse("clone", errno.EPERM, pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    for request in (_TIOCSTI, _TIOCLINUX, _SET_FLAGS, _SET_ATTRIBUTES):
        refuse("ioctl", errno.EPERM, pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, request))
    for name in ("socket", "socketpair"):
        refuse(name, errno.EACCES, pyseccomp.Arg(0, pyseccomp.NE, 1))  # AF_UNIX only
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def load_filter(program: bytes) -> None:
    """Load a compiled filter into this process, for good; it can gain no privileges afterwards. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges(libc)
    argument = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(argument), 0, 0):
        raise OSError(ctypes.get_errno(), f"the seccomp filter is refused: {os.strerror(ctypes.get_errno())}")


def no_new_privileges(libc: ctypes.CDLL) -> None:
    """Keep all programs that this process starts, setuid or not, from gaining privileges. Raises OSError."""
    if libc.prctl(38, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS is refused")
