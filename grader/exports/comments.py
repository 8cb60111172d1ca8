"""Comments for students in the cell of a gradebook: HTML that shows plain text, and that no program takes for more."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

_FORMULA = re.compile(r"((?:^|[,;|:\t]|<br>)[\s\"'`]*)([=+\-@＝＋－＠]+)")
_OURS = re.compile(r"(?:\s*<[^<>]*>)*\s*Points: [\d.]+ of [\d.]+")  # how `grades.comments_of` begins


def comment_cell(lines: Sequence[str]) -> str:
    """Return lines of text as a system stores a comment: HTML, in which no character starts a formula of a spreadsheet.

    >>> comment_cell(["3 < 5", "=1+1"])
    '3 &lt; 5<br>&#61;1+1'
    """
    escaped = "<br>".join(html.escape(re.sub(r"\s+", " ", line).strip(), quote=False) for line in lines)
    return _FORMULA.sub(lambda found: found[1] + "".join(f"&#{ord(mark)};" for mark in found[2]), escaped)


def is_ours(text: str) -> bool:
    """Return whether an earlier export wrote this comment, and no person; the system may have put it into a paragraph.

    >>> is_ours("<p>Points: 3 of 5<br>q1 (First): 3 of 5</p>"), is_ours("Please come and see me.")
    (True, False)
    """
    return _OURS.match(text) is not None
