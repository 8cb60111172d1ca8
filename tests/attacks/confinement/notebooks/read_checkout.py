"""Reads the solution, the rubric, the other students' submissions and the tests from where the grader is installed."""

# kind: reading
# expect: blocked
# harmless: yes
# quick: yes

# %%
import os
from pathlib import Path

from attack import attempt, attempt_any, read, target

CHECKOUT = Path(target.checkout)

# %%
for folder in ("reference", "submissions", "tests", "graded", ".git"):
    attempt_any(f"list {folder}", lambda f=folder: os.listdir(CHECKOUT / f))

# %%
for name in (
    "reference/solution.ipynb",
    "reference/rubric.py",
    "reference/models.py",
    "submissions/good_own_style.ipynb",
):
    attempt(name, read, CHECKOUT / name)

# %%
# The folder may be reached by another way than its name: from the package that is imported in every kernel.
import grader

for up in ("..", "../reference", "../../reference"):
    path = Path(grader.__file__).parent / up / "rubric.py"
    attempt(path, read, path)
for path in target.results:
    attempt(path, read, path)
