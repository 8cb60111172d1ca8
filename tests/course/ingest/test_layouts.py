from datetime import datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.course.ingest import gradescope
from grader.course.ingest.layouts import (
    BY_NAME,
    Context,
    Owner,
    autolab,
    brightspace,
    canvas,
    in_folders,
    of_system,
    read_time,
)
from grader.course.ingest.levels import levels
from grader.course.ingest.roster import parse_roster
from grader.course.ingest.sources import Found, IngestError
from grader.course.ingest.submissions import Submission, is_late, with_unique_names
from grader.course.ingest.versions import Candidate, latest_first, natural

words = st.text(alphabet="abzÄ_-0129 .", min_size=1, max_size=12)


def recognise(files):
    return of_system(files) or in_folders(files, lambda name: False)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("doejane_12345_67890_hw.ipynb", ("doejane_12345", "12345", 67890, False)),
        ("doejane_LATE_12345_67890_hw_1_2.ipynb", ("doejane_12345", "12345", 67890, True)),
        ("o_brien_12_3_x.ipynb", ("o_brien_12", "12", 3, False)),
        ("doejane_12345_text.html", ("doejane_12345", "12345", 0, False)),
    ],
)
def test_canvas_names(name, owner):
    found = canvas(PurePosixPath(name), Context())
    assert found is not None
    assert (found.label, found.student_id, found.order, found.late) == owner


@pytest.mark.parametrize("name", ["hw.ipynb", "week_1.ipynb", "1_2_3.ipynb", "anna_hw_2.ipynb", "a_1_b.ipynb"])
def test_other_names_are_not_canvas_names(name):
    assert canvas(PurePosixPath(name), Context()) is None


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("271836-442356 - Jane Doe - Nov 1, 2026 1149 AM/hw.ipynb", ("Jane Doe_271836", "Jane Doe", (1, 11, 49))),
        ("271836-442356 - Jane Doe - Nov 1, 2026 926 PM - a - 2025.zip", ("Jane Doe_271836", "Jane Doe", (1, 21, 26))),
        ("1-2 - Mary - Ann - December 3, 2026 2126/x.ipynb", ("Mary - Ann_1", "Mary - Ann", (3, 21, 26))),
        ("1-2 - Jörg - 3. Okt. 2026 2126/x.ipynb", ("Jörg_1", "Jörg", None)),
    ],
)
def test_brightspace_names(path, owner):
    """As in the downloads that public scripts read: 'Sep 24, 2024 926 PM'. The student's own name of a file may follow."""
    found = brightspace(PurePosixPath(path), Context())
    assert found is not None
    time = found.submitted and (found.submitted.day, found.submitted.hour, found.submitted.minute)
    assert (found.label, found.student_name, time) == owner
    assert found.student_id == ""  # the number is one that no gradebook shows


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("jdoe@example.edu_10_hw.ipynb", ("jdoe@example.edu", 10)),
        ("h_mueller@example.edu_1_my_hw.ipynb", ("h_mueller@example.edu", 1)),
        ("3_h_mueller@example.edu_hw_1.ipynb", ("h_mueller@example.edu", 3)),
        ("JDoe@example.edu_10_hw.ipynb", ("jdoe@example.edu", 10)),
    ],
)
def test_autolab_names(name, owner):
    """As `download_filename` of autolab/Autolab's submissions_controller.rb makes them."""
    found = autolab(PurePosixPath(name), Context(levels([PurePosixPath(name)])))
    assert found is not None
    assert (found.group, found.order) == owner


@pytest.mark.parametrize("name", ["12-3 notes.ipynb", "1-2 - Jane.ipynb", "jane@home.ipynb", "a_b@c.ipynb"])
def test_other_names_belong_to_neither(name):
    context = Context(levels([PurePosixPath(name)]))
    assert brightspace(PurePosixPath(name), context) is None
    assert autolab(PurePosixPath(name), context) is None


@given(st.lists(st.lists(words, min_size=1, max_size=4), max_size=6), st.sampled_from(list(BY_NAME)))
def test_no_path_breaks_a_layout(paths, layout):
    files = [Found(PurePosixPath(*parts), 1) for parts in paths]
    recognise(files)
    for found in files:
        owner = BY_NAME[layout](found.path, Context())
        assert owner is None or owner.group


def test_other_trees_are_plain():
    def layout(*names):
        return recognise([Found(PurePosixPath(name), 1) for name in names])

    assert layout("doejane_12_34_hw.ipynb", "notes.ipynb") == "plain"
    assert layout("x/Jane Doe_12_assignsubmission_file_/a.ipynb", "b.ipynb") == "plain"
    assert layout("a/b/c.ipynb", "a/b/d.ipynb") == "plain"
    assert layout() == "plain"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-01 11:59:00.000000 UTC", "2026-11-01T11:59:00+00:00"),
        ("2026-11-01 19:00:00.123456789 Z", "2026-11-01T19:00:00.123456+00:00"),
        ("2026-11-01 12:00:00.5 -0800", "2026-11-01T12:00:00.500000-08:00"),
        ("2026-11-01T12:00:00-08:00", "2026-11-01T12:00:00-08:00"),
        ("2026-11-01 12:00:00", "2026-11-01T12:00:00"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times(text, time):
    assert read_time(text) == (datetime.fromisoformat(time) if time else None)


@given(st.text(max_size=30))
def test_read_time_never_raises(text):
    read_time(text)


def test_late():
    due = datetime.fromisoformat("2026-11-01T12:00:00+01:00")
    assert is_late(datetime.fromisoformat("2026-11-01T11:00:01+00:00"), None, due) is True
    assert is_late(datetime.fromisoformat("2026-11-01T11:00:00+00:00"), True, due) is False
    assert is_late(None, True, due) is True
    assert is_late(datetime(2026, 11, 1), None, None) is None


def test_the_latest_comes_first():
    def one(name, order=0, stamp=0.0, when=None):
        return Candidate(Owner("a", "a", order=order, submitted=when), PurePosixPath(name), stamp, lambda: None)  # type: ignore[arg-type,return-value]

    day = datetime(2026, 11, 1)
    files = [one("v9"), one("v10"), one("a", stamp=5.0), one("b", order=1), one("c", when=day)]
    assert [c.shown.name for c in latest_first(files)] == ["c", "b", "a", "v10", "v9"]
    assert natural("v10") > natural("V9")


@given(st.lists(st.text(max_size=8), max_size=12))
def test_result_folders_are_unique_and_safe(labels):
    named = with_unique_names(Submission(PurePosixPath("x.ipynb"), label) for label in labels)  # type: ignore[arg-type]
    names = [one.name.casefold() for one in named]
    assert len(set(names)) == len(names)
    for name in names:
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert name


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [", "? [x]: y\n? {z: 1}: w\n", "\x00", "&a [*a"])
def test_invalid_metadata_is_reported_in_one_sentence(text):
    with pytest.raises(IngestError) as refused:
        gradescope.owners(text, "submission_metadata.yml")
    assert "\n" not in str(refused.value)


def test_metadata_tags_create_no_objects(tmp_path):
    text = f"submission_1:\n  :submitters: !!python/object/apply:os.mkdir ['{tmp_path}/made']\n  :created_at: x\n"
    assert gradescope.owners(text, "m")["submission_1"].label == "submission_1"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("id,name\n7,Jane Doe\n", ["7", "jane doe", "doejane"]),
        ("First Name;Last Name;E-Mail\nJane;Doe;j@x.edu\n", ["J@X.edu", "Jane  Doe"]),
        ('Student\tSIS Login ID\n"Doe, Jane"\tjd7\n', ["jd7"]),
        ("\ufeffVorname,Nachname,Matrikelnummer\nJane,Doe,7\n".lstrip("\ufeff"), ["7"]),
    ],
)
def test_rosters(text, labels):
    roster = parse_roster(text, "r")
    assert [roster.name(label) for label in labels] == ["Jane Doe"] * len(labels)
    assert roster.name("nobody", "") == ""


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "id\n7\n"])
def test_an_invalid_roster_is_refused(text):
    with pytest.raises(IngestError, match="has no column 'name'"):
        parse_roster(text, "r")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("id,name\n7,Jane Doe\n8,Rick Roe\n", {"7": "7", "jane doe": "7", "doejane": "7", "Rick Roe": "8", "x": ""}),
        (
            "E-Mail,Name,Matrikelnummer\nj@x.edu,Jane Doe,7\nr@x.edu,Rick Roe,\n",
            {"j@x.edu": "7", "Rick Roe": "r@x.edu"},
        ),
        ("id,name\n7,Jane Doe\n8,Jane Doe\n", {"7": "7", "8": "8", "jane doe": "", "doejane": ""}),
        ("name\nJane Doe\n", {"Jane Doe": ""}),
    ],
)
def test_numbers_of_students(text, numbers):
    roster = parse_roster(text, "r")
    assert {label: roster.number(label) for label in numbers} == numbers
