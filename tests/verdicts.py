"""The verdict of a result as bytes: what every grading of the same notebook must give again, to the last byte.

Left out are where it was graded and the facts beside the verdicts; what a clock measured stands as '…', and so do addresses
in a student's own words.
"""

from __future__ import annotations

import json
import re
from typing import Any

from grader.result import Result

_NUMBER = r"\d+(?:[.,:]\d+)*(?:e[-+]?\d+)?"
_TIME = re.compile(rf"{_NUMBER}(?: to {_NUMBER})?(?= ?(?:ns|[µm]?s|secs?|seconds?|min|minutes?|h)\b)", re.IGNORECASE)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")


def verdict_bytes(result: Result) -> bytes:
    """Status, points, items, checks and their messages as JSON, in the assignment's order."""
    data: dict[str, Any] = result.to_dict()
    data = {key: value for key, value in data.items() if key not in ("environment", "digests", "evidence", "signature")}
    data["items"] = [{**item, "checks": [_without_facts(check) for check in item["checks"]]} for item in data["items"]]
    return json.dumps(_steady(data), indent=1, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _without_facts(check: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in check.items() if key != "evidence"}


def _steady(value: Any) -> Any:
    if isinstance(value, str):
        return _ADDRESS.sub("0x…", _TIME.sub("…", value))
    if isinstance(value, dict):
        return {key: _steady(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_steady(part) for part in value]
    return value
