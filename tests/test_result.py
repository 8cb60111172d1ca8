import json

import pytest

from grader.files import write_atomically
from grader.result import Result, Submitted
from tests.conftest import make_result


def test_totals_tell_lost_from_provisional_and_ungraded(result):
    assert (result.score, result.max_score) == (10.0, 17)
    assert (result.provisional, result.ungraded, result.lost) == (2.5, 3, 1.5)
    assert result.status == "needs_review"


def test_the_written_file_is_the_dict_in_the_documented_order(result, tmp_path):
    path = tmp_path / "deep" / "er" / "result.json"
    result.write(path)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(result.to_dict()))
    assert list(written)[:5] == ["schema", "assignment", "submission", "student", "score"]
    assert [item["id"] for item in written["items"]] == ["a", "b", "c", "d"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_atomically(path, 3)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_lone_surrogates_do_not_break_writing(tmp_path):
    result = make_result("bad\ud800name.ipynb")
    result.write(tmp_path / "result.json")
    assert json.loads((tmp_path / "result.json").read_text())["submission"]["name"].startswith("bad")


def test_jupyter_shows_the_score_the_items_and_what_lost_points(result):
    table = result._repr_html_()
    assert "7.5 of 14 points confirmed + 5 waiting for a person; 3 not graded here" in table
    for item in result.items:
        assert f">{item.title}</td>" in table
    assert "saw [red]2[/red] &lt;b&gt;" in table
    assert "found it" not in table
    assert "color" not in table  # for light and for dark pages


def test_jupyter_shows_why_a_submission_could_not_be_graded():
    failed = Result("tiny", Submitted("a.ipynb", ""), 0, 17, "failed", message="not a notebook: it is <a web page>")
    assert "could not be graded: not a notebook: it is &lt;a web page&gt;" in failed._repr_html_()
