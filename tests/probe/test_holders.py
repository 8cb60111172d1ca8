"""Training and test functions whose model, optimizer, loaders and records are in one object are probed as others are."""

from __future__ import annotations

import copy

import pytest

from grader.assignment import Fail
from grader.checks import loop_records, loop_tests, loops
from grader.evidence.probes import LoopProbe
from grader.in_kernel.probes.parts import entries, holds_parts
from grader.probe.client import describe
from grader.probe.matching import FoundFunction
from tests.in_process import InProcess
from tests.probe.test_loops import TEST, TRAIN, probe, prober

PARTS = """model=nn.Linear(784, 10), optimizer=None, criterion=nn.CrossEntropyLoss(), step=7,
    train_loader=torch.utils.data.DataLoader([0]), test_loader=torch.utils.data.DataLoader([0]),
    losses=[1.0], steps=[1], tests={"loss": [2.0], "hits": [0.1], "steps": [1]}"""
MAKERS = {
    "a namespace": f"from types import SimpleNamespace\nrun = SimpleNamespace({PARTS})\n",
    "an object": f"""
class Run:
    def __init__(self, **parts):
        vars(self).update(parts)
    def lr(self):
        return 0.1
experiment = Run({PARTS})
""",
    "a dict": f"run = dict({PARTS})\n",
    "another dict": f"cpu, gpu = dict({PARTS}), {{}}\n",
}
LOOPS = """
def cpu_train(epoch, run):
    run.model.train()
    for at, (images, labels) in enumerate(run.train_loader):
        run.optimizer.zero_grad()
        loss = run.criterion(run.model(images), labels)
        loss.backward()
        run.optimizer.step()
        run.step += 1
        if at % 100 == 0:
            run.losses.append(loss.item())
            run.steps.append(run.step)

def cpu_test(run):
    run.model.eval()
    total = hits = 0
    with torch.no_grad():
        for images, labels in run.test_loader:
            outputs = run.model(images)
            total += run.criterion(outputs, labels).item()
            hits += (outputs.argmax(1) == labels).sum().item()
    run.tests["loss"].append(total / len(run.test_loader))
    run.tests["hits"].append(hits / len(run.test_loader.dataset))
    run.tests["steps"].append(run.step)
"""


def test_a_text_beside_a_holder_is_no_key_of_it() -> None:
    source = written("a dict").replace(
        "def cpu_train(epoch, run):", "def cpu_train(epoch, run):\n    print(run, 'train')"
    )
    assert "equal the reference's" in loops.trains(probe(source, TRAIN, "cpu_train"))


def as_keys(source: str) -> str:
    for name in ("model", "optimizer", "criterion", "step", "train_loader", "test_loader", "losses", "steps", "tests"):
        for end in ".([ ):":
            source = source.replace(f"run.{name}{end}", f"run['{name}']{end}")
    return source.replace("run.step\n", "run['step']\n")


def written(maker: str) -> str:
    source = LOOPS if maker in ("a namespace", "an object") else as_keys(LOOPS)
    return MAKERS[maker] + source


def assert_right(train: LoopProbe, test: LoopProbe) -> None:
    assert "equal the reference's" in loops.trains(train)
    assert loop_records.records_losses(train, 100)
    assert loop_records.returns_step(train)
    assert loop_tests.averages_loss(test)
    assert loop_tests.accuracy(test)
    assert loop_tests.leaves_model_alone(test)


@pytest.mark.parametrize("maker", MAKERS)
def test_a_holder_is_passed(maker: str) -> None:
    source = written(maker)
    assert_right(probe(source, TRAIN, "cpu_train"), probe(source, TEST, "cpu_test"))


@pytest.mark.parametrize("maker", ["a namespace", "a dict"])
def test_a_global_holder_is_read(maker: str) -> None:
    source = written(maker).replace("(epoch, run)", "(epoch)").replace("cpu_test(run)", "cpu_test()")
    assert_right(probe(source, TRAIN, "cpu_train"), probe(source, TEST, "cpu_test"))


@pytest.mark.parametrize("maker", MAKERS)
def test_faults_are_found_in_a_holder(maker: str) -> None:
    source = "\n".join(line for line in written(maker).splitlines() if "zero_grad" not in line)
    with pytest.raises(Fail, match="gradients of earlier batches"):
        loops.trains(probe(source, TRAIN, "cpu_train"))


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("taken", [True, False])
def test_the_notebooks_own_holder_stays_as_it_is(maker: str, taken: bool) -> None:
    source = written(maker) if taken else written(maker).replace("(epoch, run)", "(epoch)")
    kernel = InProcess(source)
    holder = next(one for one in kernel.namespace.values() if holds_parts(one, kernel.namespace))
    before = {
        name: copy.deepcopy(one) if isinstance(one, (list, dict)) else one for name, one in entries(holder).items()
    }
    function = describe(kernel).function("cpu_train")
    assert function is not None
    prober().probe(kernel, TRAIN, FoundFunction(function, "name", ()))
    assert entries(holder) == before


def test_a_named_tuple_is_passed() -> None:
    fields = "model optimizer criterion step train_loader test_loader losses steps tests"
    maker = f"from collections import namedtuple\nrun = namedtuple('Run', '{fields}')({PARTS})\n"
    test = probe(maker + LOOPS, TEST, "cpu_test")
    assert loop_tests.averages_loss(test)
    assert loop_tests.accuracy(test)
