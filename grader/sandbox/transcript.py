"""Text that a cell printed, as a person reads it: without terminal codes, progress bars shown once."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def strip_ansi(text: str) -> str:
    """The text without colours and other escape sequences."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def printable(text: str) -> str:
    """The text with lone surrogates, which no file can hold, replaced."""
    return text if text.isascii() else text.encode("utf-8", errors="replace").decode("utf-8")


def fold(text: str) -> str:
    """The text with what a carriage return or a backspace overwrote left out.

    A line that has not ended keeps a carriage return at its end, so that more text can be appended and folded again.
    """
    if "\r" not in text and "\b" not in text:
        return text
    *lines, last = text.replace("\r\n", "\n").split("\n")
    folded = [_fold_line(line) for line in lines]
    folded.append(_fold_line(last) + ("\r" if last.endswith("\r") else ""))
    return "\n".join(folded)


def append(text: str, more: str) -> str:
    """`text`, folded before, with `more` after it, folded."""
    head, newline, tail = text.rpartition("\n")
    return head + newline + fold(tail + more)


def _fold_line(line: str) -> str:
    line = next((part for part in reversed(line.split("\r")) if part), "")
    if "\b" not in line:
        return line
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def cut(text: str, max_bytes: int) -> str:
    """The head of the text that takes at most so many bytes in UTF-8."""
    if len(text) * 4 <= max_bytes:
        return text
    raw = text.encode("utf-8", errors="replace")
    return text if len(raw) <= max_bytes else raw[: max(0, max_bytes)].decode("utf-8", errors="ignore")


def size(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", errors="replace"))
