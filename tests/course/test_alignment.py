"""Two sequences are aligned: in order, without a gap, and quickly."""

from hypothesis import given
from hypothesis import strategies as st

from grader.course.alignment import aligned

WORDS = st.lists(st.sampled_from("abcdef"), max_size=12)


@given(WORDS, WORDS)
def test_the_pairs_cover_both_in_order_and_pair_only_what_is_equal(before, after):
    pairs = aligned(before, after)
    assert [old for old, _ in pairs if old is not None] == list(range(len(before)))
    assert [new for _, new in pairs if new is not None] == list(range(len(after)))
    assert all(before[old] == after[new] for old, new in pairs if old is not None and new is not None)


@given(WORDS)
def test_equal_sequences_have_no_difference(words):
    assert all(old == new for old, new in aligned(words, words))


def test_what_was_put_in_is_found():
    before = [f"line {n}" for n in range(1000)]
    after = [*before[:500], "new", *before[500:]]
    assert [pair for pair in aligned(before, after) if None in pair] == [(None, 500)]


def test_repetition_and_reversal_take_no_quadratic_time():
    many = list(range(20_000))
    assert len(aligned(many, many[::-1])) == 2 * len(many) - 1
    assert len(aligned(["x"] * 20_000, ["x"] * 30_000)) == 30_000
