"""Say what was found as GitLab's code quality report, a subset of Code Climate's format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.files import escape_unprintable
from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.reports.findings import Finding

_SEVERITIES = ((0.05, "critical"), (0.02, "major"), (0.0, "minor"))  # by the share of all points that were lost


def code_quality(findings: Sequence[Finding]) -> str:
    """Return the text of the report, a list in the findings' order.

    A finding's fingerprint depends on file and check, not on the line or the message: GitLab then tells what a change
    mended from what it moved.
    """
    entries = [
        {
            "description": one_line(f"{one.title}: {one.message}"),
            "check_name": one.check,
            "fingerprint": hashlib.sha256(f"{one.path}\0{one.check}".encode("utf-8", "replace")).hexdigest(),
            "severity": _severity(one),
            "location": {"path": one.path, "lines": {"begin": one.line}},
        }
        for one in findings
    ]
    return escape_unprintable(json.dumps(entries, indent=1, ensure_ascii=False)) + "\n"


def _severity(finding: Finding) -> str:
    if finding.severity == "notice":
        return "info"
    if finding.check == "notebook":
        return "blocker"
    return next(name for least, name in _SEVERITIES if finding.share >= least)
