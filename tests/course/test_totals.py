"""The arithmetic of scores: bounded, the same on every path, independent of order, and adding up to all points."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from grader.course.decided import covered, decided
from grader.course.decisions import Mark, Override, RubricLine
from grader.course.scores import Final, fingerprint, item_standing, standing
from grader.course.totals import with_decisions
from grader.grading.judge import item_result
from grader.result import CheckResult, Submitted, total

POINTS = st.integers(0, 40).map(lambda n: n / 4)
STATUSES = st.sampled_from(["pass", "partial", "fail", "skipped", "review", "not_graded", "error", "doubt"])


@st.composite
def checks(draw, name):
    most = draw(st.integers(1, 12)) / 2
    status = draw(STATUSES)
    share = {"pass": 1.0, "fail": 0.0, "skipped": 0.0, "not_graded": 0.0, "error": 0.0}.get(
        status, draw(st.integers(0, 4)) / 4
    )
    real = "partial" if status == "doubt" else status
    facts = ("a fact",) if status == "doubt" else ()
    return CheckResult(name, real, round(most * share, 2), most, f"saw {name}", "x", "", facts)


@st.composite
def results(draw):
    items = []
    for number in range(draw(st.integers(1, 3))):
        those = tuple(draw(checks(f"q{number}.c{at}")) for at in range(draw(st.integers(1, 3))))
        items.append(item_result(f"q{number}", "title", sum(one.max_score for one in those), those))
    return total("tiny", Submitted("x.ipynb", "ab"), tuple(items), {})


LINES = st.lists(st.builds(RubricLine, st.integers(1, 9), st.just("q0"), st.just("line"), st.integers(-16, 40).map(lambda n: n / 4)), max_size=3)  # fmt: skip


@st.composite
def decisions(draw, result):
    marks, overrides = {}, {}
    for item in result.items:
        what = draw(st.sampled_from(["", "mark", "override"]))
        if what == "mark":
            names = covered(item)
            whole = not any(one.waits for one in item.checks)
            of = round(sum(one.max_score for one in item.checks if one.id in names), 2)
            adjustment = draw(st.integers(-8, 60)) / 4
            old = draw(st.booleans())
            extra = {} if old else {"checks": names, "of": of, "whole": whole}
            marks[item.id] = Mark(item.id, adjustment, lines=tuple(draw(LINES)), comment="said", **extra)
        elif what == "override":
            check = draw(st.sampled_from(item.checks))
            score = round(check.max_score * draw(st.integers(0, 4)) / 4, 2)
            overrides[check.id] = Override(check.id, item.id, score, "since")
    return marks, overrides


def added_up(one):
    return round(one.confirmed + one.waiting + one.beyond + one.missed, 2) == round(one.max_score, 2)


@given(st.data())
def test_decided_points_are_bounded_and_add_up(data):
    result = data.draw(results())
    marks, overrides = data.draw(decisions(result))
    machine = standing(result)
    assert added_up(machine)
    one = with_decisions(machine, "ab", marks, overrides, lambda: result.items).standing
    assert added_up(one)
    assert min(one.confirmed, one.waiting, one.beyond, one.missed) >= -0.001
    for item in one.items:
        assert -0.001 <= item.confirmed <= item.max_score + 0.001
        if item.id in marks:
            assert item.open == 0
    assert (one.status == "needs_review") is (one.waiting > 0)


@given(st.data())
def test_every_path_gives_the_same_points(data):
    """The table, which reads only points, and the result that the student gets, which holds sentences, agree."""
    result = data.draw(results())
    marks, overrides = data.draw(decisions(result))
    quick = with_decisions(standing(result), "ab", marks, overrides, lambda: result.items)
    told = standing(decided(result, Final(quick.standing, marks, (), overrides)))
    assert (quick.standing.confirmed, quick.standing.waiting, quick.standing.beyond) == (told.confirmed, told.waiting, told.beyond)  # fmt: skip
    assert [(one.id, one.confirmed, one.open) for one in quick.standing.items] == [
        (one.id, one.confirmed, one.open) for one in told.items
    ]
    assert quick.standing.status == told.status


@given(st.data())
def test_the_order_of_decisions_does_not_matter(data):
    result = data.draw(results())
    marks, overrides = data.draw(decisions(result))
    back = [dict(reversed(list(one.items()))) for one in (marks, overrides)]
    one = with_decisions(standing(result), "ab", marks, overrides, lambda: result.items)
    other = with_decisions(standing(result), "ab", *back, lambda: result.items)
    assert one.standing == other.standing
    assert fingerprint(one) == fingerprint(other)


@given(LINES, st.integers(-20, 60), st.integers(1, 40), st.integers(-16, 40))
def test_a_changed_line_changes_all_marks_that_use_it_and_no_other(lines, adjustment, most, points):
    mark, changed = Mark("q0", adjustment / 4, lines=tuple(lines)), points / 4
    again = replace(mark, lines=tuple(replace(one, points=changed) if one.id == 1 else one for one in lines))
    for one in (mark, again):
        assert one.worth(most) == min(max(0, sum(line.points for line in one.lines) + one.adjustment), most)
    if not any(line.id == 1 for line in lines):
        assert again == mark
    rise = again.worth(1e9) - mark.worth(1e9)
    assert rise * sum(changed - line.points for line in lines if line.id == 1) >= 0


@given(st.data())
def test_decisions_on_another_notebook_do_not_count(data):
    result = data.draw(results())
    marks, overrides = data.draw(decisions(result))
    marks = {name: replace(one, sha256="old") for name, one in marks.items()}
    overrides = {name: replace(one, sha256="old") for name, one in overrides.items()}
    after = with_decisions(standing(result), "ab", marks, overrides, lambda: result.items)
    assert after.standing == standing(result)
    assert (len(after.stale), len(after.stale_overrides)) == (len(marks), len(overrides))


@given(results())
def test_a_result_and_its_standing_tell_the_same(result):
    one = standing(result)
    assert (one.confirmed, one.waiting, one.beyond) == (result.confirmed, result.waiting, result.beyond)
    for item in result.items:
        assert item_standing(item).open == item.waiting
