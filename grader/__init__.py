"""Grade PyTorch notebooks: run them, probe their models and training loops, and report what was found.

>>> import grader
>>> result = grader.grade("notebook.ipynb", isolation="none")  # doctest: +SKIP
>>> print(result.score, "of", result.max_score)  # doctest: +SKIP
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from grader.version import __version__

if TYPE_CHECKING:
    from grader.errors import GraderError
    from grader.grading.grade import Progress, grade
    from grader.live.api import check, hint, load_ipython_extension, status, use_language
    from grader.result import CheckResult, ItemResult, Result, parse_result
    from grader.sandbox.limits import Limits

__all__ = [
    "CheckResult",
    "GraderError",
    "ItemResult",
    "Limits",
    "Progress",
    "Result",
    "__version__",
    "check",
    "grade",
    "hint",
    "load_ipython_extension",
    "parse_result",
    "status",
    "use_language",
]

_DEFINED_IN = {
    "CheckResult": "grader.result",
    "GraderError": "grader.errors",
    "ItemResult": "grader.result",
    "Limits": "grader.sandbox.limits",
    "Progress": "grader.grading.grade",
    "Result": "grader.result",
    "check": "grader.live.api",
    "grade": "grader.grading.grade",
    "hint": "grader.live.api",
    "load_ipython_extension": "grader.live.api",
    "parse_result": "grader.result",
    "status": "grader.live.api",
    "use_language": "grader.live.api",
}


def __getattr__(name: str) -> Any:
    """Import an exported name when it is first used, so that `import grader` and `grader --help` stay fast."""
    if name not in _DEFINED_IN:
        raise AttributeError(f"module 'grader' has no attribute {name!r}")
    return getattr(import_module(_DEFINED_IN[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "ipykernel" in sys.modules:  # in a notebook, what cells do is recorded for `grader.check`; nowhere else
    import_module("grader.live.recording").start()
