"""Find lines that head a question: 'Question 4', '## Q4:', '**Question 4** (5 points)', '# Question 4' in a comment."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from grader.notebook.cells import Cell
from grader.notebook.prose import Words, is_answer_title, words_of

FoundBy = Literal["heading", "content", "position"]


@dataclass(frozen=True, order=True)
class Mark:
    """The start of a question, at `start` in a cell's text; its heading ends at `end`. Marks sort in notebook order."""

    cell: int
    start: int
    end: int
    item: str
    strong: bool = True
    by: FoundBy = "heading"


_DECORATION = r"(?:[^\w\n<]|_|<[^<>\n]{0,80}>){0,24}"
_LINE = re.compile(
    rf"^{_DECORATION}(?:(?:my\s+)?(?:answer|ans|response|solution)s?\s+(?:to|for|of)\s+)?"
    r"(?P<word>[^\W\d_]{1,20})[\s.:#_\-–*]{0,6}(?:(?:no|nr|number)\b[\s.]{0,3})?#?(?P<number>\d{1,3})(?![\d]|[.,]\d|[^\W\d_])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\W*(?P<word>[^\W\d_]+)\W*(?P<number>\d{1,3})\W*")
_SET_OFF = re.compile(
    r"[\s*_]*(?:\(\d[^()\n]{0,20}\)[\s*_:]*|$|[:：)\]|>–—\-](?:(?:\*\*|__)(?=\s|$))?|\.(?:\s|$)|[*_]|(?:</\w{1,9}>)+|(?=\())"
)
_SECTION_NUMBER = re.compile(r"^\d+(?:\.\d+)*[.)]?\s+")


@dataclass(frozen=True)
class Heading:
    """A heading to look for: a word and a number ('Question 3'), or a title."""

    item: str
    word: str
    number: int | None
    words: Words

    @classmethod
    def of(cls, item: str, text: str) -> Heading:
        """Build the heading of an item from its text."""
        match = _NUMBERED.fullmatch(text)
        word, number = (match["word"].casefold(), int(match["number"])) if match else ("", None)
        return cls(item, word, number, words_of(_SECTION_NUMBER.sub("", text.strip("#* "))))

    def match(self, line: str, aliases: Collection[str] = ()) -> tuple[int, bool] | None:
        """Return where the heading ends in a line that begins with it, and whether it is set off from what follows.

        Return None if the line does not begin with the heading.
        """
        if self.number is None:
            bare = line.strip().strip("#*_:▼▶►✓✔ ")
            same = self.words and words_of(_SECTION_NUMBER.sub("", bare)) == self.words
            return (len(line), True) if same else None
        match = _LINE.match(line)
        if match is None or int(match["number"]) != self.number:
            return None
        word = match["word"].casefold()
        if word not in aliases and not _same_word(word, self.word):
            return None
        marked = line.lstrip().startswith(("#", "<h", "▼", "✓"))
        if is_answer_title(words_of(line[match.end() :])):  # 'Question 4: answer'
            return len(line), True
        off = _SET_OFF.match(line, match.end())
        return (off.end() if off else match.end()), bool(marked or off)


def _same_word(word: str, wanted: str) -> bool:
    """Return whether `word` counts as `wanted`: 'q', 'ques' and 'quesiton' count as 'question', as does 'answer'."""
    if word in (wanted, "answer", "ans") or wanted.startswith(word):
        return True
    return len(word) > 4 and SequenceMatcher(None, word, wanted).ratio() >= 0.8


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield each line with its offset, and whether it begins something, that is, does not continue the line above."""
    at, previous = 0, ""
    for line in text.split("\n"):
        above = previous.strip()
        begins = (
            not above or above.endswith((".", "!", "?", ":", "*", ">")) or above.startswith(("#", "<", "---", "==="))
        )
        yield at, line, begins or line.lstrip().startswith(("#", "*", "<", "-"))
        at += len(line) + 1
        previous = line


def other_words(texts: Iterable[str], numbers: Collection[int | None]) -> set[str]:
    """Return words that head questions instead of the assignment's own, as in a translated notebook.

    Such a word is alone on its line with a number, in at least three cells.
    """
    seen: defaultdict[str, set[int]] = defaultdict(set)
    for text in texts:
        for line in text.split("\n"):
            match = _LINE.match(line)
            if match and int(match["number"]) in numbers and not words_of(line[match.end() :]):
                seen[match["word"].casefold()].add(int(match["number"]))
                break
    return {word for word, found in seen.items() if len(found) >= 3}


def heading_marks(cell: Cell, text: str, headings: Sequence[Heading], aliases: Collection[str] = ()) -> Iterator[Mark]:
    """Yield a mark for each line of a cell's text (in code: each comment) that heads a question.

    `aliases` are the words that `other_words` returns.
    """
    for at, line, begins in _lines(text):
        if cell.kind == "code" and not line.lstrip().startswith("#"):
            continue
        for heading in headings:
            match = heading.match(line, aliases)
            if match:
                yield Mark(cell.index, at, at + match[0], heading.item, match[1] and begins)
                break


def with_ends(marks: Sequence[Mark], text: str) -> list[tuple[Mark, int]]:
    """Return the marks of one cell, each with the end of its part of the cell."""
    return [(mark, marks[at + 1].start if at + 1 < len(marks) else len(text)) for at, mark in enumerate(marks)]


def without_contents(marks: Sequence[Mark], texts: Sequence[str]) -> list[Mark]:
    """Return the marks without those of a table of contents.

    That is a cell that names at least three questions, all headed elsewhere too, with hardly a word about each.
    """
    kept: list[Mark] = []
    cells: defaultdict[int, list[Mark]] = defaultdict(list)
    places: defaultdict[str, set[int]] = defaultdict(set)
    for mark in marks:
        cells[mark.cell].append(mark)
        places[mark.item].add(mark.cell)
    for cell, here in sorted(cells.items()):
        said = [len(words_of(texts[cell][mark.end : end])) for mark, end in with_ends(here, texts[cell])]
        if len(here) < 3 or max(said) > 3 or not all(len(places[mark.item]) > 1 for mark in here):
            kept += here
    return kept
