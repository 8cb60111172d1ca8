import re
import unicodedata
from dataclasses import replace

import pytest

from grader.reports.class_page import (
    LIST_BYTES,
    MOST_LISTED,
    address,
    class_html,
    count_words,
    listed,
    parts,
    scores_histogram,
    times_histogram,
)
from grader.reports.class_summary import (
    MOST_FAULTS,
    CheckOutcome,
    ItemOutcome,
    Member,
    kind_of_fault,
    summarise,
)
from tests.reports.hostile import HOSTILE
from tests.reports.test_hostile import TAGS, Page, acting

TEXTS = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def member(name, *checks, **more):
    """A submission whose one item, q1, has these (status, score, message), of two points each."""
    found = tuple(CheckOutcome(f"q1.c{n}", status, score, 2.0, said) for n, (status, score, said) in enumerate(checks))
    score = sum(one.score for one in found)
    status = "pass" if score == 2 * len(found) else "partial" if score else "fail"
    waits = sum(one.max_score for one in found if one.status == "review")
    item = ItemOutcome("q1", "First", status, score, 2.0 * len(found), waits, checks=found)
    values = {"status": "needs_review" if waits else "graded", "score": score, "max_score": 2.0 * len(found)} | more
    return Member(name, address("", name), **values, items=(item,))


def refused(name, message):
    return Member(name, address("", name), "failed", 0.0, 10.0, message=message)


RIGHT, HALF = ("pass", 2.0, "right"), ("partial", 1.0, "2 of 3 `layers`")
WRONG, READ = ("fail", 0.0, "softmax is applied twice"), ("review", 0.0, "a person decides")


def page(members, items=("q1",)):
    return class_html(summarise(members, items), assignment="tiny")


def test_the_numbers_of_a_small_class():
    summary = summarise(
        [member("a", RIGHT, RIGHT), member("b", RIGHT, WRONG), member("c", HALF, WRONG), refused("d", "empty")]
    )
    assert [one.name for one in summary.members] == ["d", "c", "b", "a"]
    assert summary.bins == (0, 0, 1, 0, 0, 1, 0, 0, 0, 1)
    assert (summary.median, summary.quarters) == (50.0, None)
    (item,) = summary.items
    assert count_words(item) == "1 right, 2 partly right; 58 % of the points"
    assert [count_words(check) for check in item.checks] == [
        "2 right, 1 partly right; 83 % of the points",
        "1 right, 2 wrong; 33 % of the points",
    ]
    assert [(one.check, [m.name for m in one.members], one.lost) for one in summary.faults] == [
        ("q1.c1", ["b", "c"], 4.0),
        ("q1.c0", ["c"], 1.0),
    ]
    assert [(one.example, len(one.members)) for one in summary.refused] == [("empty", 1)]


def test_a_page_links_each_fault_to_the_reports_behind_it():
    text = page([member("Jane Doe/hw", WRONG), member("b", WRONG), member("c", RIGHT)])
    assert text.count('href="./Jane%20Doe/hw/report.html#item-q1"') == 1
    assert "<strong>2 submissions</strong> · q1.c0 · 4 points lost" in text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("function gpu_train raises RuntimeError", "function train2 raises RuntimeError", True),
        ("1 epoch instead of 2 on the GPU", "3 epochs instead of 20 on the GPU", False),
        ("the losses differ by 71.0%", "the losses differ by 1.3e-05%", True),
        ("`MLP` lacks a layer", "`meinNetz` lacks a layer", True),
        ("no training was seen; line 3 of the cell under 'Q5' ended", "no training was seen; line 9 ended", True),
        ("the model's outputs aren't logits", "the model's weights aren't trained", False),
        ("adaptive average pooling is found", "adaptive max pooling is found", False),
        ("conv2 is too wide", "conv1 is too wide", False),
    ],
)
def test_faults_are_the_same_but_for_names_and_numbers(one, other, same):
    assert (kind_of_fault(one) == kind_of_fault(other)) is same


def test_what_most_were_told_stands_for_a_fault():
    (fault,) = summarise([member(n, ("fail", 0.0, f"{k} epochs")) for n, k in (("a", 3), ("b", 4), ("c", 4))]).faults
    assert (fault.example, fault.differs) == ("4 epochs", True)


def test_skipped_checks_and_full_points_are_no_faults():
    members = [member("a", ("skipped", 0.0, "skipped")), member("b", ("partial", 2.0, "a remark"))]
    assert summarise(members).faults == ()


def test_what_waits_is_listed_until_it_is_marked():
    waits = member("a", RIGHT, READ)
    (group,) = summarise([waits, member("b", RIGHT, RIGHT)]).waiting
    assert (group.item, group.points, [one.name for one in group.members]) == ("q1", 2.0, ["a"])
    marked = replace(waits, items=tuple(replace(item, open=0.0, status="pass") for item in waits.items))
    assert summarise([marked]).waiting == ()


def test_points_that_nobody_could_grade_are_no_part_of_the_share():
    assert member("a", RIGHT, RIGHT, ungraded=1.0, score=2.0).percent == pytest.approx(200 / 3)
    assert member("a", RIGHT, ungraded=2.0).percent is None
    assert "–" in page([member("a", RIGHT, ungraded=2.0)])


@pytest.mark.parametrize("members", [[], [refused("x", "it is a web page")], [member("a", RIGHT)], [member("a", READ)]])
def test_small_classes(members):
    text = page(members)
    assert ("There are no results yet." in text) is (not members)
    assert f"{len(members)} submission" in text
    read = Page()
    read.feed(text)
    assert {tag for tag, _ in read.tags} <= TAGS | {"strong"}


def test_long_lists_are_cut_and_say_so():
    members = [member(f"s{n:03}", WRONG, seconds=float(n)) for n in range(57)]
    text = page(members)
    assert f"and {57 - MOST_LISTED} more" in text
    assert text.count("#item-q1") == MOST_LISTED
    many = [member("a", *[("fail", 0.0, f"kind {chr(97 + n)}") for n in range(MOST_FAULTS + 2)])]
    assert "and 2 rarer faults" in page(many)


def test_a_large_class_with_long_names_stays_below_a_megabyte():
    checks = [("fail", 0.0, "x" * 5000), HALF, READ, RIGHT] * 15
    members = [member("/".join([f"{n}" + "ü" * 60] * 8), *checks, student="Ω" * 300, seconds=9.0) for n in range(500)]
    assert len(page(members).encode()) < 1 << 20
    short = [member(f"student{n}", *checks, seconds=9.0) for n in range(500)]
    assert len(page(short).encode()) < 400_000
    assert "class.csv" not in page(short)  # all are listed


def test_a_list_shows_at_least_one():
    long = [Member("a", "x" * (LIST_BYTES + 1), "graded", 1.0, 1.0)] * 3
    assert (len(listed(long, 5, LIST_BYTES).members), listed(long, 5, LIST_BYTES).more) == (1, 2)


@pytest.mark.parametrize(
    "name", ["javascript:alert(1)", "//example.org/x", "a?b#c", 'x" onclick="y', "ä/ö ü", "\ud800", "a%2e"]
)
@pytest.mark.parametrize("folder", ["", "../graded"])
def test_an_address_leads_to_the_folder_and_nowhere_else(folder, name):
    found = address(folder, name)
    assert found.startswith(f"{folder or '.'}/")
    assert re.fullmatch(r"[\w./()@+%-]+/report\.html", found)


@TEXTS
def test_nothing_of_a_submission_acts(text):
    def whole(said):
        one = member("a", ("fail", 0.0, said), ("review", 0.0, said), student=said, seconds=1.0)
        item = replace(one.items[0], title=said)
        return page([replace(one, name=said, link=address("", said), items=(item,)), refused(said, said)])

    assert acting(whole(text)) == []
    read, harmless = Page(), Page()
    read.feed(whole(text))
    harmless.feed(whole("plain"))
    assert read.tags == harmless.tags
    assert {tag for tag, _ in read.tags} <= TAGS | {"strong"}


def test_nothing_is_told_by_colour_alone_or_loaded():
    text = page([member("a", RIGHT, HALF), member("b", WRONG, READ, seconds=2.0), member("c", WRONG, seconds=3.0)])
    for word in ("right", "partly right", "wrong", "waiting"):
        assert re.search(rf"\d {word}", text)
    assert re.search(r'role="img" aria-label="Distribution of the points: 0 to 10 %: \d', text)
    assert not re.search(r"<script|src=|https?:|style=", text)
    assert not [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]


def test_the_parts_of_a_bar_fill_it():
    (item,) = summarise([member("a", RIGHT), member("b", WRONG), member("c", READ)]).items
    found = parts(item)
    assert [one.kind for one in found] == ["pass", "fail", "review"]
    assert sum(one.width for one in found) == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("seconds", [[0.001, 0.002], [3.0, 3.0], [1.0, 1e6], [0.0, 0.0], [12.0, float("inf")]])
def test_times_of_any_size_are_drawn(seconds):
    chart = times_histogram(seconds)
    assert 1 <= len(chart.bars) <= 13
    assert sum(bar.count for bar in chart.bars) == sum(one < 1e300 for one in seconds)
    assert all(chart.left <= bar.x and bar.x + bar.width <= chart.right for bar in chart.bars)


def test_full_points_are_in_the_last_bar():
    (bar,) = scores_histogram(summarise([member("a", RIGHT)])).bars
    assert (bar.label, bar.count) == ("90 to 100 %", 1)
