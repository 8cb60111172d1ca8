"""A class of git repositories: which commit counts, whose it is, and that nothing in a repository takes effect."""

import json
import os
import shutil
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from grader.course.ingest import git, git_trial
from grader.course.ingest.collect import ClassOptions, read_repositories
from grader.course.ingest.pushes import Push, pushed_by, read_events, read_reflog
from grader.course.ingest.repositories import check_out_all, read_list
from grader.course.ingest.sources import BadFile, IngestError
from tests.course.ingest.made_up import NOTEBOOK, make_folder

DUE = datetime(2026, 11, 1, 23, 59, tzinfo=timezone.utc)


def run(folder, *words, at="2026-10-30T12:00:00Z"):
    identity = {f"GIT_{who}_{what}": "x@example.edu" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=os.environ | identity | dates, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder, files, at="2026-10-30T12:00:00Z"):
    make_folder(folder, files)
    if not (folder / ".git").exists():
        run(folder, "init", "-q", "-b", "main")
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "-m", "x", at=at)
    return run(folder, "rev-parse", "HEAD")


@pytest.fixture
def jane(tmp_path):
    """A repository with a commit before the deadline and one after it."""
    folder = tmp_path / "repos" / "jane"
    commit(folder, {"hw.ipynb": NOTEBOOK, "utils.py": "x = 1"})
    commit(folder, {"hw.ipynb": NOTEBOOK + " "}, at="2026-11-02T08:00:00Z")
    return folder


def read(tmp_path, rows, due=DUE, events=None):
    listed = tmp_path / "class.csv"
    listed.write_text("id,name,repository\n" + "".join(f"{row}\n" for row in rows))
    (tmp_path / "into").mkdir()
    return read_repositories(listed, tmp_path / "out", tmp_path / "into", ClassOptions(due=due), events)


def test_the_last_commit_before_the_deadline_counts(tmp_path, jane):
    found = read(tmp_path, ["3031,Jane Doe,repos/jane", "3032,Hans Müller,repos/nobody"])
    first, second = found.submissions
    assert (first.name, first.student_id, first.student_name) == ("3031", "3031", "Jane Doe")
    assert first.path.read_text() == NOTEBOOK
    assert first.late is False
    assert first.superseded[0].startswith("commits after ")
    assert [name for name, _ in first.beside] == ["utils.py"]
    assert "is no folder" in second.problem
    assert any("whoever commits can set" in note for note in found.notes)


def test_without_a_deadline_the_last_commit_counts(tmp_path, jane):
    (one,) = read(tmp_path, ["3031,Jane Doe,repos/jane"], due=None).submissions
    assert one.path.read_text() == NOTEBOOK + " "
    assert one.late is None
    assert one.superseded == ()


def test_who_has_only_late_commits_is_late(tmp_path):
    commit(tmp_path / "late", {"hw.ipynb": NOTEBOOK}, at="2026-11-03T08:00:00Z")
    (one,) = read(tmp_path, ["1,A,late"]).submissions
    assert one.late is True
    assert not one.problem


def test_a_bare_repository_says_when_it_was_pushed_to(tmp_path, jane):
    """A commit that is dated back was pushed when it was pushed."""
    bare = tmp_path / "server.git"
    run(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    run(bare, "config", "core.logAllRefUpdates", "true")
    run(jane, "push", "-q", str(bare), "main~1:refs/heads/main", at="2026-10-31T12:00:00Z")
    before = commit(jane, {"hw.ipynb": "dated back"}, at="2026-10-30T13:00:00Z")
    run(jane, "push", "-q", str(bare), "main", at="2026-11-04T12:00:00Z")
    log = read_reflog(bare, "main")
    assert [push.at.day for push in log] == [31, 4]
    assert log[-1].head == before
    found = read(tmp_path, ["3031,Jane Doe,server.git"])
    (one,) = found.submissions
    assert one.path.read_text() == NOTEBOOK
    assert one.submitted == datetime(2026, 10, 31, 12, tzinfo=timezone.utc)
    assert not any("whoever commits" in note for note in found.notes)


def test_githubs_events_say_when_commits_were_pushed(tmp_path):
    def event(at, head, before):
        payload = {"ref": "refs/heads/main", "head": head, "before": before}
        return {"type": "PushEvent", "repo": {"name": "Class/hw3-jane"}, "created_at": at, "payload": payload}

    pages = [[event("2026-11-02T10:00:00Z", "b" * 40, "a" * 40), {"type": "WatchEvent"}]]
    pages.append([event("2026-11-01T10:00:00Z", "a" * 40, "0" * 40), {"type": "PushEvent", "payload": None}])
    file = tmp_path / "events.json"
    file.write_text("\n".join(map(json.dumps, pages)))  # as `gh api --paginate` prints them
    pushes = read_events(file)["class/hw3-jane"]
    assert pushed_by(pushes, DUE) == ("a" * 40, datetime(2026, 11, 1, 10, tzinfo=timezone.utc))
    assert pushed_by(pushes, None)[0] == "b" * 40
    assert pushed_by(pushes[1:], DUE) == ("a" * 40, None)
    assert pushed_by((), DUE) == ("", None)
    file.write_text("no json")
    with pytest.raises(IngestError, match="holds no events"):
        read_events(file)


def test_a_commit_that_was_pushed_away_is_told(tmp_path, jane, monkeypatch):
    gone = Push(datetime(2026, 10, 31, tzinfo=timezone.utc), "c" * 40, branch="main")
    monkeypatch.setattr("grader.course.ingest.repositories._pushes", lambda *_: (gone,))
    found = read(tmp_path, ["3031,Jane Doe,repos/jane"])
    assert any("is gone from the branch" in note for note in found.notes)
    assert found.submissions[0].path.read_text() == NOTEBOOK


def test_nothing_of_a_repository_takes_effect(tmp_path):
    """Hooks, filters, links, submodules and the folder's own settings: none runs, none leads anywhere."""
    folder, touched = tmp_path / "evil", tmp_path / "touched"
    commit(folder, {"hw.ipynb": NOTEBOOK, ".gitattributes": "*.ipynb filter=evil\n"})
    (folder / "secret.ipynb").symlink_to("/etc/passwd")
    commit(folder, {"sub/x.txt": "x"})
    hook = folder / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {touched}\n")
    hook.chmod(0o755)
    for name in (
        "filter.evil.smudge",
        "core.fsmonitor",
        "gpg.program",
        "uploadpack.packObjectsHook",
        "core.sshCommand",
    ):
        run(folder, "config", name, f"touch {touched}")
    run(folder, "config", "log.showSignature", "true")
    (one,) = read(tmp_path, ["1,A,evil"]).submissions
    assert one.path.read_text() == NOTEBOOK
    assert not touched.exists()
    assert [path.name for path in one.path.parent.rglob("*.ipynb")] == ["hw.ipynb"]


def test_no_object_is_fetched_from_where_a_repository_says(tmp_path):
    """A file is missing, and the folder's settings name a command that would bring it."""
    folder, touched = tmp_path / "evil", tmp_path / "touched"
    commit(folder, {"hw.ipynb": NOTEBOOK})
    blob = run(folder, "rev-parse", "HEAD:hw.ipynb")
    (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    settings = {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "evil",
        "remote.evil.promisor": "true",
        "remote.evil.url": f"file://{tmp_path}/x",
        "remote.evil.uploadpack": f"touch {touched}; false",
    }
    for name, value in settings.items():
        run(folder, "config", name, value)
    (one,) = read(tmp_path, ["1,A,evil"]).submissions
    assert one.problem
    assert not touched.exists()


def test_a_folder_is_refused_if_git_would_run_what_it_names(tmp_path, jane, monkeypatch):
    """An older git is stood in for by this one, told to fetch as older ones do."""
    real, shim = shutil.which("git"), tmp_path / "bin" / "git"
    shim.parent.mkdir()
    old = "--upload-pack='GIT_NO_LAZY_FETCH=0 git-upload-pack'"
    shim.write_text(
        f'#!/bin/sh\nfor word; do shift; set -- "$@" "$word"; [ "$word" = clone ] && set -- "$@" {old}; done\n'
        f'exec {real} "$@"\n'
    )
    shim.chmod(0o755)
    assert not git_trial.runs_commands()
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    git_trial.runs_commands.cache_clear()
    try:
        assert git_trial.runs_commands()
        (one,) = read(tmp_path, ["3031,Jane Doe,repos/jane"]).submissions
        assert "is in a folder, and the git of this machine would run commands" in one.problem
        assert "install git 2.45.1 or newer, or give the repository's address" in one.problem
    finally:
        git_trial.runs_commands.cache_clear()


@pytest.mark.parametrize(
    "address", ["ext::sh -c touch% x", "http://example.org/x", "--upload-pack=touch x", "git://x/y"]
)
def test_other_kinds_of_addresses_are_not_used(tmp_path, address):
    listed = tmp_path / "class.csv"
    listed.write_text(f'id,repository\n1,"{address}"\n')
    (one,) = check_out_all(read_list(listed), tmp_path / "into", None)
    assert "which is not used" in one.problem or "no folder" in one.problem


def test_a_password_in_an_address_is_not_shown(tmp_path):
    listed = tmp_path / "class.csv"
    listed.write_text("id,repository\n1,https://jane:secret@localhost:1/hw3\n")
    (one,) = check_out_all(read_list(listed), tmp_path / "into", None)
    assert "cannot be cloned" in one.problem
    assert "secret" not in one.problem


def test_a_clone_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_SSH_COMMAND", "sleep 60 #")
    began = time.monotonic()
    with pytest.raises(BadFile, match="was not read within"):
        git.clone("ssh://localhost/x", tmp_path / "x", seconds=0.5)
    assert time.monotonic() - began < 10


def test_a_notebook_in_git_lfs_and_an_empty_repository_are_told(tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    commit(tmp_path / "lfs", {"hw.ipynb": pointer})
    (tmp_path / "empty").mkdir()
    run(tmp_path / "empty", "init", "-q", "-b", "main")
    commit(tmp_path / "bare", {"README.md": "hello"})
    lfs, empty, none = read(tmp_path, ["1,A,lfs", "2,B,empty", "3,C,bare"]).submissions
    assert "Git LFS" in lfs.problem
    assert "holds no commit" in empty.problem
    assert none.problem == "no notebook was handed in, only README.md"


def test_of_several_notebooks_the_last_changed_counts(tmp_path):
    commit(tmp_path / "r", {"z_first.ipynb": "{}"}, at="2026-10-01T00:00:00Z")
    commit(tmp_path / "r", {"a_second.ipynb": NOTEBOOK}, at="2026-10-02T00:00:00Z")
    (one,) = read(tmp_path, ["1,A,r"]).submissions
    assert one.path.name == "a_second.ipynb"
    assert one.superseded == ("z_first.ipynb",)


def test_a_repository_that_lists_too_many_files_is_told(tmp_path, monkeypatch):
    """Seven folders in each other, each ten times: a few objects name ten million files."""
    folder = tmp_path / "r"
    commit(folder, {"hw.ipynb": NOTEBOOK})
    tree = run(folder, "rev-parse", "HEAD^{tree}")
    for _ in range(7):
        listed = "".join(f"040000 tree {tree}\tf{at}\n" for at in range(10))
        done = subprocess.run(["git", "mktree"], cwd=folder, input=listed, capture_output=True, text=True, check=True)
        tree = done.stdout.strip()
    run(folder, "reset", "-q", "--soft", run(folder, "commit-tree", "-m", "x", tree))
    monkeypatch.setattr(git, "MAX_LIST", 1 << 20)
    (one,) = read(tmp_path, ["1,A,r"]).submissions
    assert "is larger than" in one.problem


def test_a_repository_that_is_too_large_is_told(tmp_path, monkeypatch):
    commit(tmp_path / "r", {"hw.ipynb": NOTEBOOK, "large.bin": os.urandom(1 << 20)})
    monkeypatch.setattr(git, "MAX_PACK", 1 << 18)
    (one,) = read(tmp_path, ["1,A,r"]).submissions
    assert "is larger than" in one.problem


def test_limits_on_what_is_taken_out(tmp_path, monkeypatch):
    commit(tmp_path / "r", {"hw.ipynb": NOTEBOOK, **{f"{at}.txt": str(at) * 50 for at in range(6)}})
    monkeypatch.setattr(git, "_AT_A_TIME", 100)
    monkeypatch.setattr(git, "MAX_FILES", 4)
    (one,) = read(tmp_path, ["1,A,r"]).submissions
    assert [(name, path.read_text()) for name, path in one.beside] == [(f"{at}.txt", str(at) * 50) for at in range(3)]


def test_a_notebook_that_is_too_large_is_told(tmp_path, monkeypatch):
    commit(tmp_path / "r", {"hw.ipynb": NOTEBOOK})
    monkeypatch.setattr(git, "MAX_FILE", 10)
    (one,) = read(tmp_path, ["1,A,r"]).submissions
    assert "which is larger than" in one.problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\nJane\n", "must name its columns"),
        ("id,repository\n", "lists no repositories"),
        ("id,repository\n,x\n", "does not say whose"),
        ("id,repository\n1,x\n1,y\n", "two repositories of 1"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path, text, message):
    file = tmp_path / "class.csv"
    file.write_text(text)
    with pytest.raises(IngestError, match=message):
        read_list(file)


def test_a_branch_can_be_named(tmp_path):
    commit(tmp_path / "r", {"hw.ipynb": NOTEBOOK})
    run(tmp_path / "r", "checkout", "-q", "-b", "hand-in")
    commit(tmp_path / "r", {"hw.ipynb": "handed in"})
    run(tmp_path / "r", "checkout", "-q", "main")
    listed = Path(tmp_path / "class.csv")
    listed.write_text("id,repository,branch\n1,r,hand-in\n2,r,--upload-pack=x\n")
    good, bad = check_out_all(read_list(listed), tmp_path / "into", None)
    assert (good.folder / "hw.ipynb").read_text() == "handed in"
    assert "has no branch" in bad.problem
