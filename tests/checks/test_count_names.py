"""Counts beside the names of models: exchanged and copied names, and right ones in sentences, headings and tables."""

from __future__ import annotations

import pytest

from grader.assignment import Fail
from grader.checks.flops import Cost, counts_printed
from tests.checks.test_flops import CNN, COSTS, MLP, PARAMETERS, cells

EXCHANGED = [
    "CNN: 109,386 parameters, 109,184 FLOPs\nMLP: 101,578 parameters, 7,459,968 FLOPs",
    "FLOPs MLP: 7.46M\nFLOPs CNN: 0.109M",
    "CNN\n  FLOPs: 109184\n  params: 109386\n\nMLP\n  FLOPs: 7459968\n  params: 101578",
    "CNN 0.11 MFLOPs, MLP 7.46 MFLOPs",
    "109,184 MACs for the CNN and 7,459,968 MACs for the MLP",
    "MLP and CNN: 7,459,968 and 109,184",
    "            MLP        CNN\nMACs    7459968     109184\nparams   101578     109386",
    "mlp_flops = 7459968.0\ncnn_flops = 109184.0",
]


@pytest.mark.parametrize("text", EXCHANGED)
def test_exchanged_names_lose_half(text: str) -> None:
    with pytest.raises(
        Fail, match="the numbers are right, but the counts of the MLP and CNN are printed under"
    ) as caught:
        counts_printed(cells(text), (MLP, CNN), COSTS)
    assert caught.value.credit == 0.5


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("operations", "MLP flops: 7459968.0 params: 109386.0\nCNN flops: 109184.0 params: 101578.0"),
        ("parameters", "MLP flops: 109184.0 params: 101578.0\nCNN flops: 7459968.0 params: 109386.0"),
        ("operations", "            MLP        CNN\nMACs    7459968     109184\nparams   109386     101578"),
        ("parameters", "MLP: 109,184 MACs, CNN: 7,459,968 MACs\nMLP: 101,578 parameters, CNN: 109,386 parameters"),
        ("operations", "CNN\n  FLOPs: 0.109M\n  params: 0.102M\n\nMLP\n  FLOPs: 7.46M\n  params: 109386"),
    ],
)
def test_one_of_the_two_counts_under_exchanged_names_loses_half(what: str, text: str) -> None:
    with pytest.raises(
        Fail, match=f"right, but the {what} of the MLP and CNN are printed under each other's"
    ) as caught:
        counts_printed(cells(text), (MLP, CNN), COSTS)
    assert caught.value.credit == 0.5


def test_a_name_that_was_copied_loses_half() -> None:
    text = "MLP: 109,184 MACs\nMLP: 7,459,968 MACs"
    with pytest.raises(Fail, match="the count of the CNN is printed under the name of the MLP") as caught:
        counts_printed(cells(text), (MLP, CNN), COSTS)
    assert caught.value.credit == 0.5


def test_names_of_the_student_s_classes_are_read_too() -> None:
    costs = (Cost("MLP", 109_184, 109_386, "Net"), Cost("CNN", 7_459_968, 101_578, "ConvNet"))
    counts_printed(cells(f"Net: 109,184\nConvNet: 7,459,968{PARAMETERS}"), (MLP, CNN), costs)
    with pytest.raises(Fail, match="under each other's names"):
        counts_printed(cells("ConvNet: 109,184\nNet: 7,459,968"), (MLP, CNN), costs)
    same = (Cost("MLP", 109_184, 109_386, "CNN"), Cost("CNN", 7_459_968, 101_578, "CNN"))
    counts_printed(cells(f"CNN: 109,184\nCNN: 7,459,968{PARAMETERS}"), (MLP, CNN), same)


@pytest.mark.parametrize(
    "text",
    [
        "The CNN needs more operations than the MLP: 7,459,968 against 109,184",
        "The CNN (7,459,968 MACs) is dearer than the MLP (109,184 MACs)",
        "7,459,968 MACs: the CNN needs 68 times as many as the MLP (109,184)",
        "ConvNet: 7,459,968 MACs, 68 times the MLP\nMLP: 109,184 MACs",
        "MLP: 109,184\n7,459,968",
        "109,184 <- MLP\n7,459,968 <- CNN",
        "FLOPs: 109184\nmodel: MLP\nFLOPs: 7459968\nmodel: CNN",
        "MLP(\n  (fc1): Linear(784, 128)\n)\nCNN(\n  (net): Sequential()\n)\n109184\n7459968",
        "CNN()\nMLP()\n109184.0 109386.0\n7459968.0 101578.0",
        "perceptron vs CNN\n109184\n7459968",
        "CNN       7459968  101578\nMLP        109184  109386\nratio CNN/MLP  68.3",
        "            CNN        MLP\nMACs    7459968     109184\nparams   101578     109386",
        "MLP 109184 / CNN 7459968 FLOPs; MLP 109386 / CNN 101578 parameters",
        "The CNN (7459968) has more FLOPs than the MLP (109184), but fewer parameters: 101578 against 109386",
        "FLOPs: MLP 109184, CNN 7459968; CNN has 101578 parameters, MLP 109386",
        "109184 FLOPs (MLP) and 7459968 (CNN); parameters MLP 109386, CNN 101578",
        "CNN\n  params: 0.1M\n  FLOPs: 7.5M\nMLP\n  params: 0.1M\n  FLOPs: 0.1M",
        "CNN params: 0.10M\nCNN FLOPs: 7.5M\nMLP params: 0.11M\nMLP FLOPs: 0.11M",
        "MLP  flops 109,184  (CNN: 7,459,968)\nCNN  flops 7,459,968  (MLP: 109,184)",
    ],
)
def test_right_or_doubtful_names_cost_nothing(text: str) -> None:
    assert counts_printed(cells(text + PARAMETERS), (MLP, CNN), COSTS)
