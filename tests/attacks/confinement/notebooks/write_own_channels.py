"""Puts links in place of the folders that the grader itself writes to: requests, events, sockets, its own scratch folder."""

# kind: writing
# expect: blocked

# %%
import contextlib
import os

from attack import attempt, create, target

ABOVE = os.path.dirname(os.getcwd())

# %%
# The grader writes a request there when it next asks: with a link it would write where the link points.
for name in ("requests", "events", "log", "home", "tmp", "k-1"):
    path = os.path.join(ABOVE, name)
    if os.path.lexists(path) and name not in ("home", "tmp"):
        attempt(f"rename {name}", os.rename, path, path + ".old")
        attempt(f"link at {name}", os.symlink, target.canary_folder, path)
attempt("a request of its own", create, os.path.join(ABOVE, "requests", "1.json"))

# %%
# Its own folder is its own; what the grader does there afterwards, as another user, must not follow a link.
with contextlib.suppress(OSError):
    os.rename(os.getcwd(), os.getcwd() + ".old")
    os.symlink(target.canary_folder, os.getcwd())
for name in ("figures", "outputs", "data", ".ipython"):
    with contextlib.suppress(OSError):
        os.symlink(target.canary_folder, name)
