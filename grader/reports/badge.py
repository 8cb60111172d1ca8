"""Say the total as JSON from which shields.io draws a badge (its 'endpoint' badge)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from grader.formatting import number

if TYPE_CHECKING:
    from grader.result import Result

_COLOURS = ((100.0, "brightgreen"), (90.0, "green"), (75.0, "yellowgreen"), (60.0, "yellow"), (40.0, "orange"))


def badge(result: Result) -> str:
    """Return the text of the JSON file: the confirmed points, out of those that could be graded."""
    most = round(result.max_score - result.ungraded, 2)
    failed = result.status == "failed" or not most > 0
    share = 0.0 if failed else 100 * result.confirmed / most
    colour = next((colour for least, colour in _COLOURS if share >= least), "red")
    plain = {
        "schemaVersion": 1,
        "label": "grader",
        "message": "not graded" if failed else f"{number(result.confirmed)} / {number(most)}",
        "color": "lightgrey" if failed else colour,
    }
    return json.dumps(plain) + "\n"
