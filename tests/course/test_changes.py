"""Marks, overrides, rubric lines and releases: each change is one transaction, with an audit, and can be undone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest

from grader.course.audit import changes
from grader.course.changes import changing
from grader.course.decided import decided
from grader.course.decisions import Changed, MarkError
from grader.course.scores import NOTHING, standing
from grader.course.store import Entry, Graded, Store, read_document
from tests.conftest import make_result

ITEMS = ["a", "b", "c", "d"]  # a 5 of 5, b 2.5 of 4, c waits with 5 points, d 3 points not graded


def put(store, name, key="", sha256="ab", result=None):
    result = result or make_result(f"{name}.ipynb")
    store.put(
        Graded(key or name, standing(result), result.document()), Entry(name, f"{name}.ipynb", sha256, f"id-{name}")
    )


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as opened:
        opened.set_items(ITEMS)
        for name in ("anna", "ben"):
            put(opened, name)
        yield opened


def final(store, name="anna"):
    row = store.row(name)
    assert row is not None
    return row.final


def test_points_are_those_of_the_lines_and_change_with_them(store):
    with changing(store, "eva") as change:
        named, explained = change.add_line("c", "names the curve", 2), change.add_line("c", "explains", 1.5)
        change.mark("anna", "c", [named.id, explained.id], 0.5, "good")
        change.mark("ben", "c", [named.id])
    assert (final(store).standing.confirmed, final(store, "ben").standing.confirmed) == (7.5 + 4, 7.5 + 2)
    with changing(store, "tom") as change:
        change.change_line(named.id, points=3, text="names and locates the curve")
    assert (final(store).standing.confirmed, final(store, "ben").standing.confirmed) == (7.5 + 5, 7.5 + 3)
    with changing(store, "tom") as change:
        change.change_line(named.id, retired=True)
    assert [line.text for line in store.lines("c")] == ["explains"]
    assert final(store, "ben").standing.confirmed == 7.5 + 3
    with changing(store, "tom") as change:
        change.change_line(named.id, points=-4)
    assert final(store, "ben").standing.confirmed == 7.5
    assert [(one.text, one.uses) for one in store.comments("c")] == [("good", 1)]


def test_marks_and_overrides_stay_when_a_submission_is_graded_again(store):
    with changing(store, "eva") as change:
        change.mark("anna", "c", adjustment=4, comment="well argued")
        change.override("anna", "b.two", 2, "the figure is right")
    put(store, "anna", "k2")
    after = final(store)
    assert after.marks["c"].comment == "well argued"
    assert (after.standing.confirmed, after.standing.waiting, after.standing.missed) == (5 + 4 + 4, 0, 1)
    put(store, "anna", "k3", "another notebook")
    after = final(store)
    assert after.standing == store.row("anna").machine
    assert ([one.points for one in after.stale], [one.check for one in after.stale_overrides]) == ([4.0], ["b.two"])


def test_a_mark_keeps_its_meaning_when_a_regrade_finds_other_checks_waiting(store):
    with changing(store, "eva") as change:
        change.mark("anna", "c", adjustment=4)
        change.mark("ben", "b", adjustment=3)
    result = make_result("anna.ipynb")
    a, b, c, d = result.items
    (check,) = c.checks
    check = replace(check, status="fail", score=0, evidence=())
    blank = replace(c, score=0, provisional=0, status="fail", checks=(check,))
    doubt = replace(b, provisional=0.5, checks=(b.checks[0], replace(b.checks[1], evidence=("a fact",))))
    again = replace(result, items=(a, doubt, blank, d), score=7.5, provisional=0.5)
    put(store, "anna", "k2", result=again)
    assert final(store).standing.item("c").confirmed == 4  # a person read it
    assert final(store).standing.waiting == 2
    put(store, "ben", "k3", result=again)
    assert final(store, "ben").standing.item("b").confirmed == 3
    assert final(store, "ben").standing.waiting == 0


def test_overrides_and_marks_of_one_check_exclude_each_other(store):
    with changing(store, "eva") as change:
        change.mark("anna", "c", adjustment=4)
        change.override("ben", "c.one", 3, "read aloud in class")
    with pytest.raises(MarkError, match="a mark for c decides"), changing(store, "eva") as change:
        change.override("anna", "c.one", 5, "no")
    with pytest.raises(MarkError, match=r"c\.one was overridden"), changing(store, "eva") as change:
        change.mark("ben", "c", adjustment=5)
    assert (final(store, "ben").standing.confirmed, final(store, "ben").standing.waiting) == (7.5 + 3, 0)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda c: c.mark("anna", "c", adjustment=5.5), "c takes marks from 0 to 5, not 5.5"),
        (lambda c: c.mark("anna", "c", adjustment=float("nan")), "c takes marks from 0 to 5, not nan"),
        (lambda c: c.mark("anna", "q", adjustment=1), "anna has no item 'q'; there are a, b, c, d"),
        (lambda c: c.mark("anna", "c", lines=[7]), "c has no rubric line 7"),
        (lambda c: c.mark("cleo", "c", adjustment=1), "there is no submission 'cleo'"),
        (lambda c: c.mark("anna", "c", adjustment=1, comment="x" * 10_001), "the comment has 10,001 characters"),
        (lambda c: c.mark("anna", "c", adjustment=1, notebook="cd"), "another notebook of anna was graded meanwhile"),
        (lambda c: c.unmark("anna", "c"), "anna has no mark for 'c'"),
        (lambda c: c.override("anna", "b.three", 1, "x"), "anna has no check 'b.three'"),
        (lambda c: c.override("anna", "b.two", 2.5, "x"), r"b.two takes from 0 to 2 points, not 2.5"),
        (lambda c: c.override("anna", "b.two", 2, " "), "the reason is empty"),
        (lambda c: c.add_line("c", "", 2), "the text of the line is empty"),
        (lambda c: c.add_line("c", "x", float("inf")), "the points of a line must be a number"),
        (lambda c: c.add_line("z", "x", 1), "there is no item 'z'"),
        (lambda c: c.change_line(3), "there is no rubric line 3"),
        (lambda c: c.withdraw("anna"), "anna was not released"),
    ],
)
def test_what_cannot_be_stored_changes_nothing(store, ask, sentence):
    def attempt():
        with changing(store, "eva") as change:
            change.mark("ben", "c", adjustment=1)
            ask(change)

    with pytest.raises(MarkError, match=sentence):
        attempt()
    assert store.marks() == {}
    assert list(changes(store)) == []


def test_a_change_based_on_something_older_is_refused(store):
    with changing(store, "eva") as change:
        first = change.mark("anna", "c", adjustment=4, based_on=0)
    with pytest.raises(Changed, match="anna and c: eva changed it at"), changing(store, "tom") as change:
        change.mark("anna", "c", adjustment=1, based_on=0)
    with changing(store, "tom") as change:
        second = change.mark("anna", "c", adjustment=1, based_on=first.version)
    with pytest.raises(Changed), changing(store, "eva") as change:
        change.unmark("anna", "c", based_on=first.version)
    with changing(store, "eva") as change:
        change.unmark("anna", "c", based_on=second.version)
    with pytest.raises(Changed, match="removed or changed meanwhile"), changing(store, "tom") as change:
        change.mark("anna", "c", adjustment=2, based_on=second.version)
    with changing(store, "eva") as change:
        line = change.add_line("c", "names", 2)
        change.change_line(line.id, points=1, based_on=line.version)
    with pytest.raises(Changed, match="rubric line 1: eva changed it"), changing(store, "tom") as change:
        change.change_line(line.id, points=3, based_on=line.version)


def test_every_change_is_in_the_audit(store):
    with changing(store, "eva") as change:
        change.mark("anna", "c", adjustment=4, comment="fine")
        change.override("anna", "b.two", 2, "right")
        change.note("accept appeal", "anna", "b", "b.two", after={"text": "I disagree"})
    with changing(store, "tom") as change:
        change.mark("anna", "c", adjustment=3)
    said = [
        (one.who, one.action, one.item, one.check, one.before.get("points"), one.after.get("points"))
        for one in changes(store)
    ]
    assert said == [
        ("tom", "mark", "c", "", 4.0, 3.0),
        ("eva", "accept appeal", "b", "b.two", None, None),
        ("eva", "override", "b", "b.two", None, None),
        ("eva", "mark", "c", "", None, 4.0),
    ]
    assert len({one.step for one in changes(store, by="eva")}) == 1
    assert [one.action for one in changes(store, submission="ben")] == []
    assert [one.who for one in changes(store, most=1)] == ["tom"]


def test_a_person_undoes_own_changes_step_by_step(store):
    with changing(store, "eva") as change:
        line = change.add_line("c", "names", 2)
    with changing(store, "eva") as change:  # one decision for a group
        change.mark("anna", "c", [line.id])
        change.mark("ben", "c", [line.id])
    with changing(store, "tom") as change:
        change.override("anna", "b.two", 2, "right")
    with changing(store, "eva") as change:
        assert {one.submission for one in change.undo()} == {"anna", "ben"}
    assert store.marks() == {}
    with changing(store, "eva") as change:
        change.undo()
    assert store.lines() == ()
    assert final(store).overrides["b.two"].by == "tom"
    with pytest.raises(MarkError, match="eva has changed nothing"), changing(store, "eva") as change:
        change.undo()
    assert [one.undoes for one in changes(store, by="eva")][:3] != [None] * 3


def test_what_somebody_changed_since_is_not_undone(store):
    with changing(store, "eva") as change:
        change.mark("anna", "c", adjustment=4)
    with changing(store, "tom") as change:
        change.mark("anna", "c", adjustment=3)
    with pytest.raises(MarkError, match="anna, c was changed again since"), changing(store, "eva") as change:
        change.undo()
    assert final(store).marks["c"].points == 3
    with changing(store, "tom") as change:
        change.undo()
    assert (final(store).marks["c"].points, final(store).marks["c"].by) == (4, "eva")


def test_a_student_sees_what_was_released_until_it_is_released_again(store):
    assert (store.row("anna").release_state, store.row("anna").shown, store.released("anna")) == ("", None, None)
    with changing(store, "eva") as change:
        change.mark("anna", "c", adjustment=4, comment="fine")
        change.release("anna")
    assert (store.row("anna").release_state, store.row("anna").shown.confirmed) == ("released", 11.5)
    assert "Comment: fine" in store.released("anna").items[2].checks[0].message
    with changing(store, "tom") as change:
        change.mark("anna", "c", adjustment=2, comment="less")
    assert (store.row("anna").release_state, store.row("anna").shown.confirmed) == ("changed", 11.5)
    assert "less" not in store.released("anna").document()
    put(store, "anna", "k3", "another notebook")
    assert (store.row("anna").release_state, store.row("anna").shown) == ("earlier", None)
    with changing(store, "eva") as change:
        change.withdraw("anna")
    assert store.row("anna").release_state == ""


def test_a_release_gives_no_facts_for_those_who_mark(store):
    with changing(store, "eva") as change:
        change.release("anna")
    check = store.released("anna").items[2].checks[0]
    assert (check.status, check.evidence, check.hint) == ("review", (), "")
    assert store.released("anna").signature is None


def test_the_result_with_the_decisions_has_the_same_points(store):
    with changing(store, "eva") as change:
        change.mark("anna", "c", adjustment=4)
        change.mark("anna", "a", adjustment=3.5, comment="copied from the book")
        change.override("anna", "b.one", 0, "not asked for")
    told = decided(read_document(store.document("anna")), final(store))
    assert standing(told) == final(store).standing
    assert "copied from the book" in told.items[0].checks[0].message
    assert told.items[1].checks[0].message.startswith("a person decided: not asked for (the grader had found: ")


def test_who_is_in_the_roster_and_handed_in_nothing_has_a_row(store):
    store.set_roster([("id-anna", "Anna", True), ("9", "Cleo", False), ("", "Dan", False), ("id-ben", "Ben", False)])
    rows = [row for row in store.rows() if row.missing]
    assert [(row.entry.name, row.entry.student_name, row.final.standing.message) for row in rows] == [
        ("9", "Cleo", NOTHING),
        ("Dan", "Dan", NOTHING),
    ]
    assert (rows[0].final.standing.confirmed, rows[0].final.standing.max_score) == (0, 17)
    with pytest.raises(MarkError, match="handed in nothing"), changing(store, "eva") as change:
        change.mark("9", "c", adjustment=1)


def _mark_many(folder, who):
    with Store(folder) as store:
        for number in range(10):
            with changing(store, who) as change:
                change.mark("anna" if number % 2 else "ben", "c", adjustment=number % 5, comment=f"{who} {number}")
                change.add_line("c", f"{who} {number}", 1)


def test_two_writers_at_once_lose_nothing(store, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_mark_many, tmp_path, who) for who in ("eva", "tom")]:
            done.result()
    assert len(store.lines("c")) == 20
    found = list(changes(store))
    assert len(found) == 40
    for name in ("anna", "ben"):
        history = [one for one in found if one.submission == name][::-1]
        assert all(b.before == a.after for a, b in pairwise(history))
        assert history[-1].after["comment"] == store.marks()[name]["c"].comment
