"""Format text for people: make students' text, file names and error messages harmless to a terminal; format numbers."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # used in Persian, Hindi and emoji; they neither reorder nor hide text


def clean(text: str) -> str:
    """Return `text` without control characters, terminal sequences, marks that reorder or hide text, and lone surrogates.

    Each becomes U+FFFD. Newlines stay; other white space becomes spaces.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def one_line(text: str) -> str:
    """Return `clean` text on one line, where a second line could be mistaken for one of the grader's own."""
    return clean(text.replace("\r\n", "\n").replace("\n", " "))


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS or character == "\n":
        return character
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    return "\ufffd"


def number(value: float) -> str:
    """Return points without trailing zeros: 5, 2.5, 0.75."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
