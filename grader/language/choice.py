"""Choose the language: what the person asks for, else what the environment says, else English."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from grader.errors import GraderError

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
VARIABLES = ("GRADER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # the last four as gettext reads them

_inside: ContextVar[str | None] = ContextVar("language", default=None)  # see `in_language`
_process: list[str] = []  # of the process, in all its threads; the environment's until `use`


class LanguageError(GraderError):
    """There is no such language; the message is one sentence."""


def available(name: str) -> str | None:
    """Return the code of the language that a name like 'de', 'de_AT.UTF-8' or 'de-CH' asks for, None without one.

    >>> available("de_AT.UTF-8"), available("C.UTF-8"), available("fr_FR")
    ('de', 'en', None)
    """
    code = name.split(".")[0].split("@")[0].replace("-", "_").split("_")[0].strip().casefold()
    if code in ("c", "posix"):
        return ENGLISH
    return code if code in LANGUAGES else None


def from_environment(environment: Mapping[str, str] = os.environ) -> str:
    """Return the first language that the environment's variables ask for and that there is, else English.

    >>> from_environment({"LANGUAGE": "fr:de", "LANG": "fr_FR.UTF-8"})
    'de'
    """
    for variable in VARIABLES:
        asked = environment.get(variable, "")
        for name in asked.split(":"):
            if name and (code := available(name)):
                return code
    return ENGLISH


def chosen(name: str | None) -> str:
    """Return the code of the language with this name; without a name, the environment's. Raises LanguageError.

    >>> chosen("de-DE")
    'de'
    """
    if name is None:
        return from_environment()
    code = available(name)
    if code is None:
        there = ", ".join(f"{code} ({spoken})" for code, spoken in LANGUAGES.items())
        raise LanguageError(f"there is no language {name!r}; there are {there}")
    return code


def use(language: str) -> None:
    """Show all that this process says from now on in this language, a code of LANGUAGES."""
    _process[:] = [language]


def current() -> str:
    """Return the code of the language that is shown: that of `in_language`, of `use`, or of the environment."""
    if not _process:
        _process.append(from_environment())
    return _inside.get() or _process[0]


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Show what this thread makes inside in this language."""
    token = _inside.set(language)
    try:
        yield
    finally:
        _inside.reset(token)
