"""What happens to notebook files, in words: pure functions that damage the bytes or the JSON, one after the other.

All choices come of a `Source` (see `mutating`), so a damage is repeated by its seed and made smaller by hypothesis.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz.mutating import SCALARS, WORDS, Source, dumped, jsonish, places_in

OfBytes = Callable[[Source, bytes], bytes]
OfTree = Callable[[Source, Any], Any]
KEYS: Sequence[str] = ("cells", "metadata", "nbformat", "nbformat_minor", "cell_type", "source", "outputs", "id", "output_type", "text", "data")  # fmt: skip
VERSIONS: Sequence[Any] = (2, 3, 4.99, 5, 0, -1, 10**30, "4", "four", None, True, [], {}, float("nan"), float("inf"))
IDS: Sequence[Any] = ("a", "", "x" * 65, "a b", "../../x", "\x00", "é", 7, None, ["a"], {"a": 1})
SOURCES: Sequence[Any] = (
    7,
    None,
    True,
    1.5,
    {},
    {"a": "x = 1"},
    [],
    [1, None, ["x = 1"]],
    ["x = 1", 2],
    [{}],
    "\ud800x = 1",
    "x = 1\x00",
)
OUTPUTS: Sequence[Any] = (None, 7, "text", {}, [None], [[]], [{"output_type": 3}], [{"output_type": "stream", "text": {"a": 1}}],
    [{"output_type": "display_data", "data": []}], [{"output_type": "error", "ename": None, "traceback": 3}])  # fmt: skip
MAGICS: Sequence[str] = (
    "%%bash\nexit 1",
    "%%time",
    "%matplotlib nowhere",
    "!",
    "%",
    "%%",
    "?",
    "x = !",
    "%%writefile",
    "%run x.py",
    "!!ls",
    "%lsmagic?",
)
CONFLICT = b"\n<<<<<<< HEAD\n%b=======\n%b>>>>>>> theirs\n"
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in - Google Accounts</title></head><body></body></html>"

# --- the JSON ----------------------------------------------------------------------------------------------------


def _cells(tree: Any) -> list[dict[str, Any]]:
    """Its cells, as far as there are any left."""
    found = tree.get("cells") if isinstance(tree, dict) else None
    return [cell for cell in found if isinstance(cell, dict)] if isinstance(found, list) else []


def _one_cell(source: Source, tree: Any, key: str, values: Sequence[Any]) -> Any:
    if cells := _cells(tree):
        source.one_of(cells)[key] = copy.deepcopy(source.one_of(values))
    return tree


def _every_cell(tree: Any, key: str, value: Callable[[int], Any]) -> Any:
    for number, cell in enumerate(_cells(tree)):
        cell[key] = value(number)
    return tree


def _at_top(tree: Any, key: str, value: Any) -> Any:
    return {**tree, key: value} if isinstance(tree, dict) else tree


def _another_type(source: Source, tree: Any) -> Any:
    places = list(places_in(tree))
    if not places:
        return jsonish(source)
    holder, key = source.one_of(places)
    holder[key] = copy.deepcopy(source.one_of((*SCALARS, [], {}, [[]], {"a": []}, [None] * 5)))
    return tree


def _key_missing(source: Source, tree: Any) -> Any:
    places = [(holder, key) for holder, key in places_in(tree) if key in KEYS and isinstance(holder, dict)]
    if places:
        holder, key = source.one_of(places)
        del holder[key]
    return tree


def _worksheets(source: Source, tree: Any) -> Any:
    cells = [{**cell, "input": cell.get("source"), "language": "python"} for cell in _cells(tree)]
    sheets = source.one_of(([{"cells": cells}], [{"cells": []}, {"cells": cells}], {"0": {"cells": cells}}, [cells], 7))
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": sheets}


def _nested(source: Source, tree: Any) -> Any:
    value: Any = "x = 1"
    for _ in range(source.one_of((5, 100, 400))):
        value = [value] if source.below(2) else {"cells": value}
    return _one_cell(source, tree, source.one_of(KEYS), [value])


TREES: dict[str, OfTree] = {
    "a node of another type": _another_type,
    "a key is missing": _key_missing,
    "cells are no list": lambda s, t: _at_top(t, "cells", s.one_of((None, 7, "x", {"a": 1}, dict(enumerate(_cells(t)))))),
    "no cells": lambda s, t: _at_top(t, "cells", []),
    "cells that are none": lambda s, t: _at_top(t, "cells", [*_cells(t), s.one_of(SCALARS), [], [{}], {}]),
    "a source of another type": lambda s, t: _one_cell(s, t, "source", SOURCES),
    "outputs of another type": lambda s, t: _one_cell(s, t, "outputs", OUTPUTS),
    "metadata of another type": lambda s, t: _at_top(t, "metadata", s.one_of((None, [], 7, "x", {"kernelspec": []}))),
    "another language": lambda s, t: _at_top(t, "metadata", {"language_info": {"name": s.one_of(WORDS)}}),
    "an unknown version": lambda s, t: _at_top(t, s.one_of(("nbformat", "nbformat_minor")), s.one_of(VERSIONS)),
    "worksheets, as once": _worksheets,
    "all ids alike": lambda s, t: _every_cell(t, "id", lambda number: "a"),
    "ids that are illegal": lambda s, t: _every_cell(t, "id", lambda number: s.one_of(IDS)),
    "attachments": lambda s, t: _one_cell(s, t, "attachments", ({"a.png": {"image/png": "A" * 5000}}, [], 7, None)),
    "raw cells only": lambda s, t: _every_cell(t, "cell_type", lambda number: "raw"),
    "text cells only": lambda s, t: _every_cell(t, "cell_type", lambda number: "markdown"),
    "cells of unknown types": lambda s, t: _every_cell(t, "cell_type", lambda number: s.one_of(SCALARS)),
    "magics": lambda s, t: _one_cell(s, t, "source", MAGICS),
    "nested deeply": _nested,
    "half of a surrogate pair": lambda s, t: _one_cell(s, t, "source", ("x = '\ud83d'", ["\udc00"], "\ud800" * 1000)),
    "an integer without end": lambda s, t: _one_cell(s, t, "execution_count", (10**4000, -(10**4000))),
    "terminal escapes": lambda s, t: _one_cell(s, t, "source", ("\x1b[2J\x1b]0;x\x07 = 1", "\u202ex = 1")),
}  # fmt: skip

# --- the bytes ---------------------------------------------------------------------------------------------------


def _cut(source: Source, data: bytes) -> bytes:
    return data[: source.below(len(data) + 1)]


def _into(source: Source, data: bytes, new: bytes) -> bytes:
    at = source.below(len(data) + 1)
    return data[:at] + new + data[at:]


def _text_as(source: Source, data: bytes, encodings: Sequence[str]) -> bytes:
    text = data.decode("utf-8", "replace").replace("\\u00e9", "é")
    return text.encode(source.one_of(encodings), "replace")


def _conflict(source: Source, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True) or [b"\n"]
    at = source.below(len(lines))
    return b"".join((*lines[:at], CONFLICT % (lines[at], source.noise() + b"\n"), *lines[at + 1 :]))


def _key_twice(source: Source, data: bytes) -> bytes:
    key = json.dumps(source.one_of(KEYS)).encode()
    return data.replace(b"{", b"{" + key + b": " + source.one_of((b"[]", b"7", b"null", b"{}")) + b", ", 1)


def _zipped(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("hw.ipynb"), data)
    return packed.getvalue()


BYTES: dict[str, OfBytes] = {
    "cut off": _cut,
    "the beginning is gone": lambda s, d: d[s.below(len(d) + 1) :],
    "nothing in it": lambda s, d: b"",
    "blanks only": lambda s, d: s.one_of((b" ", b"\n", b"\r\n", b"\t")) * (1 + s.below(5000)),
    "NUL bytes only": lambda s, d: b"\0" * (1 + s.below(5000)),
    "a byte order mark": lambda s, d: b"\xef\xbb\xbf" + d,
    "two byte order marks": lambda s, d: b"\xef\xbb\xbf\xff\xfe" + d,
    "UTF-16 or UTF-32": lambda s, d: _text_as(s, d, ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be")),
    "UTF-16 that is cut": lambda s, d: _text_as(s, d, ("utf-16",))[:-1],
    "an old encoding": lambda s, d: _text_as(s, d, ("latin-1", "cp1252", "shift-jis", "cp037", "utf-7")),
    "bytes that are no UTF-8": lambda s, d: _into(s, d, s.one_of((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"))),
    "NUL bytes in it": lambda s, d: _into(s, d, b"\0" * (1 + s.below(300))),
    "noise in it": lambda s, d: _into(s, d, s.noise()),
    "Windows line ends": lambda s, d: d.replace(b"\n", b"\r\n"),
    "saved twice into one": lambda s, d: d + d,
    "a key twice": _key_twice,
    "conflict markers of git": _conflict,
    "a web page": lambda s, d: s.one_of((PAGE, b"\n" + PAGE, b"<html>" + d, b"<?xml version='1.0'?><Error/>")),
    "gzip": lambda s, d: gzip.compress(d, mtime=0),
    "zip": lambda s, d: _zipped(d),
    "base64 and quoted": lambda s, d: json.dumps(d.decode("utf-8", "replace")).encode(),
    "a program": lambda s, d: s.one_of((b"x = 1\nprint(x)\n", b"# %%\nx = 1\n", b"# In[1]:\n\nx = 1\n")),
    "brackets without end": lambda s, d: s.one_of((b"[", b'{"a":', b"[[]," )) * 100_000,
    "a number without end": lambda s, d: d.replace(b'"nbformat": ', b'"nbformat": ' + b"9" * 10_000, 1),
    "not a number": lambda s, d: d.replace(b'"nbformat": 4', b'"nbformat": ' + s.one_of((b"NaN", b"-Infinity", b"1e999")), 1),
    "a comma is missing": lambda s, d: d.replace(b",", b"", 1 + s.below(3)),
    "quotes of a word processor": lambda s, d: d.replace(b'"', "\u201c".encode()),
}  # fmt: skip


def damaged(source: Source, seeds: Sequence[bytes]) -> bytes:
    """A notebook with a few damages, first to its JSON and then to its bytes."""
    tree = json.loads(source.one_of(seeds))
    for _ in range(source.below(4)):
        tree = TREES[source.one_of(list(TREES))](source, tree)
    data = dumped(tree)
    for _ in range(source.below(3)):
        data = BYTES[source.one_of(list(BYTES))](source, data)
    return data
