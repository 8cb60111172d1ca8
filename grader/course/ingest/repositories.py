"""Read a class of git repositories, one for each student: which commit counts, and the files in it."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from grader.course.ingest import git, git_trial
from grader.course.ingest.pushes import Push, pushed_by, read_reflog
from grader.course.ingest.sources import BadFile, IngestError, hidden
from grader.course.ingest.submissions import safe_name
from grader.files import read_regular

MAX_LIST = 16 << 20
CLONES = 8  # at a time
_ADDRESSES = ("repository", "repo", "url", "clone url", "repository url", "student repository url", "path", "folder")
_IDS = ("id", "student id", "number", "student number", "username", "user name", "github username", "login", "email")
_NAMES = ("name", "student", "full name", "roster identifier")
_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Repository:
    """A student's repository: an address by https or ssh, or a folder. `branch` is '' for its main branch."""

    label: str
    address: str
    student_id: str = ""
    student_name: str = ""
    branch: str = ""


@dataclass(frozen=True)
class Checkout:
    """A repository: the files of the commit that counts, in `folder`, or the `problem` that kept it away.

    `time` is when the commit was pushed, if `pushed`, else the commit's own time. `later` says that commits after it do
    not count.
    """

    repository: Repository
    folder: Path
    commit: str = ""
    time: datetime | None = None
    pushed: bool = False
    later: str = ""
    problem: str = ""
    note: str = ""


def read_list(path: Path) -> tuple[Repository, ...]:
    """Read the list of repositories, a CSV file with a column `repository`, and `id`, `name` or both.

    Folders are relative to the file. Raises IngestError.
    """
    try:
        data, _ = read_regular(path, MAX_LIST)
    except OSError as error:
        raise IngestError(f"cannot read the list of repositories '{path}': {error.strerror or error}") from None
    text = data.decode("utf-8-sig", "replace").replace("\0", "")
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=text.partition("\n")[0].count)))
    except csv.Error as error:
        raise IngestError(f"'{path}' is not a CSV file ({error})") from None
    header = [re.sub(r"[\W_]+", " ", cell).strip().casefold() for cell in rows[0]] if rows else []
    places = [next((header.index(one) for one in names if one in header), None) for names in (_ADDRESSES, _IDS, _NAMES)]
    branch = header.index("branch") if "branch" in header else None
    if places[0] is None or (places[1] is None and places[2] is None):
        raise IngestError(
            f"'{path}' must name its columns in the first line: repository, and id, name or both; such as "
            "id,name,repository"
        )
    found, taken = [], set[str]()
    for row in rows[1:]:
        address, number, name, on = (
            row[place].strip() if place is not None and place < len(row) else "" for place in (*places, branch)
        )
        label = safe_name(number or name) if number or name else ""
        if not address and not label:
            continue
        if not label:
            raise IngestError(f"'{path}' does not say whose repository {_shown(address)} is")
        if label.casefold() in taken:
            raise IngestError(f"'{path}' has two repositories of {label}; give each student one line")
        taken.add(label.casefold())
        where = address if not address or git.is_address(address) else str(path.parent / Path(address).expanduser())
        found.append(Repository(label, where, number, name, on))
    if not found:
        raise IngestError(f"'{path}' lists no repositories")
    return tuple(found)


def check_out_all(
    repositories: Sequence[Repository],
    into: Path,
    due: datetime | None,
    pushes: Mapping[str, tuple[Push, ...]] | None = None,
) -> tuple[Checkout, ...]:
    """Clone the repositories into the folder `into`, several at a time; one that cannot be read stops no other."""
    if not all(git.is_address(one.address) for one in repositories):
        git_trial.runs_commands()  # once, before several ask
    with ThreadPoolExecutor(CLONES) as pool:
        jobs = [
            pool.submit(_check_out, one, into / f"{number:05}", due, pushes or {})
            for number, one in enumerate(repositories)
        ]
        return tuple(job.result() for job in jobs)


def _check_out(one: Repository, into: Path, due: datetime | None, events: Mapping[str, tuple[Push, ...]]) -> Checkout:
    bare, folder = into / "repository", into / "files"
    result = Checkout(one, folder)
    try:
        folder.mkdir(parents=True)
        _refuse(one)
        if (one.branch and not re.fullmatch(r"[\w./+-]+", one.branch)) or one.branch.startswith("-"):
            raise BadFile(f"has no branch {one.branch!r}")
        git.clone(one.address, bare, one.branch)
        result = _chosen(result, bare, due, _pushes(one, bare, events))
        _take_out(bare, result.commit, folder)
        return result
    except (BadFile, OSError) as error:
        return replace(result, problem=f"the repository {_shown(one.address)} {error}")


def _refuse(one: Repository) -> None:
    if not one.address:
        raise BadFile("is missing: the list names none")
    if git.is_address(one.address):
        return
    if re.match(r"\w+::|\w+://", one.address.rpartition("/")[2]) or "://" in one.address or "::" in one.address:
        raise BadFile("has an address of another kind than https:// and ssh://, which is not used")
    if not Path(one.address).is_dir():
        raise BadFile("is no folder on this machine")
    if git_trial.runs_commands():
        raise BadFile(
            "is in a folder, and the git of this machine would run commands that a repository there names: install git "
            f"{git_trial.MENDED} or newer, or give the repository's address"
        )


def _pushes(one: Repository, bare: Path, events: Mapping[str, tuple[Push, ...]]) -> tuple[Push, ...]:
    """Return what is known of the pushes to the branch that was cloned."""
    head = (bare / "HEAD").read_text("utf-8", "replace").strip().removeprefix("ref: refs/heads/")
    if git.is_address(one.address):
        name = "/".join(re.split(r"[/:]", one.address.removesuffix(".git").rstrip("/"))[-2:]).casefold()
        return tuple(push for push in events.get(name, ()) if push.branch == head)
    if "/" not in head and (Path(one.address) / "HEAD").is_file():  # a bare repository that was pushed to
        return read_reflog(Path(one.address), head)
    return ()


def _chosen(result: Checkout, bare: Path, due: datetime | None, pushes: tuple[Push, ...]) -> Checkout:
    """Return the checkout with the commit that counts: the last before the deadline, else the last."""
    states = git.commits(bare)
    if not states:
        raise BadFile("holds no commit")
    newest = states[0][0]
    commit, at = pushed_by(pushes, due)
    note = ""
    if commit and not git.has_commit(bare, commit):
        note = f"{result.repository.label}: the commit {commit[:10]} that was pushed in time is gone from the branch"
        commit, pushes = "", ()
    if at is not None and commit:
        later = f"commits after {commit[:10]}" if commit != newest else ""
        return replace(result, commit=commit, time=at, pushed=True, later=later)
    names = [name for name, _ in states]
    if commit in names:  # pushed before what is known of
        states = states[names.index(commit) :]
    elif pushes:  # all of them are late, and before them there was nothing
        return replace(result, commit=newest, time=pushes[-1].at, pushed=True)
    in_time = [state for state in states if due is None or _time(state[1]) <= due.astimezone()]
    commit, seconds = in_time[0] if in_time else states[0]
    later = f"commits after {commit[:10]}" if commit != newest else ""
    return replace(result, commit=commit, time=_time(seconds), later=later, note=note)


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, timezone.utc)


def _take_out(bare: Path, commit: str, folder: Path) -> None:
    """Write the files of a commit into the folder. Raises BadFile for a notebook that cannot be had."""
    left = git.MAX_TOTAL
    wanted: list[git.Entry] = []
    entries = [entry for entry in git.files(bare, commit) if not hidden(entry.path)]
    for entry in sorted(entries, key=lambda one: (one.path.suffix.lower() != ".ipynb", one.size, one.path)):
        if entry.size <= min(left, git.MAX_FILE) and len(wanted) < git.MAX_FILES:
            wanted.append(entry)
            left -= entry.size
        elif entry.path.suffix.lower() == ".ipynb":
            raise BadFile(f"holds '{entry.path.name}', which is larger than {git.MAX_FILE >> 20} MiB")
    for entry, data in git.contents(bare, wanted):
        notebook = entry.path.suffix.lower() == ".ipynb"
        if notebook and data.startswith(_LFS):
            raise BadFile(f"keeps '{entry.path.name}' in Git LFS, which is not fetched: commit the notebook itself")
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        if notebook:
            time = git.changed_at(bare, commit, entry.path)
            os.utime(target, (time, time))


def _shown(address: str) -> str:
    """Return an address without a password in it."""
    return f"'{re.sub(r'://[^/@]*@', '://', address)}'"
