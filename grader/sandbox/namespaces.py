"""Back end 'namespaces': bubblewrap gives the kernel a world of its own, seccomp and limits do the rest.

Root, network, processes, IPC and host name are private. The root holds the system's programs and libraries, the Python
environment, the data and one bounded folder in memory; nothing else is there to be found.
"""

from __future__ import annotations

import base64
import os
import shutil

from grader.sandbox.plan import (
    CPU_TOPOLOGY,
    ETC,
    SYSTEM,
    Place,
    Plan,
    below,
    closed_to_others,
    environment,
    font_lists,
    gpu_devices,
    interpreter_paths,
    library,
    outermost,
    python,
    rlimits,
)
from grader.sandbox.seccomp import compile_filter

WORK, HOME, TEMPORARY = "/tmp/work", "/tmp/home", "/tmp"
USER = 1000  # in a user namespace: any number
SHARED_MEMORY = 256 * 1024 * 1024
_PRIVATE = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")


def bwrap() -> str | None:
    """The path of bubblewrap, None when it is not installed."""
    return shutil.which("bwrap")


def plan(place: Place) -> Plan:
    """How to start a kernel in namespaces. Raises NoSeccomp, and OSError where bubblewrap is not installed."""
    program = bwrap()
    if program is None:
        raise OSError("bubblewrap (bwrap) is not installed")
    user = USER if place.user is None else place.user
    passwd = _in_memory(f"root:x:0:0::/:/bin/false\nstudent:x:{user}:{user}::{HOME}:/bin/sh\n".encode())
    group = _in_memory(f"student:x:{user}:\n".encode())
    arguments = _in_memory(b"\0".join(os.fsencode(part) for part in _arguments(place, passwd, group)))
    confine = {
        "warden": True,  # as the first process: bubblewrap's own could be looked into and written to
        "cgroup_fds": [],
        "rlimits": rlimits(place, place.limits.tasks),
        "user": place.user,
        "read_all": _reads_all(place),
        "folders": [WORK, HOME, f"{HOME}/matplotlib"],
        "files": font_lists(HOME),
        "cwd": WORK,
        "landlock": None,
        "seccomp": base64.b64encode(compile_filter()).decode(),
    }
    command = [program, "--args", str(arguments), "--", *python()]
    variables = environment(HOME, TEMPORARY, library())
    return Plan(command, variables, confine, 2, (passwd, group, arguments), private=TEMPORARY)


def _arguments(place: Place, passwd: int, group: int) -> list[str]:
    """bubblewrap's options. Later ones cover earlier ones."""
    options = [
        *_PRIVATE,
        "--as-pid-1",
        "--die-with-parent",
        "--new-session",
        "--hostname",
        "sandbox",
        "--cap-drop",
        "ALL",
    ]
    if place.user is not None:  # real root: no user namespace, and the child gives up the rest of the capabilities
        capabilities = [
            "CAP_SETUID",
            "CAP_SETGID",
            "CAP_SETPCAP",
            *(["CAP_DAC_READ_SEARCH"] if _reads_all(place) else []),
        ]
        for capability in capabilities:
            options += ["--cap-add", capability]
    else:
        options += ["--unshare-user", "--uid", str(USER), "--gid", str(USER)]
    for path in SYSTEM:
        if os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            options += ["--ro-bind", path, path]
    options += ["--perms", "0755", "--dir", "/etc"]
    for path in ETC:
        options += ["--ro-bind-try", path, path]
    options += ["--perms", "0444", "--ro-bind-data", str(passwd), "/etc/passwd"]
    options += ["--perms", "0444", "--ro-bind-data", str(group), "/etc/group"]
    options += ["--proc", "/proc", "--dev", "/dev"]
    for device in gpu_devices() if place.gpu else ():
        options += ["--dev-bind-try", device, device]
    for folder, size in (("/dev/shm", SHARED_MEMORY), ("/tmp", place.limits.scratch_bytes)):
        options += ["--perms", "1777", "--size", str(size), "--tmpfs", folder]
    made = {"/", "/tmp", "/usr", "/etc", "/dev", "/proc"}
    for path in (*outermost([*interpreter_paths(), *place.readable]), CPU_TOPOLOGY):
        for parent in _parents(path):  # bubblewrap would give them the mode of the source's
            if parent not in made and not any(below(parent, system) for system in SYSTEM):
                options += ["--perms", "0755", "--dir", parent]
                made.add(parent)
        options += ["--ro-bind-try", path, path]
    for path in place.hidden:
        if os.path.isdir(path) and _is_visible(path, place):
            options += ["--perms", "0755", "--size", "4096", "--tmpfs", path, "--remount-ro", path]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]


def _reads_all(place: Place) -> bool:
    return place.user is not None and bool(closed_to_others(place.readable, parents=False))


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: n + 1]) for n in range(len(parts))]


def _is_visible(path: str, place: Place) -> bool:
    shown = (*SYSTEM, *interpreter_paths(), *place.readable)
    return any(below(path, folder) for folder in shown)


def _in_memory(content: bytes) -> int:
    """A descriptor of a file in memory that holds `content`."""
    descriptor = os.memfd_create("grader", 0)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
