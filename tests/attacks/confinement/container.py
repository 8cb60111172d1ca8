"""Runs a command as a default container would: `python -m tests.attacks.confinement.container COMMAND …`, as root.

A container of Docker's keeps root, but with 14 capabilities and a filter that refuses namespaces, mounts and what else its default profile
names; its control groups can be read only, and Python stands where everybody can read it. It has no network or process list of its own
here: the sandbox must do without.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

from tests.attacks.confinement.as_user import needed, open_the_way

CAPABILITIES = (
    0xA80425FB  # of Docker: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, …
)
BOUNDING_DROP = 24  # of prctl
NAMESPACES = 0x7E020000  # every flag of clone that makes one
BIND, READ_ONLY, REMOUNT = 4096, 1, 32
REFUSED = (
    *("mount", "umount", "umount2", "pivot_root", "unshare", "setns", "chroot", "move_mount", "open_tree", "fsopen"),
    *("fsconfig", "fsmount", "fspick", "mount_setattr", "bpf", "perf_event_open", "ptrace", "kexec_load", "reboot"),
    *(
        "init_module",
        "finit_module",
        "delete_module",
        "swapon",
        "swapoff",
        "acct",
        "quotactl",
        "sethostname",
        "setdomainname",
    ),
    *(
        "keyctl",
        "add_key",
        "request_key",
        "userfaultfd",
        "open_by_handle_at",
        "name_to_handle_at",
        "lookup_dcookie",
        "syslog",
    ),
    *("settimeofday", "clock_settime", "iopl", "ioperm", "io_uring_setup", "io_uring_enter", "io_uring_register"),
)


def restrict() -> None:
    """Become like a process of a container. Raises OSError where this is not root."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: object) -> None:
        if getattr(libc, name)(*arguments):
            raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")

    open_the_way(needed())
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = line.split()[4]
        if place.startswith("/sys"):
            call("mount", b"none", place.encode(), None, REMOUNT | BIND | READ_ONLY, None)
    _load_filter()
    for capability in range(64):  # what is not in the bounding set is lost by the next exec
        if not CAPABILITIES >> capability & 1:
            libc.prctl(BOUNDING_DROP, capability, 0, 0, 0)


def _load_filter() -> None:
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.CTL_NNP, 0)  # setuid programs work in containers
    for name in REFUSED:
        rules.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    flag = 1
    while flag <= NAMESPACES:
        if flag & NAMESPACES:
            rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
        flag <<= 1
    rules.load()


if __name__ == "__main__":
    restrict()
    os.execvp(sys.argv[1], sys.argv[1:])
