"""The outputs that only a run gives: saved lines with measured numbers. Two runs never print the same times and losses.

Lines that every right notebook prints, such as shapes and numbers of parameters, have no such number. Equal lines are
no proof: with the same seed and the same code two machines may print equal losses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from grader.notebook.cells import Notebook
from grader.similarity.fingerprints import digest
from grader.similarity.index import Features

DIGITS = 6  # so many digits of measured numbers make a line that is not there by chance
MOST_LINES = 5_000
_DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?:e[-+]?\d+)?(?![\w.]*\d)", re.IGNORECASE)


def measured_lines(notebook: Notebook) -> Iterator[tuple[int, int, str]]:
    """Yield the digest, the cell and the text of each saved line whose numbers a run has measured.

    Numbers that stand in the notebook's code are not measured.
    """
    typed = {number for cell in notebook.code_cells for number in _DECIMAL.findall(cell.source)}
    for cell in notebook.code_cells:
        for line in re.split(r"[\r\n]+", cell.stored_text)[:MOST_LINES]:
            numbers = [number for number in _DECIMAL.findall(line) if number not in typed]
            if sum(len(re.sub(r"^[0.]+|\D", "", number)) for number in numbers) >= DIGITS:
                yield digest("line " + " ".join(numbers)), cell.index, line.strip()


def output_features(notebook: Notebook) -> Features:
    """Return the digests of the lines, sorted and each once."""
    return np.array(sorted({one for one, _, _ in measured_lines(notebook)}), np.uint64)


def picture_features(pictures: Iterable[str]) -> Features:
    """Return the features of saved figures, given their digests."""
    return np.array(sorted({digest(f"picture {one}") for one in pictures}), np.uint64)
