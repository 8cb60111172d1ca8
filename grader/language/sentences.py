"""Translate sentences that were made from templates: find the template, translate it, and fill in the same values.

The template of a sentence is the text of an f-string, such as 'the loss is {loss}'. A sentence is compared with all
templates that share its words, in linear time each, and the one with most letters of its own counts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

LEAST_LETTERS = 5  # of its own that a template must have; with fewer, such as '{low} to {high}', it takes numbers only
SMALL = frozenset(
    [
        "an",
        "and",
        "are",
        "as",
        "at",
        "but",
        "by",
        "for",
        "from",
        "has",
        "in",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
        "or",
        "that",
        "the",
        "this",
        "to",
        "was",
        "were",
        "with",
    ]
)
MOST_SPACES = 3  # in what fills a gap between such words only
LONGEST = 4_000  # characters of a sentence that is translated
DEEPEST = 6  # sentences within sentences
_FIELD = re.compile(r"\{(?:([a-z_][a-z0-9_]*)(?:![rsa])?(?::[^{}]*)?)\}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_QUOTES = "'`\"‘’“”"
_QUOTED = re.compile(r"`[^`]*`|(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"")
END = "; "  # between sentences
MOST_ENDS = 4  # pieces between semicolons that one template may make
_SEPARATORS = (END, ". ", ": ", ", ")
_NUMBER = re.compile(r"[^a-z]*\d[\d.,]*( ?[a-zµ%]{1,3})?")
_PAUSE = re.compile(r" \(|[;,:]")
_TAIL = re.compile(r"[ ,;:.(]")  # how a template begins that goes on from another text


@dataclass(frozen=True)
class Template:
    """A sentence with gaps: the texts around the gaps, the gaps' names, and the translation with the same names."""

    parts: tuple[str, ...]
    names: tuple[str, ...]
    words: str

    @cached_property
    def letters(self) -> int:
        """Return how many letters the template has without its gaps."""
        return sum(character.isalpha() for part in self.parts for character in part)

    @cached_property
    def telling(self) -> int:
        """Return how many of the letters belong to words that tell more than 'of the' and 'on the' do."""
        return sum(len(word) for part in self.parts for word in _WORD.findall(part) if word.casefold() not in SMALL)

    @property
    def rank(self) -> tuple[bool, int]:
        """Return what sorts templates that fit a sentence, the one that tells most first."""
        return self.telling < LEAST_LETTERS, -self.letters

    def match(self, sentence: str) -> dict[str, str] | None:
        """Return the values of the gaps, None if the sentence was not made from this template.

        >>> template("the loss of {what} is {loss}", "").match("the loss of the CNN is 0.5")
        {'what': 'the CNN', 'loss': '0.5'}
        """
        first, last = self.parts[0], self.parts[-1]
        if not self.names:
            return {} if sentence == first else None
        if not sentence.startswith(first):
            return None
        values: dict[str, str] = {}
        at = len(first)
        for place, (name, part) in enumerate(zip(self.names[:-1], self.parts[1:-1], strict=True), 2):
            found = sentence.find(part, at) if part else self._border(sentence, at, place)
            if found < 0:
                return None
            if values.setdefault(name, sentence[at:found]) != sentence[at:found]:
                return None
            at = found + len(part)
        end = len(sentence) - len(last)
        if end < at or not sentence.endswith(last):
            return None
        name = self.names[-1]
        if values.setdefault(name, sentence[at:end]) != sentence[at:end]:
            return None
        if self.letters < LEAST_LETTERS:
            return values if all(map(_NUMBER.fullmatch, values.values())) else None
        return values if self.telling or all(map(_is_phrase, values.values())) else None

    def _border(self, sentence: str, at: int, place: int) -> int:
        """Return where a gap that begins `at` ends if another one follows at once: before the first punctuation."""
        following = next((part for part in self.parts[place:] if part), "")
        limit = sentence.find(following, at) if following else len(sentence)
        pause = _PAUSE.search(sentence, at, limit) if limit >= 0 else None
        return pause.start() if pause else limit

    def quotes(self, name: str) -> bool:
        """Return whether a gap stands in quotation marks, as the student's own words do."""
        at = self.names.index(name)
        before, after = self.parts[at][-1:], self.parts[at + 1][:1]
        return bool(before and after) and before in _QUOTES and after in _QUOTES


def template(text: str, words: str) -> Template:
    """Return the template of a text with {gaps}, and its translation."""
    pieces = _FIELD.split(text)
    literal = tuple(piece.replace("{{", "{").replace("}}", "}") for piece in pieces[::2])
    return Template(literal, tuple(pieces[1::2]), _FIELD.sub(lambda match: f"{{{match[1]}}}", words))


class Sentences:
    """The translations of one language, by their English text."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(words)
        self._joints = {text: said for text, said in words.items() if text[:1] in " ," and text[-1:] == " "}
        self._cached = lru_cache(maxsize=10_000)(self._translated)

    @cached_property
    def _templates(self) -> list[Template]:
        """The texts with gaps that can be told from others."""
        every = (template(text, said) for text, said in self._words.items() if _FIELD.search(text))
        return [one for one in every if one.letters >= 2]

    @cached_property
    def _by_word(self) -> dict[str, list[Template]]:
        """The templates by a word that each of their sentences has."""
        words = [(one, _own_words(one)) for one in sorted(self._templates, key=lambda one: one.rank)]
        counts = Counter(word for _, own in words for word in own)
        found: dict[str, list[Template]] = defaultdict(list)
        for one, own in words:
            found[min(own, key=lambda word: counts[word], default="")].append(one)
        return found

    @cached_property
    def _tails(self) -> list[Template]:
        """The templates, also those without gaps, that go on from another text."""
        plain = (Template((text,), (), said) for text, said in self._words.items() if not _FIELD.search(text))
        every = [one for one in (*self._templates, *plain) if _TAIL.match(one.parts[0])]
        return sorted(every, key=lambda one: one.rank)

    def word(self, text: str) -> str:
        """Return the translation of a text that stands in the code, or the text."""
        return self._words.get(text) or text

    def sentence(self, text: str) -> str:
        """Return the translation of a sentence that was made from a template, or as much of it as is known."""
        return self._cached(text, 0) if len(text) <= LONGEST else text

    def unknown(self, text: str) -> bool:
        """Return whether a sentence has a part that no template fits."""
        return self.sentence(text) == text and bool(_WORD.search(_QUOTED.sub("", text)))

    def _translated(self, text: str, depth: int) -> str:
        if text in self._words:
            return _unbraced(self._words[text])
        if depth >= DEEPEST:
            return text
        whole = self._listed(text, depth) or self._whole(text, depth, simple=True)
        if whole is None:
            whole = self._several(text, depth) or self._whole(text, depth) or self._continued(text, depth)
            whole = whole or self._joined(text, depth) or self._some(text, depth)
        return text if whole is None else whole

    def _listed(self, text: str, depth: int) -> str | None:
        """Return the translation of a list whose members are all texts of the catalogue or made from its templates."""
        for joint, words in self._joints.items():
            pieces = list(_split(text, joint)) if joint in text else []
            if len(pieces) > 1 and not any(": " in piece for piece in pieces):
                done = [self._words.get(piece) or self._whole(piece, depth + 1, simple=True) for piece in pieces]
                if all(done):
                    return words.join(filter(None, done))
        return None

    def _several(self, text: str, depth: int) -> str | None:
        """Return the translation of several sentences between semicolons if all are known; one may have semicolons."""
        pieces, done = list(_split(text, END)), []
        if len(pieces) == 1:
            return None
        while pieces:
            for count in range(min(MOST_ENDS, len(pieces)), 0, -1):
                words = self._whole(END.join(pieces[:count]), depth + 1, simple=True)
                if words is not None or count == 1:
                    break
            words = self._cached(pieces[0], depth + 1) if words is None else words
            if words == pieces[0] and _WORD.search(words):
                return None
            done.append(words)
            pieces = pieces[count:]
        return END.join(done)

    def _joined(self, text: str, depth: int) -> str | None:
        """Return the translation of a short list, such as 'MLP and CNN'."""
        for joint, words in self._joints.items():
            pieces = list(_split(text, joint))
            if len(pieces) > 1:
                done = [self._cached(piece, depth + 1) for piece in pieces]
                if all(new != old or " " not in old.strip() for new, old in zip(done, pieces, strict=True)):
                    return words.join(done)
        return None

    def _some(self, text: str, depth: int) -> str | None:
        """Return the translation of the parts that are known, None if none is."""
        for separator in _SEPARATORS:
            pieces = list(_split(text, separator))
            if len(pieces) > 1:
                done = [self._cached(piece, depth + 1) for piece in pieces]
                if done != pieces:
                    return separator.join(done)
        return None

    def _continued(self, text: str, depth: int) -> str | None:
        """Return the translation of a text that ends with a template of its own, such as ', on the GPU'."""
        for tail in self._tails:
            at = text.find(tail.parts[0], 1)
            values = tail.match(text[at:]) if at > 0 else None
            if values is None:
                continue
            head = self._cached(text[:at], depth + 1)
            if head != text[:at] or " " not in head.strip():  # else it is a text of others, such as torch's
                return head + self._filled(tail, values, depth)
        return None

    def _whole(self, text: str, depth: int, simple: bool = False) -> str | None:
        """Return the translation if one template fits the whole text; if `simple`, with no sentence end in a gap."""
        if text in self._words:
            return _unbraced(self._words[text])
        words = set(_WORD.findall(text.casefold()))
        fitting = ((one, values) for one in self._candidates(words) if (values := one.match(text)) is not None)
        if simple:
            fitting = ((one, values) for one, values in fitting if not any(map(_has_end, values.values())))
        found = next(fitting, None)
        if found is None:
            return None
        return self._filled(*found, depth)

    def _filled(self, one: Template, values: Mapping[str, str], depth: int) -> str:
        said = {name: value if one.quotes(name) else self._cached(value, depth + 1) for name, value in values.items()}
        return one.words.format(**said) if one.names else one.words

    def _candidates(self, words: Iterable[str]) -> Iterator[Template]:
        """Return the templates that may fit a sentence with these words, the one with most letters first."""
        found = [one for word in words if word in self._by_word for one in self._by_word[word]]
        return iter(sorted(found, key=lambda one: one.rank))


def _own_words(one: Template) -> set[str]:
    """Return the words that every sentence made from a template has: those that no gap touches."""
    found: set[str] = set()
    for at, part in enumerate(one.parts):
        inner = part
        if at and part[:1].isalnum():
            inner = inner.lstrip("".join(filter(str.isalnum, part[: len(part) - len(part.lstrip())])))
        found |= {match.group().casefold() for match in _WORD.finditer(inner) if _is_whole(match, part, at, one)}
    return found


def _is_whole(match: re.Match[str], part: str, at: int, one: Template) -> bool:
    """Return whether a gap beside the word could not lengthen it."""
    starts = match.start() > 0 or at == 0
    ends = match.end() < len(part) or at == len(one.parts) - 1
    return starts and ends


def _unbraced(words: str) -> str:
    """Return the translation of a text without gaps, whose braces may be doubled."""
    return words.replace("{{", "{").replace("}}", "}")


def _is_phrase(value: str) -> bool:
    """Return whether a value is a few words, such as '2 epochs', and no sentence."""
    return value.count(" ") <= MOST_SPACES and not _PAUSE.search(value)


def _has_end(value: str) -> bool:
    """Return whether a text holds more than one sentence."""
    return END in value and len(list(_split(value, END))) > 1


def _split(text: str, separator: str) -> Iterator[str]:
    """Yield the pieces between separators that do not stand in quotation marks."""
    hidden = _QUOTED.sub(lambda match: "\0" * len(match.group()), text)
    start = 0
    while (at := hidden.find(separator, start)) >= 0:
        yield text[start:at]
        start = at + len(separator)
    yield text[start:]
