"""Groups of written answers: together what says the same, apart what only looks alike."""

from __future__ import annotations

import time

import numpy as np
import pytest

from grader.review.groups import propose
from grader.review.groups.distances import distances
from grader.review.groups.linkage import complete_linkage
from tests.benchmarks.bench_answer_groups import scores
from tests.review.answers import ITEMS, labelled


def together(first: str, second: str) -> bool:
    return len(propose({"a": first, "b": second})) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("16.6 s / 14.2 s ≈ 1.2", "18.3 s / 15.1 s ≈ 1.21"),
        ("Both curves still fall at epoch 20, so train longer.", "both curves still fall at epoch 20 so train longer"),
        ("The curves flatten out at the end", "The curves flaten out in the end."),
        ("Ab etwa Epoche 15 sind beide Kurven flach.", "Ab ca. Epoche 14 sind die Kurven flach."),
        ("模型已经收敛。", "模型已经收敛了"),
        ("It isn't worth it to train any longer.", "It is not worth it to train any longer"),
    ],
)
def test_what_says_the_same_is_together(first: str, second: str) -> None:
    assert together(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The counts explain the times.", "The counts do not explain the times."),
        ("Ja, sie erklären die Zeiten.", "Nein, sie erklären die Zeiten nicht."),
        ("Oui, ils expliquent les temps.", "Non, ils n'expliquent pas les temps."),
        ("它们解释了时间。", "它们没有解释时间。"),
        ("Both curves fall, so train longer.", "If both curves fall, train longer."),
        ("784·128 + 128·64 + 64·10 = 109184", "68 ≠ 6"),
        ("Yes.", "No."),
    ],
)
def test_what_only_looks_alike_is_apart(first: str, second: str) -> None:
    assert not together(first, second)


def test_the_figures_of_the_docs_hold() -> None:
    purity, savings, number = 0.0, 0.0, 0
    for item in ITEMS:
        answers = labelled(item)
        groups = propose({str(at): answer.text for at, answer in enumerate(answers)})
        of = {int(key): at for at, group in enumerate(groups) for key in group.members}
        found = scores([of[at] for at in range(len(answers))], answers)
        purity, savings = purity + found[0] * len(answers), savings + found[1] * len(answers)
        number += len(answers)
    assert number >= 300
    assert purity / number > 0.98
    assert savings / number > 0.33


def test_every_answer_is_in_one_group_and_the_largest_group_comes_first() -> None:
    answers = {"a": "No.", "b": "Stop at 15.", "c": "stop at 16", "d": "", "e": "…", "f": "\ud800"}
    groups = propose(answers)
    assert sorted(key for group in groups for key in group.members) == sorted(answers)
    assert [group.members for group in groups[:2]] == [("d", "e", "f"), ("b", "c")]
    assert propose({}) == ()


def test_a_group_is_no_wider_than_asked() -> None:
    texts = [answer.text for answer in labelled("q9")]
    apart = distances(texts)
    for group in propose({str(at): text for at, text in enumerate(texts)}, 0.4):
        places = [int(key) for key in group.members]
        assert apart[np.ix_(places, places)].max() == pytest.approx(group.width, abs=1e-3)
        assert group.width <= 0.4


def test_the_clusters_are_those_of_scipy() -> None:
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    draw = np.random.default_rng(3)
    for size in (2, 30, 200):
        points = draw.random((size, 3))
        apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)).astype(np.float32)
        condensed = apart[np.triu_indices(size, 1)].astype(float)
        theirs = hierarchy.fcluster(hierarchy.linkage(condensed, "complete"), 0.5, "distance")
        ours = {at: group for group, members in enumerate(complete_linkage(apart, 0.5)) for at in members}
        assert len({(theirs[at], ours[at]) for at in range(size)}) == len(set(theirs)) == len(set(ours.values()))


def test_a_question_of_a_whole_course_takes_no_time_that_one_notices() -> None:
    texts = [answer.text for item in ITEMS for answer in labelled(item)]
    start = time.process_time()
    propose({str(at): f"{text} {at}" for at, text in enumerate(texts)})
    assert time.process_time() - start < 5
