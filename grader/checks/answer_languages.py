"""The languages in which a text can be found to be about something else.

Their words are in `languages.json`. 'sure' and 'likely' words are those of measuring, comparing, learning and
explaining, as answers about programs and data have in any assignment; they only ever save an answer. 'elsewhere' are
words of history, religion, food, animals and faraway places, and 'voice' those of a writer who speaks of himself or
compares.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["Language", "language_of", "languages", "pattern_of", "words_beside_excuses"]

RECOGNISED = 0.15  # share of a text's words that are among the commonest of its language

# Languages without common words are recognised by their characters: the share of a text's letters that must be theirs.
_SCRIPTS = (
    ("Japanese", re.compile(r"[\u3040-\u30ff]"), 0.2),
    ("Chinese", re.compile(r"[\u3400-\u9fff]"), 0.5),
    ("Arabic", re.compile(r"[\u0620-\u064a]"), 0.6),
    ("Hindi", re.compile(r"[\u0900-\u0963]"), 0.6),
)
_NOT_OURS = re.compile(r"[پچژگکیٹڈے]|[іїєґўјљњћђ]")  # Persian and Urdu, Ukrainian, Belarusian and Serbian


@dataclass(frozen=True)
class Language:
    """A language: its commonest words, and patterns of what texts in it say; all expect lower case.

    `common` is empty for a language that is recognised by its characters. One `sure` sign saves an answer, of the
    `likely` ones it takes some.

    >>> dutch = Language("Dutch", frozenset({"de", "het"}), *map(pattern_of, ("gpu snel", "omdat", "koning", "ik$")))
    >>> dutch.sure.findall("de gpu is sneller")
    ['gpu', 'snel']
    """

    name: str
    common: frozenset[str]
    sure: re.Pattern[str]
    likely: re.Pattern[str]
    elsewhere: re.Pattern[str]
    voice: re.Pattern[str]


def pattern_of(stems: str, spaced: bool = True) -> re.Pattern[str]:
    """Return a pattern of these beginnings of words, separated by blanks; of characters anywhere if not `spaced`.

    '*' in front means anywhere in a word, '$' behind a whole word; '_' stands for a blank.

    >>> pattern_of("train *loss gpu$").findall("training, testloss, gpus")
    ['train', 'loss']
    """
    parts = []
    for stem in sorted(unicodedata.normalize("NFC", stems).split(), key=len, reverse=True):
        before = "" if stem.startswith("*") or not spaced else r"(?<!\w)"
        parts.append(before + re.escape(stem.strip("*$").replace("_", " ")) + (r"(?!\w)" if stem.endswith("$") else ""))
    return re.compile("|".join(parts))


@cache
def _data() -> dict[str, dict[str, dict[str, list[str]]]]:
    return dict(json.loads(resources.files("grader.checks").joinpath("languages.json").read_text(encoding="utf-8")))


@cache
def languages() -> tuple[Language, ...]:
    """Return the languages that are known.

    >>> len(languages())
    14
    """
    found = []
    for name, lines in _data()["languages"].items():
        spaced = "common" in lines
        text = {key: " ".join(value) for key, value in lines.items()}
        voice = " ".join(f"{word}$" for word in text["voice"].split()) if spaced else text["voice"]
        patterns = (text["sure"], text["likely"], text["elsewhere"], voice)
        sure, likely, elsewhere, speaks = (pattern_of(stems, spaced) for stems in patterns)
        found.append(Language(name, frozenset(text.get("common", "").split()), sure, likely, elsewhere, speaks))
    return tuple(found)


@cache
def words_beside_excuses() -> frozenset[str]:
    """Return the words that stand beside an excuse: apologies, words for the question, reasons such as an illness.

    >>> {"sorry", "aufgabe", "malade"} <= words_beside_excuses()
    True
    """
    return frozenset(unicodedata.normalize("NFC", " ".join(_data()["beside_excuses"])).split())


@cache
def _others() -> tuple[frozenset[str], ...]:
    """Return the commonest words of further languages, so that a text in one of them is not taken for a known one."""
    return tuple(frozenset(" ".join(words).split()) for words in _data()["others"].values())


def language_of(text: str) -> Language | None:
    """Return the language of a text, or None if it is none of those that are known here.

    >>> language = language_of("Am Sonntag gehen wir in den Wald, und danach kochen wir eine Suppe.")
    >>> language.name if language else None
    'German'
    >>> language_of("CNN 52 s, MLP 16 s") is None
    True
    """
    text = text.lower()
    letters = sum(map(str.isalpha, text)) or 1
    if _NOT_OURS.search(text):
        return None
    for name, script, share in _SCRIPTS:
        if len(script.findall(text)) / letters >= share:
            return next(language for language in languages() if language.name == name)
    words = re.findall(r"[^\W\d_]+", text)
    if len(words) < 8:
        return None
    best = max(languages(), key=lambda language: _share(words, language.common))
    share = _share(words, best.common)
    return best if share >= max(RECOGNISED, *(_share(words, common) for common in _others())) else None


def _share(words: Sequence[str], common: frozenset[str]) -> float:
    return sum(word in common for word in words) / len(words)
