"""Analyse text in a notebook: its sentences, likeness, handed-out text, questions and tasks, placeholders.

Everything works on words (casefolded, without markup), so that decoration and white space never matter. Text that is
kept stays as it was written.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

MAX_TEXT = 20_000  # characters of one cell that are read
_MAX_COMPARED = 200  # words of one sentence or paragraph that are compared

Words = tuple[str, ...]

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
_DATA_URI = re.compile(r"data:[\w/+.\-]{1,60};base64,[A-Za-z0-9+/=]+")


def readable(source: str) -> str:
    """Return a text cell without HTML comments and the data of embedded images, at most MAX_TEXT characters."""
    text = _DATA_URI.sub("data:", source) if ";base64," in source else source
    first, *rest = text[:MAX_TEXT].split("<!--")
    return first + "".join(part.partition("-->")[2] if "-->" in part else "<!--" + part for part in rest)


def words_of(text: str) -> Words:
    """Return the words of `text`, normalised for comparison."""
    plain = _TAG.sub(" ", unicodedata.normalize("NFKC", text)).casefold()
    return tuple(_WORD.findall(plain.replace("'", "").replace("’", "")))


@dataclass(frozen=True)
class Sentence:
    """A sentence, a heading or a list item, from `start` to `end` in its text; `paragraph` counts from 0."""

    start: int
    end: int
    paragraph: int
    words: Words
    title: bool
    asks: bool


_BLOCK_START = re.compile(r"[ \t]*(?:#{1,6}(?=\s|\w)|[-*+•][ \t]|\d{1,2}[.)][ \t]|>|\||<h\d|```|[▼▶►✓✔☑])")
_UNDERLINE = re.compile(r"[ \t]*(?:={3,}|-{3,})[ \t]*$")
_SENTENCE_END = re.compile(
    r"(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bca)(?<!\bapprox)(?<![.!?…])[.!?…]+[)\"'”’*_`\]]*(?=\s)|[。！？]"
)
_LIST_NUMBER = re.compile(r"[ \t]*(?:\d{1,2}|[A-Za-z])[.)](?=\s)")
_TITLE_MARK = re.compile(r"[ \t]*(?:#{1,6}|<h\d|[▼▶►✓✔☑]|(?P<bold>\*\*|__))")
_WORD_CHARACTER = re.compile(r"\w")


@lru_cache(maxsize=256)
def sentences(text: str) -> tuple[Sentence, ...]:
    """Split a text cell into sentences, in order; headings and list items count as sentences."""
    found: list[Sentence] = []
    paragraph = 0
    for start, end in _blocks(text):
        title = _is_title(text[start:end])
        if found and (title or found[-1].title or "\n\n" in re.sub(r"[ \t]", "", text[found[-1].end : start])):
            paragraph += 1
        at = start
        number = _LIST_NUMBER.match(text, start, end)
        ends = [] if title else [m.end() for m in _SENTENCE_END.finditer(text, number.end() if number else start, end)]
        read = start  # up to here no piece had words: each is read once
        for stop in (*ends, end):
            if not words_of(text[read:stop]) and stop < end:
                read = stop
                continue
            if stop > at and text[at:stop].strip():
                asks = text[at:stop].rstrip(" \t\n*_`\"'”’)").endswith(("?", "？"))
                found.append(Sentence(at, stop, paragraph, words_of(text[at:stop]), title, asks))
            at = read = stop
    return tuple(found)


def _blocks(text: str) -> list[tuple[int, int]]:
    """Return spans of lines that belong together: a wrapped paragraph, a list item, a heading."""
    blocks: list[tuple[int, int]] = []
    at, is_open = 0, False
    for line in text.split("\n"):
        start, end = at, at + len(line)
        at = end + 1
        if not line.strip():
            is_open = False
        elif is_open and not _BLOCK_START.match(line):
            blocks[-1] = (blocks[-1][0], end)
            is_open = not _UNDERLINE.match(line)
        else:
            blocks.append((start, end))
            is_open = not _has_title_mark(line)
    return blocks


def _has_title_mark(line: str) -> bool:
    """Return whether a line begins like a heading; one in bold type must be bold to its last word."""
    mark = _TITLE_MARK.match(line)
    if mark is None or mark["bold"] is None:
        return mark is not None
    end = line.rfind(mark["bold"], mark.end())
    return end >= 0 and not _WORD_CHARACTER.search(line, end + 2)


def _is_title(block: str) -> bool:
    """Return whether a block is a heading: marked as one, short, and not a sentence."""
    lines = block.strip().split("\n")
    marked = (len(lines) == 1 and _has_title_mark(block)) or (len(lines) == 2 and _UNDERLINE.match(lines[1]))
    text = lines[0].rstrip(" \t*_#")
    return bool(marked) and not text.endswith((".", "!", ";", ",", "。")) and len(words_of(text)) <= 12


def likeness(a: Words, b: Words) -> float:
    """Return how alike two word sequences are, 0 to 1."""
    return SequenceMatcher(None, a[:_MAX_COMPARED], b[:_MAX_COMPARED], autojunk=False).ratio() if a and b else 0.0


class Handout:
    """Text that was handed out. Recognises its sentences and paragraphs, even if they were edited a little."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._known: list[tuple[Words, bool]] = []
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        self._exact: dict[Words, bool] = {}
        for source in sources:
            self._add(sentences(readable(source)))

    def merge(self, other: Handout) -> None:
        """Add all text of another handout."""
        for words, asks in other._exact.items():
            self._learn(words, asks)

    def _add(self, units: Sequence[Sentence]) -> None:
        whole = [(joined(group), group[-1].asks) for group in paragraphs(units) if len(group) > 1]
        for words, asks in [*((unit.words, unit.asks) for unit in units), *whole]:
            self._learn(words, asks)

    def _learn(self, words: Words, asks: bool) -> None:
        if words and words not in self._exact:
            self._exact[words] = asks
            for word in set(words[:_MAX_COMPARED]):
                self._by_word[word].append(len(self._known))
            self._known.append((words[:_MAX_COMPARED], asks))

    def holds(self, words: Words, asks: bool, loosely: float = 0.85) -> bool:
        """Return whether these words were handed out; `loosely` is the likeness, 0 to 1, that is enough.

        A statement that is not word for word the same never matches a handed-out question: 'It is faster' is not 'Is it
        faster?'. Below five words little more than the exact text matches.
        """
        if words in self._exact:
            return True
        words = words[:_MAX_COMPARED]
        if len(words) < 3:
            return False
        shared = Counter(at for word in set(words) for at in self._by_word.get(word, ()))
        for at, count in shared.items():
            known, known_asks = self._known[at]
            few_shared = 2 * count < (loosely - 0.2) * (len(set(words)) + len(set(known)))
            if few_shared or (known_asks and not asks):
                continue
            alike = len(words) >= 5 and likeness(words, known) >= loosely
            if not alike and len(words) <= 12:  # typing errors weigh less when letters are compared
                alike = SequenceMatcher(None, " ".join(words), " ".join(known), autojunk=False).ratio() >= 0.92
            if alike:
                return True
        return False


def paragraphs(units: Iterable[Sentence]) -> list[list[Sentence]]:
    """Return the sentences grouped by paragraph."""
    return [list(group) for _, group in itertools.groupby(units, key=lambda unit: unit.paragraph)]


def joined(units: Iterable[Sentence]) -> Words:
    """Return the words of several sentences."""
    return tuple(word for unit in units for word in unit.words)


# --- kinds of sentences ------------------------------------------------------------------------------------------

_POINTS = re.compile(
    r"\W*\d+(?:[.,]\d+)?\s*(?:points?|pts?|marks?)\W*|[\[(*_]+\d+(?:[.,]\d+)?\s*%[\])*_]+", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"(?:please )?(?:double click (?:here |this cell )?(?:to|and) )?"
    r"(?:(?:write|type|enter|put|insert|add|place|provide|edit|fill in|replace|delete)\b"
    r"(?:.{0,60}\b(?:answers?|responses?|observations?|explanation)"
    r"|(?:.{0,60}\byour\b.{0,60}|(?: (?:it|this|the|some|something|your|text|in|into))*) (?:text|here|cell|below))"
    r"|(?:your |the |my )?(?:written )?(?:answers?|responses?|observations?|explanation|solution)"
    r"(?: goes)?(?: here| below)?|(?:your|my) text|text(?: goes)? (?:here|below)"
    r"|todo\b(?:\D{0,40}|(?: for| answer| question| q)* ?\d{0,2})|tbd|your code.{0,80}|edit(?: this cell)?"
    r"|(?:answer|response) to (?:question )?q?\d+|question q?\d+ answer)"
)
_PICTURED = re.compile(r"[\u2190-\u22ff\U0001f000-\U0001faff]")  # arrows, mathematical signs, emoji
_LABEL = re.compile(
    r"[\W_]*(?:(?:write |type |enter )?(?:my |your |the )?(?:answers?|ans|response|a)(?: here)?)"
    r"(?: (?:to|for))?(?: (?:question |q)?\d{1,2})?[\s*_]*[:：][\s*_]*",
    re.IGNORECASE,
)


def is_filler(unit: Sentence, text: str) -> bool:
    """Return whether a unit is a placeholder ('Write your answer here'), a label, a number of points, or wordless."""
    own = text[unit.start : unit.end].strip()
    wordless = not unit.words and not _PICTURED.search(own)
    return wordless or is_placeholder(unit.words) or bool(_POINTS.fullmatch(own))


def is_placeholder(words: Words) -> bool:
    """Return whether these words are a placeholder, such as 'Write your answer here'."""
    return len(words) <= 14 and _PLACEHOLDER.fullmatch(" ".join(words)) is not None


def without_label(text: str) -> str:
    """Return `text` without a leading 'Answer:'."""
    match = _LABEL.match(text)
    return text[match.end() :] if match and text[match.end() :].strip() else text


_DIRECTIVE = re.compile(
    r"[\W_]*(?:(?:please|now|then|finally|briefly|again|also|next|and)[,\s]+"
    r"|in your own words,?\s+|in (?:a|one|two|\d) \w+,?\s+)*"
    r"(?:make|describe|explain|discuss|compare|comment|write|state|answer|edit|report|justify|observe|interpret|analy[sz]e|"
    r"summari[sz]e|say|give|look|consider|use|support|refer|include|tell|think|reflect|modify|run|copy|note|examine)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(  # phrases of a person who sets a task: each is a sign, none is enough alone
    r"(?P<let>\blet['’]?s\b|\blet us\b)"
    r"|(?P<will>\byou(?:['’]ll| will| need to| have to| are going to| must)\b)"
    r"|(?P<can>\byou (?:can|may)\b(?! (?:also )?(?:see|tell|observe|notice|say|conclude|think|imagine)))"
    r"|(?P<done>\b(?:now|until now|so far|once|after)(?: that)? you\b"
    r"|\byou(?: have|['’]ve)(?: now| just)? (?:trained|built|seen|defined|learned|been)\b)"
    r"|(?P<cell>\b(?:edit|run|re-?run|complete|fill in|modify|copy|change|execute|use|add)\b"
    r"[^.?!\n]{0,60}\b(?:cells?|code|functions?|below|line)\b)"
    r"|(?P<below>\bbelow\b)"
    r"|(?P<yours>\byour (?:turn|task|previous|code|answer|model|notebook|own|loop|training)\b)"
    r"|(?P<part>\bin this (?:section|part|notebook|assignment|exercise|lab|step)\b)"
    r"|(?P<points>\b\d+ (?:points|pts|marks)\b)",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"yes|no|not|is|are|was|were|be|been|am|do|does|did|has|have|had|can|could|will|would|should|may|might|must|cannot|"
    r"i|we|it|its|my|our|this|that|these|because|since|so|than|but|faster|slower|better|worse|more|less|never|always|therefore"
)
_ANSWER_TITLE = re.compile(
    r"answers?|response|solution|observations?|conclusions?|explanation|analysis|discussion|summary|results?|comparisons?|"
    r"reasoning|why|reasons?|interpretation|comments?|findings|final|thoughts?|notes?|"
    r"my|the|our|a|and|of|to|for|on|question|q|written|text|part|\d+"
)


def instructions(text: str) -> int:
    """Return the number of signs that `text` tells a student what comes next or what to do."""
    return len(kinds_of_instructions(text))


def kinds_of_instructions(text: str) -> frozenset[str]:
    """Return the signs that `text` tells a student what comes next or what to do."""
    return frozenset(match.lastgroup or "" for match in _ADDRESS.finditer(text))


def last_instructions(text: str, count: int) -> int:
    """Return the last position behind which there are `count` different signs of instructions; -1 without so many."""
    found: set[str | None] = set()
    for match in reversed(list(_ADDRESS.finditer(text))):
        found.add(match.lastgroup)
        if len(found) == count:
            return match.start()
    return -1


def only_asks(unit: Sentence, text: str) -> bool:
    """Return whether a unit is a question, or reads like a task ('Compare …', 'Edit the cell below')."""
    return unit.asks or bool(_DIRECTIVE.match(text, unit.start, unit.end))


def claims(words: Words) -> bool:
    """Return whether these words state something, unlike a title ('Moving to the GPU')."""
    return any(_CLAIM.fullmatch(word) for word in words)


def is_answer_title(words: Words) -> bool:
    """Return whether these words are a title that students give an answer ('My observations', 'Answer 4')."""
    return bool(words) and all(_ANSWER_TITLE.fullmatch(word) for word in words) and not _is_formula(words)


def _is_formula(words: Words) -> bool:
    """Return whether these words are numbers, and more than a heading has: '38/26 = 1.46'."""
    return len(words) > 1 and all(map(str.isdecimal, words))
