"""States of items and steps of hints, from results alone."""

from __future__ import annotations

from grader.live.shown import Shown
from grader.live.verdicts import NOT_REPEATED, Verdict, hints, next_hint, unrepeated, verdict
from grader.result import CheckResult, CheckStatus, ItemResult

FOUND = "there is no class"


def check(
    status: CheckStatus, message: str = "m", name: str = "a.one", points: float = 1, hint: str = "h"
) -> CheckResult:
    score = points if status in ("pass", "review") else 0.0
    return CheckResult(name, status, score, points, message, "expected", hint)


def item(*checks: CheckResult) -> ItemResult:
    return ItemResult("a", "Item", sum(c.score for c in checks), 2, "fail", checks)


EMPTY = item(check("fail", FOUND), check("skipped", "s", "a.two"))


def state(*checks: CheckResult, ran: bool | None = None) -> tuple[str, str]:
    found = verdict(item(*checks), EMPTY, ran=ran)
    return found.state, found.sentence


def test_right() -> None:
    assert state(check("pass")) == ("right", "all that is asked for is right")


def test_wrong() -> None:
    assert state(check("pass"), check("fail", "other", "a.two")) == (
        "wrong",
        "one thing is not as asked for, 1 is right",
    )


def test_what_fails_as_for_an_empty_notebook_is_not_attempted() -> None:
    assert state(check("fail", FOUND), check("skipped", "s", "a.two"))[0] == "not attempted"


def test_unless_its_own_cell_has_run() -> None:
    assert state(check("fail", FOUND), ran=True)[0] == "wrong"
    assert state(check("fail", FOUND), ran=False)[0] == "not attempted"


def test_starter_code_is_not_attempted_and_says_what_to_do() -> None:
    found = state(check("fail", "not started: the class A has no code yet"), ran=True)
    assert found == ("not attempted", "complete this cell first: not started: the class A has no code yet")


def test_what_is_right_so_far_is_not_run_yet() -> None:
    assert state(check("pass"), check("fail", FOUND, "a.two")) == ("not run yet", f"right so far; not run yet: {FOUND}")


def test_what_cannot_be_told_is_not_judged() -> None:
    assert state(check("not_graded", "no GPU here")) == ("not judged", "no GPU here")
    assert state(check("pass"), check("not_graded", "no GPU", "a.two"))[0] == "right"


def test_prose_is_not_judged_without_the_text() -> None:
    assert verdict(EMPTY, EMPTY, ran=None, written=True, readable=False).state == "not judged"


def test_verdicts_that_need_repeated_steps_are_not_given() -> None:
    found = unrepeated(
        item(check("review"), check("fail", "f", "a.two")), item(check("pass"), check("fail", "f", "a.two"))
    )
    assert [(c.status, c.message) for c in found.checks] == [("not_graded", NOT_REPEATED), ("fail", "f")]


def test_hints_become_more_telling_and_the_last_one_stays() -> None:
    found = verdict(item(check("fail", "other", hint="Which layer is last?")), EMPTY, ran=None)
    given: dict[str, int] = {}
    texts = []
    for _ in range(4):
        chosen = next_hint(found, {"a.one": "It has ten outputs."}, given)
        assert chosen is not None
        given[chosen[1]] = given.get(chosen[1], 0) + 1
        texts.append((chosen[0].number, chosen[0].text))
    assert texts == [
        (1, "Look at this again: It has ten outputs."),
        (2, "Found was: other. Expected was: expected"),
        (3, "Which layer is last?"),
        (3, "Which layer is last?"),
    ]


def test_another_failure_begins_with_its_first_hint() -> None:
    one, other = (verdict(item(check("fail", m)), EMPTY, ran=None) for m in ("x", "y"))
    first = next_hint(one, {}, {})
    assert first is not None
    second = next_hint(other, {}, {first[1]: 2})
    assert second is not None
    assert second[0].number == 1


def test_without_a_failure_there_is_no_hint() -> None:
    assert next_hint(verdict(item(check("pass")), EMPTY, ran=None), {}, {}) is None


def test_a_check_without_hint_still_has_steps() -> None:
    assert len(hints(check("fail", hint=""), "text")) == 2


def test_what_students_write_cannot_act_in_the_page() -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e"
    found = Verdict("a", bad, "wrong", bad, (check("fail", bad), check("not_graded", bad), check("pass", bad)))
    html = Shown((found,), (bad,))._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "\x1b" not in html + repr(Shown((found,)))
    assert "\u202e" not in html + repr(Shown((found,)))


def test_every_state_is_told_by_a_word_and_a_mark_beside_its_colour() -> None:
    from typing import get_args

    from grader.live.shown import COLOURS, MARKS
    from grader.live.verdicts import State

    assert set(MARKS) == set(COLOURS) == set(get_args(State))
    assert len(set(MARKS.values())) == len(MARKS)
    html = Shown((Verdict("a", "T", "right", "s", ()),))._repr_html_()
    assert "✓" in html
    assert "<b>right</b>" in html
    assert "script" not in html


def test_text_and_page_say_the_same() -> None:
    found = Verdict("a", "Title", "wrong", "one thing", (check("fail", "it has 3 layers"),))
    shown = Shown((found,), ("a note",))
    for sentence in ("one thing", "it has 3 layers", "expected: expected", "a note", "wrong"):
        assert sentence in repr(shown)
        assert sentence in shown._repr_html_()
