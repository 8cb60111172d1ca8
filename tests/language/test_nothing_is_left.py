"""No sentence goes past the catalogues: in a language of other letters, no Latin ones are left on what people read."""

from __future__ import annotations

import argparse
import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from grader.assignment import load_assignment
from grader.cli.main import parser
from grader.formatting import render_html
from grader.grading.judge import judge
from grader.language import LANGUAGES, current, in_language, said
from grader.live.session import Session
from grader.live.shown import ADVICE, Shown, hint_shown
from grader.live.verdicts import UNSEEN, Hint, Verdict
from grader.reports.class_page import class_html
from grader.reports.class_summary import summarise
from grader.reports.executed import executed_notebook
from grader.reports.html import html as page_of
from grader.reports.terminal import report
from grader.result import Result, Submitted, total
from tests.language.pseudo import CODE, latin, other, pseudo
from tests.reports.hostile import failed_result, hostile_result, with_evidence
from tests.reports.test_class_page import member, refused

# Names of devices, models, layers and errors, and what `hostile_result` and the tests' members are made of.
NAMES = (
    "CPU",
    "GPU",
    "MNIST",
    "IDX",
    "MLP",
    "CNN",
    "MACs",
    "FLOPs",
    "linear",
    "torch",
    "float",
    "int",
    "cpu",
    "train",
    "test",
)
MADE = ("tiny", "Title", "First", "backend", "list", "whole", "ab" * 32, "stderr", "stdout")
_TAG = re.compile(r"<style.*?</style>|<code.*?</code>|<head.*?</head>|<[^>]*>", re.DOTALL)
_SPOKEN = re.compile(r'(?:aria-label|alt|title)="([^"]*)"')


@pytest.fixture(autouse=True)
def language(tmp_path: Path) -> Iterator[None]:
    with pseudo(tmp_path):
        yield


def words_of(page: str) -> str:
    """The text of a page, and what a screen reader is told."""
    return html.unescape("\n".join([_TAG.sub("\n", page), *_SPOKEN.findall(page)]))


@pytest.fixture(scope="module")
def session() -> Session:
    """A notebook in which nothing has been done, and which has been judged."""
    session = Session(load_assignment("reference"), {"__name__": "__main__"})
    session.judge(["q1"])
    return session


@pytest.fixture(scope="module")
def verdicts(session: Session) -> tuple[Verdict, ...]:
    return session.judge(item.id for item in session.assignment.rubric.items)


@pytest.fixture(scope="module")
def nothing(session: Session) -> Result:
    """The result of that notebook, in which every check says what it misses."""
    items = judge(session.assignment.rubric, session._nothing)
    note = "line 1 of cell 0 ended with 42: 42"
    return total("42", Submitted("42", "42"), items, {"data": "42", "device": "42"}, (note,))


@pytest.fixture(scope="module")
def pictures() -> Result:
    """A result with every kind of verdict and picture, in which numbers stand wherever a student's words can."""
    return replace(with_evidence(hostile_result("42"), "42"), notes=("42",))


def ids(result: Result) -> list[str]:
    return [part for item in result.items for part in re.findall("[A-Za-z]+", item.id)]


def test_the_language_is_there_and_ends() -> None:
    assert said("no such file: x.ipynb") == other("no such file: ") + "x.ipynb"
    assert current() == CODE
    with in_language("en"):
        assert said("no such file: x.ipynb") == "no such file: x.ipynb"


def test_of_the_report(pictures: Result, nothing: Result) -> None:
    for result in (pictures, nothing, failed_result("42")):
        page = page_of(result)
        assert f'<html lang="{CODE}">' in page
        assert latin(words_of(page), *NAMES, *MADE, *ids(result)) == []


def test_of_the_terminal(nothing: Result, pictures: Result) -> None:
    checks = [part for item in nothing.items for check in item.checks for part in re.findall("[a-z]+", check.id)]
    for result in (pictures, nothing, failed_result("42")):
        for details in (True, False):
            console = Console(width=200, record=True, file=io.StringIO(), markup=False, highlight=False)
            console.print(report(result, details=details))
            assert latin(console.export_text(), *NAMES, *MADE, *ids(result), *checks) == []


def test_of_the_notebook_as_it_ran(pictures: Result, nothing: Result) -> None:
    for result in (pictures, nothing, failed_result("42")):
        cells = json.loads(executed_notebook(result))["cells"]
        text = "\n".join(cell["source"] for cell in cells)
        text += "\n".join(str(output.get("text", "")) for cell in cells for output in cell.get("outputs", ()))
        assert latin(html.unescape(text).replace("[grader:", ""), *NAMES, *MADE, *ids(result)) == []


def test_of_the_table_in_a_notebook(pictures: Result, nothing: Result) -> None:
    for result in (pictures, nothing, failed_result("42")):
        assert latin(words_of(result._repr_html_()), *NAMES, *MADE, *ids(result)) == []


def test_of_the_page_of_a_class() -> None:
    said_there = ("fail", 0.0, "no cell of this question has been run yet: 42"), ("review", 0.0, "a person decides")
    members = [member("42", *said_there, late=True, seconds=3.0, run_seconds=2.0), member("43", seconds=9.0)]
    members += [member(str(number), said_there[0]) for number in range(44, 75)] + [refused("77", "42")]
    page = class_html(summarise(members, ["q1"]), assignment="42", as_of="42", some=True)
    empty = class_html(summarise([], []), assignment="42")
    assert latin(words_of(page) + words_of(empty), *MADE) == []


def test_of_the_limits() -> None:
    page = render_html("limits.html", assignment="42", sections=[], wanted=1e-6, told_apart=0.01)
    assert latin(words_of(page), "Anderson", "Darling") == []


def test_of_the_check_in_a_notebook(verdicts: tuple[Verdict, ...]) -> None:
    items = [part for one in verdicts for part in re.findall("[a-z]+", one.item)]
    hint = hint_shown(Hint("q1", "Look at this again: 42", 1, 2))
    for shown in (Shown(verdicts, (UNSEEN, ADVICE)), Shown(verdicts, short=True), hint):
        assert latin(repr(shown), *NAMES, *items) == []
        assert latin(words_of(shown._repr_html_()), *NAMES, *items) == []


def test_of_the_help() -> None:
    top = parser()
    commands = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    for one in (top, *commands.choices.values()):
        usage, _, text = one.format_help().partition("\n\n")
        choices = [word for action in one._actions for word in re.findall("[A-Za-z]+", str(action.choices))]
        options = [word for action in one._actions for word in re.findall("[A-Za-z]+", " ".join(action.option_strings))]
        names = [word for word in re.findall("[A-Za-z]+", usage) if word != "usage"]
        assert (
            latin(text, *choices, *options, *names, *commands.choices, "COMMAND", "verify", "result", *LANGUAGES) == []
        )


@pytest.mark.parametrize(
    "argv",
    [[], ["chek"], ["check"], ["check", "x", "--item"], ["check", "x", "--tasks", "0"], ["check", "x", "--nope"]],
)
def test_of_wrong_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(argv)
    message = capsys.readouterr().err.splitlines()[-1]
    names = ("grader", "NOTEBOOK", "COMMAND", "command", "item", "IDS", "tasks", "nope")
    commands = (
        "check",
        "grade",
        "results",
        "mark",
        "merge",
        "keygen",
        "verify",
        "result",
        "data",
        "bundle",
        "calibrate",
    )
    assert f": {other('error')}: " in message
    assert latin(message, *names, *commands, "prove", "doctor") == []
