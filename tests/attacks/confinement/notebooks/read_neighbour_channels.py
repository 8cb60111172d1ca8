"""Talks to another student's kernel by its sockets, requests and events: to read its answers or to ask it for more."""

# kind: reading
# expect: blocked

# %%
import glob
import os
import socket
from pathlib import Path

from attack import attempt, attempt_any, connects, create, read, target

# %%
for port in range(1, 6):
    path = f"{target.neighbour_folder}/k-{port}"
    attempt(path, connects, socket.AF_UNIX, socket.SOCK_STREAM, path)
for name in ("events", "config.json", "log"):
    attempt(name, read, f"{target.neighbour_folder}/{name}")
    attempt(f"{name}, to write", lambda n=name: open(f"{target.neighbour_folder}/{n}", "r+b").close())

# %%
attempt_any("requests", os.listdir, f"{target.neighbour_folder}/requests")
attempt("a request", create, f"{target.neighbour_folder}/requests/{target.mark}")


# %%
# Sockets without a name in the file system stand in this list.
def listed() -> list[str]:
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    return [line.split()[-1] for line in lines if len(line.split()) > 7 and target.neighbour_folder in line]


attempt_any("sockets of others", listed)
attempt_any(
    "sockets in folders", glob.glob, f"{os.path.dirname(target.neighbour_folder)}/gk-*/k-*"
) if os.getcwd().find(os.path.dirname(target.neighbour_folder)) else None
