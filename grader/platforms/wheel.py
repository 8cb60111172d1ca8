"""Make a wheel of the grader that runs, from a checkout or from an installation, and list the versions it needs."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from importlib import metadata
from pathlib import Path

from grader.errors import GraderError

DISTRIBUTION = "torch-grader"
_LEFT_OUT = {"__pycache__"}
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same files give the same wheel
_NAME = re.compile(r"^[A-Za-z0-9._-]+")


class NoWheel(GraderError):
    """Raised when this installation of grader has no metadata to make a wheel from."""


def grader_wheel() -> tuple[str, bytes]:
    """Return the name and the content of a wheel that holds this grader. Raises NoWheel."""
    try:
        installed = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise NoWheel(f"grader is not installed as the package '{DISTRIBUTION}': install it with pip first") from None
    described = installed.read_text("METADATA") or installed.read_text("PKG-INFO")
    if described is None:
        raise NoWheel(f"the installation of '{DISTRIBUTION}' has no metadata: install it with pip again")
    top = Path(__file__).resolve().parents[1]
    files = {
        path.relative_to(top.parent).as_posix(): path.read_bytes()
        for path in sorted(top.rglob("*"))
        if path.is_file() and not _LEFT_OUT.intersection(path.parts)
    }
    stem = f"{DISTRIBUTION.replace('-', '_')}-{installed.version}"
    information = f"{stem}.dist-info"
    files[f"{information}/METADATA"] = described.encode()
    files[f"{information}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: grader\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{information}/entry_points.txt"] = _ENTRY_POINTS
    files[f"{information}/RECORD"] = _record(files, f"{information}/RECORD")
    return f"{stem}-py3-none-any.whl", zipped(files)


_ENTRY_POINTS = b"""[console_scripts]
grader = grader.cli.main:main

[pytest11]
grader.pytest_plugin = grader.pytest_plugin
"""


def _record(files: dict[str, bytes], own: str) -> bytes:
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{own},,", ""]).encode()


def zipped(files: dict[str, bytes], programs: frozenset[str] = frozenset()) -> bytes:
    """Return a zip archive of the files; those that are `programs` may be executed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the permissions count
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            target.writestr(entry, content)
    return archive.getvalue()


def constraints() -> str:
    """Return the versions of the packages here that grader needs with its extra `colab`, as pip reads constraints."""
    found: dict[str, str] = {}
    left = [DISTRIBUTION]
    while left:
        name = left.pop()
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for line in installed.requires or ():
            extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
            needed = _NAME.match(line)
            if needed is None or (extra and (name, extra[1]) != (DISTRIBUTION, "colab")):
                continue
            key = re.sub(r"[-_.]+", "-", needed[0]).lower()
            if key not in found:
                try:
                    found[key] = metadata.version(key).partition("+")[0]  # '+cpu' is in no index but torch's own
                except metadata.PackageNotFoundError:
                    continue
                left.append(key)
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))
