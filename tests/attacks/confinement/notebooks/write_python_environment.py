"""Changes the Python that grades the next student: a module, a .pth file, bytecode, a program in its bin."""

# kind: writing
# expect: blocked
# quick: yes

# %%
import glob
import importlib.util
import os
import sys

from attack import attempt, create, target

FOLDERS = [target.site_packages, target.standard_library, os.path.dirname(sys.executable), sys.prefix, sys.base_prefix]

# %%
for folder in FOLDERS:
    for name in (f"{target.mark}.pth", f"{target.mark}.py"):
        path = os.path.join(folder, name)
        attempt(path, create, path)

# %%
# Bytecode beside a module that everyone imports is executed instead of it.
for module in ("torch", "numpy", "json", "grader", "ipykernel"):
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    folder = os.path.join(os.path.dirname(spec.origin), "__pycache__")
    attempt(folder, create, f"{folder}/{target.mark}.pyc")
    attempt(spec.origin, os.open, spec.origin, os.O_WRONLY)
    for path in glob.glob(folder + "/*.pyc")[:1]:
        attempt(path, os.open, path, os.O_WRONLY)
        attempt(f"replace {path}", os.rename, path, f"{path}.{target.mark}")

# %%
attempt("the interpreter", os.open, os.path.realpath(sys.executable), os.O_WRONLY)
