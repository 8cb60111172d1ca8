"""What CI systems show: annotations, JUnit, code quality, a badge, Markdown; and that no submission can act in them."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from grader.notebook.cells import Cell
from grader.notebook.json_lines import CellLines
from grader.notebook.questions import Section
from grader.reports import classroom50
from grader.reports.badge import badge
from grader.reports.findings import findings
from grader.reports.github import annotated, escape_data, escape_property, harmless_log
from grader.reports.gitlab import code_quality
from grader.reports.gradescope import gradescope_results
from grader.reports.junit import junit
from grader.reports.markdown import LEFT_OUT, report, summary, text
from grader.result import CheckResult, ItemResult, Result, Submitted
from tests.reports.hostile import HOSTILE, failed_result, hostile_result, with_evidence
from tests.reports.test_executed import result_of

ATTACKS = HOSTILE | {
    "command": "x\n::error file=a.py::pwned\n::add-mask::a",
    "old command": "x ##[error]pwned ##[add-mask]x",
    "returned command": "x\r::set-env name=A::b\r\n::stop-commands::x",
    "percent": "100 %0A::error::x",
    "fence": "```\n</code>\n~~~ `code` ``x``",
    "mention": "@anna @org/team thanks to @bob",
    "reference": "closes #12, org/repo#3 and !45 ~bug %milestone &7",
    "cdata": "]]> <![CDATA[ ]]>",
    "table": "a | b | c\n| --- | --- |",
    "heading": "# big\n- [x] done\n/close\n/assign @anna",
    "picture": "![x](https://example.org/a.png) [y](javascript:alert(1)) <https://example.org> www.example.org",
    "math": "$`\\href{javascript:x}{y}`$ $$x$$",
}
EVERY = pytest.mark.parametrize("words", ATTACKS.values(), ids=ATTACKS)


def one(status="fail", score=0.0, most=2.0, message="3 images", **more):
    return CheckResult("q1.one", status, score, most, message, "64 images", **more)


def made(*checks, most=None):
    score = sum(check.score for check in checks)
    item = ItemResult("q1", "First", score, sum(check.max_score for check in checks), "partial", checks)
    return Result(
        "tiny", Submitted("a.ipynb", "ab"), score, item.max_score if most is None else most, "graded", (item,)
    )


class Seen(HTMLParser):
    """The tags of a page, and its text as a platform reads it for mentions after Markdown was rendered."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def rendered(markdown):
    return Seen(MarkdownIt("commonmark").enable("table").enable("strikethrough").render(markdown))


@EVERY
def test_no_text_of_a_submission_acts_as_markdown(words):
    honest = rendered(report(with_evidence(hostile_result("plain"), "plain"), limit=10**6))
    found = rendered(report(with_evidence(hostile_result(words), words), limit=10**6))
    assert [
        tag
        for tag, _ in found.tags
        if tag not in {"h2", "h3", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    ] == []
    assert [tag for tag, _ in found.tags].count("table") == 1
    assert [tag for tag, _ in found.tags].count("tr") == [tag for tag, _ in honest.tags].count("tr")
    assert not re.search(r"[@#!~&][A-Za-z0-9]", found.text)
    assert not re.search(r"^\s*/[a-z]", found.text, re.MULTILINE)


@EVERY
def test_no_text_of_a_submission_is_a_command_in_a_log(words):
    for line in harmless_log(words).split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    for found in (hostile_result(words), with_evidence(hostile_result(words), words), failed_result(words)):
        commands = annotated(findings(found, f"{words}.ipynb")).splitlines()
        assert commands
        for command in commands:
            assert re.match(r"^::(error|warning|notice) file=[^:,]*,line=\d+,title=[^:,]*::", command)


@EVERY
def test_no_text_of_a_submission_breaks_the_xml(words):
    for found in (hostile_result(words), failed_result(words)):
        tree = ElementTree.fromstring(junit(found, f"{words}.ipynb"))
        assert tree.tag == "testsuites"
        assert int(tree.get("tests")) == len(tree.findall(".//testcase"))
        assert int(tree.get("failures")) == len(tree.findall(".//failure"))
        assert int(tree.get("skipped")) == len(tree.findall(".//skipped"))
        assert int(tree.get("errors")) == len(tree.findall(".//error"))


@EVERY
def test_no_text_of_a_submission_breaks_the_json(words):
    found = hostile_result(words)
    for entry in json.loads(code_quality(findings(found, words))):
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= entry.keys()
        assert entry["description"].isprintable() or "\u200c" in entry["description"]
    assert json.loads(badge(found))["schemaVersion"] == 1
    tests = gradescope_results(found)["tests"]
    assert not [t for test in tests for t, _ in rendered(test["output"]).tags if t not in {"p", "strong"}]


def test_honest_text_reads_as_it_was_written():
    words = "accuracy 0.95 (95 %), x[0] != y & z < 3, a * b, q1_loss #1 for C# & R&D: e-mail me"
    assert rendered(text(words)).text.replace("\u200b", "").strip() == words


def test_a_mention_needs_more_than_an_entity_to_be_none():
    assert "@\u200banna" in rendered(text("@anna")).text
    assert "!\u200b45" in rendered(text("!45")).text
    assert rendered(text("what! no")).text.strip() == "what! no"


def test_the_summary_is_no_larger_than_github_takes():
    checks = tuple(one(message=f"{'é' * 1900} {number}") for number in range(1500))
    found = summary(made(*checks))
    assert len(found.encode()) <= 1 << 20
    assert found.endswith(LEFT_OUT)
    assert len(report(made(*checks)).encode()) <= 60_000


def test_the_worst_ten_of_a_kind_are_annotated_and_no_more():
    checks = [replace(one(message=f"fault {n}"), id=f"q1.{n}") for n in range(25)]
    partly = [replace(one("partial", 1.0, message=f"half {n}"), id=f"q1.h{n}") for n in range(11)]
    lines = annotated(findings(made(*checks, *partly), "a.ipynb")).splitlines()
    assert [line.split(" ")[0] for line in lines].count("::error") == 10
    assert [line.split(" ")[0] for line in lines].count("::warning") == 10


def test_the_item_that_costs_most_comes_first():
    small = ItemResult("q1", "Small", 0.0, 1.0, "fail", (replace(one(most=1.0), id="q1.a"),))
    large = ItemResult("q2", "Large", 0.0, 9.0, "fail", (replace(one(most=9.0), id="q2.a"),))
    found = findings(Result("tiny", Submitted("a.ipynb", ""), 0.0, 10.0, "graded", (small, large)), "a.ipynb")
    assert [(f.check, f.lost, f.share) for f in found] == [("q2.a", 9.0, 0.9), ("q1.a", 1.0, 0.1)]
    assert [entry["severity"] for entry in json.loads(code_quality(found))] == ["critical", "critical"]


def test_an_item_that_was_not_started_is_told_once():
    checks = (one(message="not started: no figure"), replace(one(message="no axes"), id="q1.two"))
    assert [(f.check, f.lost) for f in findings(made(*checks), "a.ipynb")] == [("q1.one", 4.0)]


def test_a_finding_points_at_the_line_that_is_spoken_of():
    places = tuple(CellLines(10 * n, (10 * n + 1, 10 * n + 2)) for n in range(1, 7))
    found = result_of()
    (finding,) = findings(found, "a.ipynb", places)
    assert finding.line == 51  # of the question's last cell
    wrong = replace(found.items[1].checks[0], message="ZeroDivisionError (cell 1, line 2)")
    told = replace(found, items=(found.items[0], replace(found.items[1], checks=(wrong,))))
    assert findings(told, "a.ipynb", places)[0].line == 22
    assert findings(told, "a.ipynb")[0].line == 1


def test_a_finding_in_a_notebook_that_shrank_points_at_its_beginning():
    cells = (*(Cell(n, "code", "x") for n in range(9)),)
    found = result_of(cells, sections={"q2": Section("q2", 8, (8,))})
    assert findings(found, "a.ipynb", (CellLines(5),))[0].line == 1


def test_the_fingerprint_stays_where_a_line_moves():
    before, after = (
        json.loads(code_quality(findings(made(one(message=m)), "a.ipynb")))[0] for m in ("3 images", "4 images")
    )
    assert before["fingerprint"] == after["fingerprint"]
    other = json.loads(code_quality(findings(made(one()), "b.ipynb")))[0]
    assert other["fingerprint"] != before["fingerprint"]


def test_a_failed_notebook_is_one_finding():
    failed = failed_result("a.ipynb is cut off at line 3: download it again")
    assert [f.severity for f in findings(failed, "a.ipynb")] == ["error"]
    assert json.loads(code_quality(findings(failed, "a.ipynb")))[0]["severity"] == "blocker"
    assert json.loads(badge(failed)) == {
        "schemaVersion": 1,
        "label": "grader",
        "message": "not graded",
        "color": "lightgrey",
    }
    assert "cut off at line 3" in junit(failed, "a.ipynb")


def test_escapes_are_those_of_the_toolkit():
    assert escape_data("a%b\r\nc") == "a%25b\ufffd%0Ac"
    assert escape_property("a:b,c%") == "a%3Ab%2Cc%25"


def test_a_badge_says_points_of_those_that_could_be_graded():
    found = replace(made(one("pass", 2.0)), ungraded=0.0)
    assert json.loads(badge(found))["message"] == "2 / 2"
    assert json.loads(badge(found))["color"] == "brightgreen"
    assert json.loads(badge(replace(found, max_score=4.0, ungraded=1.0)))["message"] == "2 / 3"


def test_junit_tells_seen_expected_and_hint():
    tree = ElementTree.fromstring(
        junit(made(one(hint="count again", score=0.5, status="partial"), one("review", 2.0)), "hw/a.ipynb")
    )
    (failure,) = tree.findall(".//failure")
    assert failure.text == "seen: 3 images\nexpected: 64 images\nhint: count again\n0.5 of 2 points"
    case = tree.find(".//testcase")
    assert (case.get("classname"), case.get("name"), case.get("file")) == ("tiny.q1", "q1.one", "hw/a.ipynb")
    assert {p.get("name"): p.get("value") for p in case.iter("property")} == {
        "score": "0.5",
        "max_score": "2",
        "status": "partial",
    }
    assert len(tree.findall(".//skipped")) == 1


SUBMISSION = classroom50.submission_from(
    {"CLASSROOM": "ml", "ASSIGNMENT": "hw1", "SUBMISSION_TAG": "submit/x", "COMMIT_URL": "c", "RELEASE_URL": "r"}
)


def test_classroom50_gets_whole_numbers_that_lose_nothing():
    checks = (one("partial", 0.13, 0.2), one("pass", 0.75, 0.75), one("review", 0.5, 0.5), one("review", 0.25, 0.5))
    result = replace(made(*checks), provisional=0.75)
    found = classroom50.classroom50_result(result, SUBMISSION, "2026-11-29T17:00:00Z")
    assert (found["score"], found["max-score"]) == (88, 195)
    assert [(t["score"], t["max-score"], t["passed"]) for t in found["tests"]] == [
        (13, 20, False),
        (75, 75, True),
        (0, 50, False),
        (0, 50, False),
    ]
    assert sum(test["score"] for test in found["tests"]) == found["score"]
    assert all(type(value) is int for test in found["tests"] for value in (test["score"], test["max-score"]))
    assert found["review"] == "c"  # without a diff it is the commit


@EVERY
def test_classroom50_gets_text_that_does_nothing(words):
    document = classroom50.classroom50_document(hostile_result(words), SUBMISSION, "2026-11-29T17:00:00Z")
    assert all("\n" not in test["message"] for test in json.loads(document)["tests"])
