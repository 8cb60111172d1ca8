from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.course.ingest.submissions import Submission
from grader.course.shards import Shard, of_shard, parse_shard

classes = st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=60)


@given(classes, st.integers(1, 12), st.randoms(use_true_random=False))
def test_shards_are_disjoint_complete_balanced_and_reproducible(names, count, random):
    submissions = [Submission(Path("x.ipynb"), name) for name in names]
    shuffled = list(submissions)
    random.shuffle(shuffled)
    shards = [of_shard(submissions, Shard(number, count)) for number in range(1, count + 1)]
    elsewhere = [of_shard(shuffled, Shard(number, count)) for number in range(1, count + 1)]
    together = [one.name for shard in shards for one in shard]
    assert sorted(together) == sorted(names)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    assert [{one.name for one in shard} for shard in shards] == [{one.name for one in shard} for shard in elsewhere]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/3/5", "1/9999999"])
def test_an_invalid_shard_is_refused(text):
    with pytest.raises(ValueError, match="is not I/N"):
        parse_shard(text)


def test_a_shard():
    assert parse_shard("2/10") == Shard(2, 10)
