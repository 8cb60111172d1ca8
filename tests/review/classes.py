"""Classes with written answers: small ones from made-up evidence, and one of any size from a real grading."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import msgspec

from grader.course.questions import Question, questions_of
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store, key_for
from grader.grading.judge import item_result
from grader.notebook.questions import Section
from grader.reports.evidence import dump_evidence
from grader.result import CheckResult, Digests, Result, Student, Submitted
from tests.browser.samples import evidence
from tests.review.answers import ITEMS, labelled


def question(item: str) -> Question:
    """Return a made-up question."""
    return Question(item, f"Title of {item}", f"The wording of {item}?", True, f"A model answer to {item}.")


def answers(item: str, number: int) -> list[str]:
    """Return so many answers to a question, to the first one for an item of another name; they come again at the end."""
    texts = [answer.text for answer in labelled(item if item in ITEMS else ITEMS[0])]
    return [texts[(at * 7) % len(texts)] for at in range(number)]


def small(
    folder: Path, number: int = 6, items: Sequence[str] = ITEMS, texts: Mapping[str, Sequence[str]] | None = None
) -> Path:
    """Store a class whose only items are written answers, each of 5 points; `texts` are answers by item."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {item: answers(item, number) for item in items} | dict(texts or {})
    with Store(folder) as store:
        store.set_items(list(items))
        store.set_questions([question(item) for item in items])
        for at in range(number):
            name = f"student{at:03}"
            given = {item: told[item][at] for item in items}
            _store(store, name, f"Student No. {at}", written(name, given), b"")
    return folder


@lru_cache(maxsize=1)
def _template() -> bytes:
    return zlib.decompress(dump_evidence(evidence()))


def _with_answers(template: bytes, given: dict[str, str]) -> bytes:
    """Return the kept evidence with other written answers."""
    plain = msgspec.json.decode(template)
    for item, text in given.items():
        plain["sections"][item] = msgspec.to_builtins(Section(item, 0, (0,), text, (0,)))
    return zlib.compress(msgspec.json.encode(plain), 1)


def written(name: str, given: dict[str, str]) -> Result:
    """Return a result whose only items are these written answers, with evidence."""
    packed = _with_answers(_template(), given)
    facts = ("here, after epoch 10: training loss 0.236, test loss 0.284",)
    made = [
        item_result(
            item,
            f"Title of {item}",
            5,
            (
                CheckResult(
                    f"{item}.answer", "review", 5, 5, "an answer of some words; a person decides", evidence=facts
                ),
            ),
        )
        for item in given
    ]
    digest = hashlib.sha256(name.encode()).hexdigest()
    total = sum(item.score for item in made)
    return Result(
        "written",
        Submitted(f"{name}.ipynb", digest),
        total,
        total,
        "needs_review",
        tuple(made),
        provisional=total,
        evidence=hashlib.sha256(packed).hexdigest(),
        kept=packed,
    )


def real(folder: Path, graded: Result, number: int) -> Path:
    """Store a class of so many students from one real grading: each has other written answers, the facts are its own."""
    from grader.assignment import load_assignment

    folder.mkdir(parents=True, exist_ok=True)
    told = {item: answers(item, number) for item in ITEMS}
    assignment = load_assignment("reference")
    with Store(folder) as store:
        store.set_items([item.id for item in assignment.rubric.items])
        store.set_questions(questions_of(assignment))
        for at, (name, result) in enumerate(_varied(graded, told, number)):
            _store(store, name, f"Student No. {at}", result, result.kept)
    return folder


def _varied(graded: Result, told: dict[str, list[str]], number: int) -> Iterator[tuple[str, Result]]:
    template = zlib.decompress(graded.kept)
    for at in range(number):
        name = f"student{at:03}"
        packed = _with_answers(template, {item: told[item][at] for item in ITEMS})
        digest = hashlib.sha256(name.encode()).hexdigest()
        yield (
            name,
            replace(
                graded,
                submission=Submitted(f"{name}.ipynb", digest),
                digests=replace(graded.digests, submission=digest) if graded.digests else Digests(),
                evidence=hashlib.sha256(packed).hexdigest(),
                kept=packed,
            ),
        )


def _store(store: Store, name: str, student: str, result: Result, kept: bytes) -> None:
    entry = Entry(name, result.submission.name, result.submission.sha256, name.removeprefix("student"), student)
    result = replace(result, student=Student(name, entry.student_id, student))
    key = key_for(result.submission.sha256, result.student)
    store.put(Graded(key, standing(result), result.document(), evidence=kept or result.kept), entry)
