"""The decisions of people on a class: marks made of rubric lines, overridden verdicts, and what students may see.

Plain data. `grader.course.changes` writes it, `grader.course.scores` and `grader.course.decided` say what it is worth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from grader.errors import GraderError

MOST_TEXT = 10_000  # characters of a comment, a reason or the text of a rubric line
MOST_POINTS = 10_000.0


class MarkError(GraderError):
    """A mark, an override or a rubric line cannot be stored as asked; the message is one sentence."""


class Changed(MarkError):
    """Somebody else changed meanwhile what a change was based on; the message says who, when and what now."""


@dataclass(frozen=True)
class RubricLine:
    """A line of the rubric for the written answer of an item: what an answer does, and the points for it.

    Points below 0 are a deduction. A `retired` line is offered no more, and still counts where it was used. `version`
    is the number of the change that made the line as it is.
    """

    id: int
    item: str
    text: str
    points: float
    position: int = 0
    retired: bool = False
    version: int = 0


@dataclass(frozen=True)
class Mark:
    """A person's decision on one item of a submission.

    Its points are those of its `lines` and the `adjustment` together; without lines, the adjustment is all. They
    replace the points that waited for a person or, if none waited, all points of the item: the `checks` in question,
    which are worth `of` together (both empty in marks of earlier versions); `whole` says that none waited. `sha256` is
    the digest of the marked notebook: the mark does not count for another one. `version` is the number of the change
    that made the mark, 0 for marks of earlier versions.
    """

    item: str
    adjustment: float = 0.0
    comment: str = ""
    sha256: str = ""
    marked_at: str = ""
    lines: tuple[RubricLine, ...] = ()
    by: str = ""
    version: int = 0
    checks: tuple[str, ...] = ()
    of: float = 0.0
    whole: bool = False

    @property
    def points(self) -> float:
        """The points that the lines and the adjustment come to, from 0 to `of`."""
        return self.worth(self.of or math.inf)

    def worth(self, most: float) -> float:
        """Return the points, from 0 to `most`.

        >>> named, explained = RubricLine(1, "q7", "names the curve", 2), RubricLine(2, "q7", "explains", 2.5)
        >>> Mark("q7", 0.5, lines=(named, explained)).worth(5)
        5.0
        >>> Mark("q7", -1, lines=(named,)).worth(5)
        1.0
        """
        return round(min(max(0.0, sum(line.points for line in self.lines) + self.adjustment), most), 2)


@dataclass(frozen=True)
class Override:
    """A person's verdict in place of the one that the grader gave on a check, with the reason.

    `sha256` is the digest of the notebook: the override does not count for another one.
    """

    check: str
    item: str
    score: float
    reason: str
    sha256: str = ""
    by: str = ""
    at: str = ""
    version: int = 0


@dataclass(frozen=True)
class Comment:
    """A comment that was used in marks of an item, and how often."""

    text: str
    uses: int


def finite(value: float, what: str, least: float = -MOST_POINTS, most: float = MOST_POINTS) -> float:
    """Return points that can be stored. Raises MarkError."""
    if not (math.isfinite(value) and least <= value <= most):
        raise MarkError(f"{what} must be a number from {least:g} to {most:g}, not {value:g}")
    return round(float(value), 2) + 0.0  # never -0.0


def text_of(value: str, what: str, needed: bool = False) -> str:
    """Return a text that can be stored. Raises MarkError if it is too long, or `needed` and empty."""
    value = value.encode("utf-8", "replace").decode().replace("\r\n", "\n").strip()
    if needed and not value:
        raise MarkError(f"{what} is empty; write a sentence")
    if len(value) > MOST_TEXT:
        raise MarkError(f"{what} has {len(value):,} characters; at most {MOST_TEXT:,} are kept")
    return value


def lines_in_words(lines: Iterable[RubricLine]) -> str:
    """Return rubric lines as a part of a sentence: 'names the curve (+2), no own numbers (-1)'."""
    from grader.formatting import number

    return ", ".join(f"{line.text} ({'+' if line.points >= 0 else ''}{number(line.points)})" for line in lines)
