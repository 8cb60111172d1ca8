"""Split a class into N shards, for machines that do not communicate."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from grader.course.ingest.submissions import Submission


@dataclass(frozen=True)
class Shard:
    """Shard `number` of `count`; numbers start at 1."""

    number: int
    count: int


def parse_shard(text: str) -> Shard:
    """Parse 'I/N', such as '2/10'. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"{text!r} is not I/N with I from 1 to N, such as 2/10")
    return Shard(int(found[1]), int(found[2]))


def of_shard(submissions: Sequence[Submission], shard: Shard) -> tuple[Submission, ...]:
    """Return the submissions of this shard, in their original order.

    The shards of a class are disjoint and complete, and their sizes differ by at most one. Submissions are dealt out
    like cards, in an order that depends on their names alone, so that each machine computes it by itself.
    """
    dealt = sorted(range(len(submissions)), key=lambda place: _shuffled(submissions[place].name))
    mine = sorted(dealt[shard.number - 1 :: shard.count])
    return tuple(submissions[place] for place in mine)


def _shuffled(name: str) -> tuple[str, str]:
    """Return a sort key that separates neighbouring names: such notebooks are often alike, and alike slow."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest(), name
