"""The screening of written answers, measured on answers that were written for this: no right answer may lose by machine."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from grader.checks.screening import screen
from reference.checks.written import TOPICS
from reference.prompts import PROMPTS_BY_ITEM, template

CORPUS = Path(__file__).parent / "answers_corpus"
DOCS = Path(__file__).parents[2] / "docs" / "answers.md"
FILES = ("design", "held_out", "parables", "parables_with_kings", "last_held_out")
KINDS = {"empty": "blank", "placeholder": "placeholder", "excuse": "excuse", "other": "other", "mash": "noise"}


class Question(NamedTuple):
    text: str
    template: str
    topic: tuple[str, ...]


QUESTIONS = {
    **{item: Question(PROMPTS_BY_ITEM[item].text, "\n".join(template()), TOPICS[item]) for item in TOPICS},
    "flowers": Question(
        "Question 2\n\nWhich of the three species does the classifier confuse most often, and why? Look at the scatter plot"
        " and the confusion matrix.",
        "",
        ("petal", "sepal", "species", "flower"),
    ),
    "spam": Question(
        "Question 5\n\nWhich messages does your spam filter get wrong, and what do they have in common?",
        "",
        ("spam", "message", "mail", "filter"),
    ),
    "bikes": Question(
        "Question 3\n\nWhat decides how many bicycles are rented on a day, and on which days is the prediction of your"
        " regression wrong?",
        "",
        ("bike", "bicycle", "rent", "weather", "season"),
    ),
}


@cache
def corpus(name: str) -> dict[str, list[tuple[str, str]]]:
    """The texts of a file: (question, answer) under 'answers', (kind, text) under 'not_answers'."""
    read = json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))
    return {
        part: [(key, text) for key, groups in read[part].items() for texts in groups.values() for text in texts]
        for part in ("answers", "not_answers")
    }


def kind_of(question: Question, text: str) -> str:
    return screen(text, question.text, question.template, None, question.topic).kind


@cache
def rejected(name: str) -> tuple[str, ...]:
    """The right answers of a file that the screening takes for something else."""
    return tuple(text for item, text in corpus(name)["answers"] if kind_of(QUESTIONS[item], text) != "answer")


@cache
def missed(name: str) -> tuple[tuple[str, str], ...]:
    """The texts of a file that are no answers and count as one to some question of the assignment, with their kind."""
    return tuple(
        (kind, text)
        for kind, text in corpus(name)["not_answers"]
        if "answer" in (kind_of(QUESTIONS[item], text) for item in TOPICS)
    )


@pytest.mark.parametrize("name", FILES)
def test_no_right_answer_loses_by_machine(name: str) -> None:
    assert rejected(name) == ()


def test_the_corpus_is_large_and_varied() -> None:
    answers = [pair for name in FILES for pair in corpus(name)["answers"]]
    read = [json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))["answers"] for name in FILES]
    languages = {language for each in read for groups in each.values() for language in groups if len(language) == 2}
    assert len(answers) >= 300
    assert len(set(answers)) == len(answers)
    assert len(languages) >= 12
    assert {item for item, _ in answers} == set(QUESTIONS)


@pytest.mark.parametrize("kind", KINDS)
def test_most_of_what_is_no_answer_is_recognised(kind: str) -> None:
    texts = [text for name in FILES for found, text in corpus(name)["not_answers"] if found == kind]
    through = [text for name in FILES for found, text in missed(name) if found == kind]
    assert len(texts) >= 8
    assert len(through) <= (0.5 if kind == "other" else 0.03) * len(texts), through


def test_the_docs_state_what_was_measured() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \|.*?\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", DOCS.read_text("utf-8"), re.MULTILINE
    )
    measured = [
        (name, len(parts["answers"]), len(rejected(name)), len(parts["not_answers"]), len(missed(name)))
        for name, parts in ((name, corpus(name)) for name in FILES)
    ]
    assert [(name, *map(int, numbers)) for name, *numbers in rows] == measured
    assert f"No right answer of the {sum(row[1] for row in measured)} is rejected." in DOCS.read_text("utf-8")


# --- the row of the table, its neighbours and relatives -------------------------------------------------------------

REVOLUTION = (
    "The French Revolution began in 1789, when the king called the estates together because the crown was bankrupt. The"
    " third estate declared itself a national assembly, and on 14 July the people of Paris stormed the Bastille. The old"
    " order of nobles and clergy was abolished, and in 1793 the king himself was beheaded."
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Sorry, I did not have the time to look at this question", "excuse"),
        ("Es tut mir leid, ich hatte keine Zeit für diese Aufgabe.", "excuse"),
        ("no time :(", "excuse"),
        ("No time left, sorry.", "excuse"),
        ("Žal nisem imel časa.", "excuse"),
        ("時間がなかった。", "excuse"),
        (REVOLUTION, "other"),
        (REVOLUTION.replace("1789", "that year").replace("1793", "the end"), "other"),
    ],
)
def test_an_excuse_and_another_subject(text: str, kind: str) -> None:
    assert {kind_of(QUESTIONS[item], text) for item in TOPICS} == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "Sorry for the late answer, the GPU was 3x faster.",
        "Sorry, I did not have the time to run 20 epochs, but after 12 both losses still fell.",
        "In no time!",
        "There was no time left to gain.",
        "No time difference.",
        "It did not finish any sooner.",
        f"{REVOLUTION} So much for my homework in history. Here the loss is flat after epoch 15.",
        f"It is like the French Revolution. {REVOLUTION} The curve does the same.",
        "Napoleon would have stopped at 15.",
    ],
)
def test_an_answer_beside_an_excuse_or_another_subject(text: str) -> None:
    assert {kind_of(QUESTIONS[item], text) for item in TOPICS} == {"answer"}


def test_what_the_question_and_the_code_are_about_is_not_another_subject() -> None:
    about_kings = Question("Which of the clusters holds texts about history?", "", ("cluster", "histor"))
    assert kind_of(about_kings, REVOLUTION) == "other"
    words = "king, crown, estates, assembly, people, Paris, Bastille, nobles, clergy, beheaded, revolution"
    assert (
        screen(REVOLUTION, about_kings.text, topic=about_kings.topic, vocabulary=f"words = {words!r}").kind == "answer"
    )


def test_without_a_topic_nothing_is_another_subject() -> None:
    assert screen(REVOLUTION, "What happened?").kind == "answer"


@pytest.mark.parametrize(
    "text", ["A.", "B", "Text.", "None.", "Later.", "🐢 → 🚀", "↓", "0", "=", "yes yes yes", "1 1 1 1 1"]
)
def test_the_shortest_answers_count(text: str) -> None:
    assert screen(text, "Which one?").kind == ("placeholder" if text == "=" else "answer")
