"""No text of a student's makes a check or a reader of notebooks raise anything but its verdict."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from grader.assignment import Check, Evidence, Fail, NotGraded
from grader.checks import (
    answer_languages,
    answer_text,
    conclusions,
    excuses,
    first_batch,
    flops,
    placement,
    plot_names,
    printed_numbers,
    printed_times,
    screening,
)
from grader.evidence.run import Axes, CellError, CellRun, Figure, Line, Profile, RunEvidence
from grader.formatting import clean, one_line
from grader.grading.notes import notes
from grader.notebook import prose
from grader.notebook.cells import Cell, Notebook, python_source, written_files
from grader.notebook.code_prose import prose_of_code
from grader.notebook.colab_export import cells_of_export, looks_exported
from grader.notebook.questions import locate
from grader.packages import missing_packages
from grader.probe.definitions import all_definitions, certain_definitions
from grader.slicing.item_cells import cells_for, costly_cells
from reference.rubric import ASSIGNMENT
from tests.hostile_text import texts
from tests.reference.checks.test_epochs import right

BATCH = first_batch.FirstBatch(((64, 1, 28, 28), (64,)), ("float32", "int64"))
CHECKS = [check for item in ASSIGNMENT.rubric.items for check in item.checks]
MLP_CNN = {"mlp": flops.Cost("MLP", 109_184, 109_386), "cnn": flops.Cost("CNN", 7_459_968, 101_578)}


def only_verdicts(run: Callable[[], object]) -> None:
    with suppress(Fail, NotGraded):
        run()


def numbers_are_finite(text: str) -> None:
    for number in printed_numbers.find_numbers(text):
        assert abs(number.value) < float("inf")
        assert text[number.start : number.end] == number.text


READERS: dict[str, Callable[[str], object]] = {
    "numbers": numbers_are_finite,
    "number": printed_numbers.read_number,
    "progress": printed_numbers.without_progress,
    "times": lambda text: printed_times.printed_times(text, 10.0),
    "batch": lambda text: first_batch.first_batch_text(text, BATCH, text, text),
    "mentions": lambda text: first_batch.mentions(text, BATCH),
    "claim": plot_names.claim,
    "english": conclusions.is_english,
    "concludes": conclusions.concludes,
    "excuse": excuses.only_excuse,
    "language": answer_languages.language_of,
    "screen": lambda text: screening.screen(text, "Is it faster?", "Write here.", {"q4": text[::-1]}, ("fast",)),
    "similarity": lambda text: answer_text.similarity(text, text[::-1]),
    "device": lambda text: placement.explain_error(text, ("cpu",), ("cuda:0",)),
    "clean": lambda text: (clean(text), one_line(text)),
    "python": lambda text: ast.parse(python_source(text) or ""),
    "prose": prose_of_code,
    "export": lambda text: (looks_exported(text), cells_of_export(text)),
    "words": lambda text: (prose.words_of(text), prose.sentences(text), prose.instructions(text)),
}


def fuzzed(examples: int) -> Callable[[Any], Any]:
    return lambda test: settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),  # shrinking a whole run's texts takes minutes
        suppress_health_check=list(HealthCheck),
    )(seed(20_261_129)(test))


@pytest.mark.parametrize("name", READERS)
def test_a_reader_of_text_gives_a_verdict(name: str) -> None:
    @fuzzed(100)
    @given(texts())
    def run(text: str) -> None:
        only_verdicts(lambda: READERS[name](text))

    run()


def hostile(draw: st.DrawFn) -> Evidence:
    """A right run, in which some texts are hostile."""
    e = right()
    text = texts(6)

    def some(honest: str) -> str:
        return draw(text) if draw(st.booleans()) else honest

    cells = tuple(_hostile_cell(cell, some) for cell in e.run.cells)
    figures = tuple(
        Figure(figure.cell, tuple(_hostile_axes(axes, some) for axes in figure.axes)) for figure in e.run.figures
    )
    profiles = (Profile(45, some("MLP"), None, some("cpu"), ((1, 1, 28, 28),), 109_184.0, 109_386.0),)
    sources = [some("model = MLP()\nprint(model)") for _ in range(4)]
    notebook = Notebook(
        e.notebook.path,
        "x.ipynb",
        "0" * 64,
        tuple(
            Cell(index, "code" if index in {cell.index for cell in cells} else "markdown", sources[index % 4], some(""))
            for index in range(48)
        ),
    )
    run = replace(e.run, cells=cells, figures=figures, profiles=profiles)
    sections = locate(notebook, ASSIGNMENT.prompts, ASSIGNMENT.template(), ASSIGNMENT.anchors(run))
    return replace(e, run=run, notebook=notebook, sections={**e.sections, **sections}, gpu="made up")


def _hostile_cell(cell: CellRun, some: Callable[[str], str]) -> CellRun:
    printed = some(cell.stdout)
    error = None if cell.index % 4 else CellError(some("NameError"), some("x"), 1, some(""), some("seaborn"))
    return replace(cell, text=printed, stdout=printed, error=error, status="error" if error else cell.status)


def _hostile_axes(axes: Axes, some: Callable[[str], str]) -> Axes:
    lines = tuple(Line(some(line.label), line.x, line.y, line.kind) for line in axes.lines)
    scale = some(axes.yscale)
    return Axes(some(axes.title), some(axes.xlabel), some(axes.ylabel), axes.xscale, scale, (some(""),), lines)


def reads_the_run(check: Check) -> bool:
    """Return whether a check needs no probes and no written answers, which the evidence here lacks."""
    try:
        only_verdicts(lambda: check.run(right()))
    except KeyError:
        return False
    return True


RUN_CHECKS = [check for check in CHECKS if reads_the_run(check)]


def judged(e: Evidence) -> None:
    for check in RUN_CHECKS:
        only_verdicts(lambda: check.run(e))  # noqa: B023
    assert all(isinstance(note, str) for note in notes(e.notebook, e.run))
    missing_packages(e.notebook, e.run)


def test_every_check_of_the_assignment_gives_a_verdict() -> None:
    assert len(RUN_CHECKS) > 20

    @fuzzed(12)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        judged(hostile(data.draw))

    run()


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_everything_gives_a_verdict_for_many_texts() -> None:
    @fuzzed(400)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        judged(hostile(data.draw))
        text = data.draw(texts(40))
        for reader in READERS.values():
            only_verdicts(lambda: reader(text))  # noqa: B023

    run()


def test_every_analysis_of_the_sources_ends() -> None:
    @fuzzed(60)
    @given(st.lists(texts(8), min_size=1, max_size=3))
    def run(sources: list[str]) -> None:
        e = right()
        cells = tuple(Cell(index, "code", source) for index, source in enumerate(sources))
        analysed(replace(e.notebook, cells=cells))

    run()


def analysed(notebook: Notebook) -> None:
    """Make all that the grader makes of a notebook's sources without running them."""
    written_files(notebook)
    all_definitions(notebook)
    certain_definitions(notebook, ASSIGNMENT)
    costly_cells(notebook)
    cells_for(notebook, ASSIGNMENT, "q2")
    locate(notebook, ASSIGNMENT.prompts, ASSIGNMENT.template(), ASSIGNMENT.anchors(RunEvidence()))
