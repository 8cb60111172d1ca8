"""The questions of an assignment as the desk shows them: kept in the store, since the assignment may be gone."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.assignment import Assignment

__all__ = ["Question", "questions_of"]

MODULE = "model_answers"


@dataclass(frozen=True)
class Question:
    """An item's question: its title and wording, whether prose answers it, and a model answer, '' if there is none."""

    item: str
    title: str
    text: str = ""
    written: bool = False
    model_answer: str = ""


def questions_of(assignment: Assignment) -> tuple[Question, ...]:
    """Return the question of each item, in order.

    Model answers come from the module `model_answers` of the assignment's package, whose function of that name returns
    them by item. A package without it has none.
    """
    prompts = {prompt.item: prompt for prompt in assignment.prompts}
    answers = _model_answers(assignment)
    return tuple(
        Question(
            item.id,
            item.title,
            prompts[item.id].text.strip() if item.id in prompts else "",
            item.id in prompts and prompts[item.id].written,
            answers.get(item.id, ""),
        )
        for item in assignment.rubric.items
    )


def _model_answers(assignment: Assignment) -> Mapping[str, str]:
    if assignment.file is not None:  # a file for students holds none
        return {}
    package = assignment.template.__module__.rpartition(".")[0]
    name = f"{package}.{MODULE}"
    if not package or importlib.util.find_spec(name) is None:
        return {}
    found: Mapping[str, str] = importlib.import_module(name).model_answers()
    return found
