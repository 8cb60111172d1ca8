"""A comparison in words, as a table, and as data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from grader.files import escape_unprintable
from grader.formatting import one_line
from grader.similarity.compare import Comparison, Pair
from grader.similarity.index import STEPS, Likeness

SCHEMA = "grader-similar/1"
REMARK = "This shows what is alike. It does not say that anybody copied, or who from whom."
COLUMNS = ("first", "second", "code", "common_fragments", "answers", "saved_lines", "saved_figures")


def percent(share: float) -> str:
    """Return a share in words; 100 % only if it is all.

    >>> percent(0.996), percent(1.0)
    ('99 %', '100 %')
    """
    return f"{int(100 * share + 1e-9)} %"


def answers_in_words(pair: Pair) -> str:
    """Return which answers are alike, and how much: 'q4, q6: up to 82 %'; '' if none is."""
    if not pair.answers:
        return ""
    items = sorted(pair.answers, key=lambda item: (len(item), item))
    most = max(one.share for one in pair.answers.values())
    return f"{', '.join(items)}: {'up to ' if len(items) > 1 else ''}{percent(most)}"


def spread_in_words(comparison: Comparison) -> str:
    """Return how alike the code of two notebooks of this class usually is.

    >>> spread_in_words(Comparison(("a", "b", "c"), (), (), (2, 0, 1, *[0] * 17)))
    'In half of all 3 pairs at most 5 % of the code is alike, in 99 of 100 at most 15 %.'
    """
    count = sum(comparison.spread)
    if not count:
        return "There are no two notebooks to compare."
    half, most = _below(comparison, 0.5), _below(comparison, 0.99)
    return (
        f"In half of all {count:,} pairs at most {half} % of the code is alike, in 99 of 100 at most {most} %."
        if count > 1
        else "There are only two notebooks, so there are no other pairs to compare this one with."
    )


def _below(comparison: Comparison, share: float) -> int:
    """Return the percentage that so large a share of all pairs does not exceed."""
    wanted, seen = share * sum(comparison.spread), 0
    for at, count in enumerate(comparison.spread):
        seen += count
        if seen >= wanted:
            return (at + 1) * 100 // STEPS
    return 100


def summary(comparison: Comparison) -> Iterator[str]:
    """Yield sentences on the whole class."""
    count = len(comparison.pairs) + comparison.left_out
    groups = len(comparison.clusters)
    found = f"{count:,} {'pair' if count == 1 else 'pairs'} in {groups:,} {'group' if groups == 1 else 'groups'}"
    works = f"{len(comparison.works):,} {'notebook' if len(comparison.works) == 1 else 'notebooks'} compared"
    yield f"{works}: {found if count else 'no two are alike beyond the usual'}."
    yield spread_in_words(comparison)
    if comparison.left_out:
        yield f"The {comparison.left_out:,} weakest pairs are not listed."
    if count:
        yield REMARK


def rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    """Yield the pairs as rows of a CSV file; the first row names the columns."""
    yield COLUMNS
    for pair in comparison.pairs:
        answers = ", ".join(f"{item} {one.share:.2f}" for item, one in pair.answers.items())
        numbers = (f"{pair.code.share:.2f}", str(pair.code.common), answers, str(pair.lines), str(pair.pictures))
        yield (pair.first, pair.second, *numbers)


def to_json(comparison: Comparison, notes: Sequence[str] = ()) -> str:
    """Return the comparison as JSON."""
    return escape_unprintable(json.dumps(plain(comparison, notes), indent=1, ensure_ascii=False)) + "\n"


def plain(comparison: Comparison, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the comparison as plain data."""
    return {
        "schema": SCHEMA,
        "remark": REMARK,
        "submissions": list(comparison.works),
        "limits": {
            "code": comparison.limits.code,
            "answer": comparison.limits.answer,
            "common": comparison.limits.common,
        },
        "pairs": [
            {
                "first": pair.first,
                "second": pair.second,
                "code": _plain(pair.code),
                "answers": {item: _plain(one) for item, one in pair.answers.items()},
                "saved_lines": pair.lines,
                "saved_figures": pair.pictures,
            }
            for pair in comparison.pairs
        ],
        "groups": [list(group) for group in comparison.clusters],
        "spread": list(comparison.spread),
        "not_listed": comparison.left_out,
        "notes": [one_line(note) for note in notes],
    }


def _plain(likeness: Likeness) -> dict[str, float]:
    return {
        "share": round(likeness.share, 4),
        "common": likeness.common,
        "first": likeness.first,
        "second": likeness.second,
    }
