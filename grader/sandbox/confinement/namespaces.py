"""Back end 'namespaces': bubblewrap isolates the kernel, seccomp and limits do the rest.

Root, network, processes, IPC and host name are private. The root contains the system's programs and libraries, the
Python environment, the data and one folder in memory of limited size; nothing else is visible.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import shutil
import subprocess
from collections.abc import Mapping

from grader.sandbox.confinement import library
from grader.sandbox.confinement.plan import (
    CPU_TOPOLOGY,
    ETC,
    SYSTEM,
    UNCONFINED,
    Place,
    Plan,
    below,
    closed_to_others,
    environment,
    font_lists,
    gpu_devices,
    grader_folder,
    interpreter_paths,
    outermost,
    python,
    rlimits,
)
from grader.sandbox.confinement.seccomp import compile_filter

WORK, HOME, TEMPORARY = "/tmp/work", "/tmp/home", "/tmp"
USER = 1000  # in a user namespace: any number
SHARED_MEMORY = 256 * 1024 * 1024
PACKAGE_BYTES = 1024 * 1024  # of memory, for the names of what is mounted there
NAMING_SECONDS = 10.0
_PRIVATE = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")


def bwrap() -> str | None:
    """Return the path of bubblewrap, None if it is not installed."""
    return shutil.which("bwrap")


@functools.lru_cache(maxsize=1)
def can_name_host() -> bool:
    """Return whether an ordinary user can name the host of new namespaces: Podman's system call filter refuses it."""
    program = bwrap()
    if program is None:
        return False
    command = [program, "--unshare-user", "--unshare-uts", "--hostname", "sandbox", "--bind", "/", "/", "true"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, timeout=NAMING_SECONDS, check=False).returncode == 0
    return False


def plan(place: Place) -> Plan:
    """Return the plan of a kernel in namespaces. Raises NoSeccomp, and OSError if bubblewrap is not installed."""
    command, descriptors = _bubblewrap(place)
    confine = _confine(place)
    return Plan(command, environment(HOME, TEMPORARY, grader_folder()), confine, 2, descriptors, private=TEMPORARY)


def server_plan(place: Place) -> Plan:
    """Return the plan of a fork server for kernels of `forked_plan`. Raises OSError if bubblewrap is not installed."""
    command, descriptors = _bubblewrap(place, server=True)
    confine = {**UNCONFINED, "folders": [HOME, f"{HOME}/matplotlib"], "files": font_lists(HOME)}
    return Plan(command, environment(HOME, TEMPORARY, grader_folder()), confine, 0, descriptors)


def forked_plan(place: Place) -> Plan:
    """Return the plan of a kernel that a fork server starts. Raises NoSeccomp."""
    tmpfs = {"/dev/shm": SHARED_MEMORY, "/tmp": place.limits.scratch_bytes}
    own = {
        "user": USER if place.user is None else None,
        "tmpfs": list(tmpfs.items()),
        "kept": [
            path for path in (*_visible(place), *_packages(place)) if any(below(path, folder) for folder in tmpfs)
        ],
        "files": _accounts(place),
    }
    confine = {**_confine(place), "namespaces": own}
    return Plan((), environment(HOME, TEMPORARY, grader_folder()), confine, 2, private=TEMPORARY)


def _accounts(place: Place) -> dict[str, str]:
    """Return the contents of /etc/passwd and /etc/group, with the kernel's user."""
    user = USER if place.user is None else place.user
    users = f"root:x:0:0::/:/bin/false\nstudent:x:{user}:{user}::{HOME}:/bin/sh\n"
    return {"/etc/passwd": users, "/etc/group": f"student:x:{user}:\n"}


def _confine(place: Place) -> dict[str, object]:
    return {
        "warden": True,  # it is the first process: the kernel could read and write bubblewrap's own
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


def _bubblewrap(place: Place, server: bool = False) -> tuple[list[str], tuple[int, ...]]:
    """Return the command, and the descriptors that it reads: its options, and files in memory."""
    program = bwrap()
    if program is None:
        raise OSError("bubblewrap (bwrap) is not installed")
    passwd, group = (_in_memory(text.encode()) for text in _accounts(place).values())
    packages = {path: _in_memory(library.INIT.encode()) for path in _packages(place)}
    options = _arguments(place, passwd, group, packages, server)
    arguments = _in_memory(b"\0".join(map(os.fsencode, options)))
    descriptors = (passwd, group, *packages.values(), arguments)
    return [program, "--args", str(arguments), "--", *python()], descriptors


def _arguments(place: Place, passwd: int, group: int, packages: Mapping[str, int], server: bool) -> list[str]:
    """Return bubblewrap's options; later ones override earlier ones. A `server` may make further namespaces."""
    options = [
        *_PRIVATE,
        "--as-pid-1",
        "--die-with-parent",
        "--new-session",
        *(("--hostname", "sandbox") if place.user is not None or can_name_host() else ()),
        "--cap-drop",
        "ALL",
    ]
    if place.user is not None:  # real root: no user namespace, and the child drops the remaining capabilities
        capabilities = [
            "CAP_SETUID",
            "CAP_SETGID",
            "CAP_SETPCAP",
            *(["CAP_DAC_READ_SEARCH"] if _reads_all(place) else []),
            *(["CAP_SYS_ADMIN"] if server else []),
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
    as_file = "--file" if server else "--ro-bind-data"  # nothing can be mounted over the latter, which has no name
    options += ["--perms", "0444", as_file, str(passwd), "/etc/passwd"]
    options += ["--perms", "0444", as_file, str(group), "/etc/group"]
    # In a user namespace only a process that sees all of /proc may mount it again; bubblewrap covers parts of its own.
    options += ["--bind", "/proc", "/proc"] if server and place.user is None else ["--proc", "/proc"]
    options += ["--dev", "/dev"]
    for device in gpu_devices() if place.gpu else ():
        options += ["--dev-bind-try", device, device]
    for folder, size in (("/dev/shm", SHARED_MEMORY), ("/tmp", place.limits.scratch_bytes)):
        options += ["--perms", "1777", "--size", str(size), "--tmpfs", folder]
    made = {"/", "/tmp", "/usr", "/etc", "/dev", "/proc"}
    for path in (*_visible(place), CPU_TOPOLOGY):
        for parent in _parents(path):  # bubblewrap itself would copy the mode of the source's parents
            if parent not in made and not any(below(parent, system) for system in SYSTEM):
                options += ["--perms", "0755", "--dir", parent]
                made.add(parent)
        options += ["--ro-bind-try", path, path]
    for package, init in packages.items():
        options += _package(place, package, init, made)
    for path in place.hidden:
        if os.path.isdir(path) and _is_visible(path, place):
            options += ["--perms", "0755", "--size", "4096", "--tmpfs", path, "--remount-ro", path]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]


def _package(place: Place, package: str, init: int, made: set[str]) -> list[str]:
    """Return the options that cover a path of the package `grader` by the part of it that kernels may read."""
    options: list[str] = []
    for parent in _parents(package):
        if parent not in made and not any(below(parent, folder) for folder in (*SYSTEM, *_visible(place))):
            options += ["--perms", "0755", "--dir", parent]
            made.add(parent)
    options += ["--perms", "0755", "--size", str(PACKAGE_BYTES), "--tmpfs", package]
    options += ["--perms", "0444", "--file", str(init), f"{package}/__init__.py"]
    folders: set[str] = set()
    for part in (*library.parts(), *library.inside(place.readable)):
        for parent in _parents(part):
            if parent not in folders:
                options += ["--perms", "0755", "--dir", package + parent]
                folders.add(parent)
        options += ["--ro-bind-try", str(library.PACKAGE / part), f"{package}/{part}"]
    return [*options, "--remount-ro", package]


def _packages(place: Place) -> tuple[str, ...]:
    """Return the paths at which the kernel sees the package `grader`."""
    return library.aliases([*SYSTEM, *_visible(place)])


def _visible(place: Place) -> tuple[str, ...]:
    """Return the paths that the kernel may read beside the system's folders and the part of `grader`."""
    return outermost([*interpreter_paths(), *(path for path in place.readable if not library.is_inside(path))])


def _reads_all(place: Place) -> bool:
    return place.user is not None and bool(closed_to_others(place.readable, parents=False))


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: n + 1]) for n in range(len(parts))]


def _is_visible(path: str, place: Place) -> bool:
    shown = (*SYSTEM, *interpreter_paths(), *place.readable)
    return any(below(path, folder) for folder in shown)


def _in_memory(content: bytes) -> int:
    """Return the descriptor of a file in memory that contains `content`."""
    descriptor = os.memfd_create("grader", 0)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
