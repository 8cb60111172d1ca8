from __future__ import annotations

import json
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.prove.draft import Draft
from grader.similarity.compare import Limits, compare
from grader.similarity.index import Features, alike, likeness, make_index
from grader.similarity.prose import runs
from grader.similarity.shown import shown_pairs
from grader.similarity.told import REMARK, rows, summary, to_json
from grader.similarity.work import Work
from tests.benchmarks.bench_similarity import made_class, notebook, solution
from tests.similarity.disguises import DISGUISES, reordered, reworded
from tests.similarity.made import IMPORTS, OTHER, TRAIN, work
from tests.similarity.made import notebook as small

NOTHING = np.empty(0, np.uint64)


def features(*values: int) -> Features:
    return np.array(sorted(set(values)), np.uint64)


@pytest.fixture(scope="module")
def drafts() -> dict[str, Draft]:
    return made_class(12, copies=0).drafts


def of(drafts: dict[str, Draft]) -> list[Work]:
    return [Work(name, notebook(draft, name)) for name, draft in drafts.items()]


# --- the index


SETS = st.lists(st.lists(st.integers(0, 30), max_size=25), min_size=2, max_size=8)


@settings(max_examples=60, deadline=None)
@given(SETS, st.lists(st.integers(0, 30), max_size=5))
def test_a_pair_is_as_alike_in_either_order_and_every_pair_is_found(sets: list[list[int]], base: list[int]) -> None:
    one = make_index([features(*each) for each in sets], features(*base), 0.5)
    other = make_index([features(*each) for each in reversed(sets)], features(*base), 0.5)
    last = len(sets) - 1
    expected = []
    for first in range(len(sets)):
        for second in range(first + 1, len(sets)):
            found = likeness(one, first, second)
            turned = likeness(other, last - second, last - first)
            assert found.share == pytest.approx(turned.share)
            assert found.common == turned.common
            assert 0.0 <= found.share <= 1.0
            if found.common >= 1:
                expected.append((first, second))
    listed = alike(one, 0.0, 1)
    assert [(each.first, each.second) for each in listed.found] == expected
    assert sum(listed.spread) == len(sets) * last // 2


def test_what_many_have_and_the_handout_does_not_count() -> None:
    sets = [features(1, 2, 100 + at) for at in range(20)]
    index = make_index([*sets, features(1, 2, 7, 8), features(1, 7, 8)], features(8), 0.1)
    found = likeness(index, 20, 21)
    assert (found.common, found.first) == (1, 1)
    assert likeness(index, 0, 1).common == 0


def test_a_few_features_do_not_make_a_whole_notebook_alike() -> None:
    large = [features(*range(at * 1000, at * 1000 + 50)) for at in range(6)]
    index = make_index([*large, features(3, 4)], NOTHING, 0.1)
    assert likeness(index, 0, 6).share < 0.1


def test_no_work_and_one_work_are_no_error() -> None:
    assert compare([]).comparison.pairs == ()
    alone = compare([work("a", IMPORTS, TRAIN)]).comparison
    assert (alone.pairs, next(summary(alone))) == ((), "1 notebook compared: no two are alike beyond the usual.")
    assert compare([work("a", "# nothing"), work("b", "")]).comparison.pairs == ()


# --- code


def test_disguised_copies_are_listed_and_independent_work_is_not(drafts: dict[str, Draft]) -> None:
    copies = {
        f"copy{at}": change(drafts[f"student{at}"], random.Random(7)) for at, change in enumerate(DISGUISES.values())
    }
    base = [notebook(solution()), notebook(solution("assignment"))]
    found = compare(of({**drafts, **copies}), base, Limits(code=0.4)).comparison
    wanted = {(f"copy{at}", f"student{at}") for at in range(len(DISGUISES))}
    assert {tuple(sorted((pair.first, pair.second))) for pair in found.pairs} == wanted


def test_reordering_changes_little(drafts: dict[str, Draft]) -> None:
    for seed in range(5):
        draft = drafts[f"student{seed}"]
        works = [Work("a", notebook(draft)), Work("b", notebook(reordered(draft, random.Random(seed))))]
        (pair,) = compare(works).comparison.pairs
        assert pair.code.share > 0.8


def test_what_stands_in_the_base_does_not_count() -> None:
    works = [work("a", IMPORTS, TRAIN), work("b", IMPORTS, TRAIN), work("c", IMPORTS, OTHER)]
    assert [(pair.first, pair.second) for pair in compare(works).comparison.pairs] == [("a", "b")]
    assert compare(works, [small(IMPORTS, TRAIN)]).comparison.pairs == ()


def test_what_most_of_a_class_has_does_not_count() -> None:
    works = [work(f"s{at}", IMPORTS, TRAIN) for at in range(12)]
    assert compare(works).comparison.pairs == ()
    assert len(compare(works, limits=Limits(common=1.0)).comparison.pairs) == 66


def test_partners_are_not_compared() -> None:
    both = frozenset({"anna", "ben"})
    works = [
        work("a", IMPORTS, TRAIN, people=both),
        work("b", IMPORTS, TRAIN, people=frozenset({"ben"})),
        work("c", IMPORTS, TRAIN, people=frozenset({"carl"})),
    ]
    pairs = compare(works).comparison.pairs
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "c"), ("b", "c")]
    assert compare(works).comparison.clusters == (("a", "b", "c"),)


# --- answers and outputs

ANSWER = (
    "The GPU needs less time for each epoch, but only a little, because copying the small batches takes about as long "
    "as the matrix products themselves. I expected more."
)


def test_answers_are_compared_with_those_to_the_same_question() -> None:
    rng = random.Random(2)
    works = [
        work("a", "x = 1", answers={"q6": ANSWER, "q4": "It flattens after epoch 12, so that is enough."}),
        work("b", "y = 2", answers={"q6": reworded(ANSWER, rng), "q4": ANSWER}),
        work("c", "z = 3", answers={"q6": "Hardly faster: loading the pictures from the disk is the bottleneck."}),
    ]
    (pair,) = compare(works).comparison.pairs
    assert (pair.first, pair.second, list(pair.answers)) == ("a", "b", ["q6"])
    assert pair.answers["q6"].share > 0.5


@pytest.mark.parametrize("text", ["No.", "Much faster.", "", "快了很多"])
def test_a_short_answer_that_two_give_is_no_evidence(text: str) -> None:
    works = [work(name, "x = 1", answers={"q6": text}) for name in "ab"]
    assert compare(works).comparison.pairs == ()


def test_answers_in_any_script_are_compared() -> None:
    text = "Порядок они объясняют, а отношение нет: много времени уходит на загрузку данных с диска."
    works = [work(name, "x = 1", answers={"q6": text}) for name in "ab"]
    assert compare(works).comparison.pairs[0].answers["q6"].share == 1.0
    assert len(runs(text)) > 25


RUN = "epoch 1: loss 0.28634, accuracy 0.9123, 12.84 s\nepoch 2: loss 0.19822, accuracy 0.9377, 12.91 s\nepoch 3: 0.1501 0.9512"
CANONICAL = "MLP 109386 parameters\ntorch.Size([64, 1, 28, 28]) torch.float32\n7,459,968 MACs\nmean 0.1307 std 0.3081"


def outputs(name: str, text: str, code: str = "Normalize((0.1307,), (0.3081,))") -> Work:
    return Work(name, small(code, outputs={0: text}))


def test_equal_measured_lines_are_evidence_and_what_all_print_is_not() -> None:
    works = [
        outputs("a", RUN + "\n" + CANONICAL),
        outputs("b", "other words: " + RUN.replace("loss", "Verlust")),
        outputs("c", RUN.replace("0.2", "0.3").replace("12.", "11.").replace("0.15", "0.17") + "\n" + CANONICAL),
    ]
    (pair,) = compare(works).comparison.pairs
    assert (pair.first, pair.second, pair.lines) == ("a", "b", 3)


def test_equal_figures_are_evidence_unless_many_have_them() -> None:
    digests = {3: ("f" * 64, "a" * 64)}
    works = [work("a", "x", pictures=digests), work("b", "y", pictures={1: ("f" * 64,)}), work("c", "z", pictures={})]
    (pair,) = compare(works).comparison.pairs
    assert (pair.pictures, pair.lines) == (1, 0)
    many = [work(f"s{at}", "x", pictures=digests) for at in range(9)]
    assert compare(many).comparison.pairs == ()


# --- what is shown


def everything_alike() -> tuple[list[Work], Sequence[str]]:
    one = Work(
        "a", small("## Question 5", IMPORTS, TRAIN, outputs={2: RUN}), answers={"q6": ANSWER}, pictures={2: ("f" * 64,)}
    )
    other = Work(
        "b",
        small(IMPORTS, "# mine\n" + TRAIN.replace("total", "acc"), outputs={1: RUN}),
        answers={"q6": ANSWER},
        pictures={0: ("f" * 64,)},
    )
    return [one, other, work("c", IMPORTS, OTHER)], ("a", "b")


def test_the_matching_parts_are_shown_side_by_side() -> None:
    works, _ = everything_alike()
    compared = compare(works)
    (pair,) = compared.comparison.pairs
    (found,) = shown_pairs(compared, works, [pair])
    first, second = found.parts[0].first[0], found.parts[0].second[0]
    assert first.place.startswith("the cell under 'Question 5'")
    assert "loss.backward()" in [line.text.strip() for line in first.lines]
    assert [line.number + 1 for line in first.lines] == [line.number for line in second.lines]
    assert "".join(piece.text for piece in found.answers[0].first) == ANSWER
    assert [line.text for line in found.lines] == RUN.split("\n")
    assert len(found.pictures) == 1


def test_it_is_told_as_evidence_and_never_as_a_verdict() -> None:
    works, names = everything_alike()
    comparison = compare(works).comparison
    said = "\n".join(summary(comparison)) + to_json(comparison)
    assert REMARK in said
    assert not {"plagiar", "cheat", "guilty", "suspect"} & set(said.casefold().split())
    data = json.loads(to_json(comparison, ["a note"]))
    assert (data["schema"], data["groups"], data["notes"]) == ("grader-similar/1", [list(names)], ["a note"])
    assert list(rows(comparison))[1][:2] == ("a", "b")
