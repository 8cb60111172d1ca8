"""The base class of the errors that the command line prints as one sentence."""

from __future__ import annotations

__all__ = ["GraderError"]


class GraderError(Exception):
    """The grader cannot do what it was asked to do. The message is one sentence for the person who asked."""
