"""The comparison of a class as one self-contained HTML page; everything that came from a notebook is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from grader.formatting import one_line, render_html
from grader.similarity.compare import Comparison
from grader.similarity.shown import Shown
from grader.similarity.told import REMARK, answers_in_words, percent, summary

MOST_ROWS, MOST_GROUPS, NAME = 500, 100, 60


def similar_html(comparison: Comparison, details: Sequence[Shown], notes: Sequence[str] = ()) -> str:
    """Return the page; `details` are the pairs that are shown side by side."""
    return render_html(
        "similar.html",
        comparison=comparison,
        pairs=comparison.pairs[:MOST_ROWS],
        more_pairs=len(comparison.pairs) - len(comparison.pairs[:MOST_ROWS]),
        groups=comparison.clusters[:MOST_GROUPS],
        more_groups=len(comparison.clusters) - len(comparison.clusters[:MOST_GROUPS]),
        details=details,
        shown={(one.pair.first, one.pair.second): at for at, one in enumerate(details, 1)},
        sentences=[one for one in summary(comparison) if one != REMARK],
        notes=notes,
        percent=percent,
        answers=answers_in_words,
        name=short_name,
        remark=REMARK,
    )


def short_name(text: str) -> str:
    """Return a name on one line, cut short."""
    text = one_line(text)
    return text if len(text) <= NAME else f"{text[: NAME - 1]}…"
