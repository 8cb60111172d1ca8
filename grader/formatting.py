"""Text of students, file names and error messages as they may be shown: nothing in them acts on who or what shows it."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # written in Persian, Hindi and emoji; they reorder and hide nothing


def clean(text: str) -> str:
    """`text` without control characters, terminal sequences, marks that reorder or hide text, and half surrogate pairs.

    Each becomes U+FFFD; newlines stay, other white space becomes blanks.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def one_line(text: str) -> str:
    """`clean` text on one line, for where a second line could pass for one of the grader's own."""
    return clean(text.replace("\r\n", "\n").replace("\n", " "))


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS or character == "\n":
        return character
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    return "\ufffd"


def number(value: float) -> str:
    """Points without needless zeros: 5, 2.5, 0.75."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
