"""Convert the text that a cell printed to the text that a person reads: no terminal codes, progress bars shown once."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def strip_ansi(text: str) -> str:
    """Return the text without colours and other escape sequences."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def printable(text: str) -> str:
    """Return the text with lone surrogates replaced, which cannot be written to a file."""
    return text if text.isascii() else text.encode("utf-8", errors="replace").decode("utf-8")


def fold(text: str) -> str:
    """Return the text without characters that a carriage return or a backspace overwrote.

    An unfinished last line keeps its final carriage return, so that more text can be appended and folded again.
    """
    if "\r" not in text and "\b" not in text:
        return text
    *lines, last = text.replace("\r\n", "\n").split("\n")
    folded = [_fold_line(line) for line in lines]
    folded.append(_fold_line(last) + ("\r" if last.endswith("\r") else ""))
    return "\n".join(folded)


def append(text: str, more: str) -> str:
    """Return `text`, which is already folded, followed by `more`, folded."""
    head, newline, tail = text.rpartition("\n")
    return head + newline + fold(tail + more)


def _fold_line(line: str) -> str:
    line = next((part for part in reversed(line.split("\r")) if part), "")
    first = line.find("\b")
    if first < 0:
        return line
    untouched = max(0, first - line.count("\b"))  # no backspace reaches further
    kept: list[str] = []
    for character in line[untouched:]:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return line[:untouched] + "".join(kept)


class Screen:
    """Text that comes in pieces, folded and cut to a number of bytes.

    Adding a piece takes time for its own length and that of the last line.
    """

    def __init__(self) -> None:
        self._ended: list[str] = []  # finished lines, which nothing can overwrite
        self._size = 0  # of these, in bytes
        self._line = ""
        self.truncated = False

    @property
    def size(self) -> int:
        """The size in bytes of UTF-8."""
        return self._size + size(self._line)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self._ended) + self._line

    def add(self, more: str, max_bytes: int) -> None:
        """Append a piece, but leave out what would make the text longer than `max_bytes`."""
        head, newline, self._line = fold(self._line + more).rpartition("\n")
        if newline:
            self._ended.append(cut(head + newline, max_bytes - self._size))
            self.truncated = self.truncated or len(self._ended[-1]) <= len(head)
            self._size += size(self._ended[-1])
        line = "" if self.truncated and newline else cut(self._line, max_bytes - self._size)
        self.truncated = self.truncated or len(line) < len(self._line)
        self._line = line


def cut(text: str, max_bytes: int) -> str:
    """Return the beginning of the text, at most `max_bytes` bytes in UTF-8."""
    if len(text) * 4 <= max_bytes:
        return text
    raw = text.encode("utf-8", errors="replace")
    return text if len(raw) <= max_bytes else raw[: max(0, max_bytes)].decode("utf-8", errors="ignore")


def size(text: str) -> int:
    """Return the size of the text in bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", errors="replace"))
