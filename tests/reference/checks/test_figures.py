"""Which figure answers which question, for made-up runs with the figures and cells of a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from grader.assignment import Evidence, Fail
from grader.evidence.probes import LoopProbe, LoopRun
from grader.evidence.run import CellError, Figure, Pass
from grader.notebook.cells import Cell
from grader.notebook.questions import Section
from reference.checks.epochs import ten_epochs, twenty_epochs
from reference.checks.figures import plot_checks, q2_plot, q3_plot
from tests.checks.test_plots import every, line, make_epochs, plot, steps, steps_and_ends, val
from tests.reference.checks.test_epochs import TRAIN, TWENTY, evidence, models, trained

E20 = make_epochs(20)
NO_PYTHON = CellError("SyntaxError", "invalid syntax. Perhaps you forgot a comma?", 2)
Q2_CODE = 'fig, ax = plt.subplots()\nax.plot(train_steps, train_losses label="train")'
SOURCES = {
    15: "### Question 1",
    16: "print(first_batch)",
    22: "for _ in range(10): cpu_train()",
    23: "### Question 2\nPlot the first ten epochs.",
    24: Q2_CODE,
    25: "### Question 3\nTrain on.",
    26: "for n in range(10): cpu_train()",
    30: "model = MLP()",
}
FIND = {"q2": q2_plot, "q3": q3_plot}


def notebook(e: Evidence, sources: Mapping[int, str]) -> Evidence:
    kinds = {
        i: "markdown" if source.startswith("#") and "Question" in source else "code" for i, source in sources.items()
    }
    cells = tuple(Cell(i, kinds[i], source) for i, source in sources.items())  # type: ignore[arg-type]
    section = {item: Section(item, s.cells[0], s.cells, found_by="heading") for item, s in e.sections.items()}
    return replace(e, notebook=replace(e.notebook, cells=cells), sections=section)


def seen(
    figures: Sequence[Figure],
    sources: Mapping[int, str] = SOURCES,
    errors: dict[int, CellError] | None = None,
    passes: Sequence[Pass] = TWENTY,
) -> Evidence:
    return notebook(evidence(passes, errors, figures=figures), {**SOURCES, **sources})


def drawn(cell: int, last: int, first: int = 1) -> Figure:
    return replace(plot(*steps_and_ends(E20[first - 1 : last])), cell=cell)


def verdicts(e: Evidence, item: str) -> dict[str, str]:
    """Return what each check on the item's plot found wrong, '' for nothing; those after a missing plot are skipped."""
    found: dict[str, str] = {}
    for check in plot_checks(item, FIND[item], (1, 1, 1, 1, 1), f"{item}.trained"):
        try:
            check.run(e)
            found[check.id] = ""
        except Fail as fail:
            found[check.id] = fail.seen
            if check.id.endswith("curves") and fail.credit == 0:
                break
    return found


def right(e: Evidence, *items: str) -> bool:
    return not any("".join(verdicts(e, item).values()) for item in items or ("q2", "q3"))


# --- a figure answers the question in whose section it was drawn ----------------------------------------------------


def test_a_figure_of_question_3_does_not_answer_a_broken_question_2() -> None:
    e = seen([drawn(26, 20)], errors={24: NO_PYTHON})
    said = verdicts(e, "q2")["q2.curves"]
    assert said.startswith("no curve was plotted under 'Question 2'")
    assert "line 2 of the cell under 'Question 2' is no Python: `ax.plot(train_steps, train_losses label=" in said
    assert right(e, "q3")


@pytest.mark.parametrize("code", ["print(train_losses)", "def plot_losses(): ...\nx = 1", "plt.hist(train_losses)"])
def test_nor_one_that_plots_nothing(code: str) -> None:
    e = seen([drawn(26, 20)], {24: code})
    assert "no curve was plotted under 'Question 2'" in verdicts(e, "q2")["q2.curves"]
    assert right(e, "q3")


def test_nor_one_that_plots_only_the_accuracy() -> None:
    accuracy = [epoch.test.accuracy or 0 for epoch in E20[:10] if epoch.test]
    other = replace(plot(line("accuracy", range(1, 11), accuracy), ylabel="loss"), cell=24)
    said = verdicts(seen([other, drawn(26, 20)], {24: "plt.plot(test_accuracy)"}), "q2")["q2.curves"]
    assert "none of the curves plotted holds losses" in said or "accuracy" in said


def test_nor_one_that_was_not_started() -> None:
    e = seen([drawn(26, 20)], {24: "# your code here"})
    assert verdicts(e, "q2") == {"q2.curves": "not started: the cell under 'Question 2' holds no code"}


def test_nor_does_the_figure_of_question_3_that_shows_the_wrong_epochs_answer_question_2() -> None:
    e = seen([drawn(26, 10)], errors={24: NO_PYTHON})  # it repeats the plot of Question 2, which broke
    assert "is no Python" in verdicts(e, "q2")["q2.curves"]
    assert "cover epochs 1–10" in verdicts(e, "q3")["q3.epochs"]


def test_nor_does_the_one_figure_at_the_end_of_a_notebook() -> None:
    assert "is no Python" in verdicts(seen([drawn(30, 20)], errors={24: NO_PYTHON}), "q2")["q2.curves"]
    assert right(seen([drawn(30, 10), drawn(30, 20)], errors={24: NO_PYTHON}))


def test_a_figure_of_question_2_does_not_answer_question_3() -> None:
    e = seen([drawn(24, 10)], {24: "plot()"})
    assert right(e, "q2")
    assert "no curve was plotted under 'Question 3'" in verdicts(e, "q3")["q3.curves"]


# --- honest neighbours ----------------------------------------------------------------------------------------------


def test_each_in_its_own_section() -> None:
    assert right(seen([drawn(24, 10), drawn(26, 20)], {24: "plot_losses()"}))


@pytest.mark.parametrize("code", ["# both plots are below", "marks = len(train_losses)", "# your code here", ""])
def test_both_plots_in_one_cell_of_question_3(code: str) -> None:
    assert right(seen([drawn(26, 10), drawn(26, 20)], {24: code}))
    together = replace(drawn(26, 10), axes=(*drawn(26, 10).axes, *drawn(26, 20).axes))
    assert right(seen([together], {24: code}))


def test_both_plots_at_the_end() -> None:
    assert right(seen([drawn(30, 10), drawn(30, 20)], {24: "kept = list(train_losses)"}))
    assert right(seen([drawn(30, 10), drawn(30, 20)], {24: "# at the end", 26: "train_on()"}))


def test_the_first_plot_below_the_training() -> None:
    assert right(seen([drawn(22, 10), drawn(26, 20)], {24: 'print("see above")'}))


def test_one_cell_without_a_cell_of_question_2() -> None:
    e = seen([drawn(26, 20)], {24: ""})
    e = replace(e, sections={**e.sections, "q2": replace(e.sections["q2"], cells=(23,))})
    assert verdicts(e, "q2")["q2.curves"] == ""
    assert "covers epochs 1–20" in verdicts(e, "q2")["q2.epochs"]  # the one figure shows more than was asked for
    assert right(e, "q3")
    assert right(replace(e, run=replace(e.run, figures=(drawn(26, 10), drawn(26, 20)))))


def test_no_headings() -> None:
    e = seen([drawn(26, 10), drawn(26, 20)], {24: "x = 1"})
    for sections in ({}, {item: replace(s, found_by="position", start=None) for item, s in e.sections.items()}):
        assert right(replace(e, sections=sections))


def test_a_broken_cell_of_question_2_after_its_figure() -> None:
    e = seen([drawn(24, 10), drawn(26, 20)], {24: "plot_losses()\nprint(losess)"}, {24: CellError("NameError", "x", 2)})
    assert right(e)


def test_steps_of_every_batch_in_the_section_of_question_3() -> None:
    train = line("train", steps(E20[:10], 1), every(E20[:10], 1))
    first = replace(plot(train, steps_and_ends(E20[:10])[1]), cell=26)
    assert val(E20[:10])
    assert right(seen([first, drawn(26, 20)], {24: "# below"}))


# --- the first ten epochs -------------------------------------------------------------------------------------------

SECOND = trained(26, 10)


def test_question_3_does_not_train_for_question_2() -> None:
    e = seen([drawn(26, 10)], {24: "plot_losses()"}, passes=SECOND)
    with pytest.raises(Fail, match=r"^the first 10 epochs were never run; the 10 that ran below the heading") as caught:
        ten_epochs(e)
    assert caught.value.hint
    assert twenty_epochs(e)  # a fault costs once
    assert right(e, "q3")


def test_nor_for_a_part_of_them() -> None:
    e = seen([], passes=[*trained(22, 3), *trained(26, 10, start=100.0)])
    with pytest.raises(Fail, match=r"^only 3 epochs of the first 10 ran; the 10 that ran"):
        ten_epochs(e)


def test_the_error_that_stopped_the_first_ten_is_named() -> None:
    e = seen([], errors={22: CellError("NameError", "name 'cpu_trian' is not defined", 1)}, passes=SECOND)
    with pytest.raises(Fail, match=r"never run.*; before that, line 1 of the cell .* ended with NameError"):
        ten_epochs(e)


@pytest.mark.parametrize(
    "passes",
    [
        TWENTY,
        [*trained(24, 10), *trained(26, 10, start=100.0)],  # trained below Question 2
        [*trained(26, 10), *trained(26, 10, start=100.0)],  # both below Question 3
        [*trained(30, 10), *trained(30, 10, start=100.0)],  # both at the end
        [*trained(22, 9), *trained(26, 11, start=90.0)],
    ],
)
def test_twenty_epochs_count_wherever_they_ran(passes: Sequence[Pass]) -> None:
    e = seen([drawn(24, 10), drawn(26, 20)], passes=passes)
    assert ten_epochs(e)
    assert twenty_epochs(e)


def test_ten_epochs_outside_of_question_3_are_the_first() -> None:
    for cell in (22, 24, 30):
        e = seen([drawn(24, 10)], {24: "plot_losses()"}, passes=trained(cell, 10))
        assert ten_epochs(e)
        with pytest.raises(Fail, match="was trained for 10 epochs"):
            twenty_epochs(e)


def test_a_new_model_in_question_3_is_not_the_same_model() -> None:
    for first in (10, 3):
        passes = [*trained(22, first), *trained(26, 10, "model-2", start=100.0)]
        e = seen([], passes=passes)
        e = replace(e, run=replace(e.run, models=models(2)))
        with pytest.raises(Fail, match="the 10 epochs below the heading of Question 3 are of a new MLP"):
            twenty_epochs(e)


def test_ten_epochs_without_headings_are_the_first() -> None:
    e = replace(seen([], passes=SECOND), sections={})
    assert ten_epochs(e)


# --- whose losses the validation curve holds ------------------------------------------------------------------------

RUN = LoopRun({}, {}, batches={"test": 2}, returned=(0.3, 0.9))
RIGHT_TEST = LoopProbe(
    "cpu_test",
    function="cpu_test",
    student=RUN,
    reference=RUN,
    batch_sizes=(64,) * 2,
    losses=(0.2, 0.4),
    correct=(60, 55),
)
IGNORES = replace(RIGHT_TEST, student=replace(RUN, batches={"train": 128}))


def over_training_images(passes: Sequence[Pass], probe: LoopProbe) -> Evidence:
    tested = [seen if seen.trains else replace(seen, loader=TRAIN) for seen in passes]
    e = seen([drawn(24, 10), drawn(26, 20)], {24: "plot()", 26: "train(); plot()"}, passes=tested)
    return replace(e, loops={"cpu_test": probe})


def test_a_test_that_is_called_with_the_training_loader_costs_once() -> None:
    e = over_training_images(TWENTY, RIGHT_TEST)
    assert "holds losses on the training images" in verdicts(e, "q2")["q2.curves"]
    assert right(e, "q3")
    later = over_training_images(TWENTY[20:], RIGHT_TEST)
    e = replace(later, run=replace(later.run, passes=(*TWENTY[:20], *later.run.passes)))
    assert right(e, "q2")
    assert "holds losses on the training images" in verdicts(e, "q3")["q3.curves"]


def test_one_whose_function_ignores_its_loader_cost_points_before() -> None:
    assert right(over_training_images(TWENTY, IGNORES))
    assert right(replace(seen([drawn(24, 10), drawn(26, 20)], {24: "plot()"}), loops={"cpu_test": RIGHT_TEST}))
