"""Try whether this machine's git runs a command that a repository in a folder names.

A repository may say that objects which it lacks are elsewhere, and by which command they come. Until 2.39.4, 2.40.2,
2.41.1, 2.42.2, 2.43.4, 2.44.1 and 2.45.1 git ran that command when somebody cloned the folder. Distributions mend older
versions under their old numbers, so it is tried, with a command of ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import shlex
import zlib
from functools import lru_cache
from pathlib import Path

from grader.course.ingest import git
from grader.course.ingest.sources import BadFile
from grader.temporary import temporary_folder

MENDED = "2.45.1"
_WHO = b"x <x@example.org> 0 +0000"


@lru_cache(maxsize=1)
def runs_commands() -> bool:
    """Return whether git runs what a repository names. Tried once, on a repository whose command writes a file."""
    with temporary_folder("grader-git-") as folder:
        touched = folder / "touched"
        _lacking(folder / "trial", f"touch {shlex.quote(str(touched))}; false")
        with contextlib.suppress(BadFile):  # it cannot succeed: a file is missing
            git.clone(str(folder / "trial"), folder / "clone")
        return touched.exists()


def _lacking(repository: Path, command: str) -> None:
    """Write a repository of one commit whose only file is missing, and would be fetched by a command."""
    config = {
        "core": {"repositoryFormatVersion": "1", "bare": "true"},
        "extensions": {"partialClone": "trial"},
        'remote "trial"': {"promisor": "true", "url": (repository / "none").resolve().as_uri(), "uploadpack": command},
    }
    quoted = {
        section: "".join(f'\t{name} = "{_escaped(value)}"\n' for name, value in of.items())
        for section, of in config.items()
    }
    branch = repository / "refs" / "heads" / "main"
    branch.parent.mkdir(parents=True)
    (repository / "HEAD").write_text("ref: refs/heads/main\n")
    (repository / "config").write_text("".join(f"[{section}]\n{lines}" for section, lines in quoted.items()))
    missing = hashlib.sha1(b"blob 7\0missing", usedforsecurity=False).digest()
    tree = _written(repository, b"tree", b"100644 missing\0" + missing)
    commit = _written(repository, b"commit", b"tree %b\nauthor %b\ncommitter %b\n\nx\n" % (tree, _WHO, _WHO))
    branch.write_bytes(commit + b"\n")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _written(repository: Path, kind: bytes, content: bytes) -> bytes:
    """Write an object and return its name."""
    whole = b"%b %d\0%b" % (kind, len(content), content)
    name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    path = repository / "objects" / name[:2] / name[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zlib.compress(whole))
    return name.encode()
