"""Find the signs that a text answers a question, and those that it is about something else.

Figures, formulas, names from code and words of the subject are signs of an answer. Words of history, religion, food,
animals and faraway places, names of people and years are signs of something else: no assignment about programs and data
has many of them, unless it is about them, and then they are in its question or its code, and do not count. They are not
enough alone, since an answer may be a parable ('as my mother bakes bread …').
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from grader.checks.answer_languages import Language, languages
from grader.checks.answer_text import words

__all__ = ["Signs", "signs", "signs_of_other", "speaks_or_compares", "subject_words"]

_FORMULA = re.compile(
    r"[=≈≠≤≥→⇒∂∝·×÷∞∑√±≫≪∇∫↓↑]|->|<->|\^|[<>]\s*\d|\d\s*[<>]|\w_\w|\w\(\w*\)|\w\[|\d\s*(?:%|x\b|×|°?\s*s\b|ms\b|k\b)"
)
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_ACRONYM = re.compile(r"\b[A-Z]{2,6}s?\b")
# Words of a question or a program that a text about anything may have.
_COMMON = (
    "about above after again against along already although always among another around because before behind being "
    "below between could different during early every first found given great having house large later least might "
    "never number often other people place point right second shall should since small something still their there "
    "these thing things think third those three through today together under until using where which while white "
    "whole whose without world would write written years young your look make take that this what with have from "
    "they will said each says state little long last only into over than then them some such very when were been "
    "both many most much must name need once ones open part real seem show side sure tell time true turn used want "
    "ways well went work self none false print return import class range"
)
_ANYWHERE = frozenset(_COMMON.split())


@dataclass(frozen=True)
class Signs:
    """The signs that a text answers the question: `sure` ones, of which one is enough, and `likely` ones.

    >>> Signs(frozenset({"gpu"}), frozenset()).sure
    frozenset({'gpu'})
    """

    sure: frozenset[str]
    likely: frozenset[str]


def subject_words(text: str) -> frozenset[str]:
    """Return the words of a question or a program that can show what a text is about, without short and common ones.

    >>> sorted(subject_words("Which of these species have petals_of_any_size?"))
    ['petals', 'species']
    """
    found = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))
    return frozenset(word.lower() for word in found if len(word) >= 5 and word.lower() not in _ANYWHERE)


def signs(
    text: str, language: Language | None = None, topic: Iterable[str] = (), subject: Collection[str] = frozenset()
) -> Signs:
    """Return the signs in a text that it answers a question.

    Without a `language`, those of all languages count. `topic` are beginnings of words that belong to the question, and
    `subject` whole words of the question and the program.

    >>> found = signs("The orange line is flat from the middle on, so it is enough.", languages()[0])
    >>> sorted(found.sure), sorted(found.likely)[:3]
    ([], ['enough', 'flat', 'line'])
    """
    lower = text.lower()
    own = set(words(text))
    read = [each for each in languages() if language is None or each is language or each.name == "English"]
    sure = {match.group() for each in read for match in each.sure.finditer(lower)}
    likely = {match.group() for each in read for match in each.likely.finditer(lower)}
    sure |= {match.group() for match in _FORMULA.finditer(text)}
    numbers = set(_NUMBER.findall(text))
    sure |= {number for number in numbers if "." in number or "," in number}
    whole = {number for number in numbers - sure if not _is_year(number)}
    likely |= whole if len(whole) > 1 else set()
    likely |= {match.group() for match in _ACRONYM.finditer(text)}
    weak = [each.likely for each in read]
    for stem in map(str.lower, topic):
        (likely if any(pattern.match(stem) for pattern in weak) else sure).update(
            word for word in own if word.startswith(stem) or (len(stem) > 3 and stem in word)
        )
    likely |= own & set(subject)
    return Signs(frozenset(sure), frozenset(likely - sure))


def _is_year(number: str) -> bool:
    return len(number) == 4 and number.isdecimal() and 1000 <= int(number) <= 2100


_YEAR = re.compile(r"(?<![\d.,])1\d\d\d(?![\d.,])")
_NAME = re.compile(r"(?<=[^\W\d_,;] )[^\W\d_a-z][^\W\d_A-Z]{3,}")  # in the middle of a sentence


def signs_of_other(text: str, language: Language, subject: Collection[str] = frozenset()) -> frozenset[str]:
    """Return the signs that a text in this language is about something that no program or data is about.

    Words of `subject`, those of the question and the program, are none.

    >>> english = languages()[0]
    >>> sorted(signs_of_other("In 1793 the king was beheaded in Paris.", english, frozenset({"king"})))
    ['1793', 'Paris', 'behead']
    """
    found = set(language.elsewhere.findall(text.lower())) | set(_YEAR.findall(text))
    if language.common and language.name != "German":
        found |= set(_NAME.findall(text))
    return frozenset(sign for sign in found if not any(word.startswith(sign.lower()) for word in subject))


def speaks_or_compares(text: str, language: Language) -> bool:
    """Return whether the writer speaks of himself or to the reader, or compares, as in a parable.

    >>> english = languages()[0]
    >>> speaks_or_compares("It is like a king with no army.", english), speaks_or_compares("The king fled.", english)
    (True, False)
    """
    return language.voice.search(text.lower().replace("’", "'")) is not None
