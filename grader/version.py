"""The version of the grader, and the name under which it is installed."""

from __future__ import annotations

__version__ = "0.1.0"
DISTRIBUTION = "torch-grader"  # 'grader' on the package index is another project


def install_command(extra: str = "") -> str:
    """Return the command that installs the grader, with one of its extras if `extra` names one."""
    return f"python -m pip install '{DISTRIBUTION}[{extra}]'" if extra else f"python -m pip install {DISTRIBUTION}"
