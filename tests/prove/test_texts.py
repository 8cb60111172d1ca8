"""Verdicts on written answers and printed shapes for each mutation, without running the notebook."""

from __future__ import annotations

import contextlib
import io
import random
import re
from pathlib import Path

import pytest
import torch

from grader.assignment import Fail
from grader.checks.answers import written_answer
from grader.checks.first_batch import FirstBatch, first_batch_text
from grader.notebook.questions import locate
from grader.notebook.reader import read_notebook
from grader.prove.draft import Draft
from grader.prove.mutation import Mutation
from reference.checks.written import TOPICS
from reference.mutations.faults_shown import FAULTS
from reference.mutations.styles_text import Q1_STYLES
from reference.prompts import PROMPTS, PROMPTS_BY_ITEM, template

SOLUTION = Draft.from_bytes((Path(__file__).parents[2] / "reference" / "solution.ipynb").read_bytes())
WRITTEN = [m for m in FAULTS if m.name.startswith("written.")]
RIGHT_TEXT = {"q1.train_batch", "q1.train_batch_below_a_test_batch", "q1.typed_in", "q1.typed_without_a_batch"}
PRINTED = [m for m in FAULTS if m.name.startswith("q1.")]


def changed(mutation: Mutation) -> Draft:
    draft = mutation.apply(SOLUTION, random.Random(0))
    assert draft is not None
    return draft


def answers(draft: Draft, folder: Path) -> dict[str, str]:
    """Return for each item why its answer loses points, '' if it only waits for a person."""
    path = folder / "notebook.ipynb"
    path.write_bytes(draft.to_bytes())
    sections = locate(read_notebook(path), PROMPTS, template(), {})
    found = {}
    for item, topic in TOPICS.items():
        earlier = list(TOPICS)[: list(TOPICS).index(item)]
        others = {other: sections[other].answer for other in earlier if sections[other].answer}
        text = sections[item].answer
        try:
            review = written_answer(text, PROMPTS_BY_ITEM[item].text, "\n".join(template()), others, topic)
            found[item] = review.remark if review.credit < 1 else ""
        except Fail as fail:
            found[item] = fail.seen
    return found


@pytest.mark.parametrize("mutation", WRITTEN, ids=lambda m: m.name)
def test_a_useless_answer_loses_and_the_others_do_not(mutation: Mutation, tmp_path: Path) -> None:
    said = answers(changed(mutation), tmp_path)
    lost = {item for item, why in said.items() if why}
    if mutation.unseen:
        assert lost == set()
        return
    assert lost == mutation.items, said
    for item in lost:
        assert any(re.search(words, said[item], re.IGNORECASE) for words in mutation.keywords), said[item]


def first_batch(draft: Draft) -> str:
    """Return why the cell of Question 1 loses points, '' if it does not."""
    loader = [(torch.zeros(64, 1, 28, 28), torch.zeros(64, dtype=torch.int64))]
    cells = [draft.cells[i].source for i in draft.section("^Question 1$") if draft.cells[i].kind == "code"]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        names = {"test_loader": loader, "train_loader": loader, "display": print, "torch": torch}
        for source in cells:
            exec(source, names)
    try:
        first_batch_text(out.getvalue(), FirstBatch(), "\n".join(cells))
    except Fail as fail:
        return fail.seen
    return ""


@pytest.mark.parametrize("mutation", Q1_STYLES, ids=lambda m: m.name)
def test_what_is_printed_of_the_first_batch_in_another_style_costs_nothing(mutation: Mutation) -> None:
    assert first_batch(changed(mutation)) == ""


@pytest.mark.parametrize("mutation", PRINTED, ids=lambda m: m.name)
def test_what_is_printed_wrongly_of_the_first_batch_is_found(mutation: Mutation) -> None:
    said = first_batch(changed(mutation))
    if mutation.name in RIGHT_TEXT:  # the run shows what was drawn
        assert said == ""
    else:
        assert any(re.search(words, said, re.IGNORECASE) for words in mutation.keywords), said
