"""The questions of an assignment, as they are kept in the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grader.assignment import load_assignment
from grader.course.questions import Question, questions_of
from grader.course.store import Store


def test_the_questions_of_the_reference_have_their_wording_and_model_answers() -> None:
    found = {question.item: question for question in questions_of(load_assignment("reference"))}
    assert list(found)[:2] == ["mlp", "data"]
    assert [item for item, question in found.items() if question.written] == ["q4", "q6", "q9", "q10"]
    assert "20 epochs are already too many" in found["q4"].text
    assert found["q4"].model_answer.startswith("20 epochs are enough")
    assert found["q5"].model_answer == ""
    assert not any("Question" in question.model_answer for question in found.values())


def test_an_assignment_without_model_answers_has_questions_too() -> None:
    assignment = replace(load_assignment("reference"), template=tuple)
    assert {question.model_answer for question in questions_of(assignment)} == {""}


def test_the_store_keeps_them(tmp_path: Path) -> None:
    question = Question("q4", "Longer?", "Should it?", True, "No.")
    with Store(tmp_path) as store:
        assert store.questions() == ()
        store.set_questions([question])
    with Store(tmp_path) as store:
        assert store.questions() == (question,)
