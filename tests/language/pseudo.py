"""A language for tests: every English letter of a catalogue's text becomes a letter of another alphabet.

What is left in Latin letters on a page in this language went past the catalogues.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog

from grader.catalogues.write import compiled, texts
from grader.language import add_catalogue, in_language, words

CODE = "xx"
PACKAGE = "pseudo_texts"
_OTHER = {ord(one): chr(0x430 + at) for at, one in enumerate("abcdefghijklmnopqrstuvwxyz")}
_OTHER |= {ord(one): chr(0x410 + at) for at, one in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_GAP = re.compile(r"(\{\w+\})")
_LATIN = re.compile(r"[A-Za-z]{2,}")
_QUOTED = re.compile(r"`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w)|\"[^\"\n]*\"")


def other(text: str) -> str:
    """Return a text in the letters of the pseudo language, with its gaps."""
    return "".join(part if _GAP.fullmatch(part) else part.translate(_OTHER) for part in _GAP.split(text))


def latin(text: str, *allowed: str) -> list[str]:
    """Return the words in Latin letters that are neither quoted nor allowed: each went past the catalogues."""
    return [word for word in _LATIN.findall(_QUOTED.sub(" ", text)) if word not in allowed]


@cache
def _data() -> bytes:
    catalogue = Catalog(fuzzy=False)
    for package in ("grader", "reference"):
        for text in texts(package):
            catalogue.add(text, other(text))
    return compiled(catalogue)


@contextmanager
def pseudo(folder: Path) -> Iterator[None]:
    """Show all in the pseudo language; its catalogue is written to `folder`."""
    package = folder / PACKAGE
    (package / "locale" / CODE).mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "locale" / CODE / "messages.mo").write_bytes(_data())
    sys.path.insert(0, str(folder))
    try:
        words._catalogue.cache_clear()
        add_catalogue(PACKAGE)
        with in_language(CODE):
            yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(PACKAGE, None)
        words._packages.remove(PACKAGE)
        words._catalogue.cache_clear()
