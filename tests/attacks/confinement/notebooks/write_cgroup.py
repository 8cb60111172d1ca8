"""Leaves the group that limits it: moves to another cgroup, makes one, or lifts the limits of its own."""

# kind: writing
# expect: blocked

# %%
import glob
import os
import subprocess
from pathlib import Path

from attack import attempt, blocked, write

# %%
tops = ["/sys/fs/cgroup", *[path for path in glob.glob("/sys/fs/cgroup/*") if os.path.isdir(path)]]
for top in tops:
    for name in ("cgroup.procs", "tasks"):
        path = f"{top}/{name}"
        attempt(path, write, path, str(os.getpid())) if os.path.exists(path) else None
    attempt(f"a group in {top}", os.mkdir, f"{top}/attack-{os.getpid()}") if os.path.exists(top) else blocked(top)

# %%
for line in Path("/proc/self/cgroup").read_text().splitlines():
    _, controllers, path = line.strip().split(":", 2)
    for top in {"/sys/fs/cgroup", f"/sys/fs/cgroup/{controllers}", "/sys/fs/cgroup/unified"}:
        for name in ("memory.max", "pids.max", "memory.limit_in_bytes", "cgroup.procs", "cgroup.kill"):
            file = f"{top}{path}/{name}"
            attempt(file, os.open, file, os.O_WRONLY) if os.path.exists(file) else None

# %%
code = "mkdir -p g && mount -t cgroup2 none g || mount -t cgroup -o memory none g"
attempt("a cgroup mount", subprocess.check_output, ["sh", "-c", code], stderr=subprocess.STDOUT)
