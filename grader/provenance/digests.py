"""Compute SHA-256 digests of all that a result depends on: submission, rubric, reference, data, grader, environment."""

from __future__ import annotations

import hashlib
import platform
import re
import stat
import sys
import sysconfig
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from grader.result import Digests

if TYPE_CHECKING:
    from grader.assignment import Assignment

_CHUNK = 1 << 20
_NOT_SOURCE = (".pyc", ".pyo")


def digests(assignment: Assignment, submission: str = "", data: str = "") -> Digests:
    """Return all digests of one grading. Those that cannot change are computed once per process."""
    rubric, reference = of_assignment(assignment)
    return Digests(submission, rubric, reference, data, of_grader(), of_environment())


def of_file(path: Path) -> str:
    """Return the digest of a file's bytes, or '' if it is not a regular file or cannot be read."""
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe could block forever
            return ""
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except (OSError, ValueError):
        return ""
    return digest.hexdigest()


def of_lines(lines: Iterable[str]) -> str:
    """Return the digest of lines of text, each ended by a newline, in UTF-8."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")).hexdigest()


def file_lines(folder: Path, files: Iterable[Path]) -> list[str]:
    """Return a line for each file, as `sha256sum` prints it: digest, two blanks, name; sorted by name.

    Names are relative to `folder`, with slashes.
    """
    named = sorted((file.relative_to(folder).as_posix(), file) for file in files)
    return [f"{of_file(file)}  {name}" for name, file in named]


def source_files(folder: Path) -> frozenset[Path]:
    """Return the files below `folder`, without hidden ones, Python's compiled ones, and translations.

    Translations change no result.
    """
    found = set()
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if (
            any(part.startswith(".") or part in ("__pycache__", "locale") for part in parts)
            or path.suffix in _NOT_SOURCE
        ):
            continue
        if path.is_file():
            found.add(path)
    return frozenset(found)


@lru_cache(maxsize=1)
def of_grader() -> str:
    """Return the digest of the grader's own files: its code, and the sample of MNIST that ships with it."""
    folder = Path(__file__).parents[1]
    return of_lines(file_lines(folder, source_files(folder)))


@lru_cache(maxsize=1)
def of_environment() -> str:
    """Return the digest of `environment_lines`."""
    return of_lines(environment_lines())


def environment_lines() -> list[str]:
    """Return Python, the platform, and every installed distribution as 'name==version', sorted.

    They are read from the names of the `.dist-info` folders: opening each one's metadata takes ten times as long.
    """
    found: dict[str, str] = {}
    for entry in sys.path:
        folder = Path(entry)
        if not entry or not folder.is_dir():
            continue
        for info in folder.glob("*.dist-info"):
            name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return [python, sysconfig.get_platform(), *(f"{name}=={found[name]}" for name in sorted(found))]


def of_assignment(assignment: Assignment) -> tuple[str, str]:
    """Return the digests of the rubric and of the reference, or ('', '') for an assignment that no package defines.

    The reference is the cells of `program`, and the files that define the models and loops or that `program` imports.
    The rubric is every other file of the package, and always the one that defines ASSIGNMENT. An assignment that was
    read from a file for students has the digest of the file, and no reference.
    """
    if assignment.file is not None:
        return assignment.file.sha256, ""
    module = _defined_in(assignment)
    if module is None or not module.__file__:
        return "", ""
    return _of_package(module.__name__, Path(module.__file__), assignment)


def _defined_in(assignment: Assignment) -> ModuleType | None:
    for name, module in list(sys.modules.items()):
        if name.endswith(".rubric") and getattr(module, "ASSIGNMENT", None) is assignment:
            return module
    return None


_KNOWN: dict[str, tuple[str, str]] = {}


def _of_package(name: str, rubric: Path, assignment: Assignment) -> tuple[str, str]:
    if name not in _KNOWN:
        folder = rubric.parent
        files = source_files(folder)
        reference = reference_files(name.rpartition(".")[0], assignment) & files
        _KNOWN[name] = (
            of_lines(file_lines(folder, files - reference | {rubric} & files)),
            of_lines([*assignment.program, *file_lines(folder, reference)]),
        )
    return _KNOWN[name]


def reference_files(package: str, assignment: Assignment) -> frozenset[Path]:
    """Return the files that define the models and functions of the reference, or that its program imports."""
    functions = [*(role.build for role in assignment.models), *(role.reference for role in assignment.loops)]
    modules = {getattr(function, "__module__", "") for function in functions}
    imports = re.compile(rf"^\s*(?:from|import)\s+({re.escape(package)}(?:\.\w+)*)", re.MULTILINE)
    modules |= {found for cell in assignment.program for found in imports.findall(cell)}
    files = {getattr(sys.modules.get(module), "__file__", None) or _imported_later(module) for module in modules}
    return frozenset(Path(file) for file in files if file)


def _imported_later(module: str) -> str | None:
    """Return the file of a module that is not loaded here, as only the reference's program imports it."""
    from importlib.util import find_spec

    try:
        spec = find_spec(module) if module else None
    except (ImportError, ValueError):
        return None
    return spec.origin if spec else None
