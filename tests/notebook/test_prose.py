"""Sentences, likeness and kinds of text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.notebook.prose import (
    Handout,
    instructions,
    is_answer_title,
    is_placeholder,
    readable,
    sentences,
    without_label,
    words_of,
)


def split(text: str) -> list[tuple[str, int, bool, bool]]:
    return [(text[u.start : u.end].strip(), u.paragraph, u.title, u.asks) for u in sentences(text)]


def test_sentences() -> None:
    text = (
        "### A title\nIt took 0.5 s vs. 2 s,\nso yes. **Is that\nmuch?** No\n- a\n- b\n\n1. First. Then\n\n是的。好吗？"
    )
    assert split(text) == [
        ("### A title", 0, True, False),
        ("It took 0.5 s vs. 2 s,\nso yes.", 1, False, False),
        ("**Is that\nmuch?**", 1, False, True),
        ("No", 1, False, False),
        ("- a", 1, False, False),
        ("- b", 1, False, False),
        ("1. First.", 2, False, False),
        ("Then", 2, False, False),
        ("是的。", 3, False, False),
        ("好吗？", 3, False, True),
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("## Moving on", True),
        ("Moving on\n-----", True),
        ("**Moving on**", True),
        ("▼ Moving on", True),
        ("<h2>Moving on</h2>", True),
        ("Moving on", False),
        ("## It is faster.", False),
        ("**It** is faster", False),
        ("# " + "word " * 13, False),
    ],
)
def test_titles(text: str, title: bool) -> None:
    assert sentences(text)[0].title is title


@given(st.text(st.sampled_from("a. ?!\n#-*1)>|是。`"), max_size=60))
def test_sentences_cover_the_text_in_order(text: str) -> None:
    units = sentences(text)
    covered = "".join(text[u.start : u.end] for u in units)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(a.end <= b.start and a.paragraph <= b.paragraph for a, b in itertools.pairwise(units))


def test_words() -> None:
    assert words_of("**It's** <b>a</b> `GPU_x` – Größe ２") == ("its", "a", "gpu", "x", "grösse", "2")
    assert words_of("GPU更快") == ("gpu", "更", "快")


def test_readable() -> None:
    assert readable("a<!-- b\n -->c<!-- d") == "ac<!-- d"
    assert readable("![x](data:image/png;base64," + "QUJD" * 100_000 + ") seen") == "![x](data:) seen"


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Is training faster on the GPU, and by how much?", True),
        ("is  TRAINING *faster* on the GPU and by how much??", True),
        ("Is traning faster on a GPU and by how much?", True),
        ("Training is faster on the GPU, and by how much I do not know.", False),
        ("Is training faster on the GPU and by how", False),
        ("Training on the GPU is faster.", False),
        ("Move the tensors to the device first.", True),
        ("Move tensors to the device first.", True),
        ("Move the model to the host last.", False),
        ("Run it.", True),
        ("Run that.", False),
    ],
)
def test_handout(text: str, known: bool) -> None:
    handout = Handout(
        ["# Part 1\n\nIs training faster on the GPU, and by how much?\n\nMove the tensors to the device first. Run it."]
    )
    unit = sentences(text)[0]
    assert handout.holds(unit.words, unit.asks) is known


@pytest.mark.parametrize(
    "text",
    [
        "Write your answer here.",
        "*Type your answer here, replacing this text.*",
        "YOUR ANSWER HERE",
        "Your response",
        "[Double-click to edit this cell]",
        "Answer:",
        "TODO: explain",
        "your code here",
        "Enter text here",
        "Edit this cell",
        "TODO question 4",
        "Put your text below",
    ],
)
def test_placeholders(text: str) -> None:
    assert is_placeholder(words_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "Yes",
        "The answer is yes",
        "Training here is faster",
        "I put my data there",
        "Text of it all",
        "Text.",
        "Add more epochs here.",
        "Put more data in there and below",
        "TODO for next time: stop at 15",
    ],
)
def test_not_placeholders(text: str) -> None:
    assert not is_placeholder(words_of(text))


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("**Answer:** yes", "yes"),
        ("Ans: a", "a"),
        ("My answer to question 4: a", "a"),
        ("Answer:", "Answer:"),
        ("As: b", "As: b"),
    ],
)
def test_labels(text: str, rest: str) -> None:
    assert without_label(text) == rest


def test_instructions_and_titles_of_answers() -> None:
    assert instructions("Now that you have a model, let's move it. Edit the cell below.") >= 3
    assert instructions("The GPU is faster, since it computes in parallel. One can see that in the plot.") == 0
    assert is_answer_title(words_of("### My answer to Question 4"))
    assert not is_answer_title(words_of("Using the GPU"))
