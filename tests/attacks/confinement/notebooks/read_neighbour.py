"""Reads another student's kernel that runs beside: its files, whose paths are known, and any like them."""

# kind: reading
# expect: blocked
# harmless: yes
# quick: yes

# %%
import glob
import os
import tempfile

from attack import attempt, attempt_any, create, read, target

# %%
attempt_any("the neighbour's folder", os.listdir, target.neighbour_scratch)
attempt("the neighbour's work", read, target.neighbour_scratch + "/work.py")
attempt("to write there", lambda: open(target.neighbour_scratch + "/work.py", "a").close())
attempt("to create there", create, f"{target.neighbour_scratch}/{target.mark}")


# %%
def foreign(pattern: str) -> list[str]:
    """What matches outside this kernel's own folder, and can be read."""
    own = os.path.dirname(os.getcwd())
    paths = [path for path in glob.glob(pattern) if not os.path.realpath(path).startswith(own)]
    return [path for path in paths if os.access(path, os.R_OK)]


for folder in {"/tmp", "/var/tmp", tempfile.gettempdir(), os.path.dirname(target.neighbour_folder)}:
    for pattern in ("gk-*/*", "gk-*/scratch/*", "*/requests/*", "*/events"):
        attempt_any(f"{folder}/{pattern}", foreign, f"{folder}/{pattern}")
