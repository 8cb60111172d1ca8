"""Nothing that a student writes acts on a terminal, a browser, a picture viewer or a spreadsheet."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console

from grader.cli.exit_status import FAILED
from grader.cli.main import main
from grader.cli.progress import ProgressLine
from grader.course.csv_text import FORMULA, csv_rows, escape_cell, unescape_cell
from grader.course.summary_csv import summary_csv
from grader.formatting import clean, one_line
from grader.grading.grade import Progress
from grader.reports import executed, pictures
from grader.reports.executed import executed_notebook
from grader.reports.html import html
from grader.reports.terminal import ADVISORY, print_report, svg, total_line
from grader.result import Result, Student, Submitted
from tests.conftest import make_result
from tests.reports.hostile import HOSTILE, failed_result, hostile_result, with_evidence

TEXTS = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
KINDS = pytest.mark.parametrize("make", [hostile_result, failed_result])
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "section", "header", "nav"}
TAGS |= {"ol", "ul", "li", "a", "small", "details", "summary", "dl", "dt", "dd", "pre", "code", "div", "figure"}
TAGS |= {"figcaption", "svg", "path", "circle", "rect", "text", "table", "caption", "thead", "tbody", "tfoot", "tr"}
TAGS |= {"th", "td", "span", "strong", "defs", "pattern", "img"}
JOINERS = "\u200c\u200d"


def acting(text: str, kept: str = "\n") -> list[str]:
    """Return the characters that control, reorder or hide text."""
    return [c for c in text if c not in kept and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def shown(result: Result, colours: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=100, highlight=False, markup=False, emoji=False, force_terminal=colours)
    print_report(result, console, details=True)
    return out.getvalue()


@TEXTS
@KINDS
def test_the_terminal(text, make):
    plain = shown(make(text))
    assert acting(plain) == []
    coloured = shown(make(text), colours=True)
    assert acting(re.sub(r"\x1b\[[\d;]*m", "", coloured)) == []  # rich's own colours
    assert "\x1b]" not in coloured


def test_markup_stays_as_it_was_written():
    assert "[red]red[/red] [link=https://example.org]x[/link] :warning:" in shown(hostile_result(HOSTILE["markup"]))


@pytest.mark.parametrize("gap", ["\n", "\r\n", " " * 100, "x" * 100 + " ", "\x0b", "\u2028"])
def test_further_lines_of_a_student_do_not_pass_for_lines_of_the_report(gap):
    forged = "✓ q1 Everything 10 / 10"
    result = hostile_result(gap.join(["x", forged, forged]))
    result = replace(result, submission=Submitted("x", ""), environment={})
    lines = shown(result).splitlines()
    assert not [line for line in lines if line.startswith(forged[:4])]
    marks = tuple("✓✗◐·?–!")
    plain = shown(replace(hostile_result("x"), submission=Submitted("x", ""), environment={})).splitlines()
    assert [line[0] for line in lines if line.startswith(marks)] == [
        line[0] for line in plain if line.startswith(marks)
    ]
    failure = shown(replace(result, status="failed")).splitlines()
    assert not [line for line in failure if line.startswith(forged[:4])]


@TEXTS
@KINDS
def test_the_total_is_one_line(text, make):
    line = total_line(make(text))
    assert acting(line, kept="") == []


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        self.texts.append(data)


@TEXTS
@KINDS
def test_the_page(text, make):
    page = html(make(text))
    plain = html(make("plain"))
    assert acting(page) == []
    read, harmless_page = Page(), Page()
    read.feed(page)
    harmless_page.feed(plain)
    assert read.tags == harmless_page.tags  # the text adds no tag and no attribute
    assert {tag for tag, _ in read.tags} <= TAGS
    assert any(clean(text).strip() in data for data in read.texts)


@TEXTS
def test_the_pictures_on_the_page(text):
    page, plain = (html(with_evidence(hostile_result(one), one)) for one in (text, "plain"))
    assert acting(page) == []
    read, harmless_page = Page(), Page()
    read.feed(page)
    harmless_page.feed(plain)
    assert read.tags == harmless_page.tags
    tags = {tag for tag, _ in read.tags}
    assert {"circle", "rect", "table", "pre"} <= tags <= TAGS
    assert "cell-0-1" in page  # the message leads to the marked line


@TEXTS
@KINDS
def test_the_table_in_a_notebook(text, make):
    table = make(text)._repr_html_()
    assert acting(table) == []
    read, harmless_table = Page(), Page()
    read.feed(table)
    harmless_table.feed(make("plain")._repr_html_())
    assert read.tags == harmless_table.tags
    assert {tag for tag, _ in read.tags} <= {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td"}
    assert any(clean(text).strip() in data for data in read.texts)


def test_the_page_has_a_policy_that_allows_its_own_style_alone():
    page = html(make_result("a.ipynb"))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert page.index("Content-Security-Policy") < page.index("<title>")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy[1]
    assert " style=" not in page


@TEXTS
@KINDS
def test_the_picture(text, make):
    picture = svg(make(text))
    assert acting(picture) == []
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(picture).iter()}
    assert tags <= {"svg", "style", "defs", "clipPath", "rect", "text", "g", "circle"}
    links = set(re.findall(r"https?://[^\s\"'<&)]*", re.sub(r"<text.*?</text>", "", picture, flags=re.DOTALL)))
    assert links <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}  # a namespace and a comment
    assert "@import" not in picture
    assert "url(h" not in picture


@TEXTS
@KINDS
def test_the_summary(text, make):
    written = summary_csv([replace(make(text), student=Student(text, text, text))], ["i0"])
    assert acting(written) == []
    rows = list(csv.reader(io.StringIO(written)))
    assert len(rows) == 2
    assert len(rows[1]) == 11
    for separator in ",;\t|:":
        for line in csv.reader(io.StringIO(written), delimiter=separator):
            for cell in line:
                assert not re.match(rf"[\s\"'`]*(?<!')[{FORMULA}]", cell)
    assert csv_rows(written)[1][:3] == [one_line(text)] * 3


@pytest.mark.parametrize("name", ["anna", "-rf", "+x", "@home", "=1", "a/b", " -x"])
def test_names_in_a_summary_can_be_read_back(name):
    assert unescape_cell(escape_cell(name)) == name


@TEXTS
def test_the_result_file(text, tmp_path):
    hostile_result(text).write(tmp_path / "result.json")
    written = (tmp_path / "result.json").read_text(encoding="utf-8")
    assert acting(written) == []
    expected = text.encode("utf-8", "replace").decode()
    assert json.loads(written)["notes"] == [expected]
    assert json.loads(written)["submission"]["name"] == expected


@TEXTS
def test_progress_and_mistakes(text, capsys, monkeypatch):
    show = ProgressLine(enabled=True)
    show(Progress("read", 0, 1, text))
    show.close()
    assert acting(capsys.readouterr().err) == []
    if "\0" in text:
        return
    assert main(["grade", f"./nowhere/{text}", "--out", "never"]) == FAILED
    with pytest.raises(SystemExit):
        main(["check", "x.ipynb", f"./{text}"])
    captured = capsys.readouterr()
    assert acting(captured.err + captured.out) == []


@pytest.mark.parametrize("text", ["naïve Größe 日本語 فارسی‌ها", "👩‍🔬 ok", "a\u00a0b"])
def test_honest_text_stays(text):
    assert one_line(text) == text.replace("\u00a0", " ")


def test_a_self_check_is_marked_as_advice_and_a_grading_is_not():
    mine, theirs = hostile_result("x"), make_result("x.ipynb")
    for report in (shown, html, svg):
        assert ADVISORY.split(":")[0] in report(mine).replace("&#160;", " ").replace("\u00a0", " ")
        assert ADVISORY.split(":")[0] not in report(theirs).replace("&#160;", " ").replace("\u00a0", " ")
    assert ADVISORY in shown(failed_result("x"))


def test_evidence_that_cannot_be_shown_costs_no_report(monkeypatch):
    def broken(*_: object) -> None:
        raise OverflowError("a <b>loss</b>")

    monkeypatch.setattr(pictures, "pictures", broken)
    monkeypatch.setattr(executed, "_Outputs", broken)
    result = with_evidence(hostile_result("x"), "x")
    for made in (html(result), executed_notebook(result)):
        assert "the run could not be shown here (OverflowError" in made
        assert "<b>loss" not in made
        assert result.items[0].title in made
