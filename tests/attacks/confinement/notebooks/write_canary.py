"""Changes one file outside in every way there is: append, truncate, replace, rename, remove, lock, map."""

# kind: writing
# expect: blocked
# harmless: yes
# quick: yes

# %%
import mmap
import os
import shutil
from pathlib import Path

from attack import attempt, target, write

CANARY = target.canary


def write_map() -> None:
    with open(CANARY, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0] = 0


# %%
Path("replacement").write_text("hacked")
attempt("append", write, CANARY, "hacked", os.O_WRONLY | os.O_APPEND)
attempt("map", write_map)
attempt("truncate", os.truncate, CANARY, 0)
attempt("move over it", os.replace, "replacement", CANARY)

# %%
open("another", "w").close()
attempt("copy over it", shutil.copyfile, "another", CANARY)
attempt("rename", os.rename, CANARY, CANARY + ".old")
attempt("link", os.link, CANARY, CANARY + ".link")
attempt("remove", os.unlink, CANARY)
attempt("remove its folder", shutil.rmtree, target.canary_folder)

# %%
os.symlink(CANARY, "to-canary")
attempt("through a link", write, "to-canary", "hacked", os.O_WRONLY | os.O_TRUNC)
