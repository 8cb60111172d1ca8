"""The error of an export."""

from __future__ import annotations

from grader.errors import GraderError


class ExportError(GraderError):
    """The export cannot be made; the message is one sentence."""
