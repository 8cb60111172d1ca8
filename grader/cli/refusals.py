"""Refuse what a command cannot use before anything is started, in one sentence with the nearest name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from grader.cli.options import UsageError

MOST_NAMES = 2000  # of a folder that are compared
NOTEBOOKS = (".ipynb", ".py", ".zip")


def refuse_missing(path: Path, kinds: Iterable[str] = NOTEBOOKS) -> None:
    """Raise UsageError if there is no file or folder at `path`; it names the nearest one there is.

    Files count if their names end in one of `kinds`, folders in any case.
    """
    if path.exists():
        return
    folder = path
    while not folder.parent.is_dir() and folder.parent != folder:
        folder = folder.parent
    if folder != path:  # a folder on the way is missing
        raise UsageError(f"there is no folder {folder}{_meant(folder, ())}")
    raise UsageError(f"no such file: {path}{_meant(path, tuple(kinds))}")


def refuse_data(folder: Path | None) -> None:
    """Raise UsageError if `folder` is given and does not hold the data set."""
    if folder is None:
        return
    from grader.data.sources import DATASET

    if folder.expanduser().is_dir():
        if not DATASET.holds(folder.expanduser()):
            raise UsageError(f"the folder {folder} for --data does not hold the files of {DATASET.NAME}")
        return
    if folder.exists():
        raise UsageError(f"--data needs a folder, and {folder} is a file")
    raise UsageError(f"there is no folder {folder} for --data{_meant(folder, ())}")


def refuse_target(option: str, path: Path | None) -> None:
    """Raise UsageError if a file that `option` names cannot be written."""
    if path is None:
        return
    folder = path.parent
    if path.is_dir():
        raise UsageError(f"{option} needs the name of a file, and {path} is a folder")
    if not folder.exists():
        raise UsageError(f"there is no folder {folder} for {option}{_meant(folder, ())}")
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{option} cannot write into {folder}: no permission")


def refuse_assignment(name: str) -> None:
    """Raise UsageError if no package of this name can be imported from here, as far as can be told without importing.

    A path of a file is left to the reader of such files.
    """
    import importlib.util

    from grader.answer_key.file import is_bundle
    from grader.assignment import look_in_checkout

    look_in_checkout()
    if is_bundle(name):
        return
    try:
        found = importlib.util.find_spec(name.partition(".")[0])
    except (ImportError, ValueError):
        found = None
    if found is not None:
        return
    known = sorted({"reference", *(path.parent.name for path in Path().glob("*/rubric.py"))})
    near = get_close_matches(name, known, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"no assignment '{name}'; {meant}a package with a module '{name}.rubric' must be importable here")


def _meant(path: Path, kinds: tuple[str, ...]) -> str:
    """Return a question with the nearest name beside `path`, or nothing. Without `kinds` only folders count."""
    names: dict[str, str] = {}
    try:
        with os.scandir(path.parent) as entries:
            for entry, _ in zip(entries, range(MOST_NAMES), strict=False):
                if entry.is_dir() or entry.name.lower().endswith(kinds or ("/",)):
                    names[entry.name.casefold()] = entry.name
    except OSError:
        return ""
    near = get_close_matches(path.name.casefold(), names, 1, 0.85)
    if not near:  # endings make names more alike than they are
        stems = {Path(name).stem: name for name in sorted(names)}
        near = [stems[stem] for stem in get_close_matches(path.stem.casefold(), stems, 1)]
    return f"; did you mean {path.parent / names[near[0]]}?" if near else ""
