"""Find the helper files of a notebook that is given by its own path: the files beside it that its code names.

A folder such as Downloads holds much that has nothing to do with the notebook, so no other file is touched. Of a folder
or an archive that somebody handed in, all files count (`grader.course.ingest`).
"""

from __future__ import annotations

import ast
import fnmatch
import glob
import itertools
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from grader.notebook.cells import Notebook, python_source
from grader.notebook.helper_files import MAX_FILES, MAX_MODULE, Beside, may_help
from grader.notebook.syntax import parse

MAX_TEXTS = 5_000  # texts of the code that are looked up
MAX_TEXT = 300  # characters of one
MAX_LISTED = 5 * MAX_FILES  # names in one folder
_COLAB = ("/content/drive/MyDrive/", "/content/")


def named_beside(notebook: Notebook) -> Beside:
    """Return the files in the notebook's folder or below it that its code imports or names, directly or not."""
    folder = notebook.path.parent
    if not _has_others(folder, notebook.path.name):
        return ()
    found: dict[str, Path] = {}
    waiting = [python_source(cell.source) or "" for cell in notebook.code_cells]
    looked_up: set[str] = set()
    while waiting and len(found) < MAX_FILES:
        for name in _named(waiting.pop(0)):
            if name in looked_up or len(looked_up) > MAX_TEXTS:
                continue
            looked_up.add(name)
            for path in _below(folder, name):
                if str(path) not in found:
                    found[str(path)] = folder / path
                    waiting.append(_source(folder / path))
    return tuple(found.items())


def cells_naming(notebook: Notebook, name: str) -> tuple[int, ...]:
    """Return the code cells whose Python names a helper file, as a text or by a pattern such as f'mlp_{n}.pt'."""
    return tuple(
        cell.index
        for cell in notebook.code_cells
        if any(_means(text, name) for text in _named(python_source(cell.source) or ""))
    )


def _means(text: str, name: str) -> bool:
    if not 0 < len(text) <= MAX_TEXT or set(text) <= set("*./"):
        return False
    for start in _COLAB:
        text = text.removeprefix(start)
    path = PurePosixPath(text)
    return fnmatch.fnmatchcase(name, str(path)) or (
        path.name == text and fnmatch.fnmatchcase(PurePosixPath(name).name, text)
    )


def _has_others(folder: Path, name: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.name != name and not entry.name.startswith(".") for entry in entries)
    except OSError:
        return False


def _source(path: Path) -> str:
    """Return the text of a Python file, '' for any other file."""
    if path.suffix != ".py" or path.stat().st_size > MAX_MODULE:
        return ""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _named(python: str) -> Iterator[str]:
    """Yield patterns of paths that Python code may mean: of its imports, and of its texts."""
    try:
        nodes = list(ast.walk(parse(python)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    inside: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from itertools.chain.from_iterable(_module(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module or ''}.{alias.name}".strip(".") for alias in node.names]
            yield from itertools.chain.from_iterable(map(_module, [node.module or "", *names]))
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
            inside.update(id(part) for part in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value
            if len(node.value) <= MAX_TEXT:
                yield from node.value.split()  # of a command such as `!python train.py`


def _module(name: str) -> Iterator[str]:
    if name:
        path = name.replace(".", "/")
        first = name.partition(".")[0]
        yield from (f"{path}.py", f"{first}.py", f"{first}/__init__.py", f"{path}/*.py")


def _below(folder: Path, text: str) -> Iterator[PurePosixPath]:
    """Yield the files below the folder that a text names: one, all of a folder, or those that fit a pattern."""
    if not 0 < len(text) <= MAX_TEXT or "\n" in text or "\0" in text:
        return
    for start in _COLAB:
        text = text.removeprefix(start)
    name = PurePosixPath(text)
    if name.is_absolute() or ".." in name.parts or not name.parts or set(str(name)) <= set("*./"):
        return
    paths = [folder / name]
    if glob.has_magic(text):
        paths = [folder / one for one in itertools.islice(glob.iglob(str(name), root_dir=folder), MAX_FILES)]
    for path in paths:
        for one in _files(path):
            relative = PurePosixPath(one.relative_to(folder).as_posix())
            if may_help(relative) and not any((folder / up).is_symlink() for up in (relative, *relative.parents)):
                yield relative


def _files(path: Path) -> Iterator[Path]:
    try:
        if path.is_file():
            yield path
        elif path.is_dir():
            every = (
                Path(at) / name
                for at, _, names in itertools.islice(os.walk(path), MAX_FILES)
                for name in names[:MAX_LISTED]
            )
            yield from itertools.islice(every, MAX_LISTED)
    except (OSError, ValueError):
        return
