"""The part of grader that kernels may read and import: `in_kernel`, what confines a kernel, and the sample of MNIST.

The rest of the package stays out of the sandbox: how notebooks are judged is nothing that a notebook needs.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
# Python's `grader` in a kernel: the real one would offer names that cannot be imported there.
INIT = '"""The part of grader that runs inside a kernel."""\n'
FOLDERS = ("in_kernel",)
_CONFINING = ("capabilities", "in_child", "landlock", "process_tree", "seccomp", "selftest", "unshare")
MODULES = (
    *("sandbox/__init__.py", "sandbox/fork_server.py", "sandbox/confinement/__init__.py"),
    *(f"sandbox/confinement/{name}.py" for name in _CONFINING),
)


def parts() -> Iterator[str]:
    """Yield the paths below PACKAGE, relative to it, of all that a kernel may import, with Python's compiled files."""
    yield from FOLDERS
    for module in MODULES:
        yield module
        compiled = os.path.relpath(importlib.util.cache_from_source(str(PACKAGE / module)), PACKAGE)
        if (PACKAGE / compiled).is_file():
            yield compiled


def inside(readable: Iterable[str]) -> tuple[str, ...]:
    """Return the files below PACKAGE, relative to it, of the paths `readable` that lie there, without Python's files.

    The sample of MNIST is in a folder of the package.
    """
    found: list[str] = []
    for path in readable:
        real = os.path.realpath(path)
        if not is_inside(path):
            continue
        files = [Path(real)] if os.path.isfile(real) else sorted(Path(real).iterdir())
        found += [str(file.relative_to(PACKAGE)) for file in files if file.is_file() and not _is_code(file)]
    return tuple(found)


def is_inside(path: str) -> bool:
    """Return whether a path leads into PACKAGE."""
    return PACKAGE in (real := Path(os.path.realpath(path)), *real.parents)


def aliases(shown: Iterable[str]) -> tuple[str, ...]:
    """Return the paths of PACKAGE in a kernel that sees the folders `shown`, which may be links or below links."""
    found = {str(PACKAGE): None}
    for folder in shown:
        real = Path(os.path.realpath(folder))
        if real in PACKAGE.parents:
            found[os.path.join(folder, PACKAGE.relative_to(real))] = None
    return tuple(found)


def stage(folder: Path) -> None:
    """Make a `grader` in `folder` with links to `parts`: on it alone a kernel's path leads, if nothing can be mounted.

    Raises OSError.
    """
    top = folder / PACKAGE.name
    for part in parts():
        link = top / part
        _open_folders(link.parent, folder)
        link.symlink_to(PACKAGE / part)
    (top / "__init__.py").write_text(INIT, encoding="utf-8")
    (top / "__init__.py").chmod(0o644)


def _open_folders(path: Path, top: Path) -> None:
    """Make a folder below `top` that others may enter, whatever the umask."""
    for folder in reversed([path, *path.parents]):
        if top in (folder, *folder.parents) and not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)


def _is_code(file: Path) -> bool:
    return file.suffix in (".py", ".pyc", ".pyi")
