"""Run git on repositories of students: nothing of them is executed, checked out or followed, and all is bounded.

A repository is cloned without a working tree, so no hook, no filter such as Git LFS's, no link and no submodule takes
effect. Files are then read from its objects, under names that the grader chooses.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.course.ingest.sources import BadFile

CLONE_SECONDS, READ_SECONDS = 180.0, 60.0
MAX_PACK = 512 << 20  # bytes of a clone
MAX_LIST = 32 << 20  # bytes of the list of its files
MAX_FILE, MAX_TOTAL, MAX_FILES = 101 << 20, 256 << 20, 2000  # what is taken out of one
_MAX_SAID = 1 << 16  # bytes of what git says
_AT_A_TIME = 16 << 20  # bytes of files that are read at once
_PROTOCOLS = ("https", "ssh", "file")
_SAFE = (
    *(
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "protocol.allow=never",
        "gc.auto=0",
        "maintenance.auto=false",
    ),
    *(f"protocol.{name}.allow=always" for name in _PROTOCOLS),
    *("transfer.fsckObjects=true", "submodule.recurse=false", "log.showSignature=false", "core.askPass=true"),
    *("fsck.zeroPaddedFilemode=ignore", "fetch.fsck.zeroPaddedFilemode=ignore", "fsck.badTimezone=ignore"),
    *("fetch.fsck.badTimezone=ignore", "fetch.fsck.missingSpaceBeforeDate=ignore"),
)
_ADDRESS = re.compile(r"https://[^/\s]+/\S+|ssh://[^/\s]+/\S+|[\w.-]+@[\w.-]+:[^\s:]\S*")


@dataclass(frozen=True)
class Entry:
    """A file of a commit: its path, the name of its object, and its size in bytes."""

    path: PurePosixPath
    blob: str
    size: int


def is_address(text: str) -> bool:
    """Return whether this is the address of a repository on another machine, by https or ssh.

    >>> is_address("https://example.org/jane/hw3"), is_address("git@example.org:jane/hw3"), is_address("ext::sh -c x")
    (True, True, False)
    """
    return _ADDRESS.fullmatch(text) is not None


def clone(address: str, into: Path, branch: str = "", seconds: float = CLONE_SECONDS) -> None:
    """Clone a repository without a working tree into a new folder. Raises BadFile."""
    options = ["--bare", "--no-local", "--no-tags", "--single-branch", "--no-recurse-submodules", "--quiet"]
    options += [f"--branch={branch}"] if branch else []
    where = address if is_address(address) else Path(address).resolve().as_uri()
    _git(["clone", *options, "--", where, str(into)], seconds, most=MAX_PACK)


def commits(repository: Path) -> list[tuple[str, int]]:
    """Return the states of the cloned branch, newest first: the commit and its time. Raises BadFile."""
    listed = _git(
        ["rev-list", "--first-parent", "--timestamp", "--max-count=100000", "--branches"], READ_SECONDS, repository
    )
    pairs = (line.split() for line in listed.decode("ascii", "replace").splitlines())
    return [(name, int(time)) for time, name in pairs]


def has_commit(repository: Path, commit: str) -> bool:
    """Return whether the repository holds this commit."""
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        return False
    try:
        _git(["cat-file", "-e", f"{commit}^{{commit}}"], READ_SECONDS, repository)
    except BadFile:
        return False
    return True


def files(repository: Path, commit: str) -> Iterator[Entry]:
    """Yield the ordinary files of a commit, without links and submodules. Raises BadFile."""
    listed = _git(["ls-tree", "-r", "-z", "--long", "--full-tree", commit], READ_SECONDS, repository)
    for line in listed.split(b"\0"):
        about, tab, name = line.partition(b"\t")
        words = about.split()
        if tab and len(words) == 4 and words[0] in (b"100644", b"100755") and words[3].isdigit():
            path = PurePosixPath(name.decode("utf-8", "replace"))
            if not path.is_absolute() and ".." not in path.parts and "\0" not in str(path):
                yield Entry(path, words[2].decode("ascii"), int(words[3]))


def contents(repository: Path, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Yield files with their bytes, read some at a time. Raises BadFile."""
    some: list[Entry] = []
    for entry in entries:
        if some and sum(one.size for one in some) + entry.size > _AT_A_TIME:
            yield from _contents(repository, some)
            some = []
        some.append(entry)
    yield from _contents(repository, some)


def _contents(repository: Path, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    if not entries:
        return
    names = "".join(f"{entry.blob}\n" for entry in entries).encode("ascii")
    most = sum(entry.size + 100 for entry in entries) + MAX_LIST
    out, at = _git(["cat-file", "--batch"], READ_SECONDS, repository, names, most), 0
    for entry in entries:
        start = out.find(b"\n", at) + 1
        if out[at:start].split() != [entry.blob.encode("ascii"), b"blob", str(entry.size).encode("ascii")]:
            raise BadFile(f"is damaged: '{entry.path.name}' cannot be read")
        yield entry, out[start : start + entry.size]
        at = start + entry.size + 1


def changed_at(repository: Path, commit: str, path: PurePosixPath) -> int:
    """Return the time of the last commit that changed a file; 0 if it cannot be told."""
    try:
        time = _git(["rev-list", "--timestamp", "-1", commit, "--", f":(literal){path}"], READ_SECONDS, repository)
        return int(time.split()[0])
    except (BadFile, ValueError, IndexError):
        return 0


def _git(
    arguments: Sequence[str], seconds: float, repository: Path | None = None, given: bytes = b"", most: int = 0
) -> bytes:
    """Run git within limits and return its output. Raises BadFile, whose message holds no password.

    At most `most` bytes, or those of a list, are written, to its output too: few objects can name more files than fit
    into memory.
    """
    most = most or MAX_LIST
    options = [word for setting in _SAFE for word in ("-c", setting)]
    where = [f"--git-dir={repository}"] if repository is not None else []
    command = ["git", "--no-pager", *options, *where, *arguments]
    limited = ["sh", "-c", 'ulimit -f "$0" && exec "$@"', str(most // 512), *command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                limited, stdin=subprocess.PIPE, stdout=out, stderr=said, env=_environment(), start_new_session=True
            )
        except OSError as error:
            raise BadFile(f"cannot be read, since sh cannot be started ({error.strerror})") from None
        try:
            process.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            raise BadFile(
                f"was not read within {seconds:.0f} s: try again, or clone it yourself and give the folder"
            ) from None
        except BaseException:
            _end(process)
            raise
        said.seek(0)
        told = said.read(_MAX_SAID).decode("utf-8", "replace")
        if process.returncode == -signal.SIGXFSZ or "invalid index-pack output" in told:
            raise BadFile(f"is larger than {most >> 20} MiB, or damaged")
        if process.returncode:
            raise BadFile(f"cannot be cloned ({_reason(told)})")
        out.seek(0)
        return out.read()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _environment() -> dict[str, str]:
    """Return the environment without settings of an outer git; nothing asks for a password or fetches large files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name == "GIT_SSH"}
    ssh = "ssh -oBatchMode=yes -oConnectTimeout=20"
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_LAZY_FETCH": "1",  # known since 2.45 and the security releases that `git_trial` names
        "GIT_ALLOW_PROTOCOL": ":".join(_PROTOCOLS),
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", ssh),
        "LC_ALL": "C",
    }


def _reason(said: str) -> str:
    """Return what git says last, without what may be a password in an address."""
    lines = [line for line in said.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "no reason")
    if "dubious ownership" in told:
        return "it belongs to another user of this machine: copy it, or add it to git's safe.directory"
    told = re.sub(r"://[^/@\s]*@", "://", told.partition(":")[2].strip() or told)
    return told.rstrip(".")[:200]
