"""Decode a file's bytes and parse them as JSON, in the forms in which real tools write and damage notebooks.

A file that is not a notebook is refused with a phrase that says why.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

MAX_VALUES = 2_000_000  # JSON values: each takes about 200 bytes of memory, however short it is
_STEP = 1 << 20
DOWNLOAD_AGAIN = "open the notebook in Jupyter or Colab, download it as .ipynb, and submit that file"


class NotANotebook(Exception):
    """A file cannot be graded. The message is the rest of a sentence that begins with the file's name."""


@dataclass
class Repairs:
    """The repairs made to the file as a whole, and how many cells needed each other repair."""

    file: list[str] = field(default_factory=list)
    cells: Counter[str] = field(default_factory=Counter)

    def sentences(self) -> tuple[str, ...]:
        """Return one short phrase for each kind of repair."""
        return (*self.file, *(f"{n} cell{'s' if n > 1 else ''} {what}" for what, n in self.cells.items()))


# --- bytes -> text -----------------------------------------------------------------------------------------------

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_BINARY_KINDS = (
    (b"%PDF", "is a PDF"),
    (b"PK\x03\x04", "is a zip archive (or a Word file)"),
    (b"PK\x05\x06", "is an empty zip archive"),
    (b"\x1f\x8b", "is a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive"),
    (b"Rar!", "is a RAR archive"),
    (b"\x89PNG", "is an image"),
    (b"\xff\xd8\xff", "is an image"),
    (b"\xd0\xcf\x11\xe0", "is an Office document"),
    (b"SQLite format 3", "is a database"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(data: bytes, repairs: Repairs) -> str:
    """Return the text of a file in any encoding. Raises NotANotebook for a binary or an empty file."""
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        problem = "contains only NUL bytes" if b"\x00" in data else "is empty"
        raise NotANotebook(f"{problem}: save the notebook again and submit the new file")
    for magic, what in _BINARY_KINDS:
        if data.startswith(magic):
            raise NotANotebook(f"{what}, not a notebook: submit the .ipynb file itself")
    bom, encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", _encoding_by_nul(data)))
    if bom:
        repairs.file.append("byte order mark removed")
        data = data[len(bom) :]
    if encoding != "utf-8":
        repairs.file.append(f"read as {encoding.upper()}")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = _decode_damaged(data, encoding, repairs)
    if "\x00" in text:
        repairs.file.append(f"{text.count(chr(0))} NUL characters removed")
        text = text.replace("\x00", "")
    if len(_CONTROL.findall(text, 0, 20_000)) > min(len(text), 20_000) // 20:
        raise NotANotebook(f"is a binary file, not a notebook: {DOWNLOAD_AGAIN}")
    if not text.strip():
        raise NotANotebook("is empty: save the notebook again and submit the new file")
    return text


def _encoding_by_nul(data: bytes) -> str:
    """Return the likely encoding of a file without a byte order mark: in UTF-16 every other byte is mostly NUL."""
    head = data[:4000]
    if head[1::2].count(0) > len(head) // 5:
        return "utf-16-le"
    if head[::2].count(0) > len(head) // 5:
        return "utf-16-be"
    return "utf-8"


def _decode_damaged(data: bytes, encoding: str, repairs: Repairs) -> str:
    text = data.decode(encoding, errors="replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    if encoding == "utf-8" and bad > good:  # hardly anything in it is valid UTF-8: an old Windows encoding
        repairs.file.append("read as Windows-1252 because it is not UTF-8")
        return data.decode("cp1252", errors="replace")
    repairs.file.append(f"{bad} undecodable characters replaced")
    return text


def clean(text: str) -> tuple[str, bool]:
    """Return `text` with newlines as line endings and lone surrogates replaced, and whether there were surrogates."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _SURROGATE.search(text) is None:
        return text, False
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), True


# --- text -> JSON ------------------------------------------------------------------------------------------------

_CONFLICT_BEGINS = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
_CONFLICT_ENDS = re.compile(r"^>{7}(?: .*)?$", re.MULTILINE)


def refuse_foreign_text(text: str) -> None:
    """Raise NotANotebook for text that is certainly neither a notebook nor Python.

    Such texts have merge conflicts, or are web pages or Git LFS pointers.
    """
    head = text.lstrip("\ufeff \t\r\n")[:5000].lower()
    conflict = _CONFLICT_BEGINS.search(text)
    if conflict and _CONFLICT_ENDS.search(text, conflict.end()):
        line = text.count("\n", 0, conflict.start()) + 1
        raise NotANotebook(
            f"holds merge conflict markers (line {line}): choose one version of each conflict, save, and submit again"
        )
    if head.startswith("<"):
        login = any(word in head for word in ("login", "log in", "sign in", "signin", "password"))
        what = "a login page" if login else "a web page"
        raise NotANotebook(f"is {what} (HTML), not a notebook: {DOWNLOAD_AGAIN}")
    if head.startswith("version https://git-lfs"):
        raise NotANotebook("is a Git LFS pointer, not the notebook itself: run `git lfs pull` and submit the real file")


def _too_much(text: str) -> bool:
    """Return whether a JSON text has more than MAX_VALUES commas and opening brackets outside its strings."""
    if sum(map(text.count, ",[{")) <= MAX_VALUES:
        return False
    text, count, inside = text.replace("\\\\", "").replace('\\"', ""), 0, 0
    for at in range(0, len(text), _STEP):  # in steps, because there may be as many strings as values
        parts = text[at : at + _STEP].split('"')
        count += sum(map("".join(parts[inside::2]).count, ",[{"))
        inside ^= (len(parts) - 1) % 2
        if count > MAX_VALUES:
            return True
    return False


def parse_json(text: str, repairs: Repairs) -> object:
    """Return the first JSON value in `text`. Raises NotANotebook if it is cut off, damaged, too deep or too large."""
    if _too_much(text):
        raise NotANotebook(
            f"holds more than {MAX_VALUES // 1_000_000} million values: clear its outputs, save, and submit again"
        )
    duplicates: set[str] = set()

    def build(pairs: list[tuple[str, object]]) -> dict[str, object]:
        built = dict(pairs)
        if len(built) != len(pairs):
            duplicates.update(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
            full = [value for key, value in pairs if key == "cells" and isinstance(value, list) and value]
            if full:  # Jupyter shows the last list; an empty one is not worth keeping
                built["cells"] = full[-1]
        return built

    start = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    try:
        value, end = json.JSONDecoder(strict=False, object_pairs_hook=build).raw_decode(text, start)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise NotANotebook(f"is cut off at line {text.count(chr(10)) + 1}: {DOWNLOAD_AGAIN}") from None
        what = error.msg[0].lower() + error.msg[1:]
        raise NotANotebook(
            f"is damaged at line {error.lineno}, column {error.colno} ({what}): {DOWNLOAD_AGAIN}"
        ) from None
    except RecursionError:
        raise NotANotebook(f"cannot be read because its JSON is nested too deeply: {DOWNLOAD_AGAIN}") from None
    except ValueError:  # an integer of thousands of digits
        raise NotANotebook(f"is damaged (a number in it is absurdly long): {DOWNLOAD_AGAIN}") from None
    if text[end:].strip():
        repairs.file.append("text after the end of the notebook ignored")
    if "cells" in duplicates:
        repairs.file.append("two lists of cells in the file: the last one that is not empty is used")
    return value
