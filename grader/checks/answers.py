"""Checks on written answers: a text that is not an answer fails; all others go to a person, with facts and remarks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from grader.assignment import Fail, Review
from grader.checks.conclusions import concludes, is_english

__all__ = ["similarity", "written_answer"]

SAME = 0.85  # similarity at which a sentence is a copy
NOTHING_CONCLUDED = 0.5  # provisional credit
COMPARED = 500  # words that are compared at a time
MAX_ANSWER = 20_000  # characters that are read

_PLACEHOLDER = re.compile(
    r"(?:(?:write|type|put|enter|insert|add|replace|edit|fill in|give)\b.{0,40}\b(?:answer|text"
    r"|response|observation|solution|here|this|cell)\b.{0,40}"
    r"|(?:your|my|the|student|enter|an)? ?(?:answer|response|solution|text|observation)s?(?: (?:goes"
    r"|go|comes|text))*(?: here| below)?"
    r"(?: (?:to|for) (?:question|q) ?\d*)?"
    r"|to ?do\b.{0,60}|tbd|tba|fixme|wip|n/?a|none|null|nil|nan|xxx+|idk|i ?d ?k|(?:i )?(?:do not"
    r"|don'?t) know(?: the answer)?|no idea|no answer|not sure|skip(?:ped)?|pass"
    r"|lorem ipsum.*|test|asdf|blah(?: blah)*|foo(?: ?bar)?|placeholder.{0,30}|double.?click.{0,60}|later|coming soon"
    r"|(?:hier )?(?:deine|ihre|meine)? ?antwort(?: hier)?(?: eingeben| einfügen)?|keine ahnung|weiß nicht"
    r"|(?:votre|ta|ma)? ?réponse(?: ici)?|je ne sais pas|(?:tu|su|mi)? ?respuesta(?: aquí)?|no sé|no "
    r"lo sé|(?:tvoj|vaš)? ?odgovor(?: tukaj)?|ne vem"
    r"|在此?(?:处|这里)?(?:输入|填写|写下?)(?:你的|您的)?(?:答案|回答)|(?:你的)?答案|不知道)",
    re.IGNORECASE | re.DOTALL,
)
# One word of a heading and what follows it. A pattern of the whole line would try each way to split it into words.
_HEADING_WORD = re.compile(
    r"(?:question|q|answer|ans|aufgabe|antwort|a|frage|réponse|respuesta|odgovor|vprašanje|问题"
    r"|答案|回答)\s*\d{0,2}\s*(?:response)?\s*[:.)\-]*\s*",
    re.IGNORECASE,
)
_NO_WORD = re.compile(r"\W*")
_LEAD = re.compile(
    r"^\W*(?:(?:question|q|answer|ans)(?:\s*\d{1,2})?(?:\s*answer)?|a|antwort|réponse|respuesta|odgovor|答案"
    r"|答|回答)\s*[:：.)]\s*\W*",
    re.IGNORECASE,
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_KEY_ROWS = ("qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "azertyuiop", "1234567890")

# Words of any question about training: an answer with one of them is never off topic.
_GENERIC_TOPIC = (
    "train epoch loss curve model accura overfit underfit gpu cpu cuda fast slow speed quick time second minut "
    "comput parallel network neural layer conv mlp cnn flop mac param batch data test valid learn converg plateau "
    "gradient step memory transfer overhead core kernel matrix matrices multipl operation hardware perform plot "
    "graph log decreas increas improv generali generaliz tensor latency throughput bandwidth colab device result "
    "expect efficien linear weight pool nvidia processor iteration longer shorter lower higher bottleneck load "
    "duration run line stop end flat same rise fall drop down more less better worse good bad long short small "
    "big large number many much few enough observ overall slight signific"
)

_TO_THE_GRADER = re.compile(
    r"ignore (?:all |any |the )?(?:previous|prior|above|earlier)|disregard (?:all|any|the|previous)"
    r"|full (?:marks|points|credit|score)|maximum (?:score|points|marks)"
    r"|give (?:me|this|the|full|a)\b.{0,30}(?:points|marks|score|grade|credit)|award (?:me|this|full"
    r"|all)|you are (?:a|an|the) (?:grader|ai|assistant|language model)"
    r"|dear grader|system prompt|as an ai|mark this (?:as )?(?:correct|right)|this answer is "
    r"(?:correct|perfect|right)|(?:score|grade|points|marks?)\s*[:=]\s*\d+"
    r"|\b\d+\s*/\s*\d+\s*(?:points|marks)|[\"']?(?:status|score|verdict)[\"']?\s*:\s*[\"']?(?:pass|full|correct|\d)",
    re.IGNORECASE,
)


def written_answer(
    answer: str,
    question: str = "",
    template: str = "",
    others: Mapping[str, str] | None = None,
    topic: Sequence[str] = (),
    facts: tuple[str, ...] = (),
    must_conclude: bool = True,
) -> Review:
    """Check that there is an answer: not blank, a placeholder, a copy of the question, noise or off topic.

    `question` is the task's text, `template` the cell's text before the student wrote, `others` the student's answers
    to other questions by name, `topic` stems of words that belong to the question. Return a Review for a person with
    the `facts` and remarks; its provisional credit is 1, or half if `must_conclude` and the answer concludes nothing.
    Raise Fail with the reason if there is no answer.

    >>> written_answer("Yes, the loss still falls after 20 epochs.", "Should it train longer?").message
    'an answer of 8 words; a person decides'
    >>> written_answer("TODO", "Should it train longer?")
    Traceback (most recent call last):
    grader.assignment.Fail: 'TODO' is a placeholder, not an answer
    """
    expected = "an answer in your own words"
    text = _own_text(answer)
    if not text:
        raise Fail("no answer was written", expected)
    for original, name in ((template, "the text that was there before"), (question, "the question")):
        rest = _without_copies(text, original)
        if not _words(rest) and _words(text):
            raise Fail(f"the answer is a copy of {name}", expected, "Answer in the cell below the question.")
        text = rest
    if _is_placeholder(text):
        raise Fail(f"'{_short(text)}' is a placeholder, not an answer", expected)
    words = _words(text)
    if len(words) < 3:
        raise Fail(f"'{_short(text)}' is all that was written", "an answer that gives a reason")
    if _is_noise(words):
        raise Fail(f"'{_short(text)}' is not a text", expected)
    for name, other in (others or {}).items():
        if len(words) >= 8 and similarity(text, _own_text(other)) >= 0.95:
            raise Fail(f"the answer is the same text as the answer to {name}", "an answer to this question")
    return _review(text, words, topic, facts, must_conclude)


def _review(
    text: str, words: Sequence[str], topic: Sequence[str], facts: tuple[str, ...], must_conclude: bool
) -> Review:
    remarks, credit = [], 1.0
    if is_english(text):
        stems = [stem.lower() for stem in (*topic, *_GENERIC_TOPIC.split())]
        on_topic = re.match(r"\W*(?:yes|no)\b", text, re.IGNORECASE) or any(
            word.startswith(stem) or (len(stem) > 3 and stem in word) for word in words for stem in stems
        )
        if not on_topic and len(words) >= 8:
            raise Fail(f"'{_short(text)}' does not address the question", "an answer to the question")
        if not on_topic:
            remarks.append("no word of the question's subject was recognised")
        if must_conclude and not concludes(text):
            remarks.append("it concludes nothing: every sentence is conditional, hedged or general")
            credit = NOTHING_CONCLUDED
    else:
        remarks.append("not recognised as English prose, so its content was not checked")
    if _TO_THE_GRADER.search(text):
        remarks.append("it contains text that reads like a grade or an instruction to a grader")
    message = f"an answer of {len(words)} words; a person decides"
    return Review(message, facts, "; ".join(remarks), credit)


def _own_text(answer: str) -> str:
    """Return the answer without markup, comments, headings such as 'Question 4' and a leading 'Answer:'."""
    text = re.sub(r"[A-Za-z0-9_]{100,}", lambda m: m.group()[:100], answer[:MAX_ANSWER])
    text = _without_comments(text)
    text = re.sub(r"<[a-zA-Z/][^<>\n]{0,200}>", " ", text)
    text = re.sub(r"!\[[^\[\]]*\]\([^()]*\)", " ", text)
    lines = [line for line in text.split("\n") if not _is_heading(line)]
    text = re.sub(r"^[#>\s]+", "", "\n".join(lines), flags=re.MULTILINE)
    text = re.sub(r"[*_`~$]{1,3}", "", text)
    return _LEAD.sub("", text.strip(), count=1).strip()


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


def _words(text: str) -> list[str]:
    """Return the words in lower case; in scripts without spaces every two characters count as a word."""
    spaced = re.findall(r"[^\W_]+(?:['’.,][^\W_]+)*", _CJK.sub(" ", text).lower())
    cjk = "".join(_CJK.findall(text))
    return [*spaced, *(cjk[i : i + 2] for i in range(0, len(cjk), 2))]


def similarity(text: str, other: str) -> float:
    """Return the share of words, in order, that two texts have in common: 0 to 1.

    >>> similarity("The test loss is flat.", "The train loss is flat.")
    0.8
    """
    a, b = _words(text), _words(other)
    if not a or not b:
        return 0.0
    places = range(0, max(len(a), len(b)), COMPARED)  # of long texts, part by part
    pairs = [(a[at : at + COMPARED], b[at : at + COMPARED]) for at in places]
    ratios = [difflib.SequenceMatcher(None, one, two, autojunk=False).ratio() for one, two in pairs]
    weights = [len(one) + len(two) for one, two in pairs]
    return sum(map(float.__mul__, ratios, map(float, weights))) / sum(weights) if len(pairs) > 1 else ratios[0]


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+|(?<=[。？！])|\n+", text) if part.strip()]


def _without_copies(text: str, original: str) -> str:
    """Return the text without the sentences that are, nearly word by word, sentences of the original.

    An answer often repeats the question's words ('The curves indicate that…' for 'Do the curves indicate that…'), so a
    copy must also begin with the same word.
    """
    originals = [words for words in map(_words, _sentences(_own_text(original))) if words]

    def copied(sentence: str) -> bool:
        words = _words(sentence)
        return any(
            words[:1] == other[:1]
            and 2 * min(len(words), len(other)) >= SAME * (len(words) + len(other))
            and difflib.SequenceMatcher(None, words, other, autojunk=False).ratio() >= SAME
            for other in originals
        )

    return " ".join(sentence for sentence in _sentences(text) if not copied(sentence)).strip()


def _is_placeholder(text: str) -> bool:
    plain = re.sub(r"[\[\](){}<>\"“”.…!?:_\-–—=*#]+", " ", text.replace("’", "'"))
    plain = " ".join(plain.split()).strip("' ")
    if not re.search(r"\w", plain) or plain.lower().startswith("lorem ipsum"):
        return True
    return len(_words(plain)) <= 14 and _PLACEHOLDER.fullmatch(plain) is not None


def _is_noise(words: Sequence[str]) -> bool:
    """Return whether the words are random keystrokes, or one word over and over."""
    if len(set(words)) <= max(1, len(words) // 8) and len(words) >= 3:
        return True
    latin = [word for word in words if word.isascii() and word.isalpha()]
    if len(latin) < len(words) * 0.6:
        return False
    return sum(_is_keystrokes(word) for word in latin) >= max(2, 0.6 * len(latin))


def _is_keystrokes(word: str) -> bool:
    if len(word) < 4:
        return False
    neighbours = any(row[i : i + 4] in word for row in _KEY_ROWS for i in range(len(row) - 3))
    return neighbours or not re.search(r"[aeiouy]", word) or bool(re.search(r"[^aeiouy]{6,}", word))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
