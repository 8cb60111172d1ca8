"""The answer key gives the verdicts that the reference itself gives, without the reference."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from grader.answer_key.file import BundleError, parse_bundle
from grader.answer_key.rebuilt import rebuilt
from grader.answer_key.records import KEPT, AnswerKeyError
from grader.assignment import Assignment, AssignmentError, Fail, ModelRole, NotGraded, load_assignment, with_key
from grader.authenticity.evaluations import outputs, transplant
from grader.bundle.make import bundle, is_chain
from grader.checks import loop_records, loop_tests, loops, models
from grader.evidence.compare import relative_difference
from grader.evidence.probes import LoopProbe, ModelProbe
from grader.probe.answers import Computed, answers_of
from grader.probe.client import describe
from grader.probe.loops import USUAL, Lengths, kept_inputs, prober_for
from grader.probe.matching import FoundFunction, model_sources
from grader.probe.models import probe_model
from grader.seeds import CANONICAL_SEED, drawn_for
from reference.models import CNN, MLP
from tests.bundle.made import NAME, made, quick
from tests.in_process import InProcess

torch.set_num_threads(1)

REFERENCE = load_assignment("reference")


# --- models --------------------------------------------------------------------------------------------------------

MLP_SOURCE = """
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
    def forward(self, x):
        x = x.reshape(-1, 784)
        return {body}
"""
CNN_SOURCE = """
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 32, 3, 1, {padding}), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
                                  nn.Conv2d(64, 128, 3, 2, 1), nn.ReLU(), nn.{pool}(1), nn.Flatten(),
                                  nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    def forward(self, x):
        return self.body(x)
"""
SOURCES = {
    "right": ("mlp", MLP_SOURCE.format(body="self.c(torch.relu(self.b(torch.relu(self.a(x)))))")),
    "softmax": ("mlp", MLP_SOURCE.format(body="torch.softmax(self.c(torch.relu(self.b(torch.relu(self.a(x))))), 1)")),
    "no first ReLU": ("mlp", MLP_SOURCE.format(body="self.c(torch.relu(self.b(self.a(x))))")),
    "tanh": ("mlp", MLP_SOURCE.format(body="self.c(torch.tanh(self.b(torch.relu(self.a(x)))))")),
    "dropout": (
        "mlp",
        MLP_SOURCE.format(body="self.c(F.dropout(torch.relu(self.b(torch.relu(self.a(x)))), 0.5, self.training))"),
    ),
    "raises": ("mlp", MLP_SOURCE.format(body="self.c(x)")),
    "another width": (
        "mlp",
        MLP_SOURCE.replace("128", "100").format(body="self.c(torch.relu(self.b(torch.relu(self.a(x)))))"),
    ),
    "right CNN": ("cnn", CNN_SOURCE.format(padding=1, pool="AdaptiveMaxPool2d")),
    "average pooling": ("cnn", CNN_SOURCE.format(padding=1, pool="AdaptiveAvgPool2d")),
    "no padding": ("cnn", CNN_SOURCE.format(padding=0, pool="AdaptiveMaxPool2d")),
}
MODEL_CHECKS: dict[str, Callable[[ModelProbe], str]] = {
    "exists": lambda probe: models.exists(probe, "MLP"),
    "shapes": lambda probe: models.output_shapes(probe, 10),
    "macs": lambda probe: models.mac_count(probe, 109_184),
    "logits": models.raw_logits,
    "outputs": models.same_outputs,
}


def said(check: Callable[[Any], str], probe: object) -> tuple[str, ...]:
    """Return what a check says to a student. Differences of outputs follow from what is drawn and are left out."""
    try:
        return ("pass", check(probe).split(" agree within")[0])
    except Fail as fail:
        seen, _, why = fail.seen.partition(" of their size")
        return "fail", why or seen, fail.expected, fail.hint, str(fail.credit)
    except NotGraded as problem:
        return "not graded", str(problem)


def probed(assignment: Assignment, role: str, source: str) -> ModelProbe:
    kernel, wanted = InProcess(source), next(each for each in assignment.models if each.role == role)
    with drawn_for(CANONICAL_SEED, source):
        return probe_model(kernel, wanted, model_sources(wanted, describe(kernel), ()))


@pytest.mark.parametrize("kind", SOURCES)
def test_a_model_gets_the_same_verdicts_from_the_file(kind: str) -> None:
    role, source = SOURCES[kind]
    here, there = (probed(assignment, role, source) for assignment in (REFERENCE, quick()[1]))
    assert here.reference_operations == there.reference_operations
    verdicts = {name: [said(check, probe) for probe in (here, there)] for name, check in MODEL_CHECKS.items()}
    assert all(one == other for one, other in verdicts.values()), verdicts
    assert (verdicts["outputs"][1][0] == "pass") == kind.startswith("right")


def test_the_model_of_the_file_evaluates_weights_as_the_reference_does() -> None:
    _, assignment = quick()
    pixels = np.random.default_rng(1).normal(size=(70, 1, 28, 28)).astype(np.float32)
    for role, build in (("mlp", MLP), ("cnn", CNN)):
        own, other = build(), next(each for each in assignment.models if each.role == role).build()
        assert isinstance(other, nn.Module)
        assert transplant({name: p.detach().numpy() for name, p in own.named_parameters()}, other)
        assert relative_difference(outputs(other, pixels), outputs(own, pixels)) < 1e-6


class Shortcut(nn.Module):
    """A model whose operations are not a chain."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.reshape(len(x), -1)[:, :4]
        result: torch.Tensor = self.two(x + torch.relu(self.one(x)))
        return result


class Swapped(nn.Module):
    """A model that defines its layers in another order than it uses them."""

    def __init__(self) -> None:
        super().__init__()
        self.two, self.one = nn.Linear(784, 784, bias=False), nn.Linear(784, 784, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.two(torch.relu(self.one(x.flatten(1))))
        return result


CHAINS = {
    "linear": (nn.Sequential(nn.Flatten(), nn.Linear(784, 10, bias=False)), True),
    "pools": (nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.MaxPool2d(2), nn.Tanh(), nn.Conv2d(4, 6, 3, 2, groups=2),
                            nn.Sigmoid(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 10), nn.LogSoftmax(1)), True),
    "rectangular": (nn.Sequential(nn.Conv2d(1, 4, (3, 5), stride=(1, 2), padding=(1, 2)), nn.AvgPool2d((2, 7)),
                                  nn.Flatten(), nn.Linear(112, 10)), True),
    "dropout": (nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Dropout(0.5)), False),
    "batch norm": (nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.BatchNorm1d(10)), False),
    "a shortcut": (Shortcut(), False),
    "layers in another order": (Swapped(), False),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHAINS)
def test_only_a_chain_of_operations_is_computed_from_them(kind: str) -> None:
    model, chain = CHAINS[kind]
    key = Computed(model).kept([(1, 28, 28)])
    assert is_chain(key) is chain
    assert (rebuilt(replace(key, chain=chain)) is not None) is chain


def test_a_model_that_is_no_chain_is_compared_all_the_same() -> None:
    role = ModelRole("net", ("Net",), Shortcut, ((1, 28, 28),), bool)
    kept = replace(role, key=Computed(Shortcut()).kept(role.layouts), build=lambda: None)
    source = """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 3)
            def forward(self, x):
                x = x.flatten(1)[:, :4]
                return self.b(x + torch.relu(self.a(x)))
    """
    kernel = InProcess(source)
    assert models.same_outputs(probe_model(kernel, kept, model_sources(kept, describe(kernel), ())))


def test_questions_without_an_answer_are_refused() -> None:
    role = quick()[1].models[0]
    with pytest.raises(AnswerKeyError, match=r"no answers for images of shape \(3, 32, 32\)"):
        answers_of(role).outputs((3, 32, 32))


def test_another_stream_of_random_numbers_is_noticed() -> None:
    role = quick()[1].models[0]
    assert role.key is not None
    layouts = tuple(replace(each, drawn=tuple(1.001 * value for value in each.drawn)) for each in role.key.layouts)
    with pytest.raises(AnswerKeyError, match="numpy draws other numbers here"):
        answers_of(replace(role, key=replace(role.key, layouts=layouts))).outputs((784,))


# --- functions -----------------------------------------------------------------------------------------------------

TRAIN = """
def cpu_train(epoch, train_losses, steps, current_step):
    model.train()
    for index, (data, target) in enumerate(train_loader):
        {clear}
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
        current_step += 1
        if index % 100 == 0:
            train_losses.append(loss.item())
            steps.append({step})
    return current_step
"""
TEST = """
def cpu_test(test_losses, test_accuracy, steps, current_step):
    {mode}
    total = right = count = 0
    with torch.no_grad():
        for data, target in test_loader:
            out = model(data)
            total += criterion(out, target).item()
            right += (out.argmax(1) == target).sum().item()
            count += len(target)
    test_losses.append(total / {divisor})
    test_accuracy.append(right / count)
    steps.append(current_step)
"""
LOOPS = {
    "right training": ("cpu_train", TRAIN.format(clear="optimizer.zero_grad()", step="current_step")),
    "no zero_grad": ("cpu_train", TRAIN.format(clear="pass", step="current_step")),
    "steps from 0": ("cpu_train", TRAIN.format(clear="optimizer.zero_grad()", step="index")),
    "right test": ("cpu_test", TEST.format(mode="model.eval()", divisor="len(test_loader)")),
    "no eval": ("cpu_test", TEST.format(mode="pass", divisor="len(test_loader)")),
    "per image": ("cpu_test", TEST.format(mode="model.eval()", divisor="count")),
}
LOOP_CHECKS: dict[str, dict[str, Callable[[LoopProbe], str]]] = {
    "cpu_train": {
        "learns": loops.trains,
        "records": lambda probe: loop_records.records_losses(probe, 100),
        "returns": loop_records.returns_step,
        "mode": loops.mode_in_training,
    },
    "cpu_test": {
        "whole": loop_tests.leaves_model_alone,
        "mode": loop_tests.mode_in_test,
        "average": loop_tests.averages_loss,
        "accuracy": loop_tests.accuracy,
    },
}


@pytest.mark.parametrize("kind", LOOPS)
def test_a_function_gets_the_same_verdicts_from_the_file(kind: str) -> None:
    name, source = LOOPS[kind]
    probes = []
    for assignment in (REFERENCE, quick()[1]):
        role = next(each for each in assignment.loops if each.role == name)
        kernel = InProcess(source)
        found = describe(kernel).function(name)
        assert found is not None
        with drawn_for(CANONICAL_SEED, KEPT):  # the same questions, so that the sentences are the same too
            prober = prober_for([role])
        probes.append(prober.probe(kernel, role, FoundFunction(found, "name")))
    verdicts = {key: [said(check, probe) for probe in probes] for key, check in LOOP_CHECKS[name].items()}
    assert all(one == other for one, other in verdicts.values()), verdicts
    assert all(one[0] == "pass" for one, _ in verdicts.values()) == kind.startswith("right")


def test_inputs_are_those_of_the_file_whatever_the_notebook() -> None:
    roles = quick()[1].loops
    found = []
    for notebook in ("one", "another"):
        with drawn_for(CANONICAL_SEED, notebook):
            found.append(prober_for(roles).inputs)
    assert (found[0].train_images == found[1].train_images).all()
    assert (found[0].test_labels == found[1].test_labels).all()


def test_loaders_of_another_length_have_no_answers() -> None:
    role = quick()[1].loops[0]
    prober = prober_for([role], Lengths(300, 150, 64, 64))
    with pytest.raises(ValueError, match="no answers for loaders of these lengths"):
        prober.reference(role)


def test_labels_that_follow_from_rounding_are_kept() -> None:
    file, _ = quick()
    labels = file.key.loops["test"][0].test_labels
    changed = bytes([(labels[0] + 1) % 10, *labels[1:]])
    assert kept_inputs(changed, USUAL).test_labels[0] == (labels[0] + 1) % 10


# --- the whole file --------------------------------------------------------------------------------------------------


def test_the_rubric_is_the_same() -> None:
    _, assignment = quick()
    assert assignment.rubric.points == REFERENCE.rubric.points
    assert [check.text for item in assignment.rubric.items for check in item.checks] == [
        check.text for item in REFERENCE.rubric.items for check in item.checks
    ]
    assert assignment.template() == REFERENCE.template()
    assert assignment.thresholds(8192) == REFERENCE.thresholds(8192)
    assert assignment.full_length == REFERENCE.full_length


def test_a_file_is_not_bundled_again() -> None:
    with pytest.raises(BundleError, match="is a file for students already"):
        bundle(quick()[1], "reference", NAME)


def test_a_rubric_that_needs_a_value_of_the_reference_is_refused() -> None:
    file = parse_bundle(Path(NAME), made())
    broken = replace(file, key=replace(file.key, models={}), sha256="0" * 64)
    with pytest.raises(AssignmentError, match="lacks answers for a part of its rubric"):
        with_key(broken)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("level", ["SSE4_2", "AVX2"])
def test_another_kind_of_cpu_gives_other_last_bits_and_the_same_answers(level: str, tmp_path: Path) -> None:
    torch_level = {"SSE4_2": "default", "AVX2": "avx2"}[level]
    kinds = {"MKL_ENABLE_INSTRUCTIONS": level, "ATEN_CPU_CAPABILITY": torch_level}
    kinds["ONEDNN_MAX_CPU_ISA"] = level.replace("SSE4_2", "SSE41")
    out = tmp_path / NAME
    command = [sys.executable, "-m", "grader", "bundle", "reference", "--for", "students", "--out", str(out)]
    subprocess.run(command, env={**os.environ, **kinds}, check=True, cwd=Path(__file__).parents[2])
    one, other = parse_bundle(out, made(full=True)).key, parse_bundle(out, out.read_bytes()).key
    for role in one.models:
        for a, b in zip(one.models[role].layouts, other.models[role].layouts, strict=True):
            assert a.operations == b.operations
            assert relative_difference(a.evaluation.decoded(), b.evaluation.decoded()) < 2e-6  # 1e-5 is allowed
    for purpose in one.loops:
        for x, y in zip(one.loops[purpose], other.loops[purpose], strict=True):
            assert np.allclose(x.losses, y.losses, rtol=1e-5)  # 1e-3 is allowed
            assert (x.correct, x.test_labels) == (y.correct, y.test_labels)
            for name in x.weights:
                assert np.allclose(x.weights[name].decoded(), y.weights[name].decoded(), atol=1e-5)
