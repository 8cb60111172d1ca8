"""Changes the grader: its package, its data, its checkout's history, and the folders of its kernels."""

# kind: writing
# expect: blocked

# %%
import os
from pathlib import Path

from attack import attempt, create, target

import grader

PACKAGE = Path(grader.__file__).parent

# %%
for folder in (
    PACKAGE,
    PACKAGE / "data",
    PACKAGE / "in_kernel",
    PACKAGE / "in_kernel/__pycache__",
    Path(target.checkout) / ".git",
):
    path = folder / target.mark
    attempt(path, create, path)

# %%
files = [
    PACKAGE / "in_kernel/agent.py",
    PACKAGE / "assignment.py",
    *(PACKAGE / "data").glob("*.gz"),
    Path(target.data_file),
]
for path in files:
    attempt(path, os.open, path, os.O_WRONLY)
    attempt(f"remove {path}", os.rename, path, f"{path}.{target.mark}")
