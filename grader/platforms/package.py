"""The files of a package for Gradescope and of one for Classroom 50."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from grader.errors import GraderError
from grader.formatting import number
from grader.version import __version__

PROGRAMS = frozenset({"setup.sh", "run_autograder", "autograder.py"})
MOST_BUNDLE = 10 * 1024 * 1024  # bytes that Classroom 50 takes, compressed
_FIELD = re.compile(r"@([A-Z0-9_]+)@")
_FORGED = (
    "Where notebooks cannot be confined, run_autograder refuses to grade and says so in its log. Then make the package "
    "again with `--isolation none`: notebooks run as what they are, programs in that container, and one that sets out "
    "to can forge its marks."
)
_OPEN = (
    "Notebooks are confined as well as the container allows, which may be not at all: one that sets out to can read "
    "what stands in the container and forge its marks."
)


class CannotPackage(GraderError):
    """Raised when a package cannot be made; the message is one sentence."""


@dataclass(frozen=True)
class Contents:
    """The contents of a package.

    `assignment` is the name under which grader finds it there: of the file for students, or of a Python package; its
    `files` are that file, or the package's. `points` are all that can be earned; `wheel` is the name and the content of
    grader's own. `isolation`, `total_seconds` and `torch_index` are the settings of the grading and the installation.
    """

    title: str
    assignment: str
    files: Mapping[str, bytes]
    points: float
    wheel: tuple[str, bytes]
    constraints: str
    isolation: str = "auto"
    total_seconds: int = 1500
    torch_index: str = ""

    @property
    def holds_solution(self) -> bool:
        """True if it is the assignment's package, with the solution, and not the file for students."""
        return self.assignment not in self.files


def gradescope_files(contents: Contents) -> dict[str, bytes]:
    """Return the files of the zip that Gradescope takes, by name."""
    return {
        "setup.sh": _filled("setup.sh", contents, shlex.quote),
        "run_autograder": _filled("run_autograder", contents, shlex.quote),
        "README.md": _filled("gradescope.md", contents, str),
        **_common(contents),
    }


def classroom50_files(contents: Contents) -> dict[str, bytes]:
    """Return the files of Classroom 50's bundle, by name. Raises CannotPackage if it would hold a solution.

    The bundle is on a public page, so that it takes the file for students only.
    """
    if contents.holds_solution:
        raise CannotPackage("everybody can download Classroom 50's bundle, so it must not hold the solution")
    files = {
        "autograder.py": _filled("autograder.py", contents, _in_python),
        "README.md": _filled("classroom50.md", contents, str),
        **_common(contents),
    }
    size = sum(len(content) for content in files.values())
    if size > MOST_BUNDLE:
        raise CannotPackage(f"the bundle has {size / 2**20:.1f} MB, and Classroom 50 takes at most 10 MB")
    return files


def _common(contents: Contents) -> dict[str, bytes]:
    name, wheel = contents.wheel
    return {name: wheel, "constraints.txt": contents.constraints.encode(), **contents.files}


def _filled(name: str, contents: Contents, quote: object) -> bytes:
    """Return a file of ours with its fields filled in, each quoted as the language of the file wants it."""
    assert callable(quote)
    values = {
        "NAME": contents.title,
        "VERSION": __version__,
        "WHEEL": contents.wheel[0],
        "ASSIGNMENT": contents.assignment,
        "ISOLATION": contents.isolation,
        "SECONDS": str(contents.total_seconds),
        "MINUTES": str(round(contents.total_seconds / 60)),
        "TORCH_INDEX": contents.torch_index,
        "POINTS": number(contents.points),
        "HUNDREDTHS": f"{round(contents.points * 100):,}",
        "SIZE": "1.6 GB" if contents.torch_index else "6 GB, most of it NVIDIA's libraries; `--torch-index` saves them",
        "HOLDS": "'s package, with the solution: keep this zip to yourself"
        if contents.holds_solution
        else "'s file for students, without the solution, which answers under the public seed",
        "CONFINED": _OPEN if contents.isolation == "none" else _FORGED,
    }
    text = (resources.files("grader.platforms") / "files" / name).read_text("utf-8")
    return _FIELD.sub(lambda field: str(quote(values[field[1]])), text).encode()


def _in_python(value: str) -> str:
    """Return text as it stands between double quotes in Python."""
    return json.dumps(value, ensure_ascii=False)[1:-1]
