"""Collect the notes of a result: repairs of the file, and remarks on the run."""

from __future__ import annotations

from grader.evidence.run import RunEvidence
from grader.notebook.cells import Notebook
from grader.notebook.helper_files import HelperFiles
from grader.notebook.places import place
from grader.packages import missing_packages


def notes(notebook: Notebook, run: RunEvidence) -> tuple[str, ...]:
    """Return repairs of the file, cells that did not end well, and remarks on the run, without duplicates."""
    found = [f"repaired: {repair}" for repair in notebook.repairs]
    found += _beside(notebook.beside)
    alike: dict[tuple[str, ...], list[str]] = {}
    missing = {package.cell: package for package in missing_packages(notebook, run)}
    for cell in run.cells:
        if cell.index in missing:
            what = missing[cell.index].told.removeprefix(f"cell {cell.index} ")
            alike.setdefault((what,), []).append(f"cell {cell.index}")
        elif cell.reason and cell.status != "not_run":
            found.append(cell.reason)
        elif cell.error is not None:
            line = f"line {cell.error.line} of " if cell.error.line else ""
            error = cell.error.name, cell.error.message[:200]
            alike.setdefault(error, []).append(f"{line}{place(notebook, cell.index)}")
    found += [_said("; ".join(cells), *what) for what, cells in alike.items()]
    not_run = [cell for cell in run.cells if cell.status == "not_run"]
    if not_run:
        found.append(f"{len(not_run)} cells were {not_run[0].reason}")
    found += [f"cell {note.cell}: {note.text}" for note in run.notes]
    if run.refused:
        found.append(f"{run.refused} records of the run are left out: they were malformed or named another cell")
    return tuple(dict.fromkeys(found))


def _said(cells: str, what: str, message: str | None = None) -> str:
    """Return what happened in cells; with a message they ended with the exception `what`."""
    return f"{cells} {what}" if message is None else f"{cells} ended with {what}: {message}"


MOST_NAMED = 10


def _beside(helpers: HelperFiles) -> list[str]:
    """Return remarks on the helper files: which were there when the notebook ran, and which were left out."""
    found = []
    for names, what in ((helpers.names, "helper files beside the notebook"), (helpers.left_out, "files left out")):
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            found.append(f"{what}: {', '.join(names[:MOST_NAMED])}{more}")
    return found
