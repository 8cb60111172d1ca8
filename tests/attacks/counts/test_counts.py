"""Counts of operations earn points only if a tool was really given the model; naming a tool earns nothing."""

from __future__ import annotations

import dataclasses

import pytest

from grader.assignment import Fail, Review
from grader.checks.flops import Cost, counts_printed, models_profiled
from grader.evidence.run import CellError, CellRun, RunEvidence
from reference.checks.observed import flops_printed, flops_profiled
from tests.conftest import empty_evidence
from tests.in_kernel.watched import watch

pytestmark = pytest.mark.attack
MLP = [Cost("MLP", 109_184, 109_386, "MLP")]
COUNTS = [CellRun(1, "ok", text="109184 and 7459968 MACs, 109386 and 101578 parameters")]


@pytest.mark.parametrize(
    "code",
    [
        "done = True  # torchinfo",
        "import torchinfo",
        "from torch.utils.flop_counter import FlopCounterMode\nwith FlopCounterMode(display=False): pass",
        "import types; thop = types.SimpleNamespace(profile=lambda *a, **k: (109184, 109386))\n"
        "thop.profile(MLP(), (images[:1],))",
        "MLP()(images[:1])",
    ],
    ids=["a comment", "an import", "nothing counted", "an own tool", "only called"],
)
def test_naming_a_tool_earns_nothing(code: str) -> None:
    run = watch(code)
    assert run.errors == []
    with pytest.raises(Fail, match="no model was profiled"):
        models_profiled(run.profiles, MLP)
    with pytest.raises(Fail, match="no profiler was used"):
        counts_printed(COUNTS, run.profiles, MLP, code)


@pytest.mark.parametrize(
    ("code", "tool"),
    [
        ("import thop; thop.profile(MLP(), inputs=(images[:1],), verbose=False)", "thop"),
        ("from torchinfo import summary; summary(MLP(), input_size=(1, 1, 28, 28), verbose=0)", "torchinfo"),
        ("import torchinfo; torchinfo.summary(MLP(), input_data=images[:1], verbose=0)", "torchinfo"),
        (
            "from torch.utils.flop_counter import FlopCounterMode\nmodel = MLP()\n"
            "with FlopCounterMode(display=False) as counter: model(images[:1])\n"
            "report(total=counter.get_total_flops())",
            "FlopCounterMode",
        ),
    ],
)
def test_each_tool_is_seen_with_its_model_and_result(code: str, tool: str) -> None:
    run = watch(code)
    assert run.errors == []
    (profile,) = run.profiles
    assert (profile.tool, profile.model_class, profile.parameters) == (tool, "MLP", 109_386)
    assert profile.input_shapes == ((1, 1, 28, 28),)
    assert models_profiled(run.profiles, MLP) == "MLP profiled with one input each"
    assert "109,184" in counts_printed(COUNTS, run.profiles, MLP)


def test_two_models_in_one_context_are_both_seen() -> None:
    run = watch(
        "from torch.utils.flop_counter import FlopCounterMode\nother = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
        "with FlopCounterMode(display=False): MLP()(images[:1]); other(images[:1])"
    )
    assert [(profile.model_class, profile.macs) for profile in run.profiles] == [("MLP", None), ("Sequential", None)]


def test_a_batch_is_not_one_input() -> None:
    run = watch("import torchinfo; torchinfo.summary(MLP(), input_size=(64, 1, 28, 28), verbose=0)")
    with pytest.raises(Fail, match="batch of 64 inputs"):
        models_profiled(run.profiles, MLP)


def test_a_tool_that_is_not_installed_here_waits_for_a_person() -> None:
    error = CellError("ModuleNotFoundError", "No module named 'fvcore'", missing_module="fvcore")
    e = dataclasses.replace(empty_evidence(), run=RunEvidence(cells=(CellRun(1, "error", error=error),)))
    for check in (flops_profiled, flops_printed):
        found = check(e)
        assert isinstance(found, Review)
        assert found.credit == 0
        assert "'fvcore'" in found.message
