"""Profiles and printed counts: right in odd notations, and each fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from grader.assignment import Fail
from grader.checks.flops import Cost, counts_printed, models_profiled
from grader.evidence.run import CellRun, Profile

COSTS = (Cost("MLP", 109_184, 109_386, "MLP"), Cost("CNN", 7_459_968, 101_578, "CNN"))
ONE = (1, 1, 28, 28)
MLP = Profile(46, "MLP", None, "cpu", (ONE,), 109_184.0, 109_386.0)
CNN = Profile(46, "CNN", None, "cpu", (ONE,), 7_459_968.0, 101_578.0)


PARAMETERS = "\n\nParameters: MLP 109386, CNN 101578"


def cells(text: str) -> list[CellRun]:
    return [CellRun(46, "ok", 0.1, text, text)]


@pytest.mark.parametrize(
    "text",
    [
        "MLP has 109,386.0 params and uses 109,184.0 FLOPs\nCNN has 101,578.0 params and uses 7,459,968.0 FLOPs",
        "109184.0 109386.0\n7459968.0 101578.0",
        "(109184.0, 109386.0)\n(7459968.0, 101578.0)",
        "MLP: 109.184K MACs, 109.386K params\nCNN: 7.460M MACs, 101.578K params",
        "MLP 0.109 M\nCNN 7.46 M",
        "MLP 0.11 MFLOPs, CNN 7.46 MFLOPs",
        "mlp flops: 1.09e+05\ncnn flops: 7.46e+06",
        "MLP 1.092e5 CNN 7.46 x 10^6",
        "MLP: 109.184 FLOPs, CNN: 7.459.968 FLOPs",  # German thousands
        "MLP: 109_184, CNN: 7_459_968",
        "MLP: 109\u202f184, CNN: 7\u202f459\u202f968",
        "MACs (M): MLP 0.109, CNN 7.460",
        "FLOPs in millions: 0.1092 and 7.4600",
        "MLP 0.109 million, CNN 7.46 million operations",
        "MLP: 0.000109 G\nCNN: 0.00746 G",
        "MLP: 109k\nCNN: 7460k",
        "        macs    params\nMLP  109184.0  109386.0\nCNN  7459968.0 101578.0",
        "[INFO] Register count_linear() for <class 'torch.nn.modules.linear.Linear'>.\nMLP 109184.0\nCNN 7459968.0",
        "多层感知机:109184次\n卷积网络:7459968次",
    ],
)
def test_accepts_counts(text: str) -> None:
    counts_printed(cells(text + PARAMETERS), (MLP, CNN), COSTS)


@pytest.mark.parametrize(
    "text",
    [
        "model  FLOPs (M)  params (k)\n  MLP      0.109       109.4\n  CNN      7.460       101.6",
        "  model | MACs (K) | parameters (K)\n  MLP |  109.184 | 109.386\n  CNN | 7459.968 | 101.578",
        "model flops_M params_k\n0 MLP 0.1092 109.4\n1 CNN 7.4600 101.6",
        "Counts in millions\n\n| model | MACs | params |\n|---|---|---|\n| MLP | 0.1092 | 0.1094 |\n| CNN | 7.46 | 0.1016 |",
        "Anzahl in Mio.: MACs, Parameter\nMLP: 0,1092 0,1094\nCNN: 7,46 0,1016",
        "MLP: 109 184 opérations, 109 386 paramètres\nCNN: 7 459 968 opérations, 101 578 paramètres",
        "MLP 109\u202f184 109\u202f386\nCNN 7\u202f459\u202f968 101\u202f578",
        "MLP 109\u2007184 109\u2007386\nCNN 7\u2009459\u2009968 101\u2009578",
        "MLP 109 184.0 MACs, 109 386.0 params\nCNN 7 459 968.0 MACs, 101 578.0 params",
        "MLP, млн операций: 0.109\nCNN, млн операций: 7.46\nпараметры: 109386, 101578",
    ],
)
def test_accepts_scales_in_headings_and_spaces_between_thousands(text: str) -> None:
    counts_printed(cells(text), (MLP, CNN), COSTS)


@pytest.mark.parametrize(
    "text",
    [
        "model  FLOPs (k)  params (k)\n  MLP      0.109       109.4\n  CNN       7.46       101.6",  # a wrong heading
        "MLP 109 386 109 386\nCNN 101 578 101 578",
        "FLOPs (M)" + "\nno counts" * 9 + "\n0.109 7.46",  # too far above
    ],
)
def test_a_heading_makes_no_wrong_count_right(text: str) -> None:
    with pytest.raises(Fail, match="MACs of the MLP and CNN are not printed"):
        counts_printed(cells(text), (MLP, CNN), COSTS)


@pytest.mark.parametrize(
    ("text", "who", "credit"),
    [
        ("MLP 109,184 FLOPs\nCNN 7,459,968 FLOPs", "MLP and CNN", 0.5),
        ("MLP 109,184 FLOPs, 109,386 parameters\nCNN 7,459,968 FLOPs", "CNN", 0.75),
        ("MLP 109,184 FLOPs, 109,184 parameters\nCNN 7,459,968 FLOPs, 101,578", "MLP", 0.75),
    ],
)
def test_parameters_are_printed_too(text: str, who: str, credit: float) -> None:
    with pytest.raises(Fail, match=f"not the parameters of the {who}$") as caught:
        counts_printed(cells(text), (MLP, CNN), COSTS)
    assert caught.value.credit == credit


def test_parameters_as_the_profiler_counts_them() -> None:
    frozen = replace(MLP, parameters=8_906.0, model="model-1")
    costs = (replace(COSTS[0], key="model-1"), COSTS[1])
    counts_printed(cells("MLP 109184 8906\nCNN 7459968 101578"), (frozen, CNN), costs)


@pytest.mark.parametrize(
    "text",
    [
        "MLP: 109,386 FLOPs, 109,184 parameters\nCNN: 101,578 FLOPs, 7,459,968 parameters",
        "MLP params: 109184.0 flops: 109386.0\nCNN params: 7459968.0 flops: 101578.0",
        "MLP FLOPs, params: 109386.0 109184.0\nCNN FLOPs, params: 101578.0 7459968.0",
        "CNN MACs: 101.578K\nCNN params: 7.460M\nMLP MACs: 109.386K\nMLP params: 109.184K",
        "CNN GFLOPs 0.000102, Parameters 7.46 M\nMLP 0.11 M",
        "CNN has 101,578 trainable parameters\nCNN macs=101578, params=7459968\nMLP macs=109386, params=109184",
    ],
)
def test_operations_and_parameters_that_are_exchanged(text: str) -> None:
    with pytest.raises(Fail, match=r"operations and the parameters of the (MLP and )?CNN are exchanged") as caught:
        counts_printed(cells(text), (MLP, CNN), COSTS)
    assert caught.value.credit == 0.5


@pytest.mark.parametrize(
    "text",
    [
        "MLP 109,184 109,386\nCNN with 101,578 parameters needs 7,459,968 FLOPs",
        "params, FLOPs of the MLP: 109386 109184\nparams, FLOPs of the CNN: 101578 7459968",
        "FLOPs and parameters. parameters: 109386 FLOPs: 109184\nFLOPs and parameters. parameters: 101578 FLOPs: 7459968",
        "FLOPs\n109184\n7459968\nparams\n109386\n101578",
        "CNN: 7.46 MFLOPs (7459968 MACs), 101578 params\nMLP: 0.11 MFLOPs (109184 MACs), 109386 params",
        "Parameter: MLP 109386, CNN 101578\nOperationen: MLP 109184, CNN 7459968",
        "exchanged at first: FLOPs 101578 params 7459968\nCNN: FLOPs 7459968 params 101578\nMLP 109184 109386",
    ],
)
def test_operations_and_parameters_in_any_order(text: str) -> None:
    counts_printed(cells(text), (MLP, CNN), COSTS)


def test_accepts_flops_as_twice_the_macs_when_said() -> None:
    text = f"MLP 218,368 FLOPs\nCNN 14,919,936 FLOPs{PARAMETERS}"
    counts_printed(cells(text), (MLP, CNN), COSTS, "flops = 2 * macs")
    counts_printed(cells(text + " (two operations for each MAC)"), (MLP, CNN), COSTS)
    with pytest.raises(Fail, match="twice the MACs of the MLP and CNN") as caught:
        counts_printed(cells(text), (MLP, CNN), COSTS)
    assert caught.value.credit == 0.7


def counted(tool: str, macs: Sequence[float]) -> tuple[Profile, ...]:
    return tuple(replace(profile, tool=tool, macs=count) for profile, count in zip((MLP, CNN), macs, strict=True))


@pytest.mark.parametrize(
    ("text", "tool", "macs"),
    [
        ("Total mult-adds (M): 0.11\nTotal mult-adds (M): 7.51", "torchinfo", (109_386, 7_506_442)),
        ("109386\n7506442", "torchinfo", (109_386, 7_506_442)),
        ("218368\n14919936", "FlopCounterMode", (109_184, 7_459_968)),
        ("109184\n7459968", "FlopCounterMode", (None, None)),  # both models in one context
    ],
)
def test_accepts_other_tools(text: str, tool: str, macs: Sequence[float]) -> None:
    profiles = counted(tool, macs)
    models_profiled(profiles, COSTS)
    counts_printed(cells(text + PARAMETERS), profiles, COSTS)


@pytest.mark.parametrize(
    ("text", "message", "credit"),
    [
        ("", "MACs of the MLP and CNN are not printed", 0.0),
        ("MLP 109,184", "MACs of the CNN are not printed", 0.5),
        ("109386 101578", "MACs of the MLP and CNN are not printed", 0.0),  # parameters only
        ("MLP 0.0 G, CNN 0.0 G", "are not printed", 0.0),
        ("MLP 109.2 s, CNN 7.46 %", "are not printed", 0.0),
    ],
)
def test_counts_missing(text: str, message: str, credit: float) -> None:
    with pytest.raises(Fail, match=message) as caught:
        counts_printed(cells(text), (MLP, CNN), COSTS)
    assert caught.value.credit == credit


def test_other_counts_of_the_profiler_may_be_printed_too() -> None:
    with_softmax = replace(MLP, macs=109_213.0)  # nn.Softmax as a layer
    text = f"MLP: 109,213 FLOPs\nCNN: 7,459,968 FLOPs{PARAMETERS}"
    counts_printed(cells(text), (with_softmax, CNN), COSTS)
    with pytest.raises(Fail, match="MLP are not printed"):
        counts_printed(cells(text), (MLP, CNN), COSTS)


def test_numbers_without_a_profiler_earn_nothing() -> None:
    for source in ("", "done = True  # torchinfo", "import torchinfo", "from fvcore.nn import FlopCountAnalysis"):
        with pytest.raises(Fail, match="no profiler was used") as caught:
            counts_printed(cells("109184 7459968"), (), COSTS, source)
        assert caught.value.credit == 0
    with pytest.raises(Fail, match="no model was profiled"):
        models_profiled((), COSTS)


def test_accepts_profiles() -> None:
    assert models_profiled((MLP, CNN), COSTS) == "MLP and CNN profiled with one input each"
    models_profiled((CNN, MLP), COSTS)
    # The MLP flattens its input, whatever its shape.
    models_profiled((replace(MLP, input_shapes=((1, 784),)), CNN), COSTS)
    # Other names: known by their parameters.
    models_profiled((replace(MLP, model_class="Net"), replace(CNN, model_class="ConvNet")), COSTS)
    # A first try with another batch does not hurt.
    models_profiled(
        (replace(CNN, input_shapes=((64, 1, 28, 28),), macs=64 * CNN.macs if CNN.macs else 0), MLP, CNN), COSTS
    )


def test_reused_models_cost_nothing() -> None:
    assert "fresh copy" in models_profiled((replace(MLP, reused=True), CNN), COSTS)


@pytest.mark.parametrize(
    ("mlp", "cnn", "message", "credit"),
    [
        ("cuda:0", "cuda:0", "the MLP and CNN were profiled on the GPU", 0.5),
        ("cpu", "cuda", "the CNN was profiled on the GPU", 0.75),
        ("cuda:0", "cpu", "the MLP was profiled on the GPU", 0.75),
    ],
)
def test_models_on_the_gpu(mlp: str, cnn: str, message: str, credit: float) -> None:
    with pytest.raises(Fail, match=message) as caught:
        models_profiled((replace(MLP, device=mlp), replace(CNN, device=cnn)), COSTS)
    assert caught.value.credit == credit


def test_a_profile_on_the_gpu_beside_one_on_the_cpu_costs_nothing() -> None:
    models_profiled((MLP, CNN, replace(MLP, device="cuda:0"), replace(CNN, device="cuda:0")), COSTS)


def test_wrong_batch() -> None:
    wrong = [replace(p, input_shapes=((64, 1, 28, 28),), macs=64 * (p.macs or 0)) for p in (MLP, CNN)]
    with pytest.raises(Fail, match="MLP was profiled with a batch of 64 inputs") as caught:
        models_profiled(wrong, COSTS)
    assert caught.value.credit == 0
    with pytest.raises(Fail, match=r"counts printed \(6,987,776, 477,437,952\) are not those"):
        counts_printed(cells("6987776.0 477437952.0"), wrong, COSTS)


def test_wrong_or_missing_model() -> None:
    with pytest.raises(Fail, match="the CNN was not profiled") as caught:
        models_profiled((MLP, MLP), COSTS)
    assert caught.value.credit == 0.5
    other = replace(CNN, model_class="MyModule", parameters=500.0, macs=480.0)
    with pytest.raises(Fail, match="a MyModule with 500 parameters was"):
        models_profiled((MLP, other), COSTS)


def test_counts_of_a_spoilt_model() -> None:
    twice = replace(CNN, macs=2 * 7_459_968.0, reused=True)
    with pytest.raises(Fail, match="14,919,936 MACs; it has 7,459,968"):
        models_profiled((MLP, twice), COSTS)


def test_wrong_input_shape() -> None:
    with pytest.raises(Fail, match=r"an input of shape \(1, 1, 32, 32\)"):
        models_profiled((MLP, replace(CNN, input_shapes=((1, 1, 32, 32),), macs=9_700_000.0)), COSTS)


def test_a_model_without_parameters_loses_nothing_by_printing_none() -> None:
    profile = Profile(46, "MLP", None, "cpu", ((1, 1, 28, 28),), macs=109_184, parameters=0)
    printed = CellRun(46, "ok", text="MLP: 109,184 MACs, 0 parameters")
    assert counts_printed([printed], [profile], [Cost("MLP", 109_184, 0, "MLP")]) == "MLP: 109,184 MACs printed"
    assert models_profiled([profile], [Cost("MLP", 109_184, 0, "MLP")]) == "MLP profiled with one input each"
