"""What this machine has and lacks for grading, in plain words."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib import metadata

NEEDED = ("torch", "torchvision", "matplotlib", "ipykernel", "thop")
COLAB = ("pandas", "seaborn", "ipywidgets", "sklearn", "torchinfo", "torchsummary", "torchmetrics")
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "thop": "ultralytics-thop"}


def examine() -> tuple[list[str], bool]:
    """Lines that describe the machine, and whether it can grade."""
    lines = [f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {_cores()} cores"]
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    lines += [f"{name} {_version(name)}" for name in NEEDED if name not in missing]
    able = not missing
    if missing:
        lines.append(f"MISSING: {', '.join(missing)}; install them with: python -m pip install grader")
    able = _torch(lines) and able
    absent = [name for name in COLAB if importlib.util.find_spec(name) is None]
    if absent:
        lines.append(
            f"not installed, so notebooks that import them stop there: {', '.join(absent)}; "
            "install them with: python -m pip install 'grader[colab]'"
        )
    else:
        lines.append("what Colab notebooks import beside torch is installed")
    lines.append(_data())
    confined = _isolation(lines) if able else False
    lines.append(
        "This machine can grade."
        if confined
        else "This machine can check your own notebooks; to grade others' it must confine them."
        if able
        else "This machine cannot grade yet."
    )
    return lines, able


def _isolation(lines: list[str]) -> bool:
    """What became of trying each way to confine notebooks, and how to get a better one."""
    from grader.sandbox.confinement.backends import BETTER, trials

    tried = trials()
    best = next((trial.backend for trial in tried if trial.backend is not None), None)
    for trial in tried:
        if trial.backend is None:
            lines.append(f"isolation '{trial.level}': no, {trial.why}; to have it: {BETTER.get(trial.level, '-')}")
        elif trial.backend is best:
            lines.append(f"isolation '{trial.level}': tried and used, unless another is asked for")
            lines += [f"  {what}: {how}" for what, how in best.enforced.items()]
            lines += [f"  not kept: {gap}" for gap in best.gaps]
        else:
            lines.append(f"isolation '{trial.level}': can be had")
    return best is not None and best.confines


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(name: str) -> str:
    try:
        return metadata.version(_DISTRIBUTIONS.get(name, name))
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def _torch(lines: list[str]) -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    try:
        import torch
        import torchvision  # noqa: F401  (that it imports beside this torch is what matters)
    except Exception as error:
        lines.append(
            f"torch or torchvision is installed but does not import ({type(error).__name__}: {error}); reinstall both"
        )
        return False
    if torch.cuda.is_available():
        lines.append(f"GPU: {torch.cuda.get_device_name(0)}; GPU items are graded on it")
    else:
        lines.append("no GPU: items that need one are graded on a virtual one, whose times mean nothing")
    return True


def _data() -> str:
    from grader.data.sources import DataError, find_data

    try:
        source = find_data()
    except DataError as error:
        return f"data: {error}"
    more = "; 'grader data fetch' gets all 60,000" if source.kind == "sample" else ""
    return f"data: {source.describe()}{more}"
