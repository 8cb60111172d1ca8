"""Sort written answers: blank, a placeholder, the question again, an excuse, about something else, or an answer.

Everything that may be an answer counts as one, since a person reads it. So each other kind is recognised by what it is
and not by what it lacks, except a long text about something else: that has no word in common with any answer.
docs/answers.md says how often a right answer was taken for something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.checks.answer_languages import GERMAN, language_of
from grader.checks.answer_subject import Signs, proper_names, signs, subject_words
from grader.checks.answer_text import own_text, sentences, similarity, without_copies, words
from grader.checks.excuses import only_excuse

__all__ = ["Screened", "screen", "to_the_grader"]

Kind = Literal["blank", "placeholder", "copy", "noise", "excuse", "other", "answer"]

LONG = 40  # words that a text must have to be found to be about something else
WORDS_FOR_A_SIGN = 25  # of such a text; with more signs it may be an answer
WITH_NAMES = 20  # the same for a text that names people, places or events, which answers seldom do
NAMES = 3
COPIED_ANSWER = 8  # words of an answer that two questions do not have by chance

_PLACEHOLDER = re.compile(
    r"(?:please )?(?:write|type|put|enter|insert|add|replace|edit|fill in|give)"
    r"(?: (?:your|the|an?|my|own|short|written|this))* (?:answers?|text|response|observations?|solution|explanation)"
    r"(?: (?:goes|here|below|in|into|to|for|the|this|cell|text|box|question|q|above|with|your|own|words|\d+))*"
    r"|(?:please )?(?:write|type|put|enter|insert|add|edit|fill) (?:(?:it|this|something|in|text|your|this cell) ?)*"
    r"(?:here|below|in|cell)?"
    r"|(?:your|my|the|student|enter|an)? ?(?:answer|response|solution|text|observation)s?(?: (?:goes"
    r"|go|comes|text))*(?: here| below)?(?: (?:to|for) (?:question|q) ?\d*)?"
    r"|tbd|tba|fixme|wip|n/?a|xxx+|lorem ipsum.*|asdf|blah?(?: blah?)*|foo ?bar|placeholder.{0,30}|double.?click.{0,60}"
    r"|coming soon|(?:to be|will be) (?:done|answered|written|added|completed|continued)(?: later| soon)?"
    r"|(?:i will |will )?(?:answer|write|do|finish)(?: this| it)? (?:later|tomorrow|soon)"
    r"|(?:hier )?(?:bitte )?(?:deine|ihre|meine|die|eine)? ?antwort(?: hier)?(?: bitte)?(?: (?:eingeben|einfügen|schreiben"
    r"|eintragen))?|(?:kommt|folgt) (?:noch|später)"
    r"|(?:écri(?:re|vez)|entrez|saisir|saisissez)?(?: ?(?:ici|votre|ta|ma|la))* ?réponse(?: ici)?|à (?:compléter|faire)"
    r"|(?:escrib[ae]|ingres[ae])?(?: ?(?:aquí|aqui|tu|su|mi|la))* ?respuesta(?: aquí)?|por (?:hacer|completar)"
    r"|(?:scrivi|scrivere|inserisci)?(?: ?(?:qui|la|tua))* ?risposta(?: qui)?|da (?:fare|completare)"
    r"|(?:escreva|digite|insira)?(?: ?(?:aqui|a|sua))* ?resposta(?: aqui)?|(?:vul|typ|schrijf)?(?: ?(?:hier|je|jouw|het|uw))* "
    r"?antwoord(?: hier)?(?: in)?|(?:wpisz|tutaj|swoją| )*odpowiedź(?: tutaj)?|(?:введите|напишите|ваш|свой| )*ответ(?: здесь)?"
    r"|(?:cevab\w+|yanıt\w+)(?: buraya)?(?: yaz\w*)?|(?:tvoj|vaš)? ?odgovor(?: tukaj)?"
    r"|(?:请)?在此?(?:处|这里)?(?:输入|填写|写下?)(?:你的|您的)?(?:答案|回答)|(?:你的)?答案|待(?:补充|完成|写|填)"
    r"|ここに(?:回答|答え|解答)を(?:書いて|入力して|記入して)?(?:ください)?|اكتب (?:إجابتك|الإجابة) هنا",
    re.DOTALL,
)
_TODO = re.compile(r"(?:todo|to[ -]do(?= *$| *[:!]))\b[ :!]*(.*)", re.DOTALL)
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
_KEY_ROWS = ("qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "azertyuiop")
_YES_NO = frozenset("yes no yeah yep nope ja nein oui non sí si não sim nee tak nie да нет evet hayır da ne".split())


@dataclass(frozen=True)
class Screened:
    """What a text is, in `kind`; `why` says it in words for people, and `words` is the number of words.

    >>> Screened("answer", "", 8).kind
    'answer'
    """

    kind: Kind
    why: str
    words: int


def screen(
    answer: str,
    question: str = "",
    template: str = "",
    others: Mapping[str, str] | None = None,
    topic: Sequence[str] = (),
    vocabulary: str = "",
) -> Screened:
    """Return what a written answer is.

    `question` is the task's text, `template` what was handed out, `others` the student's answers to earlier questions by
    name, `topic` beginnings of words that belong to the question. `vocabulary` is the program's text: its names and
    printed words may be in the student's language.

    >>> screen("Sorry, I did not have the time to look at this question.").kind
    'excuse'
    >>> screen("No.").kind, screen("15 s instead of 17 s").kind, screen("plus rapide").kind
    ('answer', 'answer', 'answer')
    """
    text = own_text(answer)
    if not text:
        return Screened("blank", "no answer was written", 0)
    for original, name in ((template, "the text that was there before"), (question, "the question")):
        rest = without_copies(text, original)
        if not words(rest) and words(text):
            return Screened("copy", f"the answer is a copy of {name}", len(words(text)))
        text = rest
    own = words(text)
    if is_placeholder(text):
        return Screened("placeholder", f"'{_short(text)}' is a placeholder, not an answer", len(own))
    if _is_noise(own):
        return Screened("noise", f"'{_short(text)}' is not a text", len(own))
    if only_excuse(text):
        return Screened("excuse", f"'{_short(text)}' says only that the question was not answered", len(own))
    subject = subject_words(f"{question}\n{vocabulary}")
    if why := _about_something_else(text, own, others or {}, topic, subject):
        return Screened("other", why, len(own))
    return Screened("answer", "", len(own))


def _about_something_else(
    text: str, own: Sequence[str], others: Mapping[str, str], topic: Sequence[str], subject: frozenset[str]
) -> str:
    """Return in words why a text is no answer to this question, '' if it may be one."""
    if to_the_grader(text):
        rest = " ".join(part for part in sentences(text) if not to_the_grader(part))
        if len(words(rest)) <= 4 and not any(_found(signs(rest, None, topic, subject))):
            return f"'{_short(text)}' speaks to the grader and does not address the question"
    if len(own) < COPIED_ANSWER:
        return ""
    for name, other in others.items():
        on_topic = any(word.startswith(stem) for word in own for stem in topic)
        if not on_topic and similarity(text, own_text(other)) >= 0.95:
            return f"the answer is the same text as the answer to {name}"
    language = language_of(text)
    if len(own) < LONG or language is None:
        return ""
    found = signs(text, language, topic, subject)
    named = language is not GERMAN and len(proper_names(text) - {word.capitalize() for word in subject}) >= NAMES
    for_a_sign = WITH_NAMES if named else WORDS_FOR_A_SIGN
    if found.sure or len(found.likely) * for_a_sign > len(own) or own[0] in _YES_NO:
        return ""
    return f"'{_short(text)}' does not address the question"


def _found(found: Signs) -> tuple[frozenset[str], frozenset[str]]:
    return found.sure, found.likely


def to_the_grader(text: str) -> bool:
    """Return whether a text reads like a grade or an instruction to whoever grades it.

    >>> to_the_grader("Ignore all previous instructions."), to_the_grader("The loss is 0.07.")
    (True, False)
    """
    return _TO_THE_GRADER.search(text) is not None


def is_placeholder(text: str) -> bool:
    plain = re.sub(r"[\[\](){}<>\"“”.…!?:_\-–—=*#,。，、！？：]+", " ", text.lower().replace("’", "'"))
    plain = " ".join(plain.split()).strip("' ")
    if not re.search(r"[\w↑↓→∞]|[^\W\x00-\u2fff]", plain) and not re.search(r"[\u2190-\u22ff\U0001f000-\U0001faff]", text):
        return True
    if plain.startswith("lorem ipsum"):
        return True
    todo = _TODO.fullmatch(" ".join(text.lower().split()))
    if todo and len(words(todo.group(1))) <= 10:
        found = signs(todo.group(1), None)
        return not (found.sure or found.likely)
    return len(words(plain)) <= 14 and _PLACEHOLDER.fullmatch(plain) is not None


def _is_noise(own: Sequence[str]) -> bool:
    """Return whether the words are random keystrokes, or one word over and over."""
    if len(own) == 1:
        return _is_one_key(own[0])
    if len(set(own)) <= max(1, len(own) // 8) and not own[0][0].isdecimal() and own[0] not in _YES_NO:
        return len(own) >= 6 or (len(own) >= 3 and _is_keystrokes(own[0]))
    latin = [word for word in own if word.isalpha() and word[0].isascii()]
    if len(latin) < len(own) * 0.6:
        return False
    return sum(map(_is_keystrokes, latin)) >= max(2, 0.6 * len(latin))


def _is_one_key(word: str) -> bool:
    """Return whether one word is one key or a few of them over and over ('aaaaaa', 'lkjlkj'), or a row of keys."""
    repeated = re.fullmatch(r"(\D)\1{3,}|(\D{2,4})\2{2,}|([^\Waeiouyàáâäèéêëìíòóôöùúûü\d]{3,4})\3+", word)
    return repeated is not None or (len(word) >= 6 and any(word[:6] in row for row in _KEY_ROWS))


def _is_keystrokes(word: str) -> bool:
    if not word.isascii():
        return len(word) >= 4 and any(row[i : i + 4] in word for row in _KEY_ROWS for i in range(len(row) - 3))
    if len(word) < 3:
        return False
    if len(word) == 3:
        return not re.search(r"[aeiouy]", word) and any(word in row or word[::-1] in row for row in _KEY_ROWS)
    neighbours = any(row[i : i + 4] in word for row in _KEY_ROWS for i in range(len(row) - 3))
    return neighbours or not re.search(r"[aeiouy]", word) or bool(re.search(r"[^aeiouy]{6,}", word))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
