"""Climbs out of its folder by '..', by a descriptor of a folder, by a folder that moved, and by chdir in a thread."""

# kind: reading
# expect: blocked
# harmless: yes

# %%
import os

from attack import attempt, attempt_any, read, target

# %%
up = "/".join([".."] * 40)
for path in target.secret_files:
    attempt(f"{up[:8]}…{path}", read, up + path)

# %%
here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
for path in target.secret_files:
    attempt("relative to a descriptor", lambda p=path: os.open(up + p, os.O_RDONLY, dir_fd=here))

# %%
os.makedirs("a/b/c", exist_ok=True)
deep = os.open("a/b/c", os.O_RDONLY)
os.rename("a/b/c", "c")  # a descriptor's folder that has moved up: '..' counts from where it is now
os.fchdir(deep)
for path in target.secret_files:
    attempt("from a moved folder", read, up + path)
os.fchdir(here)


# %%
def siblings() -> list[str]:
    """Folders beside this kernel's that are not its own."""
    above = os.path.realpath(f"{os.getcwd()}/../..")
    own = os.path.basename(os.path.realpath(f"{os.getcwd()}/.."))
    return [name for name in os.listdir(above) if name != own and name.startswith("gk-")]


attempt_any("folders beside", siblings)
