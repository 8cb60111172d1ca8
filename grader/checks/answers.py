"""Checks on written answers: what is no answer earns nothing, all else goes to a person with facts and remarks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from grader.assignment import Fail, Review
from grader.checks.conclusions import concludes
from grader.checks.screening import screen, to_the_grader

__all__ = ["written_answer"]

# Why a text earns nothing until a person has looked at it.
_NOTHING_YET = {
    "noise": "it looks like random keys or one word over and over",
    "excuse": "it looks like an excuse and nothing else",
    "other": "it seems to be about something else",
}
SHORT = 3  # words
MAX_LINKS = 20_000  # characters of an answer that are looked at for links
_URL = r"(?:https?://|www\.)[^\s<>()\[\]]{1,2000}"
_LINK = re.compile(rf"\[[^\[\]\n]{{0,40}}\]\({_URL}\)|{_URL}", re.IGNORECASE)


def written_answer(
    answer: str,
    question: str = "",
    template: str = "",
    others: Mapping[str, str] | None = None,
    topic: Sequence[str] = (),
    facts: tuple[str, ...] = (),
    vocabulary: str = "",
    conclusion: bool = False,
) -> Review:
    """Check that there is an answer. A person decides what it is worth.

    `question` is the task's text, `template` what was handed out, `others` the student's answers to earlier questions
    by name, `topic` beginnings of words that belong to the question (without any, no text is found to be about
    something else), and `vocabulary` the text of the notebook's code. Return a Review with the `facts`. Its provisional
    credit is 1; it is 0, and the remark says why, if the text is only an excuse, plainly about something else or random
    keys. Other remarks cost nothing: on a very short answer, on words to the grader and, with `conclusion`, on English
    answers in which no conclusion is recognised. Raise Fail if the answer is blank, a placeholder, a copy of what was
    there or only a link.

    >>> written_answer("Yes, the loss still falls after 20 epochs.", "Should it train longer?").message
    'an answer of 8 words; a person decides'
    >>> review = written_answer("Sorry, I did not have the time to look at this question.")
    >>> review.credit, review.remark
    (0.0, 'it looks like an excuse and nothing else')
    >>> written_answer("TODO", "Should it train longer?")
    Traceback (most recent call last):
    grader.assignment.Fail: 'TODO' is a placeholder, not an answer
    """
    if _LINK.search(answer) and "![" not in answer and not re.search(r"\w", _LINK.sub("", answer[:MAX_LINKS])):
        hint = "Write what the linked page says into the cell below the question."
        raise Fail(
            "a link alone is no answer: nobody can grade a page that may change", "an answer in your own words", hint
        )
    found = screen(answer, question, template, others, topic, vocabulary)
    if found.kind in ("blank", "placeholder", "copy"):
        hint = "Answer in the cell below the question." if found.kind == "copy" else ""
        raise Fail(found.why, "an answer in your own words", hint)
    remarks = [] if found.kind == "answer" else [_NOTHING_YET[found.kind]]
    if to_the_grader(answer):
        remarks.append("it contains text that reads like a grade or an instruction to a grader")
    if found.kind != "answer":
        return Review(f"{found.why}; no points until a person decides", facts, "; ".join(remarks), 0.0)
    if found.words < SHORT:
        remarks.append("very short: it gives no reason")
    elif conclusion and not concludes(answer):
        remarks.append("no conclusion was recognised: every sentence seems conditional, hedged or general")
    counted = "1 word" if found.words == 1 else f"{found.words} words"
    return Review(f"an answer of {counted}; a person decides", facts, "; ".join(remarks))
