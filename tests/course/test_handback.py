"""What students get back: before a release the machine's verdicts, after it also what people decided."""

import json
from dataclasses import replace

import pytest

from grader.course.changes import changing
from grader.course.handback import planned, release, withdraw, write_submission
from grader.course.store import Store
from tests.conftest import make_result
from tests.course.test_batch import job, notebooks, run, sha256


@pytest.fixture
def out(tmp_path):
    run(notebooks(tmp_path, "anna", "ben"), replace(job(tmp_path / "out", grade), notebooks=True))
    return tmp_path / "out"


def grade(submission):
    result = make_result(submission.path.name)
    return replace(result, submission=replace(result.submission, sha256=sha256(submission)))


def mark(out, points=5, comment="<b>well</b> argued"):
    with Store(out) as store, changing(store, "eva") as change:
        line = change.add_line("c", "names the curve", 2)
        change.mark("anna", "c", [line.id], points - 2, comment)
        change.override("anna", "b.two", 2, "the figure is right")


def read(out, name="anna"):
    folder = out / name
    given = json.loads((folder / "marks.json").read_text()) if (folder / "marks.json").exists() else None
    notebook = "\n".join(cell["source"] for cell in json.loads((folder / "executed.ipynb").read_text())["cells"])
    return (folder / "report.html").read_text(), notebook, given


def test_marks_reach_the_student_when_they_are_released(out):
    signed = (out / "anna" / "result.json").read_bytes()
    mark(out)
    page, notebook, given = read(out)
    assert given is None
    assert "waiting for a person" in page
    assert "well" not in page + notebook
    with Store(out) as store:
        assert next(one.words() for one in planned(store.rows())) == "anna: 14 of 17, shown for the first time"
        release(store, out, ["anna"], "eva")
        assert [one.name for one in planned(store.rows())] == ["ben"]
    page, notebook, given = read(out)
    for text in (page, notebook):
        assert "5 of 5 points from a person: names the curve (" in text
        assert "the figure is right" in text
        assert "waiting" not in text.replace("part-waiting", "")
        assert "<b>well" not in text
    assert "<strong>14</strong>" in page
    assert (given["score"], given["waiting"], given["items"][2]["mark"]["comment"]) == (14, 0, "<b>well</b> argued")
    assert given["items"][1]["overrides"] == [
        {"check": "b.two", "score": 2, "max_score": 2, "reason": "the figure is right"}
    ]
    assert "eva" not in json.dumps(given) + page + notebook
    assert (out / "anna" / "result.json").read_bytes() == signed
    assert "waiting for a person" in read(out, "ben")[0]


def test_what_a_person_wrote_about_a_right_answer_is_not_folded_away(out):
    mark(out)
    with Store(out) as store:
        release(store, out, ["anna"], "eva")
    page = read(out)[0]
    item = page.partition('id="item-c"')[2].partition("</section>")[0]
    assert "well" in item
    assert "<details" not in item


def test_a_later_change_is_shown_after_it_is_released(out):
    mark(out)
    with Store(out) as store:
        release(store, out, ["anna"], "eva")
        with changing(store, "tom") as change:
            change.mark("anna", "c", (), 1, "not at all")
        write_submission(store, "anna", out)
        assert "not at all" not in read(out)[0]
        assert next(one.words() for one in planned(store.rows())) == "anna: 10 of 17, before 14"
        release(store, out, ["anna"], "tom")
        assert "not at all" in read(out)[0]
        withdraw(store, out, ["anna"], "tom")
    page, _, given = read(out)
    assert given is None
    assert "not at all" not in page


def test_a_regrade_keeps_marks_overrides_and_what_was_released(out, tmp_path):
    mark(out)
    with Store(out) as store:
        release(store, out, ["anna"], "eva")
    (out / "anna" / "report.html").unlink()
    again = replace(job(out, grade), force=True, notebooks=True)
    run(notebooks(tmp_path, "anna", "ben"), again)
    page, _, given = read(out)
    assert "5 of 5 points from a person" in page
    assert given["score"] == 14
    with Store(out) as store:
        assert store.row("anna").final.standing.confirmed == 14
        assert store.row("anna").release_state == "released"
    run(notebooks(tmp_path, "anna", text="another"), again)
    page, _, given = read(out)
    assert given is None
    assert "waiting for a person" in page
