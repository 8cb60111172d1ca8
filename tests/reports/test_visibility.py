import json
from dataclasses import replace

import pytest

from grader.assignment import Check, Fail, Item, NotGraded, Review, Rubric
from grader.formatting import one_line
from grader.grading.judge import judge
from grader.reports import html, terminal
from grader.reports.audience import for_students
from grader.reports.executed import executed_notebook
from grader.reports.gradescope import gradescope_document, gradescope_results
from grader.reports.markdown import report
from grader.reports.visibility import LEVELS, is_shown, shown
from grader.result import VISIBILITIES, Submitted, parse_result, total
from tests.conftest import broken, empty_evidence, passes

SECRETS = (
    "the trap was met",
    "a trap for copies",
    "q1.trap",
    "look at the seed",
    "only after the deadline",
    "division by zero",
)


def trap(e):
    """Is a trap for copies."""
    raise Fail("the trap was met", "a trap for copies", "look at the seed")


def late(e):
    """Only after the deadline."""
    return "only after the deadline"


def read_by_person(e):
    """Is read."""
    return Review("the trap was met", ("q1.trap",), "look at the seed", credit=0.5)


def lacks(e):
    """Needs something."""
    raise NotGraded("the trap was met: no pandas")


RUBRIC = Rubric(
    "tiny",
    (
        Item(
            "q1",
            "First",
            7,
            (
                Check("q1.seen", 1, passes),
                Check("q1.trap", 2, trap, visibility="hidden"),
                Check("q1.after", 1, passes, requires=("q1.trap",)),
                Check("q1.late", 2, late, visibility="after_due_date"),
                Check("q1.read", 1, read_by_person, visibility="after_published"),
            ),
        ),
        Item("q2", "Second", 2, (Check("q2.all", 2, passes, visibility="hidden"),)),
        Item(
            "q3",
            "Third",
            2,
            (Check("q3.bad", 1, broken, visibility="hidden"), Check("q3.next", 1, passes, ("q3.bad",))),
        ),
    ),
)


@pytest.fixture
def result():
    return total("tiny", Submitted("a.ipynb", "ab"), judge(RUBRIC, empty_evidence()), {})


def points(result):
    return [(item.id, item.score, item.max_score, sum(c.score for c in item.checks)) for item in result.items]


@pytest.mark.parametrize("level", LEVELS)
def test_points_count_whether_a_check_is_shown_or_not(result, level):
    found = shown(result, level)
    assert points(found) == points(result)
    assert [sum(c.max_score for c in item.checks) for item in found.items] == [7, 2, 2]
    assert (found.score, found.ungraded, found.lost) == (result.score, result.ungraded, result.lost)


@pytest.mark.parametrize(
    "make",
    [
        lambda r: report(r),
        lambda r: html.html(for_students(r)),
        lambda r: html.html(replace(r, advisory=True)),
        lambda r: executed_notebook(r),
        lambda r: json.dumps(shown(r, "visible").to_dict()),
        lambda r: terminal.svg(replace(r, advisory=True)),
    ],
    ids=["markdown", "html", "own check", "executed", "json", "svg"],
)
def test_no_student_facing_output_tells_of_a_hidden_check(result, make):
    document = make(result)
    assert not [secret for secret in SECRETS if secret in document]
    assert "q1" in document


def test_a_level_shows_what_its_time_has_come_for(result):
    ids = {level: {c.id for c in shown(result, level).items[0].checks} for level in LEVELS}
    assert "q1.late" not in ids["visible"]
    assert {"q1.late"} <= ids["after_due_date"]
    assert "q1.read" not in ids["after_due_date"]
    assert {"q1.late", "q1.read"} <= ids["after_published"]
    assert "q1.trap" not in ids["after_published"]
    assert shown(result, "all") == result
    assert [is_shown(visibility, "all") for visibility in VISIBILITIES] == [True] * 4


def test_what_stands_for_hidden_checks_says_how_many_points_they_are(result):
    messages = [check.message for check in shown(result, "visible").items[0].checks]
    assert messages == [
        "found it",
        "skipped: it depends on a check that is not shown, which did not pass",
        "2 checks are not shown: 2 of 4 points",
        "1 check is not shown: a person decides",
    ]
    third = shown(result, "visible").items[2].checks
    assert [check.status for check in third] == ["not_graded", "not_graded"]


def test_a_rubric_without_hidden_checks_is_shown_as_it_is(result):
    plain = replace(RUBRIC.items[0], points=1, checks=RUBRIC.items[0].checks[:1])
    honest = total("tiny", Submitted("a.ipynb", "ab"), judge(Rubric("tiny", (plain,)), empty_evidence()), {})
    assert shown(honest, "visible") == honest
    assert "visibility" not in honest.document()


def test_the_document_keeps_the_visibility(result):
    again = parse_result(result.document())
    assert again == result
    assert again.document() == result.document()
    assert result.document().count('"visibility"') == 5


def test_gradescope_gets_every_check_with_its_visibility(result):
    found = gradescope_results(result, seconds=12.6)
    tests = {test["name"]: test for test in found["tests"]}
    assert [test["visibility"] for test in found["tests"]][:5] == [
        "visible",
        "hidden",
        "visible",
        "after_due_date",
        "after_published",
    ]
    assert tests["First (q1.seen)"] | {"output": ""} == {
        "name": "First (q1.seen)",
        "number": "1.1",
        "score": 1,
        "max_score": 1,
        "output": "",
        "tags": ["q1"],
        "visibility": "visible",
        "status": "passed",
    }
    assert tests["First (q1.trap)"]["status"] == "failed"
    assert "status" not in tests["First (q1.read)"]
    assert found["score"] == result.confirmed
    assert found["execution_time"] == 13
    assert sum(test["score"] for test in found["tests"]) == result.confirmed


def test_gradescope_takes_the_score_of_a_person_and_comments(result):
    found = gradescope_results(result, score=9.5, comments=("well <b>argued</b>",))
    assert found["score"] == 9.5
    assert "well &#60;b&#62;argued" in found["output"]
    assert json.loads(gradescope_document(result, score=9.5))["score"] == 9.5


def test_gradescope_tells_why_nothing_could_be_graded(result):
    failed = replace(result, status="failed", items=(), score=0.0, message="a.ipynb is not a notebook.")
    found = gradescope_results(failed)
    assert found["tests"] == []
    assert one_line("a.ipynb is not a notebook.") in found["output"]
