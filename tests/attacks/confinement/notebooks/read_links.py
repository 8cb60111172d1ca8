"""Makes links in its own folder to secrets: symbolic, hard, through chains, and over its own files."""

# kind: reading
# expect: blocked
# harmless: yes

# %%
import os
import shutil

from attack import attempt, read, refused, target

# %%
for number, path in enumerate(target.secret_files):
    os.symlink(path, f"link-{number}")
    os.symlink(os.path.relpath(path), f"relative-{number}")
    os.symlink(f"link-{number}", f"chain-{number}")
    for name in (f"link-{number}", f"relative-{number}", f"chain-{number}"):
        attempt(f"{name} to {path}", read, name)
        attempt(f"copy of {name}", shutil.copyfile, name, f"copy-{name}")

# %%
for number, path in enumerate(target.secret_files):
    if not refused(os.link, path, f"hard-{number}"):
        attempt(f"hard link to {path}", read, f"hard-{number}")

# %%
os.symlink(os.path.dirname(target.secret_files[0]), "folder")
attempt("listing by a link", os.listdir, "folder")
os.symlink("/proc/self/root" + target.secret_files[0], "magic")
attempt("by /proc/self/root", read, "magic")
