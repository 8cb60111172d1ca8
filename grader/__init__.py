"""Grades PyTorch notebooks: runs them, probes their models and training loops, and says what it found.

>>> from grader import grade
>>> result = grade("notebook.ipynb")
>>> result.to_dict()["score"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.grading.grade import grade
    from grader.result import Result

__all__ = ["Result", "__version__", "grade"]


def __getattr__(name: str) -> Any:
    """Load the library only when it is used: `import grader` and `grader --help` stay quick."""
    if name == "grade":
        from grader.grading.grade import grade

        return grade
    if name == "Result":
        from grader.result import Result

        return Result
    raise AttributeError(f"module 'grader' has no attribute {name!r}")
