"""class.html is made from the store, again as results come, and never costs one."""

import errno
import re
from dataclasses import replace

import pytest

from grader.course import overview
from grader.course.changes import changing
from grader.course.overview import CLASS_PAGE, Overview, problem_with_page, write_class_page
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store
from grader.result import Result, Submitted
from tests.conftest import make_result
from tests.course.test_batch import good, job, notebooks, run

ITEMS = ["a", "b", "c", "d"]


def put(store, name, seconds=2.0, document="", **entry):
    result = make_result(f"{name}.ipynb")
    graded = Graded(name, standing(result), document or result.document(), True, "", seconds)
    store.put(graded, Entry(name, f"{name}.ipynb", "ab", **entry))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as opened:
        opened.set_items(ITEMS)
        for number, name in enumerate(("anna", "ben")):
            put(opened, name, number + 1.0, student_name=f"Dr. {name}", late=name == "ben")
        failed = Result("tiny", Submitted("x.ipynb", ""), 0, 17, "failed", message="it is a web page")
        opened.put(Graded("x", standing(failed), failed.document(), False), Entry("x", "x.ipynb"))
        yield opened


def test_the_page_holds_what_the_store_holds(store, tmp_path):
    text = Overview(store).page()
    assert "3 submissions: median 83 %" in text
    assert 'href="./anna/report.html#item-b"' in text
    assert "saw [red]2[/red] &lt;b&gt;" in text
    assert "it is a web page" in text
    assert "1 late" in text
    assert re.search(r"c — Is read by a person</h3><span class=\"points\">2 submissions, 10 points", text)


def test_marks_count_and_no_longer_wait(store):
    with changing(store, "eva") as change:
        change.mark("anna", "c", adjustment=5)
    text = Overview(store).page()
    assert "1 submission, 5 points" in text
    assert "12.5 of 14" in text


def test_a_page_elsewhere_links_into_the_folder(store, tmp_path):
    write_class_page(tmp_path / "pages" / "of anna.html", Overview(store), tmp_path, [store.row("anna")])
    text = (tmp_path / "pages" / "of anna.html").read_text()
    assert 'href="../anna/report.html"' in text
    assert "ben" not in text
    assert "a selection of the class" in text


def test_a_page_is_made_again_from_what_was_read_before(store):
    made = Overview(store)
    first = made.page()
    put(store, "cleo")
    again = made.page()
    assert "cleo" in again
    assert "cleo" not in first
    assert again == Overview(store).page()


@pytest.mark.parametrize("document", ["{}", "no json", '{"items": 3}', '{"environment": {"seconds": 4}}'])
def test_a_document_of_another_version_has_no_checks(store, document):
    put(store, "old", document=document)
    assert "./old/report.html" in Overview(store).page()


def test_a_page_that_cannot_be_written_costs_no_result(tmp_path, monkeypatch):
    out = tmp_path / "out"
    (out / CLASS_PAGE / "in the way").mkdir(parents=True)
    done, _ = run(notebooks(tmp_path, "one", "two"), job(out, good, jobs=2))
    assert done.count == 2
    assert (out / "two" / "result.json").exists()
    assert (out / "summary.csv").read_text().count("\n") == 3
    with Store(out) as store:
        assert problem_with_page(out, Overview(store)).startswith("class.html could not be written (")

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(overview, "write_atomically", full)
        assert "(No space left on device)" in problem_with_page(out, Overview(store))
    assert sorted(path.name for path in out.iterdir() if path.name.startswith(".")) == []


def test_the_page_is_there_while_the_class_is_graded(tmp_path):
    out, seen = tmp_path / "out", []

    def grade(submission):
        page = out / CLASS_PAGE
        seen.append(page.read_text() if page.exists() else "")
        return replace(good(submission))

    run(notebooks(tmp_path, "one", "two", "three"), job(out, grade, jobs=1))
    assert any("./one/report.html" in text and "./three/" not in text for text in seen)
    text = (out / CLASS_PAGE).read_text()
    assert all(f"./{name}/report.html" in text for name in ("one", "two", "three"))
