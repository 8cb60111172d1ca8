"""The first batch, and the shapes in printed text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FirstBatch"]

_TUPLE = re.compile(r"[\[(]\s{0,99}\d+(?:\s{0,99},\s{0,99}\d+)*(?:\s{0,99},)?\s{0,99}[\])]")
_CROSSED = re.compile(r"(?<![\w.])\d+(?:\s{0,9}[x×X*✕]\s{0,9}\d+)+(?![\w.])")
_SPACED = re.compile(r"(?<![\w.,])\d+(?:[ \t]+\d+){2,}(?![\w.])")


@dataclass(frozen=True)
class FirstBatch:
    """The true first batch: shapes with the batch dimension, and torch's names of the dtypes.

    >>> FirstBatch((32, 1, 28, 28), (32,)).label_dtype
    'int64'
    """

    sample_shape: tuple[int, ...] = (64, 1, 28, 28)
    label_shape: tuple[int, ...] = (64,)
    sample_dtype: str = "float32"
    label_dtype: str = "int64"


@dataclass(frozen=True)
class Shape:
    value: tuple[int, ...]
    start: int
    end: int


def find_shapes(text: str) -> list[Shape]:
    """Return the shapes in a text, in order."""
    found = []
    for match in sorted(
        (*_TUPLE.finditer(text), *_CROSSED.finditer(text), *_SPACED.finditer(text)), key=lambda m: m.start()
    ):
        sizes = re.findall(r"\d+", match.group())
        if len(sizes) <= 8 and all(len(size) <= 9 for size in sizes):
            found.append(Shape(tuple(map(int, sizes)), match.start(), match.end()))
    return found


def blanked(text: str, shapes: Sequence[Shape], blank: str = " ") -> str:
    """Return the text with some shapes blanked out, so that the x of '64 x 1' is not taken for a name."""
    pieces, position = [], 0
    for shape in shapes:
        if shape.start >= position:
            pieces += [text[position : shape.start], blank * (shape.end - shape.start)]
            position = shape.end
    return "".join([*pieces, text[position:]])
