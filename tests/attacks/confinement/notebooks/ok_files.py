"""Works with files as one does: pathlib, shutil, tempfile, zip, modes and times of its own files, sqlite."""

# kind: honest
# expect: works
# quick: yes

# %%
import os
import shutil
import sqlite3
import tempfile
import zipfile
from pathlib import Path

# %%
Path("data/raw").mkdir(parents=True)
Path("data/raw/a.txt").write_text("hello")
shutil.copy("data/raw/a.txt", "b.txt")
shutil.copytree("data", "copy")
os.chmod("b.txt", 0o600)
os.utime("b.txt", (10**9, 10**9))
os.rename("b.txt", "c.txt")
os.rename("data/raw/a.txt", "data/moved.txt")
os.link("data/moved.txt", "linked.txt")
os.link("c.txt", "d.txt")
os.symlink("c.txt", "e.txt")
assert Path("e.txt").read_text() == "hello"
shutil.rmtree("copy")

# %%
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "x").write_text("y")
with tempfile.NamedTemporaryFile() as file:
    file.write(b"z")
with tempfile.TemporaryFile() as file:
    file.write(bytes(1 << 20))
Path("~/.cache/mine").expanduser().mkdir(parents=True)
Path("~/.cache/mine/x").expanduser().write_text("x")

# %%
with zipfile.ZipFile("z.zip", "w") as archive:
    archive.write("c.txt")
with sqlite3.connect("x.db") as database:
    database.execute("create table t (x)")
with open("large", "wb") as file:
    file.write(bytes(20 << 20))
print("WORKS")
