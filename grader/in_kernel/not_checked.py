"""Replace what `import grader` offers a notebook by functions that do nothing, while the notebook is graded."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["check", "hint", "load_ipython_extension", "status", "use_language"]


def check(*_: object, **__: object) -> None:
    """Do nothing: the notebook is being graded."""


hint = status = use_language = check


def load_ipython_extension(shell: Any) -> None:
    """Define `%grade`, which does nothing either."""
    shell.register_magic_function(lambda _: None, "line", "grade")


def install() -> None:
    """Let `import grader` in the notebook offer these names."""
    package: Any = sys.modules["grader"]
    for name in __all__:
        setattr(package, name, globals()[name])
