"""Reads what the tables of mounts and processes give away: paths of the grader, of submissions and of other students."""

# kind: reading
# expect: blocked

# %%
import contextlib
from pathlib import Path

from attack import got, target

# %%
# The program's own folders may stand there; a submission's, the results' and the planted folder's may not.
for name in ("mountinfo", "mounts", "mountstats", "cgroup", "environ", "cmdline", "limits", "status"):
    with contextlib.suppress(OSError):
        text = Path(f"/proc/self/{name}").read_text(errors="replace")
        for word in ("submissions", "graded", target.planted, target.neighbour_folder):
            if word in text:
                got(f"{word} in /proc/self/{name}")
