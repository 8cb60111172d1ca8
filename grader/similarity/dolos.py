"""The layout that Dolos opens (https://dolos.ugent.be): `info.csv` and a Python file for each notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.files import write_atomically
from grader.notebook.cells import Notebook, python_source
from grader.similarity.work import Work

COLUMNS = ("filename", "label", "created_at", "full_name")
HANDOUT = "handout.py"
_UNSAFE = re.compile(r"[^\w.()+-]+")


def python_of(notebook: Notebook) -> str:
    """Return the Python of a notebook's code cells; the others stay as comments, so that nothing is lost."""
    return "\n".join(_cells(notebook))


def _cells(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code_cells:
        python = python_source(cell.source)
        if python is None:
            yield f"# cell {cell.index} is not Python\n" + "".join(f"# {line}\n" for line in cell.source.splitlines())
        elif python.strip():
            yield f"# cell {cell.index}\n{python.strip()}\n"


def write_dolos(
    folder: Path, works: Sequence[Work], labels: dict[str, str], base: Sequence[Notebook]
) -> list[tuple[str, ...]]:
    """Write the Python files into a folder and return the rows of `info.csv`, the names of the columns first.

    `labels` are the labels of works by name. What was handed out, and the solution, are written to handout.py, which
    Dolos ignores with `--ignore`. Raises OSError.
    """
    rows: list[tuple[str, ...]] = [COLUMNS]
    taken = {HANDOUT}
    for work in works:
        name = _file_name(work.name, taken)
        write_atomically(folder / name, python_of(work.notebook))
        rows.append((name, labels.get(work.name, ""), work.submitted, work.student or work.name))
    write_atomically(folder / HANDOUT, "\n".join(map(python_of, base)))
    return rows


def _file_name(name: str, taken: set[str]) -> str:
    stem = _UNSAFE.sub("_", name).strip("._+-") or "notebook"  # in a CSV file none looks like a formula
    stem = stem.encode()[:150].decode("utf-8", "ignore")
    candidate, number = f"{stem}.py", 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem}-{number}.py"
    taken.add(candidate.casefold())
    return candidate
