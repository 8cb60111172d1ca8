"""`grader doctor`: show what this machine has and lacks for grading."""

from __future__ import annotations

import argparse
import importlib.util
import platform
from typing import TYPE_CHECKING

from grader.cli.exit_status import FAILED, PASSED
from grader.cli.options import add_command
from grader.language import said
from grader.version import install_command

if TYPE_CHECKING:
    from grader.cli.options import Commands

NEEDED = ("torch", "torchvision", "matplotlib", "ipykernel", "jinja2", "thop")
COLAB = ("pandas", "seaborn", "ipywidgets", "sklearn", "torchinfo", "torchsummary", "torchmetrics")
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "thop": "ultralytics-thop"}


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    add_command(commands, "doctor", "show what this machine has and lacks for grading", run)


def run(arguments: argparse.Namespace) -> int:
    """Print the lines of `examine`; return 0 if this machine can grade or check, else 2."""
    lines, able = examine()
    print("\n".join(map(said, lines)))
    return PASSED if able else FAILED


def examine() -> tuple[list[str], bool]:
    """Return lines that describe the machine, and whether it can run notebooks at all."""
    from grader.machine import usable_cores

    lines = [f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {usable_cores()} cores"]
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    lines += [f"{name} {_version(name)}" for name in NEEDED if name not in missing]
    able = not missing
    if missing:
        lines.append(f"MISSING: {', '.join(missing)}; to install them: {install_command()}")
    able = _torch(lines) and able
    absent = [name for name in COLAB if importlib.util.find_spec(name) is None]
    if absent:
        lines.append(
            f"not installed: {', '.join(absent)}; a notebook that imports one of them stops there; "
            f"to install them: {install_command('colab')}"
        )
    else:
        lines.append("the other packages that Colab notebooks often import are installed")
    lines.append(_data())
    confined = _isolation(lines) if able else False
    if confined:
        lines.append("This machine can grade.")
    elif able:
        lines.append("This machine can check your own notebooks. To grade notebooks of others, it must confine them.")
    else:
        lines.append("This machine cannot grade yet.")
    return lines, able


def _isolation(lines: list[str]) -> bool:
    """Append the result of trying each way to confine notebooks; return whether the best one confines them."""
    from grader.sandbox.confinement.backends import trials

    tried = trials()
    best = next((trial.backend for trial in tried if trial.backend is not None), None)
    for trial in tried:
        if trial.backend is None:
            lines.append(f"isolation '{trial.level}': not available: {trial.why}")
            if trial.better:
                lines.append(f"  to make it available: {trial.better}")
        elif trial.backend is best:
            lines.append(f"isolation '{trial.level}': works, and is used by default")
            lines += [f"  {what}: {how}" for what, how in best.enforced.items()]
            lines += [f"  not enforced: {gap}" for gap in best.gaps]
        else:
            lines.append(f"isolation '{trial.level}': works")
    return best is not None and best.confines


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(_DISTRIBUTIONS.get(name, name))
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def _torch(lines: list[str]) -> bool:
    """Append what torch sees of a GPU; return whether torch and torchvision can be imported together."""
    if importlib.util.find_spec("torch") is None:
        return False
    try:
        import torch
        import torchvision  # noqa: F401  (it must be importable beside this torch)
    except Exception as error:
        lines.append(f"torch or torchvision cannot be imported ({type(error).__name__}: {error}); reinstall both")
        return False
    if torch.cuda.is_available():
        lines.append(f"GPU: {torch.cuda.get_device_name(0)}; items that need a GPU are graded on it")
    else:
        lines.append("no GPU: items that need one are graded on a virtual GPU, whose times mean nothing")
    return True


def _data() -> str:
    from grader.data import DataError, find_data

    try:
        source = find_data()
    except DataError as error:
        return f"data: {error}"
    more = "; 'grader data fetch' downloads all 70,000" if source.kind == "sample" else ""
    return f"data: {source.describe()}{more}"
