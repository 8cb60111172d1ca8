"""Appeals: entered by hand or from a form, each once, with all who lost by the same check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.course import verdicts
from grader.course.appeals import (
    LONGEST,
    AppealError,
    alike,
    all_appeals,
    appeal,
    file_appeal,
    in_question,
    of_submission,
    others,
)
from grader.course.appeals_csv import import_appeals, parse_appeals
from grader.course.decisions import MarkError
from grader.course.store import Store
from tests.course.class_store import graded_result, make_class, put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(make_class(tmp_path)) as opened:
        yield opened


def test_an_appeal_is_stored_once(store: Store) -> None:
    one, new = file_appeal(store, "id-ANNA", "Q1.print", " It is printed, see cell 3. \ud800", "prof")
    assert new
    assert (one.submission, one.check, one.text, one.status, one.filed_by) == (
        "anna", "q1.print", "It is printed, see cell 3. ?", "open", "prof"
    )  # fmt: skip
    assert file_appeal(store, "anna", "q1.print", "It is printed, see cell 3. ?") == (one, False)
    other, new = file_appeal(store, "anna", "q1.print", "Another reason.")
    assert (new, other.id) == (True, one.id + 1)
    assert all_appeals(store) == of_submission(store, "anna") == (one, other)
    assert all_appeals(store, "accepted") == ()
    assert appeal(store, one.id) == one


def test_an_item_stands_for_the_one_check_that_lost_points(store: Store) -> None:
    assert file_appeal(store, "carl", "q1", "why?")[0].check == "q1.time"
    assert file_appeal(store, "carl", "q3", "read it again")[0].check == "q3.answer"
    several = file_appeal(store, "anna", "q1", "why?")[0]
    assert several.check == "q1"
    assert [one.check for one in in_question(several, verdicts.of_submission(store, "anna"))] == ["q1.print", "q1.time"]


def test_all_that_lost_by_the_same_check_stand_beside_it(store: Store) -> None:
    one, _ = file_appeal(store, "anna", "q1.print", "why?")
    assert alike(store, one) == {"q1.print": ("ben",)}
    several, _ = file_appeal(store, "ben", "q1", "why?")
    assert alike(store, several) == {"q1.print": ("anna",), "q1.time": ()}
    alone, _ = file_appeal(store, "carl", "q1", "why?")
    assert alike(store, alone) == {"q1.time": ()}
    right, _ = file_appeal(store, "dora", "q1.print", "why?")
    assert alike(store, right) == {"q1.print": ()}


def test_what_cannot_be_an_appeal_is_refused_in_a_sentence(store: Store) -> None:
    for text in ("", "  \n"):
        with pytest.raises(AppealError, match="the appeal is empty"):
            file_appeal(store, "anna", "q1", text)
    with pytest.raises(AppealError, match="4,000 are the most"):
        file_appeal(store, "anna", "q1", "x" * (LONGEST + 1))
    with pytest.raises(AppealError, match=r"anna has no check or item 'q9'; the items are q1, q2, q3"):
        file_appeal(store, "anna", "q9", "why?")
    with pytest.raises(MarkError, match="there is no submission 'eve'"):
        file_appeal(store, "eve", "q1", "why?")
    with pytest.raises(AppealError, match="there is no appeal 7"):
        appeal(store, 7)
    assert all_appeals(store) == ()


FORM = """Zeitstempel,Email Address,Student ID,Which question do you dispute?,Why?
1.11.,a@x.example,id-anna,q1.print,"It prints, in cell 2:
print(x)"
1.11.,nobody@x.example,id-eve,q1,why
1.11.,,id-ben,q77,why
1.11.,,id-ben,q2,
,,,,
1.11.,,ID-CARL,Q1,'=1+1 is printed
"""


def test_a_form_is_imported_and_wrong_lines_are_told(store: Store) -> None:
    done = import_appeals(store, FORM, "prof")
    assert [(one.submission, one.check, one.text) for one in done.filed] == [
        ("anna", "q1.print", "It prints, in cell 2:\nprint(x)"),
        ("carl", "q1.time", "'=1+1 is printed"),
    ]
    assert done.known == 0
    assert len(done.problems) == 3
    assert "line 3: there is no submission 'nobody@x.example'" in done.problems[0]
    assert done.problems[1].startswith("line 4: ben has no check or item 'q77'")
    assert done.problems[2].startswith("line 5: the appeal is empty")
    assert import_appeals(store, FORM).known == 2


@pytest.mark.parametrize(
    "text",
    [
        "submission,check,text\nanna,q1,why\n",
        "id;item;reason\nanna;q1;why\n",
        "Student\tQuestion\tComment\nanna\tq1\twhy\n",
        "Your name,Explanation,Task\nanna,why,q1\n",
    ],
)
def test_columns_are_found_under_many_names(text: str) -> None:
    (line,) = parse_appeals(text)
    assert (line.number, line.who, line.check, line.text) == (2, ("anna",), "q1", "why")


@pytest.mark.parametrize("text", ["", "a,b,c\n1,2,3\n", "submission,text\nanna,why\n", "check,text\nq1,why\n"])
def test_a_file_without_the_columns_is_refused(text: str) -> None:
    with pytest.raises(AppealError, match="let its first line be submission,check,text"):
        parse_appeals(text)


def test_those_whose_message_only_begins_alike_are_told_apart(store: Store) -> None:
    first = "no training was seen in the run"
    told = {
        "anna": f"{first}; line 3 of the cell under 'Question 4' ended with NameError: no name 'x'",
        "ben": f"{first}; line 14 of the cell under 'My loops' ended with NameError: no name 'images'",
        "carl": f"{first}; line 3 of the cell under 'Question 4' ended with RuntimeError: shapes differ",
        "dora": first,
    }
    for name, message in told.items():
        result = graded_result(f"x = '{name}'", f"{name}.ipynb")
        check = replace(result.items[0].checks[0], message=message)
        item = replace(result.items[0], checks=(check, *result.items[0].checks[1:]))
        put(store, name, replace(result, items=(item, *result.items[1:])), f"again {name} of {name}")
    one, _ = file_appeal(store, "anna", "q1.print", "why?")
    assert others(store, one) == {"q1.print": (("ben",), ("carl", "dora"))}
    assert alike(store, one) == {"q1.print": ("ben",)}
    plain, _ = file_appeal(store, "dora", "q1.print", "why?")
    assert others(store, plain) == {"q1.print": ((), ("anna", "ben", "carl"))}
