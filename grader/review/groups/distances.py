"""The distances between answers: TF-IDF over their letters, two to five at a time, and words that turn their sense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.review.groups.wording import TURNS, turns, wording

__all__ = ["distances"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LENGTHS = (2, 3, 4, 5)  # letters at a time
LONGEST = 4_000  # letters of an answer that are compared
TURNED = 1.0  # how far each turn of the sense moves two answers apart: they are never in one group
_BITS = 12  # for one letter; five take 60 bits
_RARE = 40  # a piece that fewer answers have is counted pair by pair, others by a product of matrices


def distances(answers: Sequence[str]) -> Floats:
    """Return the distance of each pair: 0 for the same wording, 1 for nothing in common, more for another sense too."""
    wordings = [wording(answer)[:LONGEST] for answer in answers]
    turned = np.array([[name in found for name in TURNS] for found in map(turns, wordings)], dtype=np.float32)
    apart = np.clip(1 - _alike(wordings), 0, 1)
    for column in turned.T:
        apart += TURNED * np.abs(column[:, None] - column[None, :])
    np.fill_diagonal(apart, 0)
    return apart


def _alike(wordings: Sequence[str]) -> Floats:
    """Return the cosine of each pair's weights, which are (1 + log count) × (1 + log inverse frequency)."""
    size = len(wordings)
    answer, piece, count = _pieces(wordings)
    pieces = int(piece.max()) + 1 if piece.size else 0
    having = np.bincount(piece, minlength=pieces)
    weight = (1 + np.log(count)) * (1 + np.log((1 + size) / (1 + having)))[piece]
    length = np.sqrt(np.bincount(answer, weight**2, minlength=size))
    weight = (weight / length[answer]).astype(np.float32)
    found = _of_common(answer, piece, weight, having, size) + _of_rare(answer, piece, weight, having, size)
    blank = length == 0
    found[np.ix_(blank, blank)] = 1
    return found


def _pieces(wordings: Sequence[str]) -> tuple[Ints, Ints, Ints]:
    """Return which answer has which piece how often, sorted by piece; pieces are numbered from 0."""
    text = np.frombuffer("".join(wordings).encode("utf-32-le", "replace"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(wordings)), [len(one) for one in wordings])
    _, letter, often = np.unique(text, return_inverse=True, return_counts=True)
    if often.size >= 1 << _BITS:  # the rarest letters count as one
        rank = np.argsort(np.argsort(-often, kind="stable"), kind="stable")
        letter = np.minimum(rank, (1 << _BITS) - 2)[letter]
    codes, owners = [], []
    for length in LENGTHS:
        if text.size < length:
            break
        starts = text.size - length + 1
        code = np.zeros(starts, dtype=np.int64)
        for step in range(length):
            code = (code << _BITS) + letter[step : step + starts] + 1
        within = owner[:starts] == owner[length - 1 :]
        codes.append(code[within])
        owners.append(owner[:starts][within])
    if not codes:
        none = np.zeros(0, dtype=np.int64)
        return none, none, none
    _, piece = np.unique(np.concatenate(codes), return_inverse=True)
    both, count = np.unique(piece.astype(np.int64) * len(wordings) + np.concatenate(owners), return_counts=True)
    return both % len(wordings), both // len(wordings), count


def _of_common(answer: Ints, piece: Ints, weight: Floats, having: NDArray[Any], size: int) -> Floats:
    """Return the part of the cosines that pieces of many answers give."""
    common = np.flatnonzero(having > _RARE)
    column = np.full(having.size, -1)
    column[common] = np.arange(common.size)
    kept = column[piece] >= 0
    table = np.zeros((size, common.size), dtype=np.float32)
    table[answer[kept], column[piece[kept]]] = weight[kept]
    return table @ table.T  # type: ignore[no-any-return]


def _of_rare(answer: Ints, piece: Ints, weight: Floats, having: NDArray[Any], size: int) -> Floats:
    """Return the part that pieces of few answers give. One answer's own pieces resemble no other."""
    start = np.concatenate([[0], np.cumsum(having)[:-1]])
    total = np.zeros(size * size)
    for few in range(2, _RARE + 1):
        places = start[having == few][:, None] + np.arange(few)  # each row: where this piece's answers stand
        if places.size:
            who, much = answer[places], weight[places]
            pair = who[:, :, None] * size + who[:, None, :]
            total += np.bincount(pair.ravel(), (much[:, :, None] * much[:, None, :]).ravel(), minlength=size * size)
    return total.reshape(size, size).astype(np.float32)
