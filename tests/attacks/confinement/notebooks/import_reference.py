"""Imports the solution, as a library, from the grader's own path and by guessed names."""

# kind: reading
# expect: blocked
# harmless: yes
# quick: yes

# %%
import importlib
import importlib.util
import pkgutil
import subprocess
import sys

from attack import attempt, attempt_any, target

# %%
for name in ("reference", "reference.models", "reference.rubric", "reference.loops", "submissions", "solution"):
    attempt(f"import {name}", importlib.import_module, name)

# %%
sys.path[:0] = [target.checkout, target.checkout + "/reference"]
importlib.invalidate_caches()
for name in ("reference", "reference.models", "rubric", "thresholds"):
    attempt(f"import {name}", importlib.import_module, name)


def source() -> str | None:
    """That a module of this name exists may be seen; not what is in it."""
    spec = importlib.util.find_spec("reference.models")
    return spec.loader.get_source("reference.models") if spec and spec.loader else None


attempt_any("its source", source)
attempt_any("data of a package", pkgutil.get_data, "reference", "solution.ipynb")

# %%
code = "import reference.models, inspect; print(inspect.getsource(reference.models))"
attempt("in another Python", subprocess.check_output, [sys.executable, "-c", code], stderr=subprocess.STDOUT)
