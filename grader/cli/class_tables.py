"""Write the tables of a class again after a person changed something."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.course.store import Store


def write_tables(out: Path, store: Store) -> None:
    """Write class.csv and class.html in the class's folder. Raises StoreError, and OSError for class.csv."""
    from grader.course.overview import Overview, problem_with_page
    from grader.course.table import CLASS_TABLE, write_class

    write_class(out / CLASS_TABLE, store.rows(), store.items())
    if problem := problem_with_page(out, Overview(store)):
        print(f"grader: {one_line(problem)}", file=sys.stderr)
