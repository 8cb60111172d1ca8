"""torchvision's models and torch's optimizers train on the virtual device as on the CPU, bit for bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.in_kernel.virtual_cuda.train_models import MODELS, optimizer_names

ROOT = Path(__file__).parents[3]
SECONDS = 240
QUICK = ("mobilenet_v3_small", "resnet18", "shufflenet_v2_x0_5")
SLOW = sorted(MODELS.keys() - set(QUICK))


def run(kind: str, names: list[str]) -> dict[str, dict[str, Any]]:
    """Return the record of each name from `train_models`, run in a new process."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.in_kernel.virtual_cuda.train_models", kind, *names]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, cwd=ROOT, env=environment, check=False
    )
    records = {r["name"]: r for r in map(json.loads, ended.stdout.splitlines())}
    assert set(names) == set(records), ended.stderr[-2000:]
    return records


def check(record: dict[str, Any]) -> None:
    assert "raised" not in record, record["raised"]
    assert record["tensors"] > 10
    assert record["elsewhere"] == [], "not on cuda:0"
    assert record["different"] == [], "other bits than on the CPU"


def check_all(kind: str, names: list[str]) -> None:
    wrong = {}
    for name, record in run(kind, names).items():
        try:
            check(record)
        except AssertionError as e:
            wrong[name] = str(e)
    assert not wrong, "\n\n".join(f"{name}: {why}" for name, why in wrong.items())


def test_some_models_train_as_on_the_cpu() -> None:
    check_all("models", list(QUICK))


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("names", [SLOW[start::4] for start in range(4)], ids=lambda names: "+".join(names))
def test_every_family_of_models_trains_as_on_the_cpu(names: list[str]) -> None:
    check_all("models", names)


def test_there_is_a_model_of_every_family() -> None:
    models = pytest.importorskip("torchvision").models
    families = {model_family(name) for name in models.list_models(module=models)}
    assert families == {model_family(name) for name in MODELS}


def model_family(name: str) -> str:
    """Return 'resnet' for 'resnet18', 'efficientnet' for 'efficientnet_b0'; a _v2 is a family of its own."""
    family = name.rstrip("0123456789").split("_")[0].rstrip("0123456789")
    return f"{family}_v2" if name.startswith(("efficientnet_v2", "swin_v2")) else family


def test_every_optimizer_steps_as_on_the_cpu() -> None:
    check_all("optimizers", optimizer_names())
