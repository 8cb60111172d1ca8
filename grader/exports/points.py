"""Numbers in gradebooks, with decimal points or commas."""

from __future__ import annotations

import re
from collections.abc import Iterable

from grader.formatting import number

_NUMBER = re.compile(r"[+-]?\d[\d.,\u00a0\u202f' ]*")


def parse_points(text: str) -> float | None:
    """Return the number in a cell, None for another text. The last comma or point is the decimal one, as Canvas reads.

    >>> parse_points("92,5"), parse_points("92.50"), parse_points("EX")
    (92.5, 92.5, None)
    """
    if not _NUMBER.fullmatch(text.strip()):
        return None
    *whole, last = re.split(r"[.,]", re.sub(r"[\u00a0\u202f' ]", "", text.strip()))
    return float(f"{''.join(whole)}.{last or 0}" if whole else last)


def decimal_mark(cells: Iterable[str], delimiter: str) -> str:
    """Return the decimal mark of these cells; where none has one, a comma if semicolons separate the cells."""
    marks = {found[1] for cell in cells if (found := re.fullmatch(r"[+-]?\d+([.,])\d+", cell.strip()))}
    if len(marks) == 1:
        return marks.pop()
    return "," if delimiter == ";" and "." not in marks else "."


def written(points: float, mark: str) -> str:
    """Return points as a gradebook has them."""
    return number(points).replace(".", mark)
