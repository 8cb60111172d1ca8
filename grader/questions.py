"""Where each question of an assignment stands in a student's notebook, and what was answered in prose.

A question is found by its heading ('Question 4', '**Q4:**', in a text cell or a comment), else by its wording, else by its
place: between cells that by behaviour belong to its neighbours. The answer is what stands there and was not handed out.
When it cannot be told whether words are the student's, they count as the student's: a person reads them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from grader.answers import Passage, read_answer
from grader.notebook import Cell, Notebook
from grader.prose import Handout, Words, joined, likeness, only_asks, readable, sentences, words_of

FoundBy = Literal["heading", "content", "position"]


@dataclass(frozen=True)
class Prompt:
    """A question as the assignment asks it. `text` is its wording, '' if none; `written` says that the answer is prose."""

    item: str
    headings: tuple[str, ...]
    text: str = ""
    written: bool = False


@dataclass(frozen=True)
class Section:
    """Where a question stands. `start` is the cell of its prompt, None when that is gone; `cells` all that belong to it.

    For a written question `answer` is the student's prose without the prompt, '' if there is none, from `answer_cells`.
    """

    item: str
    start: int | None = None
    cells: tuple[int, ...] = ()
    answer: str = ""
    answer_cells: tuple[int, ...] = ()
    found_by: FoundBy | None = None


def locate(
    notebook: Notebook, prompts: Sequence[Prompt], template: Sequence[str], anchors: Mapping[str, int]
) -> dict[str, Section]:
    """Find every prompt; the result has a Section for each, in their order.

    `prompts` stand in the assignment's order. `template` holds the text cells that were handed out; `anchors` maps an item
    to a cell that by behaviour belongs to it.
    """
    search = _Search(notebook.cells, prompts, template, anchors)
    found = {prompt.item: search.section(prompt) for prompt in prompts}
    for prompt in prompts:
        if found[prompt.item].found_by is None:
            found[prompt.item] = search.by_position(prompt, found)
    return found


# --- marks: places where a question begins -----------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class _Mark:
    """A question begins at `start` of a cell's text; its heading ends at `end`. Order is that of the notebook."""

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
class _Heading:
    """A heading to look for: a word and a number ('Question 3'), or a title."""

    item: str
    word: str
    number: int | None
    words: Words

    @classmethod
    def of(cls, item: str, text: str) -> _Heading:
        match = _NUMBERED.fullmatch(text)
        word, number = (match["word"].casefold(), int(match["number"])) if match else ("", None)
        return cls(item, word, number, words_of(_SECTION_NUMBER.sub("", text.strip("#* "))))

    def match(self, line: str, aliases: Collection[str] = ()) -> tuple[int, bool] | None:
        """Where the heading ends in a line that begins with it, and whether the line sets it off from what follows."""
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
        off = _SET_OFF.match(line, match.end())
        return (off.end() if off and off.end() <= len(line) else match.end()), bool(marked or off)


def _same_word(word: str, wanted: str) -> bool:
    """'q', 'ques' and 'quesiton' stand for 'question'; so does 'answer'."""
    if word in (wanted, "answer", "ans") or wanted.startswith(word):
        return True
    return len(word) > 4 and SequenceMatcher(None, word, wanted).ratio() >= 0.8


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each line with its offset, and whether it begins something: no sentence runs on from the line above."""
    at, previous = 0, ""
    for line in text.split("\n"):
        above = previous.strip()
        begins = (
            not above or above.endswith((".", "!", "?", ":", "*", ">")) or above.startswith(("#", "<", "---", "==="))
        )
        yield at, line, begins or line.lstrip().startswith(("#", "*", "<", "-"))
        at += len(line) + 1
        previous = line


def _other_words(texts: Iterable[str], numbers: Collection[int | None]) -> set[str]:
    """Words that head questions in place of the assignment's, as in a translated notebook: alone on their lines with a
    number, in at least three cells.
    """
    seen: defaultdict[str, set[int]] = defaultdict(set)
    for text in texts:
        for line in text.split("\n"):
            match = _LINE.match(line)
            if match and int(match["number"]) in numbers and not words_of(line[match.end() :]):
                seen[match["word"].casefold()].add(int(match["number"]))
                break
    return {word for word, found in seen.items() if len(found) >= 3}


def _heading_marks(
    cell: Cell, text: str, headings: Sequence[_Heading], aliases: Collection[str] = ()
) -> Iterator[_Mark]:
    for at, line, begins in _lines(text):
        if cell.kind == "code" and not line.lstrip().startswith("#"):
            continue
        for heading in headings:
            match = heading.match(line, aliases)
            if match:
                yield _Mark(cell.index, at, at + match[0], heading.item, match[1] and begins)
                break


def _with_ends(marks: Sequence[_Mark], text: str) -> list[tuple[_Mark, int]]:
    """The marks of one cell, each with where its part of the cell ends."""
    return [(mark, marks[at + 1].start if at + 1 < len(marks) else len(text)) for at, mark in enumerate(marks)]


def _without_contents(marks: Sequence[_Mark], texts: Sequence[str]) -> list[_Mark]:
    """Marks without those of a table of contents: a cell that names many questions and says next to nothing about them."""
    kept: list[_Mark] = []
    for cell in sorted({mark.cell for mark in marks}):
        here = [mark for mark in marks if mark.cell == cell]
        said = [len(words_of(texts[cell][mark.end : end])) for mark, end in _with_ends(here, texts[cell])]
        elsewhere = {mark.item for mark in marks if mark.cell != cell}
        if len(here) < 3 or max(said) > 3 or not all(mark.item in elsewhere for mark in here):
            kept += here
    return kept


# --- the search --------------------------------------------------------------------------------------------------


class _Search:
    """One notebook with everything that was looked up in it once."""

    def __init__(
        self, cells: Sequence[Cell], prompts: Sequence[Prompt], template: Sequence[str], anchors: Mapping[str, int]
    ) -> None:
        self.cells = cells
        self.texts = [cell.source[:50_000] if cell.kind == "code" else readable(cell.source) for cell in cells]
        self.order = {prompt.item: at for at, prompt in enumerate(prompts)}
        self.prompts = prompts
        self.template = template
        self.anchors = {item: at for item, at in anchors.items() if 0 <= at < len(cells)}
        self.headings = [_Heading.of(prompt.item, text) for prompt in prompts for text in prompt.headings]
        self.handout = Handout(template)
        self.own = {prompt.item: self._own_text(prompt) for prompt in prompts if prompt.written}
        self.marks = self._all_marks()

    def _own_text(self, prompt: Prompt) -> Handout:
        """The words that were handed out for one question: its text and what follows its heading in the template."""
        sources = [prompt.text]
        for source in self.template:
            cell = Cell(0, "markdown", source)
            marks = list(_heading_marks(cell, source, self.headings))
            sources += [source[m.start : end] for m, end in _with_ends(marks, source) if m.item == prompt.item]
        return Handout(sources)

    # -- finding --

    def _all_marks(self) -> list[_Mark]:
        in_text = [mark for cell in self._kind(code=False) for mark in self._headings_in(cell)]
        in_code = [mark for cell in self._kind(code=True) for mark in self._headings_in(cell)]
        in_text = _without_contents(in_text, self.texts)
        marks = [mark for mark in in_text if mark.strong]
        aliases = _other_words((self.texts[c.index] for c in self._kind(code=False)), {h.number for h in self.headings})
        translated = [m for cell in self._kind(code=False) for m in self._headings_in(cell, aliases)] if aliases else []
        for stock in (in_text, translated, in_code):
            found = {mark.item for mark in marks}
            new = [mark for mark in stock if mark.item not in found]
            marks += [mark for mark in new if mark.strong or self._in_order(mark, marks)]
        found = {mark.item for mark in marks}
        marks += self._content_marks([prompt for prompt in self.prompts if prompt.item not in found], marks)
        return sorted(marks)

    def _kind(self, code: bool) -> list[Cell]:
        return [cell for cell in self.cells if (cell.kind == "code") is code]

    def _headings_in(self, cell: Cell, aliases: Collection[str] = ()) -> Iterator[_Mark]:
        return _heading_marks(cell, self.texts[cell.index], self.headings, aliases)

    def _in_order(self, mark: _Mark, others: Iterable[_Mark]) -> bool:
        """Whether a doubtful mark stands between the questions that it should stand between."""
        place = self.order[mark.item]
        before = max((m for m in others if m < mark), default=None)
        after = min((m for m in others if m > mark), default=None)
        return (before is None or self.order[before.item] < place) and (after is None or self.order[after.item] > place)

    def _content_marks(self, missing: Sequence[Prompt], marks: Sequence[_Mark]) -> Iterator[_Mark]:
        """Marks where the wording of a question stands without its heading."""
        wanted = {prompt.item: words_of(prompt.text) for prompt in self.prompts if prompt.text}
        best: dict[str, tuple[float, _Mark]] = {}
        if not any(prompt.item in wanted for prompt in missing):
            return
        for cell in self._kind(code=False):
            text = self.texts[cell.index]
            units = sentences(text)
            for number in range(units[-1].paragraph + 1 if units else 0):
                group = [unit for unit in units if unit.paragraph == number]
                here = [mark for mark in marks if mark.cell == cell.index]
                if any(m.end > group[0].start or not text[m.end : group[0].start].strip() for m in here):
                    continue
                words = joined(group)
                scores = {item: _same_task(words, prompt_words) for item, prompt_words in wanted.items()}
                item, score = max(scores.items(), key=lambda pair: pair[1])
                if score >= 0.5 and score > best.get(item, (0.0, None))[0]:
                    is_prompt = score >= 0.8 or any(only_asks(unit, text) for unit in group)
                    end = group[-1].end if is_prompt else group[0].start
                    best[item] = (score, _Mark(cell.index, group[0].start, end, item, by="content"))
        yield from (best[prompt.item][1] for prompt in missing if prompt.item in best)

    # -- reading --

    def section(self, prompt: Prompt) -> Section:
        """The section of a prompt that has a mark; an empty one otherwise."""
        regions = [(mark, self._passages(at)) for at, mark in enumerate(self.marks) if mark.item == prompt.item]
        if not regions:
            return Section(prompt.item)
        start = max(regions, key=lambda region: (bool(_said(region[1])), -region[0].cell))[0]
        answers = []
        if prompt.written:
            others = {at for item, at in self.anchors.items() if item != prompt.item}
            answers = [read_answer(passages, self.own[prompt.item], self.handout, others) for _, passages in regions]
        answer_cells = {cell for answer in answers for cell in answer.cells}
        marked = {mark.cell for mark in self.marks if mark.item != prompt.item} - {mark.cell for mark, _ in regions}
        cells = {passage.cell for _, passages in regions for passage in passages} - (marked - answer_cells)
        return Section(
            item=prompt.item,
            start=start.cell,
            cells=tuple(sorted(cells)),
            answer="\n\n".join(answer.text for answer in answers if answer.text),
            answer_cells=tuple(sorted(answer_cells)),
            found_by=start.by,
        )

    def _passages(self, at: int) -> list[Passage]:
        """The text of a mark's region, cell by cell: from behind the heading up to the next mark."""
        mark = self.marks[at]
        until = self.marks[at + 1] if at + 1 < len(self.marks) else None
        last = until.cell if until else len(self.cells) - 1
        passages = []
        for cell in self.cells[mark.cell : last + 1]:
            start = mark.end if cell.index == mark.cell else 0
            end = until.start if until and cell.index == until.cell else len(self.texts[cell.index])
            text = self.texts[cell.index][start:end]
            if cell.index == mark.cell or cell.index != last or until is None or text.strip():
                passages.append(Passage(cell.index, text, cell.kind == "code", prompt=cell.index == mark.cell))
        return passages

    def by_position(self, prompt: Prompt, found: Mapping[str, Section]) -> Section:
        """The section of a prompt that left no trace: its anchor's, or what stands between its neighbours."""
        here = self.anchors.get(prompt.item)
        if here is None and not prompt.written:
            return Section(prompt.item)
        if here is None:
            lower = max(
                (end for p in self._before(prompt) if (end := self._end_of(p, found[p.item])) is not None), default=None
            )
        else:
            lower = here - 1
        if lower is None:
            return Section(prompt.item)
        starts = [mark.cell for mark in self.marks] + [at for item, at in self.anchors.items() if item != prompt.item]
        upper = min((at for at in starts if at > lower and at != here), default=len(self.cells))
        taken = {cell for section in found.values() for cell in section.answer_cells}
        cells = tuple(at for at in range(lower + 1, upper) if at not in taken)
        if not prompt.written:
            return Section(prompt.item, cells=cells, found_by="position")
        passages = [Passage(at, self.texts[at], self.cells[at].kind == "code") for at in cells]
        answer = read_answer(passages, self.own[prompt.item], self.handout, set())
        if not answer.text and here is None:
            return Section(prompt.item)
        return Section(prompt.item, None, cells, answer.text, answer.cells, "position")

    def _before(self, prompt: Prompt) -> Sequence[Prompt]:
        """The prompts before this one whose place can be known, back to the nearest."""
        place = self.order[prompt.item]
        for previous in reversed(self.prompts[:place]):
            if previous.item in self.anchors or any(mark.item == previous.item for mark in self.marks):
                return [previous]
        return []

    def _end_of(self, prompt: Prompt, section: Section) -> int | None:
        """The last cell that certainly belongs to a question: its anchor, its answer, or the first code below its prompt."""
        known = [*section.answer_cells]
        if prompt.item in self.anchors:
            known.append(self.anchors[prompt.item])
        elif not prompt.written:
            code = [at for at in section.cells if self.cells[at].kind == "code" and self.cells[at].source.strip()]
            known += code[:1]
        if section.start is not None:
            known.append(section.start)
        return max(known, default=None)


def _said(passages: Iterable[Passage]) -> Words:
    return words_of(" ".join(passage.text for passage in passages))


def _same_task(words: Words, prompt: Words) -> float:
    """How much a paragraph reads like a question that was asked in other words, 0 to 1."""
    content, wanted = _content(words), _content(prompt)
    if len(content) < 3 or len(wanted) < 3:
        return 1.0 if words == prompt else 0.0
    shared = 2 * len(content & wanted) / (len(content) + len(wanted))
    return shared if shared < 0.35 else (shared + likeness(words, prompt)) / 2


_LITTLE = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "for",
        "and",
        "or",
        "is",
        "are",
        "it",
        "that",
        "this",
        "do",
        "does",
        "you",
    )
)


def _content(words: Words) -> set[str]:
    return {word.rstrip("s") for word in words if word not in _LITTLE}
