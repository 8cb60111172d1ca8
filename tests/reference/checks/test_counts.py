"""Counts that were typed in beside a profile of both models, and counts that a profiler returned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.assignment import Evidence, Fail
from grader.evidence.probes import ModelProbe
from grader.evidence.run import CellError, CellRun
from grader.notebook.cells import Cell
from grader.notebook.questions import Section
from reference.checks.observed import flops_printed, flops_profiled
from tests.checks.test_flops import CNN, MLP
from tests.conftest import empty_evidence

TEXT = "MLP: 109,184 MACs, 109,386 parameters\nCNN: 7,459,968 MACs, 101,578 parameters\n"


def profiled(source: str, text: str = TEXT) -> Evidence:
    e = empty_evidence()
    run = replace(e.run, cells=(CellRun(46, "ok", text=text),), profiles=(MLP, CNN))
    notebook = replace(e.notebook, cells=(Cell(46, "code", source),))
    probes = {role: ModelProbe(role, role.upper()) for role in ("mlp", "cnn")}
    return replace(e, run=run, notebook=notebook, models=probes, sections={"flops": Section("flops", 45, (45, 46))})


@pytest.mark.parametrize(
    "source",
    [
        "a = thop.profile(MLP(), (x,))\nb = thop.profile(CNN(), (x,))\nprint('MLP: 109,184 MACs')\nprint('CNN: 7,459,968 MACs')",
        "counts = {'MLP': 109_184, 'CNN': 7_459_968}\nfor name, macs in counts.items():\n    print(f'{name}: {macs:,} MACs')",
    ],
)
def test_typed_counts_earn_nothing(source: str) -> None:
    with pytest.raises(Fail, match="the counts are typed in: what the cell that begins with") as caught:
        flops_printed(profiled(source))
    assert caught.value.credit == 0


@pytest.mark.parametrize(
    "source",
    [
        "for name, net in (('MLP', MLP()), ('CNN', CNN())):\n    print(name, thop.profile(net, (x,)))",
        "report(MLP(), CNN())",
        "summary(MLP(), (1, 1, 28, 28))",
        "",
    ],
)
def test_counts_that_may_be_results_cost_nothing(source: str) -> None:
    assert flops_printed(profiled(source))


def test_the_error_before_the_first_profile_is_told() -> None:
    e = profiled("thop.profile(Net(), (x,))")
    error = CellError("NameError", "name 'Net' is not defined", 1, "thop.profile(Net(), (x,))")
    e = replace(e, run=replace(e.run, cells=(CellRun(46, "error", error=error),), profiles=()))
    with pytest.raises(Fail, match=r"no model was profiled; .* ended with NameError: name 'Net'"):
        flops_profiled(e)
    with pytest.raises(Fail, match="NameError: name 'Net' is not defined"):
        flops_profiled(replace(e, sections={}))  # found by the call
