"""A class in which everything that people write does harm if a page does not show it as text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from grader.course.alike import keep
from grader.course.appeals import file_appeal
from grader.course.changes import changing
from grader.course.people import Person, add_person, hashed
from grader.course.points_table import set_points
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store, key_for
from grader.course.works import of_store
from grader.result import Result, Student
from grader.similarity.compare import compare
from tests.browser.samples import faulty
from tests.course.class_store import graded_result
from tests.reports.hostile import HOSTILE, failed_result, hostile_result, with_evidence
from tests.review.classes import question, written
from tests.similarity.made import IMPORTS, TRAIN, notebook
from tests.similarity.stores import ANSWER, kept

ITEM = "q4"  # with written answers
TEXTS = (" ".join(HOSTILE.values()), "W" * 2000)
PASSWORD = "correct horse battery"


def storable(text: str) -> str:
    """Return the text as a file system, a form or a CSV file can hold it: without halves of pairs and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "").strip()


def hostile_class(folder: Path) -> Path:
    """Store a class with submissions of every kind, each once with each of the texts, and all that people can do."""
    folder.mkdir(parents=True, exist_ok=True)
    with Store(folder) as store:
        names = [list(_submissions(store, storable(text), at)) for at, text in enumerate(TEXTS)]
        store.set_items([ITEM, "q1", "q2", "q3", "q6", *(f"i{number}" for number in range(7))])
        asked = [replace(question(ITEM), title=text, text=text, model_answer=text) for text in map(storable, TEXTS)]
        store.set_questions(asked[:1])
        for text, of in zip(map(storable, TEXTS), names, strict=True):
            _people_decide(store, text, of)
    works, notes = of_store(folder)
    keep(folder, compare(works), works, notes)
    return folder


def _submissions(store: Store, text: str, at: int) -> Iterator[str]:
    """Store a submission of each kind; yield their names."""
    answer = f"{text} {ANSWER}"
    told = with_evidence(hostile_result(text), text)
    plain = {"cells": [f"## {text}", IMPORTS, TRAIN.replace("One epoch", text.replace('"', "'").replace("\\", "/"))]}
    copied = replace(faulty(), kept=kept(notebook(*plain["cells"]), {"q6": answer}))
    copied = replace(copied, evidence=hashlib.sha256(copied.kept).hexdigest())
    for number, result in enumerate(
        (
            told,
            failed_result(text),
            copied,
            copied,
            *(written(f"{text} {at} {which}", {ITEM: f"{answer} {which}"}) for which in ("first", "second", "third")),
            graded_result(f"x = '''{text}'''\n\ny = 1", text),
            graded_result(f"z = '''{text}'''\n\ny = 1", text),
        )
    ):
        name = f"{text} {at} {number}"
        yield name
        _put(store, name, text, result)
        if number == 7:  # graded twice
            _put(
                store,
                name,
                text,
                graded_result(f"x = '''{text}'''\n\ny = 1\n\nprint(1)", text, rubric="2"),
                "2026-12-01",
            )


def _put(store: Store, name: str, text: str, result: Result, at: str = "2026-11-01") -> None:
    sha256 = hashlib.sha256(f"{name}{at}".encode()).hexdigest()
    submitted = replace(result.submission, sha256=sha256)
    result = replace(result, submission=submitted, student=Student(name, text, f"{text} {name[-3:]}"))
    entry = Entry(name, text, sha256, text, f"{text} {name[-3:]}", at, superseded=(text,))
    document = result.document()
    store.put(Graded(key_for(sha256, entry.student), standing(result), document, True, at, 1.0, result.kept), entry)


def _people_decide(store: Store, text: str, names: list[str]) -> None:
    """Do with a class what people can do."""
    whole = text[:1000]
    who = " ".join(text.split())[:90]
    add_person(store, Person(who, "assistant", (ITEM,), (names[0],), hashed(PASSWORD)), who)
    *_, first, second, _, tiny, other = names
    with changing(store, who) as change:
        line = change.add_line(ITEM, whole, 2)
        change.mark(first, ITEM, [line.id], 0.5, whole)
        change.release(first)
    with changing(store, who) as change:
        change.change_line(line.id, text=f"{whole} more", points=2.5)
        change.mark(second, ITEM, adjustment=1, comment=whole)
        change.override(tiny, "q1.time", 1.5, whole)
    for name in (tiny, other):
        file_appeal(store, name, "q1.time", whole, who)
    set_points(store, {"q1.time": 3}, who, whole)
