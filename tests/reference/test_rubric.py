import json
from importlib import resources

import numpy as np
import pytest
import torch
from torchvision import transforms

from reference.contract import is_cnn, is_mlp, transform
from reference.models import CNN, MLP
from reference.rubric import ASSIGNMENT, RUBRIC

CONTRACT = {
    "mlp": 5, "data": 5, "cpu_loops": 10, "q1": 5, "q2": 10, "q3": 10, "q4": 5, "q5": 10, "q6": 5, "cnn": 5, "q7": 7,
    "q8": 8, "q9": 5, "flops": 5, "q10": 5,
}  # fmt: skip


def test_items_points_and_order_follow_the_contract():
    assert [(item.id, item.points) for item in RUBRIC.items] == list(CONTRACT.items())
    assert RUBRIC.points == 100


def test_every_check_says_what_must_hold_and_has_a_unique_id():
    checks = [check for item in RUBRIC.items for check in item.checks]
    assert all(check.run.__doc__ and check.text.endswith(".") for check in checks)
    assert len({check.id for check in checks}) == len(checks)


def test_items_on_the_gpu_need_one():
    needing = {item.id for item in RUBRIC.items if all(check.needs_gpu for check in item.checks)}
    assert needing == {"q5", "q8"}


def shapes(model: torch.nn.Module) -> list[tuple[int, ...]]:
    return [tuple(p.shape) for p in model.parameters()]


def test_models_are_recognised_by_their_shapes_rightly_built_or_not():
    assert is_mlp(shapes(MLP()))
    assert is_cnn(shapes(CNN()))
    assert not is_cnn(shapes(MLP()))
    assert not is_mlp(shapes(CNN()))
    narrow = torch.nn.Sequential(torch.nn.Linear(784, 30), torch.nn.Linear(30, 10))
    assert is_mlp(shapes(narrow))
    assert not is_mlp(shapes(torch.nn.Linear(4, 8)))
    assert not is_mlp([])
    assert not is_cnn([])


def test_the_transform_is_torchvisions():
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28)).astype(np.uint8)
    theirs = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    expected = torch.stack([theirs(image[..., None]) for image in images]).numpy()
    np.testing.assert_array_equal(transform(images), expected)


def test_every_question_of_the_notebook_for_students_is_found():
    assert [prompt.item for prompt in ASSIGNMENT.prompts] == list(CONTRACT)
    questions = [prompt for prompt in ASSIGNMENT.prompts if prompt.headings]
    assert [prompt.headings for prompt in questions] == [(f"Question {n}",) for n in range(1, 11)]
    assert all(len(prompt.text) > 60 for prompt in questions)
    assert [prompt.item for prompt in ASSIGNMENT.prompts if prompt.written] == ["q4", "q6", "q9", "q10"]


@pytest.mark.parametrize("size", ["8192"])
def test_thresholds_are_stored_with_their_provenance(size):
    stored = json.loads(resources.files("reference").joinpath("thresholds.json").read_text())[size]
    assert stored["seeds"] >= 20
    assert {"measured", "torch", "data", "sha256"} <= stored.keys()
    assert set(stored["limits"]) == {*(f"mlp.loss.{n}" for n in range(1, 21)), "cnn.loss.1", "cnn.loss.2"}
    assert ASSIGNMENT.thresholds(int(size))["mlp.loss.10"].high == stored["limits"]["mlp.loss.10"]["high"]
