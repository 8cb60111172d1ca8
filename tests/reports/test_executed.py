import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from grader.assignment import Evidence, Reference
from grader.evidence.probes import ModelProbe
from grader.evidence.run import CellError, CellRun, Figure, RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import Section
from grader.reports import executed
from grader.reports.evidence import dump_evidence
from grader.reports.executed import executed_notebook, harmless_markdown, item_place, plain_markdown
from grader.result import CheckResult, ItemResult, Result, Submitted
from tests.reports.hostile import HOSTILE, failed_result, hostile_result, with_evidence

TEXTS = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 30).decode()
CELLS = (
    Cell(0, "markdown", "# Question 1"),
    Cell(1, "code", "print(1)"),
    Cell(2, "markdown", "my answer"),
    Cell(3, "markdown", "# Question 2"),
    Cell(4, "code", "1 / 0"),
    Cell(5, "code", "never"),
)


def evidence_of(cells, sections=None, run=None, models=None):
    notebook = Notebook(Path("a.ipynb"), "a.ipynb", "ab", tuple(cells))
    return Evidence(notebook, sections or {}, run or RunEvidence(), models or {}, {}, {}, Reference(), 8, 8)


def result_of(cells=CELLS, runs=(), sections=None, figures=()):
    """The result of a notebook with two questions, the second of which is wrong, and its kept evidence."""
    found = {"q1": Section("q1", 0, (0, 1, 2), "my answer", (2,)), "q2": Section("q2", 3, (3, 4))}
    run = RunEvidence(cells=tuple(runs), figures=tuple(figures))
    kept = dump_evidence(evidence_of(cells, found if sections is None else sections, run))
    wrong = CheckResult("q2.one", "fail", 0.5, 2.0, "1 / 0 was seen", "a number", "divide by 1")
    items = (
        ItemResult("q1", "First", 1.0, 1.0, "pass", (CheckResult("q1.one", "pass", 1.0, 1.0, "fine"),)),
        ItemResult("q2", "Second", 0.5, 2.0, "partial", (wrong,)),
    )
    submitted = Submitted("a.ipynb", "ab")
    return Result("tiny", submitted, 1.5, 3.0, "graded", items, evidence=hashlib.sha256(kept).hexdigest(), kept=kept)


def made(result):
    """The notebook, validated by nbformat itself."""
    notebook = nbformat.reads(executed_notebook(result), as_version=4)
    nbformat.validate(notebook)
    return notebook


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_the_feedback_stands_below_each_question():
    notebook = made(result_of())
    assert [cell.id for cell in notebook.cells] == [
        *("about", "cell-0", "cell-1", "cell-2", "feedback-q1", "cell-3", "cell-4", "feedback-q2", "cell-5"),
    ]
    text = notebook.cells[7].source
    assert text.startswith("**Feedback: ◐ q2, Second: 0.5 of 2 points, partly right**")
    assert "- ✗ 1 / 0 was seen (0.5 of 2 points)" in text
    assert "- expected: a number" in text
    assert "- hint: divide by 1" in text
    assert "1 check passed" in notebook.cells[4].source
    assert "1.5 of 3 points" in notebook.cells[0].source


@pytest.mark.parametrize(
    ("section", "place"),
    [
        (Section("q1", 0, (0, 1, 2, 3, 4), "my answer", (2,)), "cell-2"),
        (Section("q1", 0, (0, 1, 2, 3, 4)), "cell-2"),  # cell 3 is a heading: other work
        (Section("q1", 0), "cell-0"),
        (Section("q1", None, (1, 2)), "cell-2"),
        (Section("q1", 3, (3, 4, 5)), "cell-5"),
    ],
)
def test_feedback_stands_at_the_end_of_the_question_itself(section, place):
    ids = [cell.id for cell in made(result_of(sections={"q1": section})).cells]
    assert ids[ids.index("feedback-q1") - 1] == place


def test_feedback_on_a_model_stands_below_its_class():
    cells = [Cell(0, "code", "class Net(Module):\n    pass"), Cell(1, "code", "class Network: pass")]
    assert item_place(evidence_of(cells, models={"q1": ModelProbe("q1", "Net", "Net")}), "q1") == 0
    assert item_place(evidence_of(cells, models={"q1": ModelProbe("q1", "Other", "Other")}), "q1") is None


def test_the_name_of_a_figure_is_left_out_beside_its_picture():
    said = "<Figure size 800x500 with 1 Axes>\ndone"
    for pictures, expected in (((PNG,), "done\n"), ((), f"{said}\n")):
        notebook = made(result_of(runs=[CellRun(1, "ok", text=said, pictures=pictures)]))
        assert notebook.cells[2].outputs[0].text == expected


def test_outputs_are_those_of_the_run():
    error = CellError("ZeroDivisionError", "division by zero", 1, "Traceback\n  here")
    runs = [
        CellRun(1, "ok", 0.1, "1", "1", pictures=(PNG,)),
        CellRun(4, "error", 0.1, error=error),
        CellRun(5, "not_run", reason="the kernel died"),
    ]
    code = [cell for cell in made(result_of(runs=runs)).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, None]
    assert code[0].outputs[0].text == "1\n"
    assert code[0].outputs[1].data["image/png"] == PNG
    assert (code[1].outputs[0].ename, code[1].outputs[0].traceback) == ("ZeroDivisionError", ["Traceback", "  here"])
    assert code[2].outputs[0].text == "[grader: the kernel died]\n"


@pytest.mark.parametrize("picture", ["PHN2Zz48L3N2Zz4=", "not base64!", "", "<svg/>"])
def test_what_is_no_png_is_left_out_with_a_note(picture):
    (cell,) = [c for c in made(result_of(runs=[CellRun(1, "ok", pictures=(picture,))])).cells if c.id == "cell-1"]
    assert [output.output_type for output in cell.outputs] == ["stream"]
    assert "1 picture is left out" in cell.outputs[0].text


def test_a_figure_without_a_picture_is_noted():
    (cell,) = [c for c in made(result_of(runs=[CellRun(1, "ok")], figures=[Figure(1, ())])).cells if c.id == "cell-1"]
    assert "1 picture is left out" in cell.outputs[0].text


def test_a_question_that_is_not_found_has_its_feedback_at_the_end():
    notebook = made(result_of(sections={"q1": Section("q1")}))
    assert [cell.id for cell in notebook.cells][-2:] == ["feedback-q1", "feedback-q2"]


def test_without_evidence_there_is_only_the_feedback():
    notebook = made(replace(result_of(), kept=b""))
    assert [cell.id for cell in notebook.cells] == ["about", "feedback-q1", "feedback-q2"]
    refused = made(Result("tiny", Submitted("x", ""), 0, 3, "failed", message="it is a web page"))
    assert "could not be graded: it is a web page" in refused.cells[0].source


def test_it_is_bounded(monkeypatch):
    monkeypatch.setattr(executed, "MOST_SOURCE", 40)
    monkeypatch.setattr(executed, "MOST_OUTPUT", 100)
    monkeypatch.setattr(executed, "MOST_PICTURES", 2 * len(PNG))
    cells = [Cell(0, "code", "a" * 30), Cell(1, "code", "b"), Cell(2, "code", "c" * 30)]
    runs = [CellRun(0, "ok", text="x" * 500, pictures=(PNG,) * 5), CellRun(1, "ok", text="y", truncated=True)]
    notebook = made(result_of(cells, runs, {}))
    first, second, third = notebook.cells[1:4]
    assert len(first.outputs[0].text) < 200
    assert "400 characters are left out" in first.outputs[0].text
    assert [output.output_type for output in first.outputs] == ["stream", "display_data", "display_data", "stream"]
    assert "3 pictures are left out" in first.outputs[-1].text
    assert "more was printed" in second.outputs[0].text
    assert third.source == "*This cell is left out: the notebook is too large.*"


def test_a_notebook_that_prints_without_end_stays_small():
    cells = [Cell(n, "code", "x") for n in range(300)]
    runs = [CellRun(n, "ok", text="y" * 30_000, pictures=(PNG * 4000,)) for n in range(300)]
    assert len(executed_notebook(result_of(cells, runs, {}))) < 6_000_000


@TEXTS
@pytest.mark.parametrize(
    "make", [hostile_result, failed_result, lambda text: with_evidence(hostile_result(text), text)]
)
def test_it_is_valid_whatever_a_student_writes(text, make):
    notebook = made(make(text))
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        if cell.metadata.get("tags") == ["grader-feedback"]:
            assert not set("<>`$\\[]_") & set(cell.source)
            assert cell.source.count("*") in (4, 6)  # the title, and that it is advice
            assert "://" not in cell.source
        for output in cell.get("outputs", ()):
            assert set(output.get("data", ())) <= {"image/png", "text/plain"}
            assert "\x1b" not in json.dumps(output)


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "</div><iframe src=https://example.org>",
        "<!-- <b --><b>x",
        "![x](https://example.org/track.png)",
        "![x][1]\n\n[1]: data:image/svg+xml;base64,PHN2Zz4=",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](&#106;avascript:alert(1))",
        "<javascript:alert(1)>",
        "[x](vbscript :x)",
        "!![x](https://example.org/track.png)",
        "[x](javascript\\:alert(1))",
        "[x](< java\tscript: alert(1)>)",
        "&lt;script&gt;",
    ],
)
def test_a_text_cell_cannot_act(source):
    shown = harmless_markdown(source)
    for risky in ("<s", "<i", "</", "<!", "<b", "<j", "![", "&#", "&c", "&l"):
        assert risky not in shown
    for scheme in ("javascript:", "javascript\\:", "script: ", "vbscript :", "data:"):
        assert scheme not in shown.lower()


@pytest.mark.parametrize(
    "source",
    [
        "# Question 4\n\nData: MNIST. The loss *falls*, so `x < 3` holds & $a < b$.",
        "```python\nif a < 3 and b > 2:\n    pass\n```\n\n- see [the notes](https://example.org/x)",
        "| a | b |\n| - | - |\n| 1 | 2 |",
    ],
)
def test_an_ordinary_text_cell_stays(source):
    assert harmless_markdown(source) == source


@pytest.mark.parametrize("text", ["plain words: 3.5 of 4, line 2 (cell 3)", "Größe – 日本語"])
def test_ordinary_words_are_not_escaped(text):
    assert plain_markdown(text) == text
