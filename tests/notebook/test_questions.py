"""Tests of finding questions and answers, in notebooks from two handouts: the known one, and one in other words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import Prompt, Section, locate

CellText = tuple[str, str]


def md(text: str) -> CellText:
    return ("markdown", text)


def py(text: str) -> CellText:
    return ("code", text)


def notebook(*cells: CellText) -> Notebook:
    built = tuple(Cell(index, kind, text) for index, (kind, text) in enumerate(cells))  # type: ignore[arg-type]
    return Notebook(Path("hw.ipynb"), "hw.ipynb", "", built)


TASKS = {
    "q3": "Train for 10 more epochs, print the seconds of each, and draw the losses once more.",
    "q4": "Look at the drawing. Do the curves say that more epochs would help, or were these too many? Conclude something.",
    "q5": "Write the two functions for the GPU and train for 10 epochs there.",
    "q6": "Is training faster on the GPU? By what factor, and did you expect that? Why, or why not?",
    "q9": "Compare the times of the CNN on both devices. Which one wins? How does that differ from the MLP?",
    "q10": "Do the operation counts explain the times that you measured? Why, or why not?",
}
PROMPTS = [
    Prompt("q3", ("Question 3",), TASKS["q3"]),
    Prompt("q4", ("Question 4",), TASKS["q4"], written=True),
    Prompt("q5", ("Question 5",), TASKS["q5"]),
    Prompt("q6", ("Question 6",), TASKS["q6"], written=True),
    Prompt("cnn", ()),
    Prompt("q9", ("Question 9",), TASKS["q9"], written=True),
    Prompt("flops", ()),
    Prompt("q10", ("Question 10",), TASKS["q10"], written=True),
]
WRITTEN = ["q4", "q6", "q9", "q10"]
PLACEHOLDER = "*Write your answer here.*"
GPU_SECTION = "## 6 Using the GPU\n\nA GPU keeps its own memory. Move tensors there before they meet."
CNN_SECTION = (
    "## 7 A network with convolutions\n\nA small filter slides over the image and finds the same stroke anywhere."
)
FLOPS_SECTION = (
    "## 8 Counting\n\nHow much arithmetic is in one image? Profile a fresh copy of both models and print the numbers."
)


@dataclass(frozen=True)
class Course:
    """A handed-out notebook without answers, and the cells of the prompt and the answer of each written question."""

    cells: tuple[CellText, ...]
    places: Mapping[str, tuple[int, int]]
    anchors: Mapping[str, int]


# The handout that the template knows: a placeholder under each written question.
KNOWN = Course(
    (
        md("# Digits\n\nYou will train two networks and measure how long that takes."),
        py("import torch"),
        md(f"### Question 3\n\n*10 points.* {TASKS['q3']}"),
        py("for epoch in range(10):\n    train(epoch)"),
        md(f"### Question 4\n\n*5 points.* {TASKS['q4']}"),
        md(PLACEHOLDER),
        md(f"{GPU_SECTION}\n\n### Question 5\n\n*10 points.* {TASKS['q5']}"),
        py("model = MLP().cuda()"),
        py("for epoch in range(10):\n    gpu_train(epoch)"),
        md(f"### Question 6\n\n*5 points.* {TASKS['q6']}"),
        md(PLACEHOLDER),
        md(CNN_SECTION),
        py("class CNN(nn.Module):\n    pass"),
        md(f"### Question 9\n\n*5 points.* {TASKS['q9']}"),
        md(PLACEHOLDER),
        md(FLOPS_SECTION),
        py("print(profile(MLP()), profile(CNN()))"),
        md(f"### Question 10\n\n*5 points.* {TASKS['q10']}"),
        md(PLACEHOLDER),
    ),
    {"q4": (4, 5), "q6": (9, 10), "q9": (13, 14), "q10": (17, 18)},
    {"q3": 3, "q5": 8, "cnn": 12, "flops": 16},
)
TEMPLATE = [text for kind, text in KNOWN.cells if kind == "markdown"]

# Another edition of the course: same questions, no sentence in common with the template, no placeholders.
FOREIGN = Course(
    (
        md("▼ Getting ready\n\nYou will begin with the imports. Run the cell below."),
        py("import torch"),
        md("Question 3\n\nPerhaps more epochs help. Edit the cell below so that it shows the duration of every epoch."),
        py("for epoch in range(10):\n    train(epoch)"),
        md("Question 4\n\nMake a remark on the figure. Is it good to train on? Edit the cell below to reply."),
        md(""),
        md(
            "▼ On to the graphics card\n\nNow that you have a model, let's use the other device. You will need a new optimizer."
        ),
        py("model = MLP().cuda()"),
        md(
            "Next, copy your previous code below. It has to be changed slightly.\n\nAbove the line with the model, add:"
        ),
        md("Question 5\n\nPlease edit the cell below to show both new functions."),
        py("for epoch in range(10):\n    gpu_train(epoch)"),
        md("Question 6\n\nDid the device make a difference? Is the gain as predicted? Edit the cell below to answer."),
        md(""),
        md("✓ A different kind of network\n\nUntil now you have used dense layers. Let's define a network below."),
        py("class CNN(nn.Module):\n    pass"),
        md(
            "Question 9\n\nHow do both devices do with this network? Is there a winner? Why is that? Edit the cell below."
        ),
        md(""),
        md("As a last step, you can count operations with the profiler. You will need one image for it."),
        py("print(profile(MLP()), profile(CNN()))"),
        md("Question 10\n\nAre you surprised by them? Is there a link to your timings? Edit the cell below to answer."),
        md(""),
    ),
    {"q4": (4, 5), "q6": (11, 12), "q9": (15, 16), "q10": (19, 20)},
    {"q3": 3, "q5": 10, "cnn": 14, "flops": 18},
)
ANSWERS = {
    "q4": "After the 12th epoch the validation loss stays at 0.07, so I would stop there.\n\nThe training loss still falls.",
    "q6": "Only a little: 15 s instead of 17 s. I had hoped for more, but this network is too small to keep a GPU busy.",
    "q9": "The GPU wins by far, 45 s against 4 s. With the MLP there was hardly a difference.",
    "q10": "Yes. The CNN needs 68 times the operations of the MLP, and its epochs are longer by about that on the CPU.",
}
COURSES = pytest.mark.parametrize("course", [KNOWN, FOREIGN], ids=["known", "foreign"])

Change = Callable[[str, CellText, str], Sequence[CellText]]


def submit(course: Course, change: Change, **more: bool) -> dict[str, Section]:
    """Answer a course; `change(item, prompt, answer)` returns the cells that replace prompt and answer."""
    cells: list[CellText] = []
    moved: dict[int, int] = {}
    answered = {places[1] for places in course.places.values()}
    prompts = {places[0]: item for item, places in course.places.items()}
    for index, cell in enumerate(course.cells):
        moved[index] = len(cells)
        if index in prompts:
            cells += change(prompts[index], cell, ANSWERS[prompts[index]])
        elif index not in answered:
            cells.append(cell)
    anchors = {item: moved[index] for item, index in course.anchors.items()} if more.get("anchored") else {}
    return locate(notebook(*cells), PROMPTS, TEMPLATE, anchors)


def answers(sections: Mapping[str, Section]) -> dict[str, str]:
    return {item: section.answer for item, section in sections.items() if item in WRITTEN}


def task_of(prompt: CellText) -> str:
    """Return the text of a prompt cell without its heading line."""
    return prompt[1].partition("\n")[2].strip()


# --- answers in their usual place --------------------------------------------------------------------------------


@COURSES
def test_answers_below_their_questions(course: Course) -> None:
    sections = submit(course, lambda item, prompt, answer: [prompt, md(answer)])
    assert answers(sections) == ANSWERS
    assert {item: (section.start, section.answer_cells) for item, section in sections.items() if item in WRITTEN} == {
        item: (prompt, (answer,)) for item, (prompt, answer) in course.places.items()
    }
    assert {sections[item].found_by for item in ("q3", "q4", "q5", "q10")} == {"heading"}
    assert sections["q3"].cells == (2, 3)
    assert sections["q3"].answer == ""  # not a written question
    assert sections["cnn"] == Section("cnn")


@COURSES
def test_sections_run_to_the_next_question(course: Course) -> None:
    sections = submit(course, lambda item, prompt, answer: [prompt, md(answer)], anchored=True)
    assert course.anchors["q5"] in sections["q5"].cells
    assert course.anchors["flops"] in sections["q9"].cells
    assert sections["cnn"].found_by == "position"
    assert sections["cnn"].cells[0] == course.anchors["cnn"]


BLANKS: dict[str, Change] = {
    "empty cell": lambda item, prompt, answer: [prompt, md("")],
    "placeholder": lambda item, prompt, answer: [prompt, md(PLACEHOLDER)],
    "other placeholder": lambda item, prompt, answer: [prompt, md("<!-- graded -->\n**Your answer here**")],
    "bare label": lambda item, prompt, answer: [prompt, md("Answer:")],
    "dots": lambda item, prompt, answer: [prompt, md("…")],
    "todo": lambda item, prompt, answer: [prompt, py("# TODO")],
    "empty code": lambda item, prompt, answer: [prompt, py(""), md(" \n")],
    "question again": lambda item, prompt, answer: [prompt, md(task_of(prompt))],
    "question and heading again": lambda item, prompt, answer: [prompt, prompt],
    "question shouted": lambda item, prompt, answer: [prompt, md("**" + task_of(prompt).upper() + "**")],
    "commented code": lambda item, prompt, answer: [prompt, py("# plt.plot(x)\n# for x in y:\n#     f(x)"), md("")],
}


@COURSES
@pytest.mark.parametrize("change", BLANKS.values(), ids=BLANKS.keys())
def test_blanks_are_not_answers(course: Course, change: Change) -> None:
    assert answers(submit(course, change, anchored=True)) == dict.fromkeys(WRITTEN, "")


@COURSES
def test_deleted_answer_cells(course: Course) -> None:
    assert answers(submit(course, lambda item, prompt, answer: [prompt], anchored=True)) == dict.fromkeys(WRITTEN, "")


@COURSES
@pytest.mark.parametrize(
    "text",
    [
        "Yes",
        "GPU wins",
        "Sí, la GPU es más rápida porque hace muchas cosas a la vez.",
        "## Sí, la GPU gana porque hace muchas cosas a la vez",
        "是的，GPU更快。因为它并行计算。",
        "Да, быстрее.",
        "Training is faster on the GPU.",  # nearly the question, but it says something
        "The operation counts explain the times that I measured.",
        "The operation counts do not explain the times that you measured",
        "Compare to CPU, GPU is faster.",
        "- 12 epochs\n- not 20\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "![my plot](attachment:plot.png)",
        "As you can see above, your GPU is faster. Should it be? I think so.",
        "Let's say it is 2 times faster.",
        "$t_{gpu} < t_{cpu}$ so yes.",
        "### GPU or CPU\n\nThe GPU. It took 3 s.\n\n### Why\n\nMany cores.",
        "More epochs would help, the curves are going down!!!",
        "<font color='red'>It is 3 times faster.</font>",
    ],
)
def test_short_odd_and_foreign_answers(course: Course, text: str) -> None:
    sections = submit(course, lambda item, prompt, answer: [prompt, md(text)], anchored=True)
    assert answers(sections) == dict.fromkeys(WRITTEN, text)


# --- answers in other places -------------------------------------------------------------------------------------

ELSEWHERE: dict[str, Change] = {
    "same cell": lambda item, prompt, answer: [md(f"{prompt[1]}\n\n{answer}")],
    "same line": lambda item, prompt, answer: [md(f"{prompt[1]} {answer}")],
    "same cell, cell left empty": lambda item, prompt, answer: [md(f"{prompt[1]}\n\n{answer}"), md("")],
    "instead of the question": lambda item, prompt, answer: [md(f"Question {item[1:]}\n\n{answer}")],
    "after a short heading": lambda item, prompt, answer: [md(f"**Q{item[1:]}:** {answer}")],
    "after a heading without colon": lambda item, prompt, answer: [md(f"### Q{item[1:]}\n{answer}")],
    "with its own heading": lambda item, prompt, answer: [prompt, md(f"### Question {item[1:]} answer\n\n{answer}")],
    "labelled": lambda item, prompt, answer: [prompt, md(f"**Answer:** {answer}")],
    "labelled with the number": lambda item, prompt, answer: [prompt, md(f"Answer {item[1:]}: {answer}")],
    "behind the placeholder": lambda item, prompt, answer: [prompt, md(f"{PLACEHOLDER}\n\n{answer}")],
    "behind the question": lambda item, prompt, answer: [prompt, md(f"> {task_of(prompt)}\n\n{answer}")],
    "behind the question, edited": lambda item, prompt, answer: [
        prompt,
        md(f"{task_of(prompt).replace('the ', 'teh ', 1)}\n{answer}"),
    ],
    "raw cell": lambda item, prompt, answer: [prompt, ("raw", answer)],
    "after empty code": lambda item, prompt, answer: [prompt, py(""), py("\n"), md(answer)],
    "after code": lambda item, prompt, answer: [prompt, py("print(cpu / gpu)"), md(answer)],
    "after commented code": lambda item, prompt, answer: [
        prompt,
        py("# compute the ratio of these times first\nr = a / b"),
        md(answer),
    ],
    "hidden comment": lambda item, prompt, answer: [prompt, md(f"<!-- note\nto self -->{answer}<!-- end -->")],
    "duplicated question": lambda item, prompt, answer: [prompt, prompt, md(answer)],
    "string in code": lambda item, prompt, answer: [prompt, py(f'"""\n{answer}\n"""')],
    "variable in code": lambda item, prompt, answer: [prompt, py(f"answer = {answer!r}")],
    "printed": lambda item, prompt, answer: [prompt, py(f"print({answer!r})")],
    "plain words in code": lambda item, prompt, answer: [prompt, py(answer)],
    "%%markdown": lambda item, prompt, answer: [prompt, py(f"%%markdown\n{answer}")],
}  # fmt: skip


@COURSES
@pytest.mark.parametrize("anchored", [True, False])
@pytest.mark.parametrize("change", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_answers_elsewhere(course: Course, change: Change, anchored: bool) -> None:
    assert answers(submit(course, change, anchored=anchored)) == ANSWERS


@COURSES
def test_answers_in_comments(course: Course) -> None:
    sections = submit(
        course, lambda item, prompt, answer: [prompt, py("# " + answer.replace("\n", "\n# "))], anchored=True
    )
    assert {item: text.split() for item, text in answers(sections).items()} == {
        i: a.split() for i, a in ANSWERS.items()
    }


@COURSES
def test_computed_sentence_in_code(course: Course) -> None:
    code = "r = cpu / gpu\nprint(f'The GPU is faster by a factor of {r:.1f}, as expected')"
    sections = submit(course, lambda item, prompt, answer: [prompt, py(code)], anchored=True)
    assert answers(sections) == dict.fromkeys(WRITTEN, "The GPU is faster by a factor of {r}, as expected")


@COURSES
def test_answer_in_several_cells(course: Course) -> None:
    sections = submit(
        course, lambda item, prompt, answer: [prompt, md("First, a look."), py(""), md(answer)], anchored=True
    )
    assert answers(sections) == {item: f"First, a look.\n\n{answer}" for item, answer in ANSWERS.items()}
    start = course.places["q4"][0]
    assert sections["q4"].answer_cells == (start + 1, start + 3)


@COURSES
def test_text_beats_comments_in_code(course: Course) -> None:
    sections = submit(
        course, lambda item, prompt, answer: [prompt, py("# some thoughts that I had about it"), md(answer)]
    )
    assert answers(sections) == ANSWERS


@COURSES
@pytest.mark.parametrize("together", [True, False])
def test_all_answers_at_the_end(course: Course, together: bool) -> None:
    asked = [cell for index, cell in enumerate(course.cells) if index not in {p[1] for p in course.places.values()}]
    written = [f"### Question {item[1:]}\n\n{answer}" for item, answer in ANSWERS.items()]
    cells = [md("## My answers\n\n" + "\n\n".join(written))] if together else [md(text) for text in written]
    sections = locate(notebook(*asked, *cells), PROMPTS, TEMPLATE, {})
    assert answers(sections) == ANSWERS
    assert sections["q4"].start == course.places["q4"][0]


@COURSES
def test_questions_in_another_order(course: Course) -> None:
    blocks: list[list[CellText]] = [[]]
    for cell in course.cells:
        if cell[0] == "markdown" and cell[1].startswith(("### Question", "Question")):
            blocks.append([])
        item = next((i for i, places in course.places.items() if course.cells[places[1] - 1] == cell), None)
        blocks[-1] += [cell, md(ANSWERS[item])] if item else [cell]
    cells = [cell for block in (blocks[0], *reversed(blocks[1:])) for cell in block]
    assert answers(locate(notebook(*cells), PROMPTS, TEMPLATE, {})) == ANSWERS


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        ([md("Question 4 The curves flatten.")], "The curves flatten."),
        ([md("Q4) longer")], "longer"),
        ([md("Q4\n\nlonger")], "longer"),
        ([md("# Question 4\n# Yes, I would train longer")], "# Yes, I would train longer"),
        ([md("## Question 4: observations"), md("It falls.")], "It falls."),
        ([md("## Question 4: the speed-up of training"), md("")], ""),
        ([md("## Question 4: the speed-up of training"), md("It is 2.")], "It is 2."),
        ([md("Question 4: Should one go on? Yes. Why? It falls.")], "Yes. Why? It falls."),
        ([md("Question 4\n\nDescribe what you see. Would you go on? Say why in the cell below.")], ""),
        ([md("Question 4\n\nThis is about the figure. Would you go on?")], ""),
        ([md("Question 4\n\nThis is about the figure. Would you go on?\n\nNo, it is flat.")], "No, it is flat."),
        ([md("Question 4\n\nCompare to before, it is flat."), md("")], "Compare to before, it is flat."),
        ([md("Question 4\n\nThe axis is logarithmic."), md("It falls.")], "It falls."),
        ([md(f"Question 4\n\n{TASKS['q4']}\n\nIt falls."), md("By a lot.")], "It falls.\n\nBy a lot."),
        ([md("## Question 4"), md("1. It falls.\n2. Then it stays.")], "1. It falls.\n2. Then it stays."),
    ],
)
def test_question_or_answer_in_the_cell_of_the_heading(cells: list[CellText], answer: str) -> None:
    assert locate(notebook(*cells), PROMPTS, TEMPLATE, {})["q4"].answer == answer


# --- headings ----------------------------------------------------------------------------------------------------


@COURSES
@pytest.mark.parametrize(
    "heading",
    [
        "# QUESTION {}",
        "**Question {}**",
        "**Question {}.**",
        "__Question {}:__",
        "Q{}",
        "Q.{}",
        "Q {}.",
        "q-{}",
        "### question {}:",
        "<h3>Question {}</h3>",
        "<b>Question {}</b>",
        "Question #{}",
        "Question No. {}",
        "▼ Question {}",
        "Quesiton {}",
        "Question{}",
        "- Question {}",
        "### **Question {}** *(5 pts)*",
        "Question {} (5 points)",
        "## 🎯 Question {} 🎯",
        "Question {}\n===",
        "Pregunta {}",
        "## Aufgabe {}",
    ],
)
def test_headings(course: Course, heading: str) -> None:
    def change(item: str, prompt: CellText, answer: str) -> Sequence[CellText]:
        return [md(f"{heading.format(item[1:])}\n\n{task_of(prompt)}"), md(answer)]

    sections = submit(course, change)
    assert answers(sections) == ANSWERS
    assert {sections[item].found_by for item in WRITTEN} == {"heading"}


@pytest.mark.parametrize(
    "line",
    [
        "Question 40",
        "Question 14",
        "Question 4.5",
        "Question 4th",
        "Quality 4",
        "4",
        "See Question 4",
        "Epoch 4",
        "Questions",
    ],
)
def test_lines_that_do_not_head_question_4(line: str) -> None:
    sections = locate(notebook(md(line), md("words"), py("x = 1")), [Prompt("q4", ("Question 4",), "", True)], [], {})
    assert sections["q4"].found_by is None


def test_question_1_is_not_question_10() -> None:
    prompts = [Prompt("q1", ("Question 1",), "", True), Prompt("q10", ("Question 10",), "", True)]
    sections = locate(notebook(md("## Question 10"), md("ten"), md("## Question 1"), md("one")), prompts, [], {})
    assert (sections["q1"].answer, sections["q10"].answer) == ("one", "ten")


def test_heading_in_the_middle_of_a_cell() -> None:
    cells = [
        md("Look at it.\n\nQuestion 4\n\nWhat do you see?"),
        md("It falls.\n\n**Question 6**\n\nWhy?\n\nMany cores."),
    ]
    sections = locate(notebook(*cells), PROMPTS, [], {})
    assert (sections["q4"].answer, sections["q4"].start, sections["q4"].cells) == ("It falls.", 0, (0, 1))
    assert (sections["q6"].answer, sections["q6"].start) == ("Many cores.", 1)


@COURSES
def test_mention_of_a_question_is_not_a_heading(course: Course) -> None:
    texts = {
        "q6": "It took half the time.\nQuestion 3 took 40 s, the same as before.",
        "q9": "The GPU wins, as in\nQuestion 6.",
    }
    sections = submit(course, lambda item, prompt, answer: [prompt, md(texts.get(item, answer))])
    assert answers(sections) == {**ANSWERS, **texts}
    assert sections["q3"].start == 2


@COURSES
def test_table_of_contents(course: Course) -> None:
    contents = md("## Contents\n\n" + "\n".join(f"- [Question {n}](#q{n})" for n in (3, 4, 5, 6, 9, 10)))
    filled = [md(ANSWERS[i]) if (i := item_at(course, n)) else cell for n, cell in enumerate(course.cells)]
    sections = locate(notebook(contents, *filled), PROMPTS, TEMPLATE, {})
    assert answers(sections) == ANSWERS
    assert sections["q4"].start == course.places["q4"][0] + 1


def item_at(course: Course, index: int) -> str | None:
    return next((item for item, places in course.places.items() if places[1] == index), None)


def test_headings_that_are_titles() -> None:
    prompts = [Prompt("cnn", ("A network with convolutions",)), Prompt("flops", ("Counting",))]
    cells = [
        md("## 7 A Network with Convolutions\n\ntext"),
        py("x"),
        md("**Counting:**"),
        py("y"),
        md("counting sheep"),
    ]
    sections = locate(notebook(*cells), prompts, [], {})
    assert sections["cnn"].cells == (0, 1)
    assert (sections["flops"].start, sections["flops"].cells) == (2, (2, 3, 4))


def test_headings_in_code_comments() -> None:
    cells = [
        py("# Question 3\nfor epoch in range(10):\n    train()"),
        py("# Question 4\n# The curves are flat by now.\n# So: stop."),
        py("# Question 5\nmodel.cuda()"),
        py("# Q6: it is faster, because a GPU has more cores"),
        py("class CNN: pass"),
    ]
    sections = locate(notebook(*cells), PROMPTS, TEMPLATE, {})
    assert sections["q4"].answer == "The curves are flat by now.\nSo: stop."
    assert sections["q6"].answer == "it is faster, because a GPU has more cores"
    assert sections["q3"].cells == (0,)


# --- without headings --------------------------------------------------------------------------------------------


def test_found_by_wording() -> None:
    sections = submit(KNOWN, lambda item, prompt, answer: [md(task_of(prompt)), md(answer)])
    assert answers(sections) == ANSWERS
    assert {sections[item].found_by for item in WRITTEN} == {"content"}


def test_found_by_wording_in_other_words() -> None:
    other = {
        "q4": "Look at your drawing again: do these curves say that more epochs help, or were they too many?",
        "q6": "Is the training faster now on a GPU? By which factor? Did you expect that?",
        "q9": "Compare times of the CNN on both of the devices. Which one wins? Does that differ from the MLP?",
        "q10": "Do operation counts explain the measured times? Why or why not?",
    }
    sections = submit(KNOWN, lambda item, prompt, answer: [md(other[item]), md(answer)])
    assert answers(sections) == ANSWERS
    assert {sections[item].found_by for item in WRITTEN} == {"content"}


@COURSES
def test_headings_gone(course: Course) -> None:
    sections = submit(course, lambda item, prompt, answer: [md(task_of(prompt)), md(answer)], anchored=True)
    assert answers(sections) == ANSWERS


@COURSES
def test_questions_gone(course: Course) -> None:
    sections = submit(course, lambda item, prompt, answer: [md(answer)], anchored=True)
    assert answers(sections) == ANSWERS
    assert {(sections[item].found_by, sections[item].start) for item in WRITTEN} == {("position", None)}


@COURSES
def test_questions_and_answers_gone(course: Course) -> None:
    sections = submit(course, lambda item, prompt, answer: [], anchored=True)
    assert answers(sections) == dict.fromkeys(WRITTEN, "")
    assert {sections[item].found_by for item in WRITTEN} == {None}


def test_position_between_anchors_alone() -> None:
    cells = [
        py("train()"),
        md("Flat by now."),
        py("gpu()"),
        md("Twice as fast."),
        py("class CNN: pass"),
        py("profile()"),
        md("Yes."),
    ]
    anchors = {"q3": 0, "q5": 2, "cnn": 4, "flops": 5, "unknown": 1, "q9": 99}
    sections = locate(notebook(*cells), PROMPTS, TEMPLATE, anchors)
    assert answers(sections) == {"q4": "Flat by now.", "q6": "Twice as fast.", "q9": "", "q10": "Yes."}
    assert sections["q4"].cells == (1,)
    assert (sections["q5"].found_by, sections["q5"].start, sections["q5"].cells) == ("position", None, (2, 3))


def test_answer_before_the_next_heading_in_one_cell() -> None:
    cells = [py("train()"), md("Flat by now.\n\n## Question 5\n\nDo it."), py("gpu()")]
    sections = locate(notebook(*cells), PROMPTS, TEMPLATE, {"q3": 0})
    assert sections["q4"].answer == "Flat by now."


# --- where an answer ends ----------------------------------------------------------------------------------------


@COURSES
def test_handed_out_text_in_the_answers_cell(course: Course) -> None:
    def change(item: str, prompt: CellText, answer: str) -> Sequence[CellText]:
        return [prompt, md(f"{answer}\n\n{FLOPS_SECTION.replace('in one image', 'in an image')}")]

    assert answers(submit(course, change)) == ANSWERS


def test_answer_ends_where_another_section_begins() -> None:
    cells = [
        md("## Question 10"),
        md("Yes, they do."),
        md("## Bonus: dropout"),
        py("model = Dropout()"),
        md("It got worse."),
    ]
    assert locate(notebook(*cells), PROMPTS, TEMPLATE, {})["q10"].answer == "Yes, they do."


def test_replotting_below_the_question_does_not_hide_the_answer() -> None:
    cells = [
        md("## Question 3"),
        py("train()"),
        md("## Question 4"),
        py("plot(losses)"),
        md("Flat by now."),
        md("## Question 5"),
    ]
    assert locate(notebook(*cells), PROMPTS, TEMPLATE, {"q3": 3})["q4"].answer == "Flat by now."


# --- any input ---------------------------------------------------------------------------------------------------

_pieces = st.sampled_from(
    [
        *KNOWN.cells,
        *FOREIGN.cells,
        *(md(text) for text in ANSWERS.values()),
        md("<!-- open"),
        md("# # #"),
        md("Question 4\n===\n**"),
        py("# Question 6\n%%bash\n'''"),
        py("%%time\n# Q9: yes"),
        ("raw", "Question 10: a raw answer\x0b"),
    ]
)
_any_cell = st.one_of(
    _pieces, st.tuples(st.sampled_from(["markdown", "code", "raw"]), st.text(st.characters(codec="utf-8"), max_size=60))
)


@settings(max_examples=120, deadline=None)
@given(
    cells=st.lists(_any_cell, max_size=12),
    anchors=st.dictionaries(st.sampled_from([p.item for p in PROMPTS]), st.integers(-1, 13)),
)
def test_any_cells(cells: list[CellText], anchors: dict[str, int]) -> None:
    sections = locate(notebook(*cells), PROMPTS, TEMPLATE, anchors)
    assert list(sections) == [prompt.item for prompt in PROMPTS]
    for item, section in sections.items():
        assert section.item == item
        assert all(0 <= at < len(cells) for at in (*section.cells, *section.answer_cells))
        assert bool(section.answer) == bool(section.answer_cells)
        assert section.start is None or section.start in section.cells
        assert section.found_by or not (section.answer or section.cells)
        for word in re.findall(r"\w+", section.answer):  # an answer is made of what stands in its cells
            assert any(word in cells[at][1] for at in section.answer_cells)


@pytest.mark.parametrize(
    "text",
    [
        "<!--" * 200_000,
        "word " * 200_000,
        "Why? " * 100_000,
        "Question 4\n" * 20_000,
        "**" * 100_000,
        "a\n\n" * 50_000,
        "<b " * 50_000,
    ],
    ids=lambda text: text[:8].strip(),
)
def test_hostile_text_is_read_in_linear_time(text: str) -> None:
    begin = time.monotonic()
    locate(notebook(md("## Question 4"), md(text), py("# " + text), py(text)), PROMPTS, TEMPLATE, {})
    assert time.monotonic() - begin < 60  # a quadratic scan takes minutes
