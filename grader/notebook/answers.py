"""Find the student's prose in the cells under a question.

Handed-out text, the question (also retyped or quoted), placeholders and labels are removed; section titles and
instructions that lead to other work end the answer. Prose in code cells counts only if there is no answer in text
cells.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from grader.notebook.code_prose import prose_of_code
from grader.notebook.prose import (
    Handout,
    Sentence,
    claims,
    instructions,
    is_answer_title,
    is_filler,
    is_placeholder,
    joined,
    kinds_of_instructions,
    last_instructions,
    only_asks,
    paragraphs,
    sentences,
    without_label,
)


@dataclass(frozen=True)
class Passage:
    """The part of a cell under a question; `prompt`: the cell also contains the question's heading, above it."""

    cell: int
    text: str
    is_code: bool
    prompt: bool = False


class Answer(NamedTuple):
    """The text of an answer ('' if there is none), and its cells."""

    text: str
    cells: tuple[int, ...]


class _Piece(NamedTuple):
    cell: int
    text: str


def read_answer(
    passages: Sequence[Passage], own: Handout, handout: Handout, others: Collection[int], elsewhere: bool = False
) -> Answer:
    """Return the student's prose under one question.

    `own` holds the question's wording, `handout` all text that was handed out, `others` the cells of other questions.
    `elsewhere` means that the question has a heading in another place too.
    """
    first, rest = (passages[0], passages[1:]) if passages and passages[0].prompt else (None, passages)
    head = _Head("", False, False, own)
    if first is not None:
        prose = prose_of_code(first.text) if first.is_code else None
        head = _read_head(prose.text if prose else first.text, own, handout)
        if prose and prose.alone and head.text:
            return _answer([_Piece(first.cell, head.text)])
    below = _collect(rest, head, handout, others, first is not None, elsewhere)
    pieces = below.in_text or below.in_code
    if first is None:
        return _answer(pieces)
    alone = not pieces and not (head.doubtful and below.blank_left)
    if head.text and ((head.prompt_known and not head.doubtful) or alone):
        pieces = [_Piece(first.cell, head.text), *pieces]
    return _answer(pieces or below.beside_code)


def _answer(pieces: Sequence[_Piece]) -> Answer:
    text = "\n\n".join(without_label(piece.text).strip() for piece in pieces)
    return Answer(text, tuple(dict.fromkeys(piece.cell for piece in pieces)))


# --- the cell that holds the question ----------------------------------------------------------------------------


class _Head(NamedTuple):
    """The text below the heading in the heading's own cell, without the question.

    `text` may be the student's; it is `doubtful` if it may as well be a longer heading or a task. `prompt_known` means
    that the question was recognised word by word; `question` holds everything that a later quotation of it may repeat.
    """

    text: str
    prompt_known: bool
    doubtful: bool
    question: Handout


def _read_head(text: str, own: Handout, handout: Handout) -> _Head:
    units = sentences(text)
    known = [len(unit.words) >= 4 and _handed_out(unit, own, handout) for unit in units]
    left = _without_question(_student_units(text, units, own, handout), text)
    question = Handout([text])
    question.merge(own)
    doubtful = all(unit.title or only_asks(unit, text) or _is_label(unit, text) for unit in left) and not claims(
        joined(left)
    )
    return _Head(_written(text, left), any(known), doubtful, question)


def _is_label(unit: Sentence, text: str) -> bool:
    """Return whether these words after 'Question 6: ' are not a sentence."""
    return len(unit.words) <= 8 and not text[unit.start : unit.end].rstrip(" \t\n*_").endswith((".", "!"))


def _without_question(units: list[Sentence], text: str) -> list[Sentence]:
    """Return the units after a question in unknown words.

    Leading paragraphs that end in a question or a task are dropped, then leading sentences that are one. A task without
    a question mark or a mention of cells may be a clumsy answer, and stays.
    """
    groups = itertools.dropwhile(lambda g: only_asks(g[-1], text) and _surely_asks(g, text), paragraphs(units))
    left = [unit for group in groups for unit in group]
    lead = list(itertools.takewhile(lambda unit: only_asks(unit, text), left))
    return left[len(lead) :] if _surely_asks(lead, text) else left


def _surely_asks(units: Sequence[Sentence], text: str) -> bool:
    return any(unit.asks or instructions(text[unit.start : unit.end]) for unit in units)


# --- the cells below ---------------------------------------------------------------------------------------------


class _Below(NamedTuple):
    """Prose in text cells, in code cells with nothing else, and beside code; and whether a place for it is blank."""

    in_text: list[_Piece]
    in_code: list[_Piece]
    beside_code: list[_Piece]
    blank_left: bool


def _collect(
    passages: Sequence[Passage],
    head: _Head,
    handout: Handout,
    others: Collection[int],
    under_heading: bool,
    elsewhere: bool,
) -> _Below:
    """Collect the prose in the cells below the question, up to where other work begins."""
    in_text: list[_Piece] = []
    in_code: list[_Piece] = []
    beside_code: list[_Piece] = []
    following = _what_follows(passages)
    blank_left = elsewhere  # True if there is a place for the answer with nothing written in it
    for at, passage in enumerate(passages):
        if passage.cell in others:
            break
        if passage.is_code:
            if not passage.text.strip():
                continue
            if in_text:
                break
            prose = prose_of_code(passage.text)
            kept = _keep(prose.text, head.question, handout)
            if kept:
                (in_code if prose.alone else beside_code).append(_Piece(passage.cell, kept))
            continue
        units = sentences(passage.text)
        if not units:
            blank_left = True
            continue
        text = _before_handout(passage.text, head.question, handout)
        complete = bool(in_text or in_code) or blank_left or (bool(head.text) and not head.doubtful)
        if text.strip() and _introduces(text, units, following[at], others, complete):
            break
        kept = _keep(text, head.question, handout, opens=not under_heading and not in_text)
        if kept:
            in_text.append(_Piece(passage.cell, kept))
        if len(text) < len(passage.text) and (under_heading or in_text):
            break
        blank_left = blank_left or not kept
    return _Below(in_text, in_code, beside_code, blank_left)


def _before_handout(text: str, question: Handout, handout: Handout) -> str:
    """Return `text` up to the first text that was handed out, but not for this question; all of it if there is none."""
    units = sentences(text)
    foreign = [
        len(unit.words) >= 2
        and handout.holds(unit.words, unit.asks)
        and not question.holds(unit.words, unit.asks)
        and not is_placeholder(unit.words)
        for unit in units
    ]
    first = next((at for at, is_foreign in enumerate(foreign) if is_foreign), None)
    if first is None:
        return text
    behind = sum(len(unit.words) for unit in units[first:])
    handed_out = sum(len(unit.words) for unit, is_foreign in zip(units, foreign, strict=True) if is_foreign)
    return text[: units[first].start] if 2 * handed_out >= behind else text


def _introduces(
    text: str, units: Sequence[Sentence], following: _Following, others: Collection[int], complete: bool
) -> bool:
    """Return whether a text cell leads to other work: a section title or instructions, by the author of the assignment.

    `complete` means that there is already an answer, or a place left blank for it: then weaker signs end the answer.
    """
    titled = _opens_section(text)
    only_title = titled and all(unit.title for unit in units)
    signs = len(kinds_of_instructions(text) | following.signs) if only_title else instructions(text)
    code_follows = following.code_ends
    before_other_work = following.code in others
    if signs >= (2 if complete or before_other_work else 3) - (1 if titled else 0):
        return True
    if not titled or claims(joined(units)):
        return False
    return (complete and (code_follows or only_title)) or (only_title and code_follows and len(joined(units)) <= 4)


class _Following(NamedTuple):
    """The passages below another one, without empty ones: signs of instructions up to the next section or code.

    `code_ends`: it is code that ends the section. `code` is the cell of the next passage if that is code, else None.
    """

    signs: frozenset[str] = frozenset()
    code_ends: bool = False
    code: int | None = None


def _what_follows(passages: Sequence[Passage]) -> list[_Following]:
    """Return for each passage what is below it."""
    found: list[_Following] = []
    below = _Following()
    for passage in reversed(passages):
        found.append(below)
        if not passage.text.strip():
            continue
        if passage.is_code:
            below = _Following(code_ends=True, code=passage.cell)
        elif _opens_section(passage.text):
            below = _Following()
        else:
            below = _Following(kinds_of_instructions(passage.text) | below.signs, below.code_ends)
    return found[::-1]


def _opens_section(text: str) -> bool:
    units = sentences(text)
    return bool(units) and units[0].title and len(units[0].words) <= 8 and not is_answer_title(units[0].words)


def _keep(text: str, question: Handout, handout: Handout, opens: bool = False) -> str:
    """Return what the student wrote in `text`. `opens` means that a question in unknown words may come before it."""
    units = _student_units(text, sentences(text), question, handout)
    reach = last_instructions(text, 2)
    units = units[: next((at for at, unit in enumerate(units) if at and unit.title and unit.end <= reach), len(units))]
    if opens:
        if units and _NUMBERED.fullmatch(text[units[0].start : units[0].end]):
            units = units[1:]
        units = _without_question(units, text)
    left = itertools.dropwhile(lambda unit: unit.asks and question.holds(unit.words, True, loosely=0.5), units)
    return _written(text, list(left))  # without the question, quoted in other words


_NUMBERED = re.compile(r"[\W_]*[^\W\d_]+\W{0,3}\d{1,3}[\W_]*")


def _student_units(text: str, units: Sequence[Sentence], question: Handout, handout: Handout) -> list[Sentence]:
    """Return the sentences that were not handed out and are not placeholders."""
    left: list[Sentence] = []
    for group in paragraphs(units):
        if len(group) > 1 and _holds(joined(group), group[-1].asks, question, handout):
            continue
        for unit in group:
            is_rule = not unit.words and bool(left)  # belongs to the text around it, as in a table
            if is_rule or not (is_filler(unit, text) or _handed_out(unit, question, handout)):
                left.append(unit)
    return left


def _handed_out(unit: Sentence, question: Handout, handout: Handout) -> bool:
    return _holds(unit.words, unit.asks, question, handout)


def _holds(words: tuple[str, ...], asks: bool, question: Handout, handout: Handout) -> bool:
    return question.holds(words, asks) or handout.holds(words, asks)


def _written(text: str, units: Sequence[Sentence]) -> str:
    """Return the text of these sentences as written, with the white space between neighbours."""
    written = list(itertools.dropwhile(lambda unit: not unit.words or is_answer_title(unit.words), units))
    units = written or [unit for unit in units if not any(map(str.isalpha, "".join(unit.words)))]  # a number alone
    parts: list[str] = []
    end = 0
    for unit in units:
        if parts and unit.start >= end and not text[end : unit.start].strip():
            parts.append(text[end : unit.start])
        elif parts:
            parts.append("\n")
        parts.append(text[unit.start : unit.end])
        end = unit.end
    return "".join(parts).strip()
