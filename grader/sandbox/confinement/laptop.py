"""Back end 'laptop': limits, and on macOS its sandbox. For people who check their own work, not for grading others.

Nothing here keeps a notebook from reading the files of the user who runs it, except sandbox-exec on macOS.
"""

from __future__ import annotations

import os
import shutil
import sys

from grader.sandbox.confinement import library
from grader.sandbox.confinement.plan import Place, Plan, environment, interpreter_paths, python, rlimits, shared_tasks
from grader.sandbox.confinement.unprivileged import box_of, in_box, shared_library

_PROFILE = """(version 1)(deny default)(allow process-fork)(allow process-exec)(allow sysctl-read)(allow mach-lookup)
(allow ipc-posix-sem)(allow ipc-posix-shm)(allow signal (target same-sandbox))
(allow file-read-metadata)(allow file-read* (literal "/") {read})
(allow file-read* file-write* {write})(deny network*)(allow network* (local unix) (remote unix (subpath {box})))"""
_MAC_SYSTEM = ("/usr", "/bin", "/sbin", "/System", "/Library", "/opt", "/private/etc", "/private/var/db", "/dev")


def plan(place: Place) -> Plan:
    """Return the plan of a kernel with limits alone. Raises OSError."""
    box = box_of(place)
    shared = shared_library(place)
    linux = sys.platform.startswith("linux")
    confine = {
        "warden": linux,
        "cgroup_fds": [],
        "rlimits": rlimits(place, shared_tasks(place.limits.tasks)),
        "user": None,
        "read_all": False,
        **in_box(box),
        "landlock": None,
        "seccomp": None,
    }
    command = python()
    if seatbelt():
        command = ["sandbox-exec", "-p", profile(place, box), *command]
    variables = environment(f"{box}/home", f"{box}/tmp", shared)
    return Plan(command, variables, confine, 1 if linux else 0, files=(box,), warden=linux)


def seatbelt() -> bool:
    """Return whether this is a Mac with the `sandbox-exec` command."""
    return sys.platform == "darwin" and shutil.which("sandbox-exec") is not None


def profile(place: Place, box: str) -> str:
    """Return the sandbox rules for macOS: read the system, Python and the data, write in `box`, no network."""

    def subpaths(paths: tuple[str, ...]) -> str:
        return " ".join(f'(subpath "{os.path.realpath(path)}")' for path in paths)

    needed = (*interpreter_paths(), *(str(library.PACKAGE / part) for part in library.parts()), *place.readable)
    read = subpaths((*_MAC_SYSTEM, *needed, str(place.folder)))
    write = subpaths((box,)) + ' (literal "/dev/null")'
    return _PROFILE.format(read=read, write=write, box=f'"{os.path.realpath(box)}"')
