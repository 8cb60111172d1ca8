"""`grader review`: people are added, changed, listed and removed on the command line, and the log tells it."""

from __future__ import annotations

import io
import json
import os
import select
import sys
import time
from pathlib import Path

import pytest

from grader.cli.class_files import login_name
from grader.cli.exit_status import FAILED, PASSED
from grader.cli.main import main
from grader.course.audit import changes
from grader.course.people import Person, is_password, people, person_called
from grader.course.store import Store
from tests.course.class_store import make_class

PASSWORD = "correct horse battery"
OTHER = "another horse, another battery"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return make_class(tmp_path / "graded")


class Line:
    """The command line over a class: what is written to it, and what it says."""

    def __init__(self, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.out, self._monkeypatch, self._capsys = out, monkeypatch, capsys

    def run(self, *arguments: str, typed: str = PASSWORD, status: int = PASSED) -> str:
        """Run `grader review`; return what it said, which is one sentence if it fails."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
        try:
            found = main(["review", str(self.out), *arguments])
        except SystemExit as error:  # argparse has told why
            found = int(error.code or 0)
        said = self._capsys.readouterr()
        assert found == status, said.err
        if status != PASSED:
            assert said.err.strip().splitlines()[-1].startswith("grader")
            assert "Traceback" not in said.err
            assert "unexpected" not in said.err
        assert typed not in said.out + said.err or not typed
        return said.out + said.err

    def person(self, name: str = "eva") -> Person:
        with Store(self.out) as store:
            found = person_called(store, name)
        assert found is not None
        return found


@pytest.fixture
def line(out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Line:
    return Line(out, monkeypatch, capsys)


def an_item(out: Path) -> str:
    with Store(out) as store:
        return store.items()[0]


# --- what is stored ----------------------------------------------------------------------------------------------


def test_a_person_is_added_listed_and_removed(line: Line) -> None:
    item = an_item(line.out)
    said = line.run("--add-person", "eva", "--items", item, "--students", "anna, ben")
    assert said == f"eva may now log in as assistant; items {item}; students anna, ben\n"
    line.run("--add-person", "ben", "--role", "instructor", typed=OTHER)
    listed = line.run("--people")
    assert listed == f"ben: instructor\neva: assistant; items {item}; students anna, ben\n"
    assert is_password(PASSWORD, line.person().password)
    assert not is_password(OTHER, line.person().password)
    assert PASSWORD not in line.person().password
    assert line.run("--remove-person", "eva") == "eva is removed\n"
    assert line.run("--people") == "ben: instructor\n"


def test_what_is_not_given_stays_so_that_a_new_password_allows_nothing_more(line: Line) -> None:
    item = an_item(line.out)
    line.run("--add-person", "eva", "--items", item, "--students", "anna")
    line.run("--add-person", "eva", typed=OTHER)
    found = line.person()
    assert (found.role, found.items, found.students) == ("assistant", (item,), ("anna",))
    assert is_password(OTHER, found.password)
    line.run("--add-person", "eva", "--students", "all")
    assert (line.person().items, line.person().students) == ((item,), ())
    line.run("--add-person", "eva", "--role", "instructor")
    assert line.person().is_instructor
    assert "an instructor may do everything" in line.run("--add-person", "eva", "--items", item, status=FAILED)
    line.run("--add-person", "eva", "--role", "assistant", "--items", item)
    assert (line.person().role, line.person().items) == ("assistant", (item,))


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        (["--add-person", ""], PASSWORD, "a person's name is one line of at most 100 printable characters"),
        (["--add-person", "eva\x1b[2J"], PASSWORD, "a person's name is one line of at most 100 printable characters"),
        (["--add-person", "e" * 101], PASSWORD, "a person's name is one line of at most 100 printable characters"),
        (["--add-person", "eva"], "", "a password has 10 to 1000 characters"),
        (["--add-person", "eva"], "too short", "a password has 10 to 1000 characters"),
        (["--add-person", "eva"], "x" * 1001, "a password has 10 to 1000 characters"),
        (["--add-person", "eva"], "\udcff\udcfe 12345678", "a password is text"),
        (["--add-person", "eva", "--items", "q77"], PASSWORD, "there is no item 'q77' in this class"),
        (["--add-person", "eva", "--students", "zoe"], PASSWORD, "there is no submission 'zoe' in this class"),
        (["--add-person", "eva", "--items", ","], PASSWORD, "name at least one, or write all"),
        (["--add-person", "eva", "--role", "dean"], PASSWORD, "invalid choice: 'dean'"),
        (["--add-person", "eva", "--role", "instructor", "--students", "anna"], PASSWORD, "are for assistants"),
        (["--add-person", "eva", "--people"], PASSWORD, "give one of --add-person, --remove-person and --people"),
        (["--remove-person", "eva", "--people"], "", "give one of --add-person, --remove-person and --people"),
        (["--people", "--role", "assistant"], "", "--role, --items and --students belong to --add-person"),
        (["--remove-person", "otto"], "", "there is no person called 'otto'"),
        (["--remove-person", ""], "", "there is no person called ''"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(line: Line, arguments: list[str], typed: str, sentence: str) -> None:
    assert sentence in line.run(*arguments, typed=typed, status=FAILED)
    with Store(line.out) as store:
        assert people(store) == []
        assert list(changes(store)) == []


def test_a_folder_without_results_is_told(line: Line, tmp_path: Path) -> None:
    line.out = tmp_path / "nowhere"
    for arguments in (["--people"], ["--add-person", "eva"], ["--remove-person", "eva"]):
        assert str(line.out) in line.run(*arguments, status=FAILED)
    assert not line.out.exists()


# --- the log of changes ------------------------------------------------------------------------------------------


def test_the_log_says_who_changed_whom_but_no_password(line: Line) -> None:
    item = an_item(line.out)
    line.run("--add-person", "eva", "--items", item)
    line.run("--add-person", "eva", typed=OTHER)
    line.run("--add-person", "eva", "--role", "instructor")
    line.run("--remove-person", "eva")
    with Store(line.out) as store:
        removed, changed, again, added = changes(store)
        rows = store.query("SELECT * FROM audit")
        hashes = [text for (text,) in store.query("SELECT before || after FROM audit")]
    assert {one.who for one in (removed, changed, again, added)} == {login_name()}
    actions = ["add person", "change person", "change person", "remove person"]
    assert [one.action for one in (added, again, changed, removed)] == actions
    assert added.before == {}
    assert added.after == {"name": "eva", "role": "assistant", "items": [item], "students": [], "password": "set"}
    assert (again.before["password"], again.after["password"]) == ("set", "set again")
    assert (again.before["items"], again.after["items"]) == ([item], [item])
    assert (changed.before["role"], changed.after["role"]) == ("assistant", "instructor")
    assert removed.before["name"] == "eva"
    assert removed.after == {}
    text = json.dumps(rows) + "".join(hashes)
    assert "scrypt" not in text
    assert PASSWORD not in text
    assert OTHER not in text


# --- at a terminal -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(
    ("answers", "sentence", "status"),
    [
        ((PASSWORD, PASSWORD), "eva may now log in as assistant", PASSED),
        ((PASSWORD, OTHER), "the two passwords differ; nothing was changed", FAILED),
        (("\x04",), "no password was given; nothing was changed", FAILED),
    ],
)
def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    out: Path, answers: tuple[str, ...], sentence: str, status: int
) -> None:
    import pty

    child, terminal = pty.fork()
    if child == 0:  # its terminal is ours
        os.execv(sys.executable, [sys.executable, "-m", "grader", "review", str(out), "--add-person", "eva"])
    said, asked, until = "", 0, time.monotonic() + 60
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                said += os.read(terminal, 4096).decode()
            except OSError:  # the command has ended
                break
        if asked < len(answers) and said.count(": ") > asked:
            os.write(terminal, answers[asked].encode() + (b"" if answers[asked] == "\x04" else b"\n"))
            asked += 1
    os.close(terminal)
    _, ended = os.waitpid(child, 0)
    assert (sentence in said, os.waitstatus_to_exitcode(ended)) == (True, status), said
    assert "Password for eva" in said
    assert PASSWORD not in said
    assert OTHER not in said
    with Store(out) as store:
        assert len(people(store)) == (status == PASSED)
