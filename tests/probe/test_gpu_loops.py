"""Training and test functions for the GPU, probed on the virtual device: right ones in many styles, and all faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.probe.gpu_source import RIGHT_TEST, RIGHT_TRAIN

ROOT = Path(__file__).parents[2]
MOVE = "data, target = data.cuda(), target.cuda()"
LOSS = "loss = criterion(model(data), target)"


def train(move: str = MOVE, *changes: tuple[str, str], before: str = "") -> str:
    return changed(before + RIGHT_TRAIN.replace(MOVE, move), changes)


def checked(move: str = MOVE, *changes: tuple[str, str], before: str = "") -> str:
    return changed(before + RIGHT_TEST.replace(MOVE, move), changes)


def changed(source: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source


STEP = (
    "loss.backward()\n            optimizer.step()",
    "scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update()",
)
KEPT = """
    from torch.utils.data import DataLoader, TensorDataset
    from grader.in_kernel.datasets import registry
    registry.split_of = lambda _: "test"  # no MNIST here
    test_loader = DataLoader(TensorDataset(torch.zeros(20, 784), torch.zeros(20, dtype=torch.long)), batch_size=8)
    kept = [(images.to("cuda"), labels.to("cuda")) for images, labels in test_loader]
"""
RIGHT = {
    "cuda": train(),
    "a device": train(
        "data, target = data.to(device, non_blocking=True), target.to(device)",
        before="""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    """,
    ),
    "the model moved inside": train(MOVE, ("model.train()", "model.to('cuda:0'); model.train()")),
    "a default device": train(MOVE, ("model.train()", "torch.set_default_device('cuda'); model.train()")),
    "DataParallel": train(
        MOVE, ("model.train()", "net = nn.DataParallel(model); net.train()"), ("model(data)", "net(data)")
    ),
    "a stream": train("with torch.cuda.stream(torch.cuda.Stream()):\n                " + MOVE),
    "a batch as a list": train("batch = [part.to('cuda') for part in (data, target)]; data, target = batch"),
    "autocast": train(MOVE, (LOSS, "with torch.autocast('cuda'):\n                " + LOSS)),
    "autocast and scaler": train(
        MOVE,
        (LOSS, "with torch.autocast('cuda'):\n                " + LOSS),
        STEP,
        before="""
    scaler = torch.amp.GradScaler("cuda")
    """,
    ),
    "test: inference mode": checked(MOVE, ("no_grad", "inference_mode")),
    "test: batches kept on the GPU": checked(
        "pass",
        ("in test_loader:", "in kept:"),
        ("len(test_loader)", "len(kept)"),
        before=KEPT,
    ),
    "test: sums on the GPU": checked(
        MOVE,
        (".item()", ""),
        ("total / len(test_loader))", "float(total / len(test_loader)))"),
        ("correct / len(test_loader.dataset))", "float(correct / len(test_loader.dataset)))"),
    ),
}
FAULTY = {  # source, check that finds the fault, words of its message
    "copy thrown away": (train("data.cuda(); target.cuda()"), "exists", "copied to the GPU, but the model is given"),
    "images not moved": (train("target = target.cuda()"), "exists", "the model is on the GPU and the images are not"),
    "labels not moved": (train("data = data.cuda()"), "exists", "the outputs are on the GPU and the labels are not"),
    "model taken away": (
        train(MOVE, ("model.train()", "model.cpu()")),
        "exists",
        "images are on the GPU and the model is not",
    ),
    "numpy of a loss": (
        train(MOVE, ("loss.item()", "loss.detach().numpy()")),
        "exists",
        "given to numpy or matplotlib",
    ),
    "all on the CPU": (train("model.cpu()"), "placed", "training runs on the CPU although there is a GPU"),
    "loss on the CPU": (
        train("data = data.cuda()", ("model(data)", "model(data).cpu()")),
        "placed",
        "labels and the losses",
    ),
    "no zero_grad": (train(MOVE, ("optimizer.zero_grad()", "pass")), "trains", "gradients of earlier batches"),
    "test on the CPU": (checked("model.cpu()"), "placed", "the test runs on the CPU although there is a GPU"),
    "test: copy thrown away": (checked("data.to('cuda')"), "exists", "copied to the GPU, but the model is given"),
    "autocast without zero_grad": (
        train(MOVE, (LOSS, "with torch.autocast('cuda'):\n                " + LOSS), ("optimizer.zero_grad()", "pass")),
        "trains",
        "the weights differ",
    ),
    "test: half of the batches kept": (
        checked("pass", ("in test_loader:", "in kept[::2]:"), ("len(test_loader)", "len(kept)"), before=KEPT),
        "leaves_model_alone",
        "batches were taken from a test loader of",
    ),
    "test: last accuracy": (checked(MOVE, ("correct += ", "correct = ")), "accuracy", "last batch"),
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, dict[str, list[str]]]:
    sources = {**RIGHT, **{name: source for name, (source, _, _) in FAULTY.items()}}
    sources["waits"] = train(MOVE, ("optimizer.step()", "optimizer.step(); running = loss.item()"))
    asked = {name: ["test" if name.startswith("test") else "train", source] for name, source in sources.items()}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.probe.gpu_loops"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    found: dict[str, dict[str, list[str]]] = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_right_loops_pass_all_checks(name: str, verdicts: dict[str, dict[str, list[str]]]) -> None:
    assert {check: said for check, (said, _) in verdicts[name].items()} == dict.fromkeys(verdicts[name], "ok")


@pytest.mark.parametrize("name", FAULTY)
def test_each_fault_is_named(name: str, verdicts: dict[str, dict[str, list[str]]]) -> None:
    _, check, seen = FAULTY[name]
    assert seen in verdicts[name][check][0]
    if check != "exists":
        assert verdicts[name]["exists"][0] == "ok"


def test_reading_the_loss_in_every_step_earns_a_hint_only(verdicts: dict[str, dict[str, list[str]]]) -> None:
    said, hint = verdicts["waits"]["placed"]
    assert said == "ok"
    assert "in every step" in hint
    assert verdicts["cuda"]["placed"] == ["ok", ""]
