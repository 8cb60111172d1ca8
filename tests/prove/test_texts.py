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
from grader.prove.faults.written import answered
from grader.prove.mutation import Mutation
from reference.checks.written import TOPICS
from reference.mutations.faults_shown import ANSWERS, FAULTS
from reference.mutations.styles_answers import STYLES as LAID_OUT
from reference.mutations.styles_shown import PRINT_STYLES
from reference.mutations.styles_text import Q1_STYLES
from reference.mutations.styles_wordings import ANSWER_STYLES
from reference.prompts import PROMPTS, PROMPTS_BY_ITEM, template
from reference.proving import TOLD
from tests.checks.test_screening import FILES, corpus
from tests.prove.known_wrong import FROM_TEXTS

SOLUTION = Draft.from_bytes((Path(__file__).parents[2] / "reference" / "solution.ipynb").read_bytes())
WRITTEN = [m for m in (*FAULTS, *TOLD) if m.name.startswith("written.")]
PRINTED = [m for m in (*FAULTS, *TOLD) if m.name.startswith("q1.")]
PRINTS = [m for m in (*Q1_STYLES, *PRINT_STYLES) if m.name.startswith("q1_") and m.name != "q1_markdown"]  # IPython's
# The text is right; the run shows what was drawn.
RIGHT_TEXT = {
    "q1.second_batch",
    "q1.train_batch",
    "q1.train_batch_below_a_test_batch",
    "q1.typed_in",
    "q1.typed_without_a_batch",
}


def params(mutations: list[Mutation]) -> list[object]:
    """Return the mutations as parameters; those that are known to be judged wrongly are expected to fail."""
    wrong = pytest.mark.xfail(reason="known to be judged wrongly", strict=True)
    return [pytest.param(m, id=m.name, marks=[wrong] if m.name in FROM_TEXTS else []) for m in mutations]


def changed(mutation: Mutation) -> Draft:
    draft = mutation.apply(SOLUTION, random.Random(0))
    assert draft is not None
    return draft


def answers(draft: Draft, folder: Path) -> dict[str, str]:
    """Return for each item why its answer loses points, '' if it only waits for a person."""
    path = folder / "notebook.ipynb"
    path.write_bytes(draft.to_bytes())
    notebook = read_notebook(path)
    sections = locate(notebook, PROMPTS, template(), {})
    code = "\n".join(cell.source for cell in notebook.code_cells)
    found = {}
    for item, topic in TOPICS.items():
        earlier = list(TOPICS)[: list(TOPICS).index(item)]
        others = {other: sections[other].answer for other in earlier if sections[other].answer}
        text = sections[item].answer
        try:
            review = written_answer(text, PROMPTS_BY_ITEM[item].text, "\n".join(template()), others, topic, (), code)
            found[item] = review.message if review.credit < 1 else ""
        except Fail as fail:
            found[item] = fail.seen
    return found


@pytest.mark.parametrize("mutation", params(WRITTEN))
def test_a_useless_answer_loses_and_the_others_do_not(mutation: Mutation, tmp_path: Path) -> None:
    said = answers(changed(mutation), tmp_path)
    lost = {item for item, why in said.items() if why}
    if mutation.unseen:
        assert lost == set()
        return
    assert lost == mutation.items, said
    for item in lost:
        assert any(re.search(words, said[item], re.IGNORECASE) for words in mutation.keywords), said[item]


@pytest.mark.parametrize("mutation", [*ANSWER_STYLES, *LAID_OUT], ids=lambda m: m.name)
def test_an_answer_in_another_style_costs_nothing(mutation: Mutation, tmp_path: Path) -> None:
    said = answers(changed(mutation), tmp_path)
    assert set(said) == set(TOPICS)
    assert not any(said.values()), said


@pytest.mark.parametrize(
    "text",
    [
        "97/14.2 = 6.8",
        "68",
        "30 %",
        "784·128 + 128·64 + 64·10",
        "🐢 → 🚀",
        "0.28 0.15 0.11",
        "Add more epochs here.",
        "No.",
    ],
)
def test_an_answer_without_words_is_read(text: str, tmp_path: Path) -> None:
    draft = answered(ANSWERS[1], text)(SOLUTION, random.Random(0))
    assert draft is not None
    assert not any(answers(draft, tmp_path).values())


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FILES)
def test_each_right_answer_of_the_corpus_is_found_in_a_notebook(name: str, tmp_path: Path) -> None:
    by_item = {answer.item: answer for answer in ANSWERS}
    lost = []
    for item, text in corpus(name)["answers"]:
        draft = answered(by_item[item], text)(SOLUTION, random.Random(0)) if item in by_item else None
        if draft is not None and (said := answers(draft, tmp_path)[item]):
            lost.append((text, said))
    assert lost == []


class Pairs(list[tuple[torch.Tensor, int]]):
    """A data set in memory, with the two tensors that torchvision's MNIST has."""

    data: torch.Tensor
    targets: torch.Tensor


def first_batch(draft: Draft) -> str:
    """Return why the cell of Question 1 loses points, '' if it does not."""
    images, digits = torch.zeros(250, 1, 28, 28), torch.zeros(250, dtype=torch.int64)
    loader = [(images[i : i + 64], digits[i : i + 64]) for i in range(0, 250, 64)]
    test_set = Pairs(zip(images, digits.tolist(), strict=True))
    test_set.data, test_set.targets = torch.zeros(250, 28, 28, dtype=torch.uint8), digits
    cells = [draft.cells[i].source for i in draft.section("^Question 1$") if draft.cells[i].kind == "code"]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        names = {"test_loader": loader, "train_loader": loader, "test_set": test_set, "torch": torch, "display": print}
        for source in cells:
            exec(source, names)
    try:
        first_batch_text(out.getvalue(), FirstBatch(), "\n".join(cells))
    except Fail as fail:
        return fail.seen
    return ""


@pytest.mark.parametrize("mutation", PRINTS, ids=lambda m: m.name)
def test_what_is_printed_of_the_first_batch_in_another_style_costs_nothing(mutation: Mutation) -> None:
    assert first_batch(changed(mutation)) == ""


@pytest.mark.parametrize("mutation", params(PRINTED))
def test_what_is_printed_wrongly_of_the_first_batch_is_found(mutation: Mutation) -> None:
    said = first_batch(changed(mutation))
    if mutation.name in RIGHT_TEXT:  # the run shows what was drawn
        assert said == ""
    else:
        assert any(re.search(words, said, re.IGNORECASE) for words in mutation.keywords), said
