"""Translate words and sentences with the catalogues of the grader and of the assignment."""

from __future__ import annotations

import gettext
import io
import pkgutil
from functools import lru_cache

from grader.language.choice import ENGLISH, current
from grader.language.sentences import Sentences

_packages = ["grader"]  # whose catalogues are asked, in this order


def add_catalogue(package: str) -> None:
    """Ask also the catalogue of this package, `locale/LANGUAGE/messages.mo`, for words and sentences.

    An assignment's package that has none stays English.
    """
    if package not in _packages:
        _packages.append(package)
        _catalogue.cache_clear()


def tr(text: str, **values: object) -> str:
    """Return the text in the current language, with the values in the place of its {names}.

    >>> tr("{count} right", count=3)
    '3 right'
    """
    words = _catalogue(current()).word(text)
    return words.format(**values) if values else words


def said(sentence: str) -> str:
    """Return a sentence out of a result in the current language; what no catalogue knows stays as it is.

    What stands in quotation marks or backquotes is the student's and stays too.
    """
    return sentence if current() == ENGLISH else _catalogue(current()).sentence(sentence)


@lru_cache(maxsize=4)
def _catalogue(language: str) -> Sentences:
    """Return the translations into a language, the grader's before an assignment's."""
    words: dict[str, str] = {}
    if language == ENGLISH:
        return Sentences(words)
    for package in reversed(_packages):
        words |= _messages(package, language)
    return Sentences(words)


def _messages(package: str, language: str) -> dict[str, str]:
    """Return a catalogue's translations by their English templates; nothing for a package that has none."""
    try:
        data = pkgutil.get_data(package, f"locale/{language}/messages.mo")
    except (OSError, ImportError, ValueError):  # there is no such file, or no such package any more
        return {}
    if not data:
        return {}
    found = gettext.GNUTranslations(io.BytesIO(data))._catalog  # type: ignore[attr-defined]
    return {text: words for text, words in found.items() if text and isinstance(text, str)}
