"""The base class of the errors that the command line prints as one sentence."""

from __future__ import annotations

__all__ = ["GraderError"]


class GraderError(Exception):
    """The grader cannot carry out a command. The message is one sentence for the user."""
