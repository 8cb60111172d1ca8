"""The matching parts of a pair, side by side, for a page and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from grader.notebook.cells import Notebook
from grader.notebook.places import place
from grader.similarity.compare import Compared, Pair, common_measured
from grader.similarity.matches import Lines, Part, matching_parts
from grader.similarity.prose import Piece, marked
from grader.similarity.tokens import Unit, units_of
from grader.similarity.work import Work

MOST_PARTS, MOST_LINES, MOST_SAVED, MOST_CHARACTERS = 12, 40, 15, 200


class Line(NamedTuple):
    """A line of code and its number in the cell, from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Excerpt:
    """Lines of a cell, and where the cell stands; `more` is the number of lines for which there is no room."""

    place: str
    lines: tuple[Line, ...]
    more: int = 0


@dataclass(frozen=True)
class ShownPart:
    """A part of the code that matches, as it stands in each notebook."""

    first: tuple[Excerpt, ...]
    second: tuple[Excerpt, ...]
    tokens: int


@dataclass(frozen=True)
class ShownAnswer:
    """Two answers to one question, with the words that both have."""

    item: str
    share: float
    first: tuple[Piece, ...]
    second: tuple[Piece, ...]


@dataclass(frozen=True)
class SavedLine:
    """A saved line that both notebooks have, and its place in each."""

    text: str
    first: str
    second: str


@dataclass(frozen=True)
class Shown:
    """All that is shown of a pair. `more_parts` and `more_lines` are numbers of those for which there is no room."""

    pair: Pair
    parts: tuple[ShownPart, ...]
    answers: tuple[ShownAnswer, ...]
    lines: tuple[SavedLine, ...]
    pictures: tuple[tuple[str, str], ...]
    more_parts: int = 0
    more_lines: int = 0


def shown_pairs(compared: Compared, works: Iterable[Work], pairs: Iterable[Pair]) -> Iterator[Shown]:
    """Yield what is shown of each pair."""
    by_name = {work.name: work for work in works}

    @lru_cache(maxsize=50)
    def units(name: str) -> tuple[Unit, ...]:
        return units_of(by_name[name].notebook)

    for pair in pairs:
        parts = matching_parts(units(pair.first), units(pair.second), compared.common_code(pair))
        yield _shown(compared, pair, by_name[pair.first], by_name[pair.second], parts)


def _shown(compared: Compared, pair: Pair, first: Work, second: Work, parts: Sequence[Part]) -> Shown:
    saved = list(common_measured(first.notebook, second.notebook, compared.common_lines(pair))) if pair.lines else []
    answers = []
    for item, likeness in pair.answers.items():
        common = compared.common_runs(pair, item)
        answers.append(
            ShownAnswer(item, likeness.share, marked(first.answers[item], common), marked(second.answers[item], common))
        )
    return Shown(
        pair,
        tuple(
            ShownPart(_excerpts(first.notebook, one.first), _excerpts(second.notebook, one.second), one.tokens)
            for one in parts[:MOST_PARTS]
        ),
        tuple(answers),
        tuple(
            SavedLine(text[:MOST_CHARACTERS], place(first.notebook, cell), place(second.notebook, other))
            for cell, other, text in saved[:MOST_SAVED]
        ),
        tuple(_pictures(first, second)) if pair.pictures else (),
        max(0, len(parts) - MOST_PARTS),
        max(0, len(saved) - MOST_SAVED),
    )


def _excerpts(notebook: Notebook, parts: Sequence[Lines]) -> tuple[Excerpt, ...]:
    sources = {cell.index: cell.source.split("\n") for cell in notebook.cells}
    left = MOST_LINES
    found = []
    for one in parts:
        lines = [
            Line(at, sources[one.cell][at - 1]) for at in range(one.first, one.last + 1) if _there(sources, one, at)
        ]
        kept = tuple(Line(at, text[:MOST_CHARACTERS]) for at, text in lines[: max(0, left)])
        left -= len(kept)
        found.append(Excerpt(place(notebook, one.cell), kept, len(lines) - len(kept)))
    return tuple(found)


def _there(sources: dict[int, list[str]], part: Lines, line: int) -> bool:
    return 0 < line <= len(sources.get(part.cell, ()))


def _pictures(first: Work, second: Work) -> Iterator[tuple[str, str]]:
    """Yield the places of the saved figures that both have."""
    theirs = {digest: cell for cell, digests in second.pictures.items() for digest in digests}
    seen: set[str] = set()
    for cell, digests in first.pictures.items():
        for digest in digests:
            if digest in theirs and digest not in seen:
                seen.add(digest)
                yield place(first.notebook, cell), place(second.notebook, theirs[digest])
