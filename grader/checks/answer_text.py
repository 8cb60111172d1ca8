"""Take a written answer apart: its own text without markup and labels, its words and sentences, and what is copied."""

from __future__ import annotations

import difflib
import re
import unicodedata

__all__ = ["own_text", "sentences", "similarity", "without_copies", "words"]

SAME = 0.85  # similarity at which a sentence is a copy
COMPARED = 500  # words that are compared at a time
MAX_ANSWER = 20_000  # characters that are read

# One word of a heading and what follows it. A pattern of the whole line would try each way to split it into words.
_HEADING_WORD = re.compile(
    r"(?:question|q|answer|ans|aufgabe|antwort|a(?=\s*(?:\d|[:：]))|frage|réponse|respuesta|odgovor|vprašanje|问题"
    r"|答案|回答)\s*\d{0,2}\s*(?:response)?\s*[:.)\-]*\s*",
    re.IGNORECASE,
)
_NO_WORD = re.compile(r"\W*")
_LEAD = re.compile(
    r"^\W*(?:(?:question|q|answer|ans)(?:\s*\d{1,2})?(?:\s*answer)?|a|antwort|réponse|respuesta|odgovor|答案"
    r"|答|回答)\s*[:：.)]\s*\W*",
    re.IGNORECASE,
)
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
# Vowel signs and accents that Python does not count among the characters of a word.
_MARKS = r"\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_LETTERS = rf"(?:[^\W_]|[{_MARKS}])+"
_WORD = re.compile(rf"{_LETTERS}(?:['’.,]{_LETTERS})*")


def own_text(answer: str) -> str:
    """Return the answer without markup, comments, headings such as 'Question 4' and a leading 'Answer:'.

    >>> own_text("### Question 4\\n**Answer:** _Both_ are flat.")
    'Both are flat.'
    """
    text = re.sub(r"[A-Za-z0-9_]{100,}", lambda m: m.group()[:100], unicodedata.normalize("NFC", answer[:MAX_ANSWER]))
    text = _without_comments(text).replace("&nbsp;", " ")
    text = re.sub(r"<[a-zA-Z/][^<>\n]{0,200}>", " ", text)
    text = re.sub(r"!\[[^\[\]]*\]\([^()]*\)", " ", text)
    lines = [line for line in text.split("\n") if not _is_heading(line)]
    text = re.sub(r"^[#>\s]+", "", "\n".join(lines), flags=re.MULTILINE)
    text = re.sub(r"(?<!\w)_|_(?!\w)|[*`~$]{1,3}", "", text)
    text = text.strip()
    rest = _LEAD.sub("", text, count=1).strip()
    return rest if rest or len(text) > 2 else text  # 'A.' may be the answer


def _without_comments(text: str) -> str:
    """Return the text with a blank for each HTML comment that ends."""
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return " ".join((*parts, text[at:]))


def _is_heading(line: str) -> bool:
    """Return whether a line holds only words such as 'Question 4' and 'Answer:', and at least one."""
    match = _NO_WORD.match(line)
    at = first = match.end() if match else 0
    while at < len(line) and (match := _HEADING_WORD.match(line, at)):
        at = match.end()
    return at == len(line) > first


def words(text: str) -> list[str]:
    """Return the words in lower case; in scripts without spaces every two characters count as a word.

    >>> words("The GPU's 1.2 times as fast.")
    ['the', "gpu's", '1.2', 'times', 'as', 'fast']
    """
    spaced = _WORD.findall(_UNSPACED.sub(" ", text).lower())
    unspaced = "".join(_UNSPACED.findall(text))
    return [*spaced, *(unspaced[i : i + 2] for i in range(0, len(unspaced), 2))]


def sentences(text: str) -> list[str]:
    """Return the sentences; a line ends one too.

    >>> sentences("Both fall. Then they part\\nat epoch 12.")
    ['Both fall.', 'Then they part', 'at epoch 12.']
    """
    return [part for part in re.split(r"(?<=[.!?])\s+|(?<=[。？！।])|\n+", text) if part.strip()]


def similarity(text: str, other: str) -> float:
    """Return the share of words, in order, that two texts have in common: 0 to 1.

    >>> similarity("The test loss is flat.", "The train loss is flat.")
    0.8
    """
    a, b = words(text), words(other)
    if not a or not b:
        return 0.0
    places = range(0, max(len(a), len(b)), COMPARED)  # of long texts, part by part
    pairs = [(a[at : at + COMPARED], b[at : at + COMPARED]) for at in places]
    ratios = [difflib.SequenceMatcher(None, one, two, autojunk=False).ratio() for one, two in pairs]
    weights = [len(one) + len(two) for one, two in pairs]
    return sum(map(float.__mul__, ratios, map(float, weights))) / sum(weights) if len(pairs) > 1 else ratios[0]


def without_copies(text: str, original: str) -> str:
    """Return the text without the sentences that are, nearly word by word, sentences of the original.

    An answer often repeats the question's words ('The curves indicate that…' for 'Do the curves indicate that…'), so a
    copy must also begin with the same word.

    >>> without_copies("Is it faster? Yes, by a third.", "Is it faster?")
    'Yes, by a third.'
    """
    originals = [found for found in map(words, sentences(own_text(original))) if found]

    def copied(sentence: str) -> bool:
        own = words(sentence)
        return any(
            own[:1] == other[:1]
            and 2 * min(len(own), len(other)) >= SAME * (len(own) + len(other))
            and difflib.SequenceMatcher(None, own, other, autojunk=False).ratio() >= SAME
            for other in originals
        )

    return " ".join(sentence for sentence in sentences(text) if not copied(sentence)).strip()
