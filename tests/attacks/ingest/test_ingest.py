"""What a student hands in decides about nobody else's submission, name or number, and never stops the class.

In each class Mallory attacks; Alice and Bob are honest.
"""

from __future__ import annotations

import io
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.course.csv_text import csv_rows, csv_text, raw_rows
from grader.course.ingest.collect import Class, ClassOptions, read_class
from grader.course.ingest.roster import Roster, parse_roster
from grader.course.ingest.sources import IngestError
from grader.course.ingest.submissions import Submission
from grader.course.summary_csv import summary_csv
from grader.course.verify_summary import read_table, wrong_rows
from grader.result import Result, Student
from tests.conftest import make_result
from tests.course.ingest.made_up import NOTEBOOK, make_folder, make_zip

pytestmark = pytest.mark.attack
Files = Mapping[str, str | bytes]
Read = Callable[..., Class]
A, B, M = "Alice Good_1_assignsubmission_file_", "Bob_3_assignsubmission_file_", "Mallory Evil_2_assignsubmission_file_"
ATTACK = "Mallory's"
ROSTER = "id,name,login\n101,Alice Good,alice\n102,Mallory Evil,mallory\n103,Bob Fair,bob\n"
SWAPPED = "id,name,login\n102,Mallory Evil,alice\n101,Alice Good,mallory\n102,Mallory Evil,Alice Good\n"
KNOWN = parse_roster(ROSTER, "roster")


def packed(files: Files) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return memory.getvalue()


@pytest.fixture(params=["zip", "folder"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Read:
    """Return a function that reads files once as an archive and once as an unpacked folder."""

    def read_files(files: Files, layout: str = "auto", roster: Roster | None = None) -> Class:
        (tmp_path / "temporary").mkdir()
        if request.param == "zip":
            path = make_zip(tmp_path / "class.zip", files)
        else:
            path = make_folder(tmp_path / "class", files)
        return read_class([path], tmp_path / "out", tmp_path / "temporary", ClassOptions(layout, roster or Roster()))

    return read_files


def text_of(one: Submission) -> str:
    return one.path.read_text(errors="replace") if not one.problem else one.problem


def who(found: Class) -> dict[str, tuple[str, str, str]]:
    """The number, the name and the notebook of each submission."""
    return {one.name: (one.student_id, one.student_name, text_of(one)) for one in found.submissions}


# --- Moodle --------------------------------------------------------------------------------------------------------

MOODLE = {f"{A}/hw.ipynb": "alice's", f"{B}/hw.ipynb": "bob's", f"{M}/hw.ipynb": "mallory's"}


@pytest.mark.parametrize(
    "name",
    [
        f"{M}/{A}hw.ipynb",
        f"{M}/{A}/hw.ipynb",
        f"{M}/deep/er/{A}/hw.ipynb",
        f"{M}/{A}zz.zip",
        f"{M}/Bob_3_assignsubmission_onlinetext_hw.ipynb",
        f"{M}/new\nline {A}hw.ipynb",
    ],
)
@pytest.mark.parametrize("above", ["", "export/"])
def test_a_moodle_name_inside_a_submission_says_nothing(read: Read, name: str, above: str) -> None:
    content = packed({f"{A}hw.ipynb": ATTACK}) if name.endswith(".zip") else ATTACK
    found = who(read({above + path: text for path, text in {**MOODLE, name: content}.items()}))
    assert list(found) == ["Alice Good_1", "Bob_3", "Mallory Evil_2"]
    assert (found["Alice Good_1"], found["Bob_3"]) == (("1", "Alice Good", "alice's"), ("3", "Bob", "bob's"))


def test_a_moodle_name_in_a_download_without_folders_says_nothing(read: Read) -> None:
    found = who(read({f"{A}hw.ipynb": "alice's", f"{M}{A}hw.ipynb": ATTACK}))
    assert found == {"Alice Good_1": ("1", "Alice Good", "alice's"), "Mallory Evil_2": ("2", "Mallory Evil", ATTACK)}


def test_two_moodle_downloads_in_one_folder_are_read_as_before(read: Read) -> None:
    found = who(read({f"monday/{A}/hw.ipynb": "a", f"friday/group 2/{B}/hw.ipynb": "b"}))
    assert {name: text for name, (_, _, text) in found.items()} == {"Alice Good_1": "a", "Bob_3": "b"}


# --- Blackboard and Canvas -----------------------------------------------------------------------------------------

T1, T2 = "_attempt_2026-01-01-10-00-00", "_attempt_2026-02-02-10-00-00"
BLACKBOARD = {
    f"HW_1_alice{T1}_hw.ipynb": "alice's",
    f"HW_1_alice{T1}.txt": "Name: Alice Good (alice)\r\nAssignment: HW 1\r\n",
    f"HW_1_mallory{T1}_hw.ipynb": "mallory's",
    f"HW_1_mallory{T1}.txt": "Name: Mallory Evil (mallory)\nAssignment: HW 1\n",
}


@pytest.mark.parametrize(
    "files",
    [
        {f"HW_1_mallory{T1}_HW_1_alice{T2}_x.ipynb": ATTACK},
        {f"HW_1_mallory{T1}_HW_1_alice{T2}.txt": "Name: Alice Good (alice)\n"},
        {f"HW_1_mallory{T1}_\nHW_1_alice{T2}_x.ipynb": ATTACK},
        {f"HW_1_mallory{T1}_work/HW_1_alice{T2}_x.ipynb": ATTACK},  # an archive that somebody unpacked
        {f"HW_1_mallory{T1}.txt": "Name: Mallory\nEvil\nName: Alice Good (alice)\n"},
        {f"HW_1_mallory{T1}.txt": "Name: Mallory Evil (mallory)\n" + "x" * 3_000_000 + "\nName: Alice Good (alice)\n"},
    ],
)
def test_a_blackboard_name_inside_a_submission_says_nothing(read: Read, files: Files) -> None:
    found = who(read({**BLACKBOARD, **files}))
    assert list(found) == ["alice", "mallory"]
    assert found["alice"] == ("alice", "Alice Good", "alice's")
    assert found["mallory"][1] != "Alice Good"


@pytest.mark.parametrize("note", ["", "Name: Mallory Evil (x_alice)\n"])
def test_a_user_name_that_ends_like_another_is_another(read: Read, note: str) -> None:
    mallory = {f"HW_1_x_alice{T2}_hw.ipynb": ATTACK, f"HW_1_x_alice{T2}.txt": note}
    found = who(read({**BLACKBOARD, **mallory, f"HW_1_bob{T1}_hw.ipynb": "b"}))
    assert list(found) == ["alice", "bob", "mallory", "x_alice"]
    assert found["alice"] == ("alice", "Alice Good", "alice's")


CANVAS = {"alice_12_34_hw.ipynb": "alice's", "bob_LATE_13_35_hw.ipynb": "bob's", "mallory_14_36_hw.ipynb": "mallory's"}


@pytest.mark.parametrize(
    "name",
    [
        "mallory_14_36_alice_12_99_hw.ipynb",
        "mallory_14_36_work/alice_12_99_hw.ipynb",  # an archive that somebody unpacked
        "mallory_14_36_work/anything.ipynb",
        "mallory_14_36_x\\alice_12_99_hw.ipynb",
        "mallory_14_36_two\nlines.ipynb",
    ],
)
def test_a_canvas_name_inside_a_submission_says_nothing(read: Read, name: str) -> None:
    found = read({**CANVAS, name: ATTACK})
    assert list(who(found)) == ["alice_12", "bob_13", "mallory_14"]
    assert [text_of(one) for one in found.submissions][:2] == ["alice's", "bob's"]
    assert [one.late for one in found.submissions][:2] == [False, True]


def test_a_canvas_download_in_folders_of_any_name_is_read_as_before(read: Read) -> None:
    files = {f"hw_3_1_submissions/{name}": text for name, text in CANVAS.items()}
    assert list(who(read({**files, "hw_3_1_submissions/more/carl_15_37_hw.ipynb": "c"}))) == [
        "alice_12",
        "bob_13",
        "carl_15",
        "mallory_14",
    ]


# --- rosters -------------------------------------------------------------------------------------------------------

EXPORT = "assignment_7_export"
METADATA = "".join(
    f"submission_{number}:\n  :submitters:\n  - :name: {name}\n    :sid: '{number}'\n"
    "  :created_at: 2026-11-01 19:00:00.000000000 Z\n"
    for number, name in ((1, "Alice Good"), (2, "Mallory Evil"), (3, "Bob Fair"))
)
GRADESCOPE = {
    f"{EXPORT}/submission_metadata.yml": METADATA,
    **{f"{EXPORT}/submission_{number}/hw.ipynb": text for number, text in ((1, "a"), (2, "m"), (3, "b"))},
}
NBGRADER = {
    f"submitted/{name}/ps1/{file}": text
    for name in ("alice", "bob", "mallory")
    for file, text in (("hw.ipynb", name), ("timestamp.txt", "2026-11-01 11:59:00 UTC"))
}
FOLDERS = {"alice/hw.ipynb": "a", "bob/hw.ipynb": "b", "mallory/hw.ipynb": "m"}
IN_LAYOUT: Mapping[str, tuple[Files, str, tuple[str, ...]]] = {
    # its files, where Mallory's files are, where the instructor may put a roster
    "moodle": (MOODLE, M, ("",)),
    "moodle in a folder": ({f"x/{name}": text for name, text in MOODLE.items()}, f"x/{M}", ("", "x/")),
    "gradescope": (GRADESCOPE, f"{EXPORT}/submission_2", ("", f"{EXPORT}/")),
    "nbgrader": (NBGRADER, "submitted/mallory/ps1", ("", "submitted/")),
    "folders": (FOLDERS, "mallory", ("",)),
    "canvas": (CANVAS, "mallory_14_36_work", ("",)),
    "blackboard": (BLACKBOARD, f"HW_1_mallory{T1}_work", ("",)),
}


@pytest.mark.parametrize("roster", ["x\n1\n", SWAPPED, "\0\xff"])
@pytest.mark.parametrize("layout", IN_LAYOUT)
def test_a_roster_in_a_submission_is_none(read: Read, tmp_path: Path, layout: str, roster: str) -> None:
    files, place, _ = IN_LAYOUT[layout]
    (tmp_path / "temporary").mkdir()
    honest = who(
        read_class([make_folder(tmp_path / "honest", files)], tmp_path / "o", tmp_path / "temporary", ClassOptions())
    )
    (tmp_path / "temporary").rmdir()
    found = read({**files, f"{place}/roster.csv": roster})
    assert who(found) == honest
    assert len(found.submissions) >= 2


@pytest.mark.parametrize("layout", IN_LAYOUT)
def test_the_instructors_roster_counts_in_every_layout(read: Read, tmp_path: Path, layout: str) -> None:
    files, place, places = IN_LAYOUT[layout]
    (tmp_path / "temporary").mkdir()
    plain = read_class([make_folder(tmp_path / "c", files)], tmp_path / "o", tmp_path / "temporary").submissions
    (tmp_path / "temporary").rmdir()
    known = "id,login,name\n" + "".join(f"{500 + n},{one.student_id},Student {n}\n" for n, one in enumerate(plain))
    for at, above in enumerate(places):
        wrong = {f"{place}/roster.csv": SWAPPED}
        folder = make_folder(tmp_path / f"with {at}", {**files, **wrong, f"{above}Roster.csv": known})
        with_it = read_class([folder], tmp_path / "o", tmp_path)
        assert [one.student_id for one in with_it.submissions] == [str(500 + n) for n in range(len(plain))]
        assert not any("is not used" in note for note in with_it.notes)


def test_a_roster_among_notebooks_is_not_used_and_the_instructor_hears_how_it_would_be(read: Read) -> None:
    files = {"alice.ipynb": "a", "mallory.ipynb": "m", "roster.csv": SWAPPED}
    found = read(files)
    assert who(found) == {"alice": ("", "", "a"), "mallory": ("", "", "m")}
    (note,) = found.notes
    assert note.endswith(
        "roster.csv is not used, since a student may have handed it in: if it is yours, give it with --roster"
    )


def test_a_given_roster_counts_alone(read: Read) -> None:
    found = read({"alice.ipynb": "a", "mallory.ipynb": "m", "roster.csv": SWAPPED}, roster=KNOWN)
    assert who(found) == {"alice": ("101", "Alice Good", "a"), "mallory": ("102", "Mallory Evil", "m")}
    assert not any("is not used" in note for note in found.notes)


def test_a_roster_above_folders_of_notebooks_or_beside_the_download_counts(read: Read) -> None:
    found = who(read({"week1/alice.ipynb": "a", "week1/bob.ipynb": "b", "roster.csv": ROSTER}))
    assert found["week1/alice"] == ("101", "Alice Good", "a")


def test_a_roster_beside_the_download_of_a_class_counts(read: Read) -> None:
    found = who(read({"submissions.zip": packed({"alice.ipynb": "a", "bob.ipynb": "b"}), "roster.csv": ROSTER}))
    assert found == {"alice": ("101", "Alice Good", "a"), "bob": ("103", "Bob Fair", "b")}


# --- Gradescope ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        METADATA.replace("submission_1", "submission_9").replace("submission_2", "submission_1"),
        f"{EXPORT}:\n  :submitters:\n  - :name: Mallory Evil\n    :sid: '2'\n",
        "submission_1:\n  - [\n\x00",
        "a: " + "[" * 200_000,
        "".join(f"k{n}: {{a: [b, c, d]}}\n" for n in range(400_000)),
    ],
    ids=["swapped", "the folder's name", "broken", "deep", "huge"],
)
@pytest.mark.parametrize("deeper", ["", "submission_1/"])
def test_metadata_in_a_submission_are_a_students_file(read: Read, text: str, deeper: str) -> None:
    began = time.perf_counter()
    found = who(read({**GRADESCOPE, f"{EXPORT}/submission_2/{deeper}submission_metadata.yml": text}))
    assert time.perf_counter() - began < 5
    assert found == {
        "Alice Good_1": ("1", "Alice Good", "a"),
        "Bob Fair_3": ("3", "Bob Fair", "b"),
        "Mallory Evil_2": ("2", "Mallory Evil", "m"),
    }


def test_a_folder_of_a_student_named_like_anothers_submission_is_the_students(read: Read) -> None:
    found = who(read({**GRADESCOPE, f"{EXPORT}/submission_2/submission_1/hw.ipynb": ATTACK}))
    assert found["Alice Good_1"] == ("1", "Alice Good", "a")


@pytest.mark.parametrize(
    "printed",
    [
        "[" * 100_000,
        "\n".join(f"k{n}: {{a: [b, c, d]}}" for n in range(100_000)),
        "submission_1:\n  :submitters:\n  - :name: Mallory Evil",
        "*undefined &a [*a",
        "\t\x85\u2028 - : '",
    ],
)
@pytest.mark.parametrize("style", ["as text", "as YAML"])
def test_what_a_students_program_printed_into_the_metadata_says_nothing(read: Read, printed: str, style: str) -> None:
    text = "\n".join(f"      {line}" for line in printed.split("\n")) if style == "as YAML" else repr(printed)
    results = f"  :results:\n    :output:\n{text}\n" if style == "as YAML" else f"  :results:\n    :output: {text}\n"
    first, second, third = METADATA.partition("submission_3:")
    began = time.perf_counter()
    found = who(read({**GRADESCOPE, f"{EXPORT}/submission_metadata.yml": f"---\n{first}{results}{second}{third}"}))
    assert time.perf_counter() - began < 5
    assert found["Alice Good_1"] == ("1", "Alice Good", "a")
    assert found["Bob Fair_3"] == ("3", "Bob Fair", "b")


def test_a_name_that_grows_without_end_costs_nothing(read: Read) -> None:
    grown = "&a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"  - &{now} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, now in zip("abcdefghi", "bcdefghij", strict=True)  # 9 to the 10th
    )
    text = f"submission_2:\n  x:\n  - {grown}  :submitters:\n  - :name: *j\n    :sid: '2'\n  :created_at: *j\n"
    began = time.perf_counter()
    found = read({**GRADESCOPE, f"{EXPORT}/submission_metadata.yml": METADATA.split("submission_2")[0] + text})
    assert time.perf_counter() - began < 5
    assert [one.name for one in found.submissions] == ["2", "Alice Good_1", "submission_3"]


@pytest.mark.parametrize("text", ["", "hello", "- submission_1\n", "submission_1: [\n", "submission_1:\n\t- x: '\n"])
def test_a_wrong_file_at_the_top_is_named_in_one_sentence(read: Read, text: str) -> None:
    with pytest.raises(IngestError, match=r"submission_metadata.yml' .*; download the export again") as refused:
        read({**GRADESCOPE, f"{EXPORT}/submission_metadata.yml": text})
    assert "\n" not in str(refused.value)


def test_two_students_with_one_number_stay_two(read: Read) -> None:
    text = METADATA.replace("'2'", "'1'\n    :email: mallory@example.edu").replace(
        "'1'\n  :created", "'1'\n    :email: alice@example.edu\n  :created"
    )
    found = read({**GRADESCOPE, f"{EXPORT}/submission_metadata.yml": text})
    assert sorted(text_of(one) for one in found.submissions) == ["a", "b", "m"]


# --- folders, plain notebooks, archives ------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [("hw2",), ("hw2", "hw3", "deep/hw4"), ("x/submission_metadata", "y/a")])
def test_a_folder_with_several_notebooks_is_still_one_students(read: Read, more: tuple[str, ...]) -> None:
    found = read({**FOLDERS, **{f"mallory/{name}.ipynb": "later" for name in more}})
    assert [(one.name, one.student_id) for one in found.submissions] == [(name, name) for name in FOLDERS_OF]
    assert [len(one.superseded) for one in found.submissions] == [0, 0, len(more)]
    assert any(note.startswith("mallory: ") and "superseded" in note for note in found.notes)


FOLDERS_OF = ("alice", "bob", "mallory")


@pytest.mark.parametrize(
    "name",
    [
        "mallory/x/timestamp.txt",
        "mallory/submission_metadata.yml",
        "mallory/submitted/a/b/hw2.ipynb",
        f"mallory/{A}x.zip",
    ],
)
def test_no_file_of_one_student_changes_the_layout_of_all(read: Read, name: str) -> None:
    files = {f"{who}/part/hw.ipynb": who for who in FOLDERS_OF}
    content = packed({"hw.ipynb": ATTACK}) if name.endswith(".zip") else ATTACK
    found = who(read({**files, name: content}))
    assert {name: (number, text) for name, (number, _, text) in found.items() if name != "mallory"} == {
        "alice": ("alice", "alice"),
        "bob": ("bob", "bob"),
    }


def test_nbgraders_folder_in_a_submission_is_the_students(read: Read) -> None:
    files = {name.removeprefix("submitted/"): text for name, text in NBGRADER.items()}
    found = who(read({**files, "mallory/ps1/submitted/alice/ps1/hw.ipynb": ATTACK}))
    assert list(found) == ["alice/ps1", "bob/ps1", "mallory/ps1"]
    assert found["alice/ps1"] == ("alice", "", "alice")


PLAIN = {"alice.ipynb": "alice's", "bob.ipynb": "bob's"}
MALLORYS: Mapping[str, Files] = {
    "an archive": {"mallory.zip": packed({"alice.ipynb": ATTACK})},
    "a deep one": {"mallory.zip": packed({"bob/alice/alice.ipynb": ATTACK, "roster.csv": SWAPPED})},
    "a folder": {"mallory/alice.ipynb": ATTACK},
    "a folder in a folder": {"mallory/bob/alice.ipynb": ATTACK},
    "an archive in a folder": {"mallory/alice.zip": packed({"hw.ipynb": ATTACK})},
    "a download": {"mallory.zip": packed({f"{A}/hw.ipynb": ATTACK})},
    "a class's download": {"mallory.zip": packed({f"{A}/hw.ipynb": ATTACK, f"{B}/hw.ipynb": ATTACK})},
}


@pytest.mark.parametrize("handed", MALLORYS)
def test_what_is_in_an_archive_or_a_folder_is_its_owners(read: Read, handed: str) -> None:
    found = who(read({**PLAIN, **MALLORYS[handed]}, roster=KNOWN))
    assert found.pop("alice") == ("101", "Alice Good", "alice's")
    assert found.pop("bob") == ("103", "Bob Fair", "bob's")
    ((name, (number, student, _)),) = found.items()
    assert name.startswith("mallory")
    assert (number, student) == ("102", "Mallory Evil")


@pytest.mark.parametrize("handed", ["an archive", "a folder", "a folder in a folder", "an archive in a folder"])
def test_a_guest_gets_nobodys_number(read: Read, handed: str) -> None:
    without = parse_roster("id,name,login\n101,Alice Good,alice\n", "roster")
    files = {"alice.ipynb": "alice's", **{n.replace("bob", "x"): text for n, text in MALLORYS[handed].items()}}
    found = who(read(files, roster=without))
    assert [number for number, _, _ in found.values()].count("101") == 1
    assert found["alice"] == ("101", "Alice Good", "alice's")


def test_several_archives_are_several_students(read: Read) -> None:
    files = {f"{name}.zip": packed({"work/hw.ipynb": name, "work/utils.py": name}) for name in FOLDERS_OF}
    found = read(files, roster=KNOWN)
    assert [(one.name, one.student_id, text_of(one)) for one in found.submissions] == [
        ("alice", "101", "alice"),
        ("bob", "103", "bob"),
        ("mallory", "102", "mallory"),
    ]
    assert [[(name, path.read_text()) for name, path in one.beside] for one in found.submissions] == [
        [("utils.py", name)] for name in FOLDERS_OF
    ]


def test_downloads_of_a_class_in_one_folder_are_read(read: Read) -> None:
    found = who(read({"week1.zip": packed(MOODLE), "week2.zip": packed(CANVAS)}))
    assert set(found) == {"Alice Good_1", "Bob_3", "Mallory Evil_2", "alice_12", "bob_13", "mallory_14"}


def test_a_loose_file_beside_one_notebook_and_an_archive_is_nobodys(read: Read) -> None:
    found = read({"alice.ipynb": NOTEBOOK, "mallory.zip": packed({"hw.ipynb": ATTACK}), "utils.py": "import os"})
    assert {one.name: one.beside for one in found.submissions}["alice"] == ()


def test_notebooks_that_do_not_count_are_not_unpacked(read: Read, tmp_path: Path) -> None:
    many = packed({f"hw{n}.ipynb": f"{n}" * 1000 for n in range(50)})
    found = who(read({**CANVAS, "mallory_14_99_many.zip": many}))
    assert found["mallory_14"][2] == "49" * 1000
    assert len(list((tmp_path / "temporary").rglob("hw*.ipynb"))) == 1


@pytest.mark.parametrize(
    "name",
    [
        "mallory_14_99_a\\..\\b.ipynb",
        "mallory_14_99_a/../alice_12_99_hw.ipynb",
        "mallory_14_99_a/../../alice_12_34_hw.ipynb",
        "mallory_14_99_a/../../../etc/x.zip",
    ],
)
@pytest.mark.parametrize("only", [True, False])
def test_a_path_that_leads_out_of_the_class_fails_for_its_student_alone(tmp_path: Path, name: str, only: bool) -> None:
    files = {path: text for path, text in CANVAS.items() if not (only and path.startswith("mallory"))}
    archive = make_zip(tmp_path / "class.zip", {name: ATTACK, **files})
    (tmp_path / "temporary").mkdir()
    found = who(read_class([archive], tmp_path / "out", tmp_path / "temporary"))
    assert list(found) == ["alice_12", "bob_13", "mallory_14"]
    assert (found["alice_12"][2], found["bob_13"][2]) == ("alice's", "bob's")
    if only:
        assert found["mallory_14"][2].endswith(
            "has a path in the archive that leads out of its folder: submit it under an ordinary name"
        )
    else:
        assert found["mallory_14"][2] == "mallory's"
    assert {one.name for one in tmp_path.iterdir()} <= {"class.zip", "temporary"}


def test_a_path_into_another_submission_of_gradescope_stays_the_students(tmp_path: Path) -> None:
    name = f"{EXPORT}/submission_2/../submission_1/hw.ipynb"
    archive = make_zip(tmp_path / "class.zip", {name: ATTACK, **GRADESCOPE})
    (tmp_path / "temporary").mkdir()
    found = who(read_class([archive], tmp_path / "out", tmp_path / "temporary"))
    assert found["Alice Good_1"] == ("1", "Alice Good", "a")
    assert found["Mallory Evil_2"] == ("2", "Mallory Evil", "m")


# --- summaries -----------------------------------------------------------------------------------------------------


def result(number: str = "012", name: str = "=1+1;Anna") -> Result:
    return replace(make_result("hw.ipynb"), student=Student("anna", number, name))


def wrong(text: str, one: Result) -> list[str]:
    return list(wrong_rows(read_table(text), {"anna": one}))


def edited(one: Result, column: str, cell: str) -> str:
    """The summary of a class of one with another cell, exactly as it is given."""
    header, row = raw_rows(summary_csv([one], ("a", "b", "c", "d")))
    row[header.index(column)] = cell
    return "\n".join(",".join('"' + text.replace('"', '""') + '"' for text in line) for line in (header, row))


@pytest.mark.parametrize("name", ["=1+1", "@SUM(1)", "x;=1+1", "-1+cmd|' /C calc'!A0", "＝1+1"])
def test_a_cell_without_its_apostrophe_is_a_formula_and_is_found(name: str) -> None:
    one = result(name=name)
    assert wrong(summary_csv([one], ("a", "b", "c", "d")), one) == []
    (said,) = wrong(edited(one, "student", name), one)
    assert said.endswith("without the apostrophe that keeps a spreadsheet from taking it for a formula")


@pytest.mark.parametrize("number", ["12", "0012", "1_2", "\u0660\u0661\u0662", "12.0", "1.2e1", " 012", "012 ", "'012"])
def test_numbers_of_students_are_compared_as_text(number: str) -> None:
    one = result()
    assert len(wrong(edited(one, "student_id", number), one)) == 1
    said = wrong(edited(one, "student_id", number), one)[0]
    assert ("drop zeros" in said) == (number == "12")
    assert "but the signed result says '012'" in said


@pytest.mark.parametrize("points", ["1_0", "\u0661\u0660", "0x0a", "=10", "1e999", "nan", "10,0", "9"])
def test_points_are_numbers_that_every_program_reads_alike(points: str) -> None:
    assert len(wrong(edited(result(), "score", points), result())) == 1


@pytest.mark.parametrize("points", ["7.5", "7.50", "07.5", "75e-1", " 7.5 ", "0.75e1"])
def test_points_in_another_notation_are_the_same(points: str) -> None:
    assert wrong(edited(result(), "score", points), result()) == []


def test_a_summary_that_was_written_again_is_verified() -> None:
    one = result("4711", "Anna O'Neill")
    rows = csv_rows(summary_csv([one], ("a", "b", "c", "d")))
    assert wrong(csv_text(rows).replace('"', ""), one) == []


# --- any names at all ------------------------------------------------------------------------------------------------

PIECES = (
    *(
        "alice",
        "bob",
        "hw",
        "submitted",
        "ps1",
        "submission_1",
        "submission_1001",
        EXPORT,
        A,
        B,
        "Alice Good",
        "_",
        "/",
    ),
    *("/", "\\", "..", "\n", " ", ".ipynb", ".py", ".zip", ".txt", "roster.csv", "/timestamp.txt", "LATE", "12_99_"),
    *("alice_12_99_x", f"HW_1_alice{T2}", f"HW_1_alice{T2}_x.ipynb", "/submission_metadata.yml", "_attempt_", "1", "x"),
)
NAMES = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join), min_size=1, max_size=4)
CONTENTS = st.sampled_from(
    [
        ATTACK,
        SWAPPED,
        METADATA.replace("Alice", "Mallory"),
        packed({f"{A}/alice_12_99_hw.ipynb": ATTACK, "roster.csv": SWAPPED}),
    ]
)
PLACES: Mapping[str, tuple[Files, str]] = {
    "moodle": (MOODLE, f"{M}/"),
    "moodle without folders": ({f"{A}hw.ipynb": "a", f"{B}hw.ipynb": "b", f"{M}hw.ipynb": "m"}, M),
    "canvas": (CANVAS, "mallory_14_36_"),
    "blackboard": ({**BLACKBOARD, f"HW_1_bob{T1}_hw.ipynb": "b"}, f"HW_1_mallory{T1}_"),
    "gradescope": (GRADESCOPE, f"{EXPORT}/submission_2/"),
    "nbgrader": (NBGRADER, "submitted/mallory/ps1/"),
    "nbgrader without its folder": (
        {name.removeprefix("submitted/"): text for name, text in NBGRADER.items()},
        "mallory/ps1/",
    ),
    "folders": (FOLDERS, "mallory/"),
}


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=NAMES, content=CONTENTS)
def test_whatever_one_student_hands_in_the_others_keep_theirs(
    tmp_path: Path, place: str, names: list[str], content: str | bytes
) -> None:
    files, prefix = PLACES[place]

    def seen(more: Files) -> dict[str, tuple[str, str, str]]:
        into = tmp_path / "temporary"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        return who(read_class([make_zip(tmp_path / "class.zip", {**more, **files})], tmp_path / "out", into))

    honest, found = seen({}), seen({prefix + name.strip("/"): content for name in names})
    others = {name: one for name, one in honest.items() if "allory" not in name}
    assert len(others) == 2
    assert {name: one for name, one in found.items() if "allory" not in name} == others
    assert len(found) <= 3
