"""Find each question of an assignment in a student's notebook, and its written answer.

A question is found by its heading ('Question 4', '**Q4:**', in a text cell or a comment), else by its wording, else by
its position: between cells whose behaviour shows that they belong to its neighbours. The answer is the text found there
that was not handed out. If it is unclear whether words are the student's, they count as the student's: a person reads
them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.notebook.answers import Passage, read_answer
from grader.notebook.cells import Cell, Notebook
from grader.notebook.headings import FoundBy, Heading, Mark, heading_marks, other_words, with_ends, without_contents
from grader.notebook.prose import (
    MAX_TEXT,
    Handout,
    Words,
    joined,
    likeness,
    only_asks,
    paragraphs,
    readable,
    sentences,
    words_of,
)


@dataclass(frozen=True)
class Prompt:
    """A question as the assignment asks it. `text` is its wording ('' if none); `written`: the answer is prose."""

    item: str
    headings: tuple[str, ...]
    text: str = ""
    written: bool = False


@dataclass(frozen=True)
class Section:
    """The part of a notebook that belongs to a question.

    `start` is the cell of its prompt, None if the prompt is gone; `cells` are all cells that belong to the question.
    For a written question, `answer` is the student's prose without the prompt ('' if there is none), from
    `answer_cells`.
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
    """Find every prompt, and return a Section for each, by item and in the order of `prompts`.

    `prompts` are in the assignment's order. `template` holds the text cells that were handed out; `anchors` maps an
    item to a cell whose behaviour shows that it belongs to the item.
    """
    search = _Search(notebook.cells, prompts, template, anchors)
    found = {prompt.item: search.section(prompt) for prompt in prompts}
    for prompt in prompts:
        if found[prompt.item].found_by is None:
            found[prompt.item] = search.by_position(prompt, found)
    return found


# --- the search --------------------------------------------------------------------------------------------------


class _Search:
    """One notebook, with everything that is computed only once for it."""

    def __init__(
        self, cells: Sequence[Cell], prompts: Sequence[Prompt], template: Sequence[str], anchors: Mapping[str, int]
    ) -> None:
        self.cells = cells
        self.texts = [cell.source[:MAX_TEXT] if cell.kind == "code" else readable(cell.source) for cell in cells]
        self.order = {prompt.item: at for at, prompt in enumerate(prompts)}
        self.prompts = prompts
        self.template = template
        self.anchors = {item: at for item, at in anchors.items() if item in self.order and 0 <= at < len(cells)}
        self.headings = [Heading.of(prompt.item, text) for prompt in prompts for text in prompt.headings]
        self.handout = Handout(template)
        self.own = {prompt.item: self._own_text(prompt) for prompt in prompts if prompt.written}
        self.marks = self._all_marks()
        self._marks_in = _by_cell(self.marks)
        self._next: list[int] = [len(self.marks)] * len(self.marks)  # mark -> the next one of another question
        for at in range(len(self.marks) - 2, -1, -1):
            same = self.marks[at].item == self.marks[at + 1].item
            self._next[at] = self._next[at + 1] if same else at + 1

    def _own_text(self, prompt: Prompt) -> Handout:
        """Return the words handed out for one question: its text, and what follows its heading in the template."""
        sources = [prompt.text, *prompt.headings]
        for source in self.template:
            cell = Cell(0, "markdown", source)
            marks = list(heading_marks(cell, source, self.headings))
            for mark, end in with_ends(marks, source):
                if mark.item == prompt.item:
                    sources += [source[mark.start : end], source[mark.end : end]]
        return Handout(sources)

    # -- finding --

    def _all_marks(self) -> list[Mark]:
        in_text = [mark for cell in self._kind(code=False) for mark in self._headings_in(cell)]
        in_code = [mark for cell in self._kind(code=True) for mark in self._headings_in(cell)]
        in_text = without_contents(in_text, self.texts)
        marks = [mark for mark in in_text if mark.strong]
        aliases = other_words((self.texts[c.index] for c in self._kind(code=False)), {h.number for h in self.headings})
        translated = [m for cell in self._kind(code=False) for m in self._headings_in(cell, aliases)] if aliases else []
        for stock in (in_text, translated, in_code):
            found = {mark.item for mark in marks}
            new = [mark for mark in stock if mark.item not in found]
            sure = sorted(marks)
            marks += [mark for mark in new if mark.strong or self._in_order(mark, sure)]
        found = {mark.item for mark in marks}
        marks += self._content_marks([prompt for prompt in self.prompts if prompt.item not in found], marks)
        return sorted(marks)

    def _kind(self, code: bool) -> list[Cell]:
        return [cell for cell in self.cells if (cell.kind == "code") is code]

    def _headings_in(self, cell: Cell, aliases: Collection[str] = ()) -> Iterator[Mark]:
        return heading_marks(cell, self.texts[cell.index], self.headings, aliases)

    def _in_order(self, mark: Mark, others: Sequence[Mark]) -> bool:
        """Return whether a doubtful mark is between the questions, in order, that it should be between."""
        place = self.order[mark.item]
        left, right = bisect_left(others, mark), bisect_right(others, mark)
        before = others[left - 1] if left else None
        after = others[right] if right < len(others) else None
        return (before is None or self.order[before.item] < place) and (after is None or self.order[after.item] > place)

    def _content_marks(self, missing: Sequence[Prompt], marks: Sequence[Mark]) -> Iterator[Mark]:
        """Yield marks where the wording of a question appears without its heading."""
        wanted = {prompt.item: words_of(prompt.text) for prompt in self.prompts if prompt.text}
        best: dict[str, tuple[float, Mark]] = {}
        marked = _by_cell(marks)
        if not any(prompt.item in wanted for prompt in missing):
            return
        for cell in self._kind(code=False):
            text = self.texts[cell.index]
            here = marked.get(cell.index, [])
            for group in paragraphs(sentences(text)):
                if any(m.end > group[0].start or not text[m.end : group[0].start].strip() for m in here):
                    continue
                words = joined(group)
                scores = {item: _same_task(words, prompt_words) for item, prompt_words in wanted.items()}
                item, score = max(scores.items(), key=lambda pair: pair[1])
                if score >= 0.5 and score > best.get(item, (0.0, None))[0]:
                    is_prompt = score >= 0.8 or any(only_asks(unit, text) for unit in group)
                    end = group[-1].end if is_prompt else group[0].start
                    best[item] = (score, Mark(cell.index, group[0].start, end, item, by="content"))
        yield from (best[prompt.item][1] for prompt in missing if prompt.item in best)

    # -- reading --

    def section(self, prompt: Prompt) -> Section:
        """Return the section of a prompt that has a mark, an empty one otherwise."""
        regions = [
            (mark, self._passages(at))
            for at, mark in enumerate(self.marks)
            if mark.item == prompt.item and (at == 0 or self.marks[at - 1].item != prompt.item)
        ]
        if not regions:
            return Section(prompt.item)
        start = max(regions, key=lambda region: (bool(_said(region[1])), -region[0].cell))[0]
        answers = []
        if prompt.written:
            others = self._later_work(prompt)
            answers = [
                read_answer(passages, self.own[prompt.item], self.handout, others, elsewhere=len(regions) > 1)
                for _, passages in regions
            ]
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
        """Return the text of a mark's region, cell by cell: from the end of the heading up to the next question.

        The same heading may come again on the way, above the answer; it is left out.
        """
        mark = self.marks[at]
        until = self.marks[self._next[at]] if self._next[at] < len(self.marks) else None
        last = until.cell if until else len(self.cells) - 1
        passages = []
        for cell in self.cells[mark.cell : last + 1]:
            text = self.texts[cell.index][: until.start if until and cell.index == until.cell else None]
            for again in reversed([m for m in self._marks_in.get(cell.index, ()) if m.item == mark.item and m >= mark]):
                text = ("" if again == mark else text[: again.start]) + text[again.end :]
            if cell.index == mark.cell or cell.index != last or until is None or text.strip():
                passages.append(Passage(cell.index, text, cell.kind == "code", prompt=cell.index == mark.cell))
        return passages

    def by_position(self, prompt: Prompt, found: Mapping[str, Section]) -> Section:
        """Return the section of a prompt that left no trace: the cells at its anchor, or between its neighbours."""
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
        if upper < len(self.cells):  # the beginning of this cell may still be the answer
            end = min((mark.start for mark in self.marks if mark.cell == upper), default=None)
            passages.append(Passage(upper, self.texts[upper][:end], self.cells[upper].kind == "code"))
        answer = read_answer(passages, self.own[prompt.item], self.handout, self._later_work(prompt))
        if not answer.text and here is None:
            return Section(prompt.item)
        return Section(prompt.item, None, cells, answer.text, answer.cells, "position")

    def _later_work(self, prompt: Prompt) -> set[int]:
        """Return the cells of later questions: an answer does not reach beyond them."""
        place = self.order[prompt.item]
        return {at for item, at in self.anchors.items() if self.order.get(item, -1) > place}

    def _before(self, prompt: Prompt) -> Sequence[Prompt]:
        """Return the nearest earlier prompt whose position can be known, as a list of one, or an empty list."""
        place = self.order[prompt.item]
        for previous in reversed(self.prompts[:place]):
            if previous.item in self.anchors or any(mark.item == previous.item for mark in self.marks):
                return [previous]
        return []

    def _end_of(self, prompt: Prompt, section: Section) -> int | None:
        """Return the last cell that surely belongs to a question: anchor, answer, or the first code below it."""
        known = [*section.answer_cells]
        if prompt.item in self.anchors:
            known.append(self.anchors[prompt.item])
        elif not prompt.written:
            code = [at for at in section.cells if self.cells[at].kind == "code" and self.cells[at].source.strip()]
            known += code[:1]
        if section.start is not None:
            known.append(section.start)
        return max(known, default=None)


def _by_cell(marks: Iterable[Mark]) -> dict[int, list[Mark]]:
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.cell, []).append(mark)
    return found


def _said(passages: Iterable[Passage]) -> Words:
    return words_of(" ".join(passage.text for passage in passages))


def _same_task(words: Words, prompt: Words) -> float:
    """Return how much a paragraph reads like a question asked in other words, 0 to 1."""
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
