"""Whether a question was begun: the template's stubs, and what is no stub."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.assignment import Check, Evidence, Fail, Item, Rubric
from grader.evidence.probes import LoopProbe, LoopRun, ModelProbe, ProbeError, ShapeTrial
from grader.evidence.run import CellRun, RunEvidence
from grader.grading.judge import judge
from grader.notebook.cells import Cell
from grader.notebook.questions import Section
from reference.checks.probed import loop_checks, model_item
from reference.checks.sections import begun, is_stub, not_started, untouched
from reference.prompts import template_code
from reference.rubric import CPU_POINTS
from tests.conftest import empty_evidence

STUB = "# your code here"


def notebook(*cells: tuple[str, str], item: str = "q3", section: tuple[int, ...] = (0, 1, 2)) -> Evidence:
    found = tuple(Cell(i, kind, source) for i, (kind, source) in enumerate(cells))  # type: ignore[arg-type]
    run = RunEvidence(tuple(CellRun(cell.index, "ok") for cell in found if cell.kind == "code"))
    e = empty_evidence()
    sections = {item: Section(item, 0, section, found_by="heading")}
    return replace(e, notebook=replace(e.notebook, cells=found), run=run, sections=sections)


def test_all_that_was_handed_out_is_untouched() -> None:
    assert all(map(untouched, template_code()))


@pytest.mark.parametrize(
    "code", ["", STUB, "pass", "...", '"""later"""', "# def f():", "raise NotImplementedError", "grader.check('q5')"]
)
def test_a_placeholder_is_no_code(code: str) -> None:
    assert untouched(code)


@pytest.mark.parametrize(
    "code", ["x = 1", "print(first_batch)", "def f():\n    return 3", "x = = 1", "!ls", "train()", "grader = 3"]
)
def test_anything_else_is(code: str) -> None:
    assert not untouched(code)


def test_a_question_is_not_started_while_its_cells_are_as_they_were_handed_out() -> None:
    e = notebook(("markdown", "### Question 3"), ("code", STUB), ("code", "pass"))
    assert not_started(e, "q3") == "not started: all code under 'Question 3' holds no code"
    assert not_started(notebook(("markdown", "### Question 3"), ("code", STUB), ("code", "go()")), "q3") == ""
    assert not_started(notebook(("markdown", "### Question 3"), ("code", "x = = 1"), ("code", "")), "q3") == ""
    assert not_started(notebook(("markdown", "### Question 3"), ("markdown", "no code"), ("markdown", "")), "q3") == ""


def test_an_item_without_a_number_is_found_by_its_title() -> None:
    e = notebook(("markdown", "### The data\nLoad it."), ("code", STUB), section=(), item="q1")
    assert not_started(e, "data") == "not started: the cell under 'The data' holds no code"
    assert not_started(replace(e, notebook=replace(e.notebook, cells=())), "data") == ""


def test_an_item_that_was_not_started_says_so_once() -> None:
    def lacks(what: str) -> Check:
        def check(e: Evidence) -> None:
            raise Fail(f"no {what}", what, f"Where is {what}?")

        return Check(f"q3.{what}", 1, check)

    item = begun(Item("q3", "Question", 3, (lacks("time"), lacks("total"), lacks("training"))))
    e = notebook(("markdown", "### Question 3"), ("code", STUB))
    (result,) = judge(Rubric("r", (item,)), e)
    assert [check.status for check in result.checks] == ["fail", "skipped", "skipped"]
    assert result.checks[0].message == "not started: the cell under 'Question 3' holds no code"
    (result,) = judge(Rubric("r", (item,)), notebook(("markdown", "### Question 3"), ("code", "train()")))
    assert [check.message for check in result.checks] == ["no time", "no total", "no training"]


# --- stubs and empty bodies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        '"""Doc."""',
        "pass",
        "...",
        "return",
        "return None",
        "raise NotImplementedError",
        'raise NotImplementedError("x")',
    ],
)
def test_a_body_that_does_nothing_is_a_stub(body: str) -> None:
    e = notebook(("code", f"def cpu_train(epoch):\n    {body}"))
    assert is_stub(e, "cpu_train")
    assert not is_stub(e, "cpu_test")


@pytest.mark.parametrize("body", ["return 3", "print('x')", "raise ValueError", "model.train()"])
def test_a_body_that_does_something_is_none(body: str) -> None:
    assert not is_stub(notebook(("code", f"def cpu_train(epoch):\n    {body}")), "cpu_train")


def test_the_last_definition_counts() -> None:
    assert not is_stub(notebook(("code", "def f(): ..."), ("code", "def f(): return 1")), "f")


def lost(e: Evidence, item: Item) -> list[tuple[str, str]]:
    (result,) = judge(Rubric("r", (item,)), e)
    return [(check.id, check.message) for check in result.checks if check.status in ("fail", "partial")]


NOT_WRITTEN = ProbeError("NotImplementedError", 'Module [MLP] is missing the required "forward" function')
NOTHING = ProbeError("TypeError", "the model returns a NoneType, not a tensor")


def test_a_model_that_was_not_started_says_so_once() -> None:
    e = notebook(("code", 'class MLP(nn.Module):\n    """Linear layers."""\n\n    # your code here'))
    probe = ModelProbe("mlp", "class MLP in cell 0", "MLP", trials=(ShapeTrial((1, 784), None, NOT_WRITTEN),))
    e = replace(e, models={"mlp": probe})
    assert lost(e, model_item("mlp", "The MLP")) == [("mlp.exists", "not started: the class MLP has no code yet")]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NOTHING, "MLP computes nothing: its forward returns nothing"),
        (NOT_WRITTEN, "MLP computes nothing: it has no forward"),
        (ProbeError("NotImplementedError", ""), "MLP computes nothing: its forward is not written yet"),
    ],
)
def test_an_empty_forward_is_told_as_that(error: ProbeError, said: str) -> None:
    trials = tuple(ShapeTrial((1, *layout), None, error) for layout in ((784,), (28, 28)))
    e = replace(
        notebook(("code", "class MLP: x = 1")), models={"mlp": ModelProbe("mlp", "class MLP", "MLP", trials=trials)}
    )
    found = lost(e, model_item("mlp", "The MLP"))
    assert [check for check, message in found if message == said] == ["mlp.shapes"]
    assert {check for check, _ in found} == {"mlp.shapes", "mlp.parameters"}


def test_another_error_in_forward_is_no_empty_one() -> None:
    error = ProbeError("RuntimeError", "mat1 and mat2 shapes cannot be multiplied")
    probe = ModelProbe("mlp", "class MLP", "MLP", trials=(ShapeTrial((1, 784), None, error),))
    e = replace(notebook(("code", "class MLP: x = 1")), models={"mlp": probe})
    assert not any("computes nothing" in message for _, message in lost(e, model_item("mlp", "The MLP")))


def test_functions_that_were_not_started_say_so_once_each() -> None:
    e = notebook(("code", "def cpu_train(e, a, s, c):\n    '''Train.'''\n\ndef cpu_test(a, b, s, c):\n    print(1)"))
    idle = LoopRun({}, {}, returned_nothing=True)
    probes = {role: LoopProbe(role, f"{role} in cell 0", role, idle, idle) for role in ("cpu_train", "cpu_test")}
    item = Item("cpu_loops", "Loops", sum(CPU_POINTS.values()), loop_checks("cpu_loops", *probes, CPU_POINTS))
    found = dict(lost(replace(e, loops=probes), item))
    assert set(found) == {"cpu_loops.train", "cpu_loops.test"}
    assert found["cpu_loops.train"] == "not started: cpu_train has no code yet"
    assert "does nothing: it takes no batch" in found["cpu_loops.test"]
    unread = "cpu_train takes no model and reads no global one, so the grader cannot run it on its own"
    raises = LoopRun({}, {}, error=ProbeError("NotImplementedError", ""))
    for probe in (
        LoopProbe("cpu_train", missing=unread),
        LoopProbe("cpu_train", "cpu_train in cell 0", "cpu_train", raises, idle),
    ):
        e = replace(e, loops={**probes, "cpu_train": probe})
        assert dict(lost(e, item))["cpu_loops.train"] == "not started: cpu_train has no code yet"


def test_a_definition_that_is_no_python_is_named() -> None:
    e = notebook(("markdown", "### The model"), ("code", "class MLP(nn.Module)\n    pass"))
    e = replace(e, models={"mlp": ModelProbe("mlp", missing="there is no class 'MLP'")})
    ((check, message),) = lost(e, model_item("mlp", "The MLP"))
    assert check == "mlp.exists"
    assert message.startswith("line 1 of the cell under 'The model' is no Python: `class MLP(nn.Module)`")
