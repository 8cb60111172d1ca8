"""Tell how to make a way of confining notebooks available on this machine, and whether root may confine them."""

from __future__ import annotations

import os

from grader.errors import GraderError
from grader.sandbox.confinement import capabilities, namespaces

BETTER = {
    "namespaces": "install bubblewrap (apt-get install bubblewrap) and allow user namespaces, or run as root",
    "process": "use Linux 6.12 or newer with Landlock and libseccomp",
}
IN_CONTAINER = (
    "in Podman, start the container with --user 1000 --security-opt 'unmask=/proc/*'; other containers mostly refuse it"
)
_CONTAINER_MARKS = ("/run/.containerenv", "/.dockerenv")  # of Podman and Docker


class RootLacksRights(GraderError):
    """Root may not do here what it needs to confine notebooks; the message is a sentence that also says what to do."""


def better(level: str) -> str:
    """Return what would make a level of confinement available, '' if nothing would."""
    if level == "namespaces" and namespaces.bwrap() and any(map(os.path.exists, _CONTAINER_MARKS)):
        return IN_CONTAINER
    return BETTER.get(level, "")


def becomes_others() -> bool:
    """Return whether each kernel can become another user: if root runs the grader.

    Raises RootLacksRights if this root may not do that, or not end these users' processes and remove their files.
    """
    if os.geteuid() != 0:
        return False
    lacking = capabilities.missing(capabilities.FOR_OTHER_USERS)
    if lacking:
        raise RootLacksRights(
            f"root lacks capabilities that it needs here ({', '.join(lacking)}): give them to root, "
            "or run grader as an ordinary user (in a container: --user 1000)"
        )
    return True
