import os
from datetime import datetime
from pathlib import Path

import pytest

from grader.course.ingest.collect import ClassOptions, read_class
from grader.course.ingest.roster import parse_roster
from grader.course.ingest.sources import IngestError
from grader.course.ingest.submissions import Submission, with_unique_names
from tests.course.ingest.made_up import (
    AUTOLAB,
    BLACKBOARD,
    BRIGHTSPACE,
    CANVAS,
    GRADESCOPE,
    MOODLE,
    NBGRADER,
    NOTEBOOK,
    make_folder,
    make_zip,
)


@pytest.fixture(params=["zip", "folder"])
def ingest(request, tmp_path):
    """Return a function that reads files once as an archive and once as an unpacked folder."""

    def read(files, **options):
        (tmp_path / "temporary").mkdir()
        path = tmp_path / "class.zip"
        path = make_zip(path, files) if request.param == "zip" else make_folder(tmp_path / "class", files)
        return read_class([path], tmp_path / "out", tmp_path / "temporary", ClassOptions(**options))

    return read


def by_name(found):
    return {one.name: one for one in found.submissions}


def test_canvas(ingest):
    found = ingest(CANVAS)
    students = by_name(found)
    assert list(students) == ["doejane_12345", "müllerhans_12346", "poeedgar_12348", "roeric_12347"]
    jane = students["doejane_12345"]
    assert jane.path.read_text() == "the later one"
    assert jane.superseded == ("doejane_12345_67890_hw.ipynb",)
    assert (jane.student_id, jane.late, jane.problem) == ("12345", False, "")
    assert students["müllerhans_12346"].late is True
    assert students["roeric_12347"].problem == "no notebook was handed in, only roeric_12347_67892_report.pdf"
    assert students["poeedgar_12348"].problem
    assert any("superseded" in note for note in found.notes)


def test_an_anonymous_canvas_download(ingest):
    found = ingest({"anon_aB1x9_77_hw.ipynb": NOTEBOOK, "LATE_anon_cD2y8_78_hw.ipynb": NOTEBOOK})
    assert [(one.student_id, one.late) for one in found.submissions] == [("anon_aB1x9", False), ("anon_cD2y8", True)]


def test_moodle(ingest):
    students = by_name(ingest(MOODLE))
    assert list(students) == ["Hans_Peter Müller_123457", "Jane Doe_123456", "Rick Roe_123458"]
    assert students["Jane Doe_123456"].student_name == "Jane Doe"
    assert students["Jane Doe_123456"].path.name == "hw.ipynb"
    assert students["Hans_Peter Müller_123457"].path.name == "final v2.ipynb"
    assert students["Rick Roe_123458"].problem == "no notebook was handed in"


def test_moodle_without_folders(ingest):
    (one,) = ingest({"Jane Doe_123456_assignsubmission_file_my_hw.ipynb": NOTEBOOK}).submissions
    assert (one.name, one.student_id) == ("Jane Doe_123456", "123456")


def test_brightspace(ingest):
    found = ingest(BRIGHTSPACE, due=datetime(2026, 11, 1, 23, 59))
    students = by_name(found)
    assert list(students) == ["Hans - Peter Müller_271837", "Jane Doe_271836", "Jane Doe_271838"]
    jane = students["Jane Doe_271836"]
    assert jane.path.read_text() == "the later one"
    assert (jane.student_name, jane.student_id, jane.late, len(jane.superseded)) == ("Jane Doe", "", True, 1)
    assert students["Hans - Peter Müller_271837"].submitted == datetime(2026, 10, 30, 0, 1)
    assert [name for name, _ in students["Hans - Peter Müller_271837"].beside] == ["data/notes.txt"]
    assert any("a download from Brightspace" in note for note in found.notes)


def test_brightspace_without_folders(ingest):
    name = "271836-442356 - Jane Doe - Nov 1, 2026 926 PM - 1-2 - Bob - May 1, 2020 100 PM - x.ipynb"
    (one,) = ingest({name: NOTEBOOK}).submissions
    assert (one.name, one.student_name) == ("Jane Doe_271836", "Jane Doe")


def test_autolab(ingest):
    students = by_name(ingest(AUTOLAB))
    assert list(students) == ["h_mueller@example.edu", "jdoe@example.edu"]
    jane = students["jdoe@example.edu"]
    assert jane.path.read_text() == "the later one"
    assert (jane.student_id, jane.superseded) == ("jdoe@example.edu", ("jdoe@example.edu_2_hw.ipynb",))


def test_blackboard_and_a_deadline(ingest):
    students = by_name(ingest(BLACKBOARD, due=datetime(2026, 11, 1, 23, 59)))
    assert list(students) == ["h_mueller", "jdoe"]
    jane = students["jdoe"]
    assert jane.path.read_text() == "the later one"
    assert jane.submitted == datetime(2026, 11, 2, 8, 30)
    assert (jane.student_name, jane.late, len(jane.superseded)) == ("Jane Doe", True, 1)
    assert (students["h_mueller"].student_name, students["h_mueller"].late) == ("Hans Müller", False)


def test_gradescope(ingest):
    found = ingest(GRADESCOPE, due=datetime.fromisoformat("2026-11-02T00:00:00+00:00"))
    students = by_name(found)
    assert list(students) == ["Hans Müller _ Rick Roe_3032+3033", "Jane Doe_3031"]
    jane = students["Jane Doe_3031"]
    assert jane.submitted == datetime.fromisoformat("2026-11-01T19:00:00.123456+00:00")
    assert jane.late is False
    group = students["Hans Müller _ Rick Roe_3032+3033"]
    assert (group.student_name, group.late) == ("Hans Müller & Rick Roe", True)


def test_nbgrader(ingest):
    students = by_name(ingest(NBGRADER, due=datetime.fromisoformat("2026-11-02T00:00:00+00:00")))
    assert list(students) == ["hmueller_ps1" if False else "hmueller/ps1", "jdoe/ps1"]
    assert [one.late for one in students.values()] == [True, False]
    assert students["jdoe/ps1"].student_id == "jdoe"


def test_one_folder_per_student(ingest):
    found = ingest({"anna/hw.ipynb": NOTEBOOK, "ben/deep/er/work.ipynb": NOTEBOOK, "ben/picture.png": "x"})
    assert [one.name for one in found.submissions] == ["anna", "ben"]


def test_a_folder_with_several_notebooks_is_one_student_only_if_in_the_roster(ingest):
    files = {"jd1/hw.ipynb": NOTEBOOK, "jd1/hw-v2.ipynb": "later", "jd1/hw-v10.ipynb": "last"}
    (one,) = ingest(files | {"roster.csv": "Student ID;Full Name\njd1;Jane Doe\nxy2;Rick Roe\n"}).submissions
    assert (one.name, one.student_name, len(one.superseded)) == ("jd1", "Jane Doe", 2)


@pytest.mark.parametrize("folder", ["", "week1/"])
def test_notebooks_are_found_in_the_roster_by_their_names(ingest, folder):
    roster = parse_roster("name;matriculation number\nJane Doe;4711\n", "r")
    found = ingest({f"{folder}Jane Doe.ipynb": NOTEBOOK, f"{folder}other.ipynb": NOTEBOOK}, roster=roster)
    known = {one.name: (one.student_id, one.student_name) for one in found.submissions}
    assert known == {f"{folder}Jane Doe": ("4711", "Jane Doe"), f"{folder}other": ("", "")}


def test_the_rosters_number_counts_not_the_systems(ingest):
    roster = parse_roster("name,id\nJane Doe,4711\n", "r")
    assert by_name(ingest(CANVAS, roster=roster))["doejane_12345"].student_id == "4711"


def test_without_a_roster_each_notebook_counts(ingest):
    found = ingest({"week1/anna.ipynb": NOTEBOOK, "week1/ben.ipynb": NOTEBOOK, "week2/cleo.ipynb": NOTEBOOK})
    assert [one.name for one in found.submissions] == ["week1/anna", "week1/ben", "week2/cleo"]


def test_a_given_layout_is_used(ingest):
    found = ingest({"a/1.ipynb": NOTEBOOK, "a/2.ipynb": NOTEBOOK, "b/1.ipynb": NOTEBOOK}, layout="folders")
    assert [(one.name, len(one.superseded)) for one in found.submissions] == [("a", 1), ("b", 0)]


def test_a_roster_names_canvas_students_and_lists_missing_ones(ingest):
    roster = parse_roster('Student,ID,SIS User ID\n    Points Possible,,\n"Doe, Jane",12345,jd\n"Zoe, Zoe",9,zz\n', "r")
    found = ingest(CANVAS, roster=roster)
    assert by_name(found)["doejane_12345"].student_name == "Jane Doe"
    assert any("1 of the 2 in the roster handed in nothing: Zoe Zoe" in note for note in found.notes)


def test_a_students_archive_is_opened(ingest, tmp_path):
    inner = make_zip(tmp_path / "i.zip", {"project/hw.ipynb": NOTEBOOK, "project/.git/x.ipynb": "", "x.csv": "1"})
    broken = b"PK\x03\x04 nothing"
    files = {"doejane_12345_1_work.zip": inner.read_bytes(), "roeric_12347_2_work.zip": broken}
    archive = make_zip(tmp_path / "outer.zip", files)
    (tmp_path / "unpacked").mkdir()
    found = by_name(read_class([archive], tmp_path / "out", tmp_path / "unpacked"))
    assert found["doejane_12345"].path.read_text() == NOTEBOOK
    assert "is not a complete zip archive" in found["roeric_12347"].problem
    assert "\n" not in found["roeric_12347"].problem


def test_a_download_inside_a_folder_is_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "temporary").mkdir()
    make_zip(tmp_path / "in" / "submissions.zip", CANVAS)
    found = read_class([tmp_path / "in"], tmp_path / "out", tmp_path / "temporary")
    assert "doejane_12345" in by_name(found)


def test_an_archive_beside_its_unpacked_folder_is_not_read_twice(tmp_path):
    make_folder(tmp_path / "in" / "submissions", CANVAS)
    make_zip(tmp_path / "in" / "submissions.zip", CANVAS)
    (tmp_path / "in" / "notes.ipynb").write_text(NOTEBOOK)
    (tmp_path / "temporary").mkdir()
    found = read_class([tmp_path / "in"], tmp_path / "out", tmp_path / "temporary")
    assert len(found.submissions) == 4


def problems(found):
    return {one.name: one.problem for one in found.submissions}


def test_a_link_out_of_the_folder_fails_and_a_link_within_is_ignored(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.ipynb").write_text(NOTEBOOK)
    (tmp_path / "in" / "anna.ipynb").write_text(NOTEBOOK)
    os.symlink("anna.ipynb", tmp_path / "in" / "latest.ipynb")
    for name, target in (("out", tmp_path / "secret.ipynb"), ("gone", "nowhere"), ("loop", "loop.ipynb"), ("up", "..")):
        os.symlink(target, tmp_path / "in" / f"{name}.ipynb")
    found = problems(read_class([tmp_path / "in"], tmp_path / "out", tmp_path))
    assert sorted(found) == ["anna", "gone", "loop", "out", "up"]
    assert found.pop("anna") == ""
    assert all("is a link to a place outside" in problem for problem in found.values())


def test_files_that_only_look_like_notebooks_fail_alone_without_blocking(tmp_path):
    (tmp_path / "in" / "folder.ipynb").mkdir(parents=True)
    (tmp_path / "in" / "bundle.ipynb").mkdir()
    (tmp_path / "in" / "bundle.ipynb" / "hw.ipynb").write_text(NOTEBOOK)
    (tmp_path / "in" / "LOUD.IPYNB").write_text(NOTEBOOK)
    for name in ("pipe.ipynb", "pipe.py", "pipe.zip", "roster.csv", "timestamp.txt", "submission_metadata.yml"):
        os.mkfifo(tmp_path / "in" / name)
    found = problems(read_class([tmp_path / "in"], tmp_path / "out", tmp_path))
    assert found.pop("LOUD") == found.pop("bundle.ipynb/hw") == ""
    assert sorted(found) == ["folder", "pipe", "pipe-2", "pipe-3"]
    assert found.pop("folder") == "'folder.ipynb' is a folder without a notebook in it: submit the .ipynb file itself"
    assert all("is not an ordinary file" in problem for problem in found.values())
    with pytest.raises(IngestError, match="not an ordinary file"):
        read_class([tmp_path / "in" / "pipe.zip"], tmp_path / "out", tmp_path)


def test_an_unreadable_file_keeps_the_layout_and_never_counts_as_latest(tmp_path):
    name = "doejane_12345_67890_hw"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"{name}.ipynb").write_text(NOTEBOOK)
    os.mkfifo(tmp_path / "in" / "doejane_12345_67899_hw.ipynb")
    os.mkfifo(tmp_path / "in" / "roejohn_777_67891_hw.ipynb")
    (tmp_path / "in" / "stray.ipynb").mkdir()
    found = problems(read_class([tmp_path / "in"], tmp_path / "out", tmp_path))
    assert found.pop("doejane_12345") == ""
    assert sorted(found) == ["roejohn_777", "stray"]
    assert all(found.values())


def test_a_folder_that_cannot_be_opened_is_reported(tmp_path, monkeypatch):
    (tmp_path / "in" / "closed").mkdir(parents=True)
    (tmp_path / "in" / "anna.ipynb").write_text(NOTEBOOK)
    real = os.scandir

    def scandir(path):
        if os.fspath(path).endswith(shut):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    shut = "closed"
    found = problems(read_class([tmp_path / "in"], tmp_path / "out", tmp_path))
    assert found == {"anna": "", "closed": "'closed' cannot be opened (Permission denied): check its permissions"}
    shut = "in"
    with pytest.raises(IngestError, match="cannot be opened"):
        read_class([tmp_path / "in"], tmp_path / "out", tmp_path)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("summary.csv", "summary.csv_"),
        ("a/Result.json", "a/Result.json_"),
        ("results.sqlite-wal", "results.sqlite-wal_"),
        ("é" * 300, "é" * 100),
        ("/".join("x" * 120 for _ in range(50)), None),
        ("\udcff\n", "__"),
        ("..", "_"),
    ],
)
def test_result_folder_names_are_portable_and_never_those_of_grader_files(label, name):
    (one,) = with_unique_names([Submission(Path("x"), label)])
    assert name is None or one.name == name
    assert len(one.name.encode()) <= 1000


def test_an_empty_or_missing_class_is_reported_in_one_sentence(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(IngestError, match="no notebook"):
        read_class([tmp_path / "in"], tmp_path / "out", tmp_path)
    with pytest.raises(IngestError, match="does not exist"):
        read_class([tmp_path / "nowhere"], tmp_path / "out", tmp_path)
