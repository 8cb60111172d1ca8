"""A signed result belongs to one student: copied, swapped or renamed files and edited rows are found."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli.class_grading import _signed
from grader.cli.exit_status import FAILED, LOST, PASSED
from grader.cli.main import main
from grader.cli.merge import merge_results
from grader.course.batch import Job, grade_all
from grader.course.csv_text import csv_rows, csv_text
from grader.course.ingest.submissions import Submission
from grader.course.shards import Shard, of_shard
from grader.course.store import Store
from grader.provenance.digests import of_file
from grader.provenance.signing import load_signer, make_key
from grader.result import Result, Student, Submitted, parse_result
from tests.conftest import RUBRIC, make_result
from tests.watching import Watching

pytestmark = pytest.mark.attack
ANNA, BEN, CARL = (
    Student("anna", "4711", "Anna Smith"),
    Student("ben", "4712", "Ben Jones"),
    Student("group/carl", "4713", "Carl Wu"),
)


class Tiny:
    """The part of an assignment that `grade_all` uses."""

    name, rubric, file = "tiny", RUBRIC, None
    prompts, template = (), staticmethod(tuple)


def submission(folder: Path, student: Student, text: str | None = None) -> Submission:
    path = folder / "in" / student.folder / "hw.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if text is not None else json.dumps({"cells": [], "who": student.folder}))
    return Submission(path, student.folder, student.number, student.name)


def grade(one: Submission) -> Result:
    """Ben has the best notebook."""
    found = make_result(one.path.name)
    score = 14.0 if "ben" in one.name else 10.0
    return replace(found, submission=Submitted(one.path.name, of_file(one.path)), score=score)


def run(
    folder: Path,
    submissions: Sequence[Submission],
    out: str = "graded",
    key: str | None = "course.key",
    grade: Callable[[Submission], Result] = grade,
) -> tuple[Path, list[str]]:
    """Grade a class; return its folder and the names of what was graded, not reused."""
    graded: list[str] = []

    def noted(one: Submission) -> Result:
        graded.append(one.name)
        return grade(one)

    signer = load_signer(folder / key) if key else None
    more = {"sign": signer, "may_reuse": lambda graded: _signed(graded, signer)} if signer else {}
    grade_all(submissions, Job(Tiny(), folder / out, noted, **more), Watching())  # type: ignore[arg-type]
    return folder / out, graded


@pytest.fixture
def course(tmp_path: Path) -> Path:
    make_key(tmp_path / "course.key")
    return run(tmp_path, [submission(tmp_path, one) for one in (ANNA, BEN, CARL)])[0]


def said(
    capsys: pytest.CaptureFixture[str], *files: Path, key: Path | None = None, more: Sequence[str] = ()
) -> tuple[int, str]:
    key = key or next(up / "course.key.pub" for up in files[0].parents if (up / "course.key.pub").exists())
    status = main(["verify-result", *map(str, files), "--key", str(key), *more])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert len((captured.out + captured.err).splitlines()) == len(files)
    return status, captured.out + captured.err


def file_of(course: Path, student: Student) -> Path:
    return course / student.folder / "result.json"


def edit_row(course: Path, folder: str, **cells: str) -> None:
    path = course / "summary.csv"
    header, *rows = csv_rows(path.read_text())
    changed = [
        [cells.get(name, cell) if row[0] == folder else cell for name, cell in zip(header, row, strict=True)]
        for row in rows
    ]
    path.write_text(csv_text([header, *changed]))


# --- the attacks ---------------------------------------------------------------------------------------------------


def test_a_result_copied_over_another_students_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(file_of(course, BEN), file_of(course, ANNA))
    status, words = said(capsys, file_of(course, ANNA))
    assert status == LOST
    assert "in the wrong place: it is the result of ben (Ben Jones, 4712), but it is in the folder 'anna'" in words
    assert said(capsys, file_of(course, BEN))[0] == PASSED
    status, words = said(capsys, course / "summary.csv")
    assert (status, "the result in the folder 'anna' is that of ben (Ben Jones, 4712)" in words) == (LOST, True)


def test_a_copy_with_its_row_changed_to_match_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(file_of(course, BEN), file_of(course, ANNA))
    edit_row(course, "anna", score="14")
    status, words = said(capsys, course / "summary.csv")
    assert (status, "it was copied or its folder renamed, so grade anna again" in words) == (LOST, True)


def test_swapped_results_are_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = file_of(course, ANNA), file_of(course, BEN)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    status, words = said(capsys, one, other)
    assert (status, words.count("in the wrong place")) == (LOST, 2)
    assert said(capsys, course / "summary.csv")[0] == LOST


def test_a_renamed_folder_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (course / "ben").rename(course / "zoe")
    edit_row(course, "ben", submission="zoe")
    assert said(capsys, course / "zoe" / "result.json")[0] == LOST
    status, words = said(capsys, course / "summary.csv")
    assert (status, "in the folder 'zoe' is that of ben" in words) == (LOST, True)


def test_a_link_to_another_students_folder_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(course / "anna")
    os.symlink("ben", course / "anna")
    assert said(capsys, file_of(course, ANNA))[0] == LOST
    assert said(capsys, course / "summary.csv")[0] == LOST


def test_a_folder_of_the_same_name_elsewhere_in_the_class_is_found(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = course / "group" / "ben" / "result.json"
    target.parent.mkdir()
    shutil.copy(file_of(course, BEN), target)
    status, words = said(capsys, target)
    assert (status, f"in the folder '{Path('group/ben')}'" in words) == (LOST, True)
    assert "no row in it (group/ben)" in said(capsys, course / "summary.csv")[1]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"student_id": "4712"}, "the row of anna says student_id '4712', but the signed result says '4711'"),
        ({"student": "Ben Jones"}, "says student 'Ben Jones', but the signed result says 'Anna Smith'"),
        ({"score": "14"}, "says score '14', but the signed result says '7.5'"),
        ({"status": "graded"}, "says status 'graded', but the signed result says 'needs_review'"),
        ({"b": "4"}, "says b '4', but the signed result says '2.5'"),
        ({"message": "well done"}, "says message 'well done', but the signed result says ''"),
        ({"score": "75e-1 "}, ""),
        ({"score": "nan"}, "says score 'nan'"),
    ],
)
def test_an_edited_row_is_found(
    course: Path, capsys: pytest.CaptureFixture[str], cells: dict[str, str], words: str
) -> None:
    edit_row(course, "anna", **cells)
    status, out = said(capsys, course / "summary.csv")
    assert status == (LOST if words else PASSED)
    assert words in out


def test_missing_double_and_added_rows_are_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = course / "summary.csv"
    header, *rows = csv_rows(path.read_text())
    path.write_text(csv_text([header, *rows[1:]]))
    assert said(capsys, path)[1].endswith("not complete: 1 of the results beside it have no row in it (anna)\n")
    path.write_text(csv_text([header]))
    assert "not complete: 3 of the results" in said(capsys, path)[1]
    path.write_text(csv_text([header, *rows, rows[0]]))
    assert "anna has two rows in it" in said(capsys, path)[1]
    path.write_text(csv_text([header, *rows, ["./anna", *rows[0][1:]]]))
    assert said(capsys, path)[0] == FAILED
    path.write_text(csv_text([header, *rows, ["zoe", *rows[0][1:]]]))
    assert "the result of zoe is missing" in said(capsys, path)[1]


def test_columns_with_changed_names_are_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = course / "summary.csv"
    header, *rows = csv_rows(path.read_text())
    for changed in ([*header[:-2], "message"], [*header[:-2], "a", "message"]):
        cut = len(header) - len(changed)
        path.write_text(csv_text([changed, *([*row[: len(row) - 1 - cut], row[-1]] for row in rows)]))
        assert "its columns are not the items of the results" in said(capsys, path)[1]


def test_a_result_of_a_class_with_another_key_is_found(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(tmp_path / "other.key")
    other, _ = run(tmp_path, [submission(tmp_path, ANNA)], "other", "other.key")
    shutil.copy(file_of(other, ANNA), file_of(course, ANNA))
    assert "wrong key" in said(capsys, file_of(course, ANNA))[1]
    assert "the result of anna is wrong key" in said(capsys, course / "summary.csv")[1]


def test_a_result_of_another_class_with_this_key_is_found_by_the_number(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    namesake = Student("anna", "9000", "Anna Brown")
    other, _ = run(tmp_path, [submission(tmp_path, namesake, "{}")], "other")
    shutil.copy(file_of(other, namesake), file_of(course, ANNA))
    status, words = said(capsys, course / "summary.csv")
    assert (status, "student_id '4711', but the signed result says '9000'" in words) == (LOST, True)


def test_a_signed_result_that_names_nobody_is_not_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_key(tmp_path / "course.key")
    path = tmp_path / "anna" / "result.json"
    load_signer(tmp_path / "course.key")(make_result("hw.ipynb")).write(path)
    status, words = said(capsys, path)
    assert (status, "does not say whose it is" in words) == (LOST, True)


def test_a_loose_result_needs_a_student(course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loose = tmp_path / "mail" / "result.json"
    loose.parent.mkdir()
    shutil.copy(file_of(course, BEN), loose)
    assert "say whose it must be with --student" in said(capsys, loose)[1]
    for who, wanted in (("ben", PASSED), ("4712", PASSED), ("ben jones", PASSED), ("anna", LOST), ("", LOST)):
        assert said(capsys, loose, more=["--student", who])[0] == wanted
    assert "of another student" in said(capsys, loose, more=["--student", "anna"])[1]


# --- what honest people do -----------------------------------------------------------------------------------------


def test_a_class_as_it_was_graded_is_verified(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [file_of(course, one) for one in (ANNA, BEN, CARL)]
    status, words = said(capsys, *files, course / "summary.csv")
    assert status == PASSED
    assert "verified: group/carl (Carl Wu, 4713), hw.ipynb, 10 of 14 points" in words


def test_a_class_that_was_moved_is_verified(course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "archive" / "2026"
    there.parent.mkdir()
    course.rename(there)
    assert said(capsys, file_of(there, ANNA), file_of(there, CARL), there / "summary.csv")[0] == PASSED


def test_the_order_and_the_formatting_of_rows_do_not_matter(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = course / "summary.csv"
    header, *rows = csv_rows(path.read_text())
    path.write_text("\r\n".join(",".join(row) for row in [header, *reversed(rows)]).replace(",7.5,", ",7.50,") + "\r\n")
    assert said(capsys, path)[0] == PASSED


def test_a_result_is_verified_from_its_own_folder(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course / "group" / "carl")
    assert said(capsys, Path("result.json"), key=course.parent / "course.key.pub")[0] == PASSED


def test_names_in_either_unicode_form_are_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_key(tmp_path / "course.key")
    composed, decomposed = "M\u00fcller", "Mu\u0308ller"
    course, _ = run(tmp_path, [submission(tmp_path, Student(composed))])
    (course / composed).rename(course / decomposed)
    assert said(capsys, course / decomposed / "result.json")[0] == PASSED


def test_results_are_reused_for_the_same_student_as_they_are(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file_of(course, ANNA).read_bytes()
    file_of(course, ANNA).unlink()
    _, graded = run(tmp_path, [submission(tmp_path, one) for one in (ANNA, BEN, CARL)])
    assert (graded, file_of(course, ANNA).read_bytes()) == ([], before)
    assert said(capsys, file_of(course, ANNA), course / "summary.csv")[0] == PASSED


@pytest.mark.parametrize("key", ["course.key", None])
def test_equal_notebooks_are_graded_once_and_each_student_gets_a_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str | None
) -> None:
    make_key(tmp_path / "course.key")
    same = [submission(tmp_path, one, '{"cells": []}') for one in (ANNA, CARL)]
    course, graded = run(tmp_path, same, key=key)
    results = [parse_result(file_of(course, one).read_text()) for one in (ANNA, CARL)]
    assert (len(graded), [one.student for one in results]) == (1, [ANNA, CARL])
    assert replace(results[0], student=CARL, signature=results[1].signature) == results[1]
    if key is None:
        assert [one.signature for one in results] == [None, None]
        assert run(tmp_path, same)[1] == ["anna"]  # with a key, it is graded again, once
    assert said(capsys, file_of(course, ANNA), file_of(course, CARL), course / "summary.csv")[0] == PASSED
    assert run(tmp_path, same)[1] == []


def test_a_corrected_number_is_signed_without_grading_again(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corrected = replace(ANNA, number="4799")
    _, graded = run(tmp_path, [submission(tmp_path, corrected)])
    assert graded == []
    assert parse_result(file_of(course, ANNA).read_text()).student == corrected
    assert said(capsys, file_of(course, ANNA), course / "summary.csv")[0] == PASSED


def test_shards_with_equal_notebooks_are_verified_when_they_are_merged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(tmp_path / "course.key")
    class_ = [submission(tmp_path, one, '{"cells": []}') for one in (ANNA, BEN, CARL)]

    def timed(one: Submission) -> Result:  # two machines never need the same time
        return replace(grade(one), environment={"seconds": float(len(one.name))})

    parts = [run(tmp_path, of_shard(class_, Shard(n, 2)), f"part-{n}", grade=timed)[0] for n in (1, 2)]
    assert merge_results(parts, tmp_path / "merged") == (3, [])
    files = [file_of(tmp_path / "merged", one) for one in (ANNA, BEN, CARL)]
    assert said(capsys, *files, tmp_path / "merged" / "summary.csv")[0] == PASSED


def test_a_store_of_another_version_is_refused_in_a_sentence(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(course) as store:
        for graded in list(store.all_graded()):
            store.put(replace(graded, document=graded.document.replace("grader-result/4", "grader-result/2")))
    assert main(["merge", str(course), "--out", str(tmp_path / "merged")]) == FAILED
    captured = capsys.readouterr()
    assert "written by another version of grader" in captured.out + captured.err
    assert "Traceback" not in captured.err


def test_a_summary_without_rows_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_key(tmp_path / "course.key")
    course, _ = run(tmp_path, [])
    status, words = said(capsys, course / "summary.csv")
    assert (status, "empty: no submission has been graded" in words) == (LOST, True)
