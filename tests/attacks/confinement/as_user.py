"""Runs a command as an ordinary user: `python -m tests.attacks.confinement.as_user COMMAND …`, as root.

The user has a home folder of its own, which is removed at the end. Where Python or the checkout stand below a folder that is closed to others,
such as root's home, they are bound into an open one of the same name, in a mount namespace that ends with the command.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

USER = 65533
NEW_NAMESPACE = 0x00020000
BIND, RECURSIVE, PRIVATE = 4096, 16384, 1 << 18


def open_the_way(paths: list[Path]) -> None:
    """Make `paths` reachable for others, in a mount namespace. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: str, place: Path, kind: str | None, flags: int, data: str | None = None) -> None:
        texts = [text.encode() if text is not None else None for text in (source, str(place), kind)]
        if libc.mount(*texts, ctypes.c_ulong(flags), data.encode() if data else None):
            raise OSError(ctypes.get_errno(), f"mount {place}: {os.strerror(ctypes.get_errno())}")

    if libc.unshare(NEW_NAMESPACE):
        raise OSError(ctypes.get_errno(), "unshare")
    mount("none", Path("/"), None, RECURSIVE | PRIVATE)
    closed: dict[Path, list[tuple[Path, int]]] = {}
    for path in paths:
        for above in reversed(path.parents):
            if not above.stat().st_mode & 0o001:
                closed.setdefault(above, []).append((path, os.open(path, os.O_PATH)))
                break
    for above, within in closed.items():
        mount("none", above, "tmpfs", 0, "mode=755")
        for path, number in within:
            path.mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{number}", path, None, BIND | RECURSIVE)
            os.close(number)


def needed() -> list[Path]:
    """The folders that have to be reached."""
    checkout = Path(__file__).resolve().parents[3]
    found = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, checkout)}
    return sorted(path for path in found if not any(other in path.parents for other in found))


def main() -> int:
    """Run the command and remove its home folder. Its exit status is the command's."""
    open_the_way(needed())
    home = tempfile.mkdtemp(prefix="home-")
    os.chown(home, USER, USER)
    user = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
    environment = {**os.environ, "HOME": home, "USER": "somebody", "LOGNAME": "somebody"}
    for name in ("XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    try:
        return subprocess.run(["setpriv", *user, *sys.argv[1:]], env=environment, check=False).returncode
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
