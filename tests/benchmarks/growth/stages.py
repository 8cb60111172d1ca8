"""The stages of the driver's work on a notebook, each without a kernel, and without what earlier calls have cached."""

from __future__ import annotations

import functools
import gc
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from grader.grading.notes import notes
from grader.notebook.cells import Notebook
from grader.notebook.memo import Remembered
from grader.notebook.questions import locate
from grader.notebook.reader import read_notebook
from grader.probe.definitions import all_definitions, certain_definitions
from grader.slicing.definitions import definitions
from grader.slicing.item_cells import cells_for, costly_cells
from grader.slicing.source_cells import ALL_RAN, imported_names, loader_names, source_cells
from reference.rubric import ASSIGNMENT


def _locate(notebook: Notebook) -> object:
    return locate(notebook, ASSIGNMENT.prompts, ASSIGNMENT.template(), {})


STAGES: Mapping[str, Callable[[Notebook], object]] = {
    "questions": _locate,
    "sources": lambda notebook: (source_cells(notebook, ALL_RAN), loader_names(notebook), imported_names(notebook)),
    "analysis": lambda notebook: (definitions(source_cells(notebook, ALL_RAN)), costly_cells(notebook)),
    "certain": lambda notebook: certain_definitions(notebook, ASSIGNMENT),
    "slices": all_definitions,
    "cells": lambda notebook: [cells_for(notebook, ASSIGNMENT, item) for item in ("mlp", "q2", "q4")],
    "notes": lambda notebook: notes(notebook, ALL_RAN),
}


def forget() -> None:
    """Empty all caches of the grader's functions."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("grader", "reference"):
            for value in list(vars(module).values()):
                if isinstance(value, (functools._lru_cache_wrapper, Remembered)):
                    value.cache_clear()
    ASSIGNMENT.template()
    gc.collect()


def timed(path: Path) -> dict[str, float]:
    """Return the CPU seconds of each stage on a notebook file."""
    forget()
    seconds: dict[str, float] = {}
    began = time.process_time()
    notebook = read_notebook(path)
    seconds["read"] = time.process_time() - began
    for name, stage in STAGES.items():
        began = time.process_time()
        stage(notebook)
        seconds[name] = time.process_time() - began
    return seconds
