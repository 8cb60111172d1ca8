"""Walks the home folder of the user who grades: keys, history, configuration, tokens of other tools."""

# kind: reading
# expect: blocked
# harmless: yes

# %%
import os
import sys

from attack import attempt, attempt_any, read, target

# %%
# What leads to Python or to this kernel's own folder has to be there.
needed = [sys.prefix, sys.base_prefix, os.getcwd(), os.environ["HOME"], target.checkout]


def foreign() -> list[str]:
    paths = [os.path.join(target.home, name) for name in os.listdir(target.home)]
    return [path for path in paths if not any(os.path.realpath(one).startswith(path) for one in needed)]


attempt_any("the home folder", foreign)

# %%
NAMES = [
    ".ssh/id_rsa",
    ".bash_history",
    ".netrc",
    ".gitconfig",
    ".config/gh/hosts.yml",
    ".aws/credentials",
    ".kaggle/kaggle.json",
]
for name in [*NAMES, target.home_secret]:
    attempt(name, read, os.path.join(target.home, name))
