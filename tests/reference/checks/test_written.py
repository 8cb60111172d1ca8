"""The verdicts on written answers, from evidence that was made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.assignment import Evidence, Fail, Reference, Review
from grader.evidence.probes import ModelProbe
from grader.evidence.run import RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import Section
from reference.checks.written import TOPICS, written

HISTORY = (
    "In 1789 the people of Paris stormed the Bastille, the king was brought back from Versailles by the crowd, and the"
    " nobility lost its privileges. The republic was proclaimed, the clergy swore an oath to the nation, and the king"
    " died under the guillotine. A general from Corsica made himself emperor."
)


def evidence(answers: dict[str, str], code: str = "gpu_train(1)") -> Evidence:
    notebook = Notebook(Path("a.ipynb"), "a.ipynb", "", (Cell(0, "code", code, ""),))
    sections = {item: Section(item, answer=answers.get(item, "")) for item in ("q3", "q5", "q7", "q8", *TOPICS)}
    models = {role: ModelProbe(role) for role in ("mlp", "cnn")}
    return Evidence(notebook, sections, RunEvidence(), models, {}, {}, Reference(), 8192, 1024)


def verdict(item: str, answer: str) -> Review:
    found = written(item)(evidence({item: answer}))
    assert isinstance(found, Review)
    return found


@pytest.mark.parametrize("item", TOPICS)
@pytest.mark.parametrize(
    "answer", ["Sorry, I did not have the time to look at this question", HISTORY, "Keine Ahnung."]
)
def test_what_is_no_answer_waits_for_a_person_without_points(item: str, answer: str) -> None:
    review = verdict(item, answer)
    assert review.credit == 0.0
    assert review.remark
    assert review.message.endswith("no points until a person decides")


@pytest.mark.parametrize("item", TOPICS)
@pytest.mark.parametrize(
    "answer", ["No.", "38/26 = 1.46", "Слишком мало данных.", "It depends on many things and would be hard to say."]
)
def test_whatever_may_be_an_answer_keeps_its_points_until_a_person_decides(item: str, answer: str) -> None:
    assert verdict(item, answer).credit == 1.0


def test_nothing_at_all_fails() -> None:
    with pytest.raises(Fail, match="no answer"):
        written("q4")(evidence({}))


def test_the_answer_to_another_question() -> None:
    text = "Both curves are flat from the middle on, so I would stop sooner and save the electricity."
    review = written("q6")(evidence({"q4": text, "q6": text}))
    assert isinstance(review, Review)
    assert (review.credit, "same text as the answer to q4" in review.message) == (0.0, True)
