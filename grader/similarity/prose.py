"""Written answers, in which a light paraphrase changes little: the runs of letters in their words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np

from grader.similarity.fingerprints import digest
from grader.similarity.index import Features

LETTERS = 6  # characters of a run
_WORD = re.compile(r"\w+")


class _Letter(NamedTuple):
    """A character of the normalised text, and where it stands in the text."""

    character: str
    at: int


def runs(text: str) -> Features:
    """Return the runs of letters in an answer, sorted and each once; case and punctuation make no difference.

    >>> list(runs("The GPU is faster!")) == list(runs("the gpu -- is FASTER"))
    True
    """
    return np.array(sorted({digest(run) for run, _ in _runs(text)}), np.uint64)


def _letters(text: str) -> list[_Letter]:
    found: list[_Letter] = []
    for word in _WORD.finditer(text):
        found.append(_Letter(" ", word.start()))
        for at, character in enumerate(word.group(), word.start()):
            found += [_Letter(one, at) for one in unicodedata.normalize("NFKD", character).casefold()]
    return found


def _runs(text: str) -> Iterable[tuple[str, tuple[int, int]]]:
    letters = _letters(text)
    for start in range(len(letters) - LETTERS + 1):
        part = letters[start : start + LETTERS]
        yield "".join(one.character for one in part), (part[0].at, part[-1].at + 1)


class Piece(NamedTuple):
    """A piece of an answer; `common` says that another answer has it too."""

    text: str
    common: bool


def marked(text: str, common: Collection[int]) -> tuple[Piece, ...]:
    """Return the text in pieces: those made of the runs in `common`, and those between.

    >>> marked("much faster here", set(map(int, runs("faster"))))
    (Piece(text='much ', common=False), Piece(text='faster', common=True), Piece(text=' here', common=False))
    """
    flags = bytearray(len(text))
    for run, (start, end) in _runs(text):
        if digest(run) in common:
            flags[start:end] = b"\1" * (end - start)
    pieces: list[Piece] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or flags[at] != flags[start]:
            pieces.append(Piece(text[start:at], bool(flags[start])))
            start = at
    return tuple(pieces)
