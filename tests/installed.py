"""A clean virtual environment with the packages of this one, but for grader: what an installer would download."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path


def make_environment(folder: Path) -> Path:
    """Make the environment and return its Python; the packages' files are links to those of this environment."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    target = Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())
    shutil.rmtree(target)
    shutil.copytree(sysconfig.get_path("purelib"), target, copy_function=_link, ignore=_left_out, symlinks=True)
    return python


def _left_out(folder: str, names: list[str]) -> set[str]:
    own = {name for name in names if "grader" in name and "site-packages" in os.path.basename(folder)}
    return own | {name for name in names if name in ("__pycache__", "jupyterlab", "mypy", "playwright")}


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
