"""Imports and reads how notebooks are judged: the grader's own modules, by name, by path, and from what is already imported."""

# kind: reading
# expect: blocked
# harmless: yes
# quick: yes

# %%
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

from attack import attempt, attempt_any, read, target

import grader

CHECKOUT = Path(target.checkout)
OWN = (
    "grader.in_kernel",
    "grader.sandbox.confinement",
    "grader.sandbox.fork_server",
)  # what runs inside, or confines it
SECRET = (
    "prove",
    "checks",
    "checks.convergence",
    "authenticity",
    "assignment",
    "result",
    "grading.grade",
    "seeds",
    "cli.main",
)

# %%
for name in SECRET:
    attempt(f"import grader.{name}", importlib.import_module, f"grader.{name}")
for name in ("grade", "parse_result", "Limits"):
    attempt_any(f"grader.{name}", lambda n=name: getattr(grader, n, None))
code = "import grader.checks.convergence as m, inspect; print(inspect.getsource(m))"
attempt("in another Python", subprocess.check_output, [sys.executable, "-c", code], stderr=subprocess.STDOUT)

# %%
# What the process that became this kernel has imported, such as a fork server.
loaded = [name for name in sys.modules if name.startswith(("grader.", "reference")) and name not in ("grader.sandbox",)]
attempt_any("modules in memory", lambda: [name for name in loaded if not name.startswith(OWN)])
attempt_any(
    "names of modules",
    lambda: [one.name for one in pkgutil.iter_modules(grader.__path__) if one.name not in ("in_kernel", "sandbox")],
)

# %%
# The package by its path: where it is, and where links and packages say that it is.
above = {CHECKOUT / "grader", Path(os.path.realpath(grader.in_kernel.__path__[0])).parent}
above |= {Path(entry) / "grader" for entry in sys.path if entry}
for package in sorted(above):
    for inner in (
        "checks/convergence.py",
        "checks/__init__.py",
        "prove/__init__.py",
        "result.py",
        "data/sources.py",
        "cli/main.py",
    ):
        attempt(package / inner, read, package / inner)


def by_path(package: Path) -> object:
    """Run a module's code, whatever Python's path is."""
    spec = importlib.util.spec_from_file_location("stolen", package / "checks" / "convergence.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


for package in sorted(above):
    attempt(f"run {package}", by_path, package)
    compiled = package / "checks" / "__pycache__" / f"convergence.{sys.implementation.cache_tag}.pyc"
    attempt(compiled, read, compiled)
    finder = importlib.machinery.PathFinder.find_spec("grader.checks", [str(package)])
    attempt_any(f"found in {package}", lambda f=finder: f and f.loader and f.loader.get_source("grader.checks"))
grader.__path__ = [*grader.__path__, *map(str, sorted(above))]
importlib.invalidate_caches()
attempt("import by another path", importlib.import_module, "grader.checks")
attempt_any("source", lambda: inspect.getsource(importlib.import_module("grader.prove")))

# %%
# The installed distribution: its commands, and files that it lists.
for entry in importlib.metadata.entry_points(group="console_scripts"):
    if entry.value.startswith("grader"):
        attempt(entry, entry.load)
for distribution in ("torch-grader", "grader"):
    try:
        files = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        continue
    for file in files:
        if file.suffix == ".py" and "grader" in file.parts and not {"in_kernel", "sandbox"} & set(file.parts):
            attempt_any(file, file.read_text)
