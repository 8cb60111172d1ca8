"""Find the lines of a notebook's file on which its cells stand, so that a remark can point there.

The file is read as text, token by token: a parser of JSON does not say where it found what.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

MOST_CHARACTERS = 50_000_000  # of a file that is searched
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s"{}\[\],:]+', re.DOTALL)


@dataclass(frozen=True)
class CellLines:
    """The place of a cell in the file, counted from 1: its first line, and the line of each line of its source."""

    start: int
    lines: tuple[int, ...] = ()

    def of(self, line: int | None) -> int:
        """Return the file's line for a line of the source, from 1; where the cell begins if it is not known.

        >>> CellLines(3, (7, 8)).of(2), CellLines(3, (7, 8)).of(None), CellLines(3).of(5)
        (8, 7, 3)
        """
        if not self.lines:
            return self.start
        return self.lines[min(max(line or 1, 1), len(self.lines)) - 1]


def cell_lines(text: str) -> tuple[CellLines, ...]:
    r"""Return the places of the cells in the text of an .ipynb file, in order; nothing of a text that is no notebook.

    >>> cell_lines('{"cells": [\n {"cell_type": "code",\n  "source": ["x = 1\\n",\n   "y = 2"]}]}')
    (CellLines(start=2, lines=(3, 4)),)
    """
    if len(text) > MOST_CHARACTERS or not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return ()
    reader = _Reader()
    for token in _TOKEN.finditer(text):
        reader.take(token[0])
    return tuple(reader.found or reader.cells)


@dataclass
class _Source:
    """The lines of a cell's source so far; `fresh` tells that the next character begins a line."""

    lines: list[int] = field(default_factory=list)
    fresh: bool = True

    def add(self, text: str, at: int) -> None:
        parts = text.split("\n")
        for number, part in enumerate(parts):
            self.fresh = self.fresh or number > 0
            if self.fresh and (part or number < len(parts) - 1):
                self.lines.append(at)
                self.fresh = False


class _Reader:
    """Follows the tokens of a notebook. `cells` are those of the list that is read, `found` the last full list."""

    def __init__(self) -> None:
        self.cells: list[CellLines] = []
        self.found: list[CellLines] = []
        self._line = 1
        self._path: list[str] = []  # the key of each open object or list, '' within a list
        self._key = ""
        self._text: str | None = None  # a string that is a key if a colon follows
        self._start, self._source = 1, _Source()

    def take(self, token: str) -> None:
        """Take the next token."""
        if token == "\n":
            self._line += 1
        elif token in ("{", "["):
            self._open(token)
        elif token in ("}", "]"):
            self._close(token)
        elif token == ",":
            self._key = ""
        elif token == ":":
            self._key = self._text or ""
        elif token[0] == '"':
            self._text = self._string(token)
            self._line += token.count("\n")

    def _open(self, token: str) -> None:
        self._path.append(self._key)
        if token == "{" and self._in_cells(len(self._path) - 1):
            self._start, self._source = self._line, _Source()
        self._key = ""

    def _close(self, token: str) -> None:
        if not self._path:
            return
        depth = len(self._path) - 1
        if token == "}" and self._in_cells(depth):
            self.cells.append(CellLines(self._start, tuple(self._source.lines)))
        elif self._path in (["", "cells"],) and self.cells:
            self.found, self.cells = self.cells, []
        self._path.pop()
        self._key = ""

    def _in_cells(self, depth: int) -> bool:
        """Return whether what is open at this depth is an entry of a list of cells, also of a worksheet's."""
        above = self._path[:depth]
        return above == ["", "cells"] or above == ["", "worksheets", "", "cells"]

    def _string(self, token: str) -> str | None:
        """Note a string of a cell's source; return a short one, which may be a key."""
        place = self._path
        in_list = len(place) > 1 and place[-1] in ("source", "input") and self._in_cells(len(place) - 2)
        plain = bool(place) and self._key in ("source", "input") and self._in_cells(len(place) - 1)
        if in_list or plain:
            try:
                self._source.add(json.loads(token, strict=False), self._line)
            except ValueError:
                self._source.lines.append(self._line)
            return None
        return token[1:-1] if len(token) < 40 else None
