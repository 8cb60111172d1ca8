"""Find the cells that messages speak of, link the words to them, and show them with the line marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from grader.formatting import clean
from grader.language import said
from grader.notebook.places import place

if TYPE_CHECKING:
    from markupsafe import Markup

    from grader.notebook.cells import Notebook

MOST_CELLS = 30
MOST_PLACES = 300
MOST_NOTES = 6  # of a cell
MOST_CODE = 150_000  # characters of all cells together
MOST_LINES = 120  # of a cell, around the first marked line
_DIGITS = r"\d{1,5}"
_CELL, _LINE = "90817", "90818"  # stand for any cell and any line while a phrase is translated
_NUMBERS = (f" (cell {_CELL}, line {_LINE})", f"line {_LINE} of cell {_CELL}", f"cell {_CELL}")


@dataclass(frozen=True)
class Mention:
    """A mention of a cell, and perhaps a line of it, from 1: the part of a text from `start` to `end`."""

    start: int
    end: int
    cell: int
    line: int | None


class Mentions:
    """Finds the mentions of a notebook's cells: 'cell 3, line 2', 'line 2 of the cell under 'Question 2''.

    It finds them in English, and as the language says them that is current when it is made.
    """

    def __init__(self, notebook: Notebook | None = None) -> None:
        cells = notebook.code_cells[:MOST_PLACES] if notebook is not None else ()
        named = [(place(notebook, cell.index), cell.index) for cell in cells] if notebook is not None else []
        english = {words: index for words, index in named if words != f"cell {index}"}
        self._places = english | {said(words): index for words, index in english.items()}
        words = "|".join(sorted(map(re.escape, self._places), key=len, reverse=True))
        ways = [_NUMBERS, spoken] if (spoken := tuple(map(said, _NUMBERS))) != _NUMBERS else [_NUMBERS]
        self._pattern = re.compile("|".join(_pattern(way, words, number) for number, way in enumerate(ways)))

    def find(self, text: str) -> Iterator[Mention]:
        """Yield the mentions in a text, in order."""
        for match in self._pattern.finditer(text):
            groups = {name.rstrip("0123456789"): text for name, text in match.groupdict().items() if text}
            cell = int(groups["cell"]) if "cell" in groups else self._places[groups["place"]]
            line = groups.get("before") or groups.get("after")
            yield Mention(match.start(), match.end(), cell, int(line) if line else None)


def _pattern(numbers: Sequence[str], places: str, number: int) -> str:
    """Return a pattern for `numbers`, which are `_NUMBERS` in a language, and for `places`.

    `number` sets its groups apart from those of another language.
    """
    both, line_of, cell = (re.escape(phrase.strip(" ()")) for phrase in numbers)
    before, _, after = line_of.partition(cell)
    names = count(100 * number)

    def group(name: str, phrase: str, what: str) -> str:
        return phrase.replace(what, f"(?P<{name}{next(names)}>{_DIGITS})")

    def place() -> str:
        named = [group("cell", cell, _CELL), *([f"(?P<place{next(names)}>{places})"] if places else [])]
        return f"(?:{'|'.join(named)})"

    of_line = rf"\b{group('before', before, _LINE)}{place()}{group('after', after, _LINE)}"
    return rf"\b{group('after', group('cell', both, _CELL), _LINE)}|{of_line}|\b{place()}"


@dataclass(frozen=True)
class ShownLine:
    """A line of a cell; `marked` if a message speaks of it."""

    number: int
    text: str
    marked: bool


@dataclass(frozen=True)
class Remark:
    """A message about a cell: the message, and the item whose verdict it belongs to, '' for a remark on the run.

    One that is not `told` only marks its line.
    """

    item: str
    text: str
    told: bool = True


@dataclass(frozen=True)
class ShownCell:
    """A cell as it is shown, with what is said of it; `cut` tells whether lines are left out."""

    index: int
    lines: tuple[ShownLine, ...]
    cut: bool
    remarks: tuple[Remark, ...] = ()


def mentioned(texts: Iterable[str], mentions: Mentions) -> dict[int, frozenset[int]]:
    """Return the cells that the texts speak of, and for each the lines, from 1.

    >>> mentioned(["NameError (cell 3, line 2)", "see cell 5 and line 1 of cell 3"], Mentions())
    {3: frozenset({1, 2}), 5: frozenset()}
    """
    found: dict[int, set[int]] = {}
    for text in texts:
        for one in mentions.find(text):
            found.setdefault(one.cell, set()).update(() if one.line is None else (one.line,))
    return {cell: frozenset(lines) for cell, lines in found.items()}


def linked(text: str, mentions: Mentions, cells: Mapping[int, object]) -> Markup:
    """Return the text as HTML, escaped, in which the mentions of these cells are links to them."""
    from markupsafe import Markup, escape

    parts, end = [], 0
    for one in mentions.find(text):
        if one.cell in cells:
            target = f"cell-{one.cell}" + (f"-{one.line}" if one.line else "")
            words = escape(clean(text[one.start : one.end]))
            parts += [escape(clean(text[end : one.start])), Markup('<a href="#{}">{}</a>').format(target, words)]
            end = one.end
    return Markup("").join([*parts, escape(clean(text[end:]))])


def shown_cells(
    notebook: Notebook, marked: Mapping[int, frozenset[int]], remarks: Mapping[int, Sequence[Remark]] | None = None
) -> tuple[ShownCell, ...]:
    """Return the code cells among those that are spoken of, in the notebook's order, as many as there is room for."""
    shown, room = [], MOST_CODE
    for cell in [cell for cell in notebook.code_cells if cell.index in marked][:MOST_CELLS]:
        one = _shown(cell.index, cell.source, marked[cell.index], tuple((remarks or {}).get(cell.index, ())))
        room -= sum(len(line.text) for line in one.lines)
        if room < 0:
            break
        shown.append(one)
    return tuple(shown)


def remarks_on_cells(remarks: Iterable[Remark], mentions: Mentions) -> dict[int, list[Remark]]:
    """Return by cell what is said of it, each remark once."""
    found: dict[int, list[Remark]] = {}
    for remark in remarks:
        for cell in {mention.cell: None for mention in mentions.find(remark.text)}:
            known = found.setdefault(cell, [])
            if remark not in known and len(known) < MOST_NOTES:
                known.append(remark)
    return found


def _shown(index: int, source: str, marked: frozenset[int], remarks: tuple[Remark, ...]) -> ShownCell:
    lines = source.split("\n")
    first = max(0, min(marked, default=1) - 1 - MOST_LINES // 2) if len(lines) > MOST_LINES else 0
    shown = lines[first : first + MOST_LINES]
    return ShownCell(
        index,
        tuple(ShownLine(n, line[:500], n in marked) for n, line in enumerate(shown, first + 1)),
        len(shown) < len(lines),
        remarks,
    )
