"""Back end 'process': for machines that refuse namespaces, such as containers.

Where the grader is root, the child becomes a separate user. It gives up all paths but a few with Landlock, and system
calls with seccomp. The system and a watchdog limit its resources; a warden ends the processes that it leaves behind.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

from grader.sandbox.confinement import landlock, library
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
    interpreter_paths,
    python,
    rlimits,
    shared_tasks,
)
from grader.sandbox.confinement.seccomp import compile_filter

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_PROC = (
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/version"),
    *("/proc/filesystems", "/proc/vmstat", "/proc/sys/kernel/osrelease", "/proc/sys/vm/overcommit_memory"),
)
# Parts of /proc/self, without "net" and "task", which show the machine's network.
_OWN_PROC = (
    *("status", "stat", "statm", "maps", "smaps", "smaps_rollup", "cmdline", "environ", "limits", "io", "comm", "exe"),
    *("fd", "fdinfo", "cgroup", "auxv", "oom_score", "oom_score_adj", "wchan", "loginuid", "ns"),
)


def plan(place: Place) -> Plan:
    """Return the plan of a kernel that confines itself. Raises NoSeccomp and OSError."""
    box = box_of(place)
    shared = shared_library(place)
    confine = {
        "warden": True,
        "cgroup_fds": [],
        "rlimits": rlimits(place, place.limits.tasks if place.user is not None else shared_tasks(place.limits.tasks)),
        "user": place.user,
        "read_all": place.user is not None and bool(closed_to_others(place.readable)),
        **in_box(box),
        "landlock": list(rules(place, box, shared)),
        "seccomp": base64.b64encode(compile_filter(own_files=place.user is None)).decode(),
    }
    variables = environment(f"{box}/home", f"{box}/tmp", shared)
    return Plan(python(), variables, confine, 1, files=(box,), warden=True)


def server_plan(place: Place) -> Plan:
    """Return the plan of a fork server, whose kernels confine themselves as `plan` says. Raises OSError."""
    place.folder.chmod(0o711)  # its kernels import `grader` from here, as other users
    home = place.folder / "home"
    confine = {**UNCONFINED, "folders": [f"{home}/matplotlib"], "files": font_lists(str(home))}
    return Plan(python(), environment(str(home), str(place.folder), shared_library(place)), confine, 0)


def rules(place: Place, box: str, shared: str) -> Iterator[tuple[str, int]]:
    """Yield the paths and rights that the child keeps."""
    hidden = [*map(os.path.realpath, place.hidden), str(library.PACKAGE)]
    for path in (*SYSTEM, *interpreter_paths(), *place.readable):
        if library.is_inside(path):
            yield os.path.realpath(path), landlock.LIST
        else:
            yield from without(os.path.realpath(path), hidden)
    for part in (*library.parts(), *library.inside(place.readable)):
        yield str(library.PACKAGE / part), landlock.READ
    for path in (*ETC, *_PROC, CPU_TOPOLOGY, *_DEVICES, shared):
        yield path, landlock.READ
    yield "/proc/self", landlock.LIST
    for name in _OWN_PROC:
        yield f"/proc/self/{name}", landlock.READ
    everything = landlock.write_rights()
    yield box, everything
    yield "/dev/null", everything
    yield "/dev/shm", everything & ~landlock.LIST  # names of other kernels' files there cannot be guessed
    for device in gpu_devices() if place.gpu else ():
        yield device, everything


def without(folder: str, hidden: list[str]) -> Iterator[tuple[str, int]]:
    """Yield rules to read `folder` except the `hidden` paths in it; names in folders above these can be listed."""
    inside = [path for path in hidden if below(path, folder)]
    if not inside:
        yield folder, landlock.READ
    elif folder not in inside:
        yield folder, landlock.LIST
        for entry in sorted(os.listdir(folder)):
            path = os.path.join(folder, entry)
            # A link such as `lib64` of a virtual environment would open what it leads to, with the hidden paths in it.
            if not (os.path.islink(path) and any(below(one, os.path.realpath(path)) for one in inside)):
                yield from without(path, inside)


def box_of(place: Place) -> str:
    """Make the only folder that the kernel may write to, and return its path."""
    box = place.folder / "box"
    box.mkdir(mode=0o700)
    if place.user is not None:
        place.folder.chmod(0o711)  # can be entered, but not listed
        os.chown(box, place.user, place.user)
    return str(box)


def in_box(box: str) -> dict[str, object]:
    """Return the settings of `confine` for the kernel's own files in `box`."""
    home = f"{box}/home"
    return {
        "folders": [f"{box}/work", home, f"{home}/matplotlib", f"{box}/tmp"],
        "files": font_lists(home),
        "cwd": f"{box}/work",
    }


def shared_library(place: Place) -> str:
    """Make a folder with the part of `grader` that a kernel may import, and return its path. Raises OSError."""
    folder = place.folder / "library"
    library.stage(folder)
    return str(folder)
