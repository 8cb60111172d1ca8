"""Loaders in objects of the notebook, own samplers and collate functions are judged by what they serve."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grader.assignment import Fail, LoopRole
from grader.checks import loaders, loop_tests, loops
from grader.evidence.probes import LoaderProbe, LoopProbe
from grader.evidence.run import Argument
from grader.probe.client import describe
from grader.probe.loaders import find_loader, probe_loader
from grader.probe.loops import LoopProber
from grader.probe.matching import FoundFunction
from grader.seeds import drawn_for
from reference.contract import transform
from reference.loops import cpu_test, cpu_train
from tests.in_process import InProcess

torch.set_num_threads(1)

IMAGES = np.random.default_rng(3).integers(0, 256, (200, 28, 28), dtype=np.uint8)
LABELS = np.random.default_rng(4).integers(0, 10, 200)

WRAPPER = """
    from torch.utils.data import DataLoader, TensorDataset
    class Wrapper:
        def __init__(self, loader):
            self.loader = loader
        def __len__(self):
            return len(self.loader)
        def __iter__(self):
            for images, labels in self.loader:
                yield images.flatten(1), labels
    class Slotted:
        __slots__ = ("inside",)
        def __init__(self, inside):
            self.inside = inside
        def __iter__(self):
            return iter(self.inside)
    plain = DataLoader(TensorDataset(torch.zeros(9, 1, 28, 28), torch.zeros(9).long()), batch_size=3)
    train_rows = WRAPPED
    def cpu_train(epoch, train_losses, steps, current_stepMORE):
        model.train()
        for data, target in BATCHES:
            assert data.dim() == 2
            optimizer.zero_grad()
            criterion(model(data), target).backward()
            optimizer.step()
"""


def probe_loop(source: str, purpose: str, observed: tuple[Argument, ...] = ()) -> tuple[LoopProbe, InProcess]:
    kernel = InProcess(source)
    name = f"cpu_{purpose}"
    function = describe(kernel).function(name)
    assert function is not None
    role = LoopRole(name, (name,), purpose, "cpu", cpu_train if purpose == "train" else cpu_test)
    with drawn_for(0, "wrapped"):
        return LoopProber().probe(kernel, role, FoundFunction(function, "name", observed)), kernel


@pytest.mark.parametrize("wrapped", ["Wrapper(plain)", "Slotted(Wrapper(plain))", "tqdm(Wrapper(plain), disable=True)"])
def test_a_loader_in_an_object_is_replaced_inside_a_copy(wrapped: str) -> None:
    source = WRAPPER.replace("WRAPPED", wrapped).replace("MORE", "").replace("BATCHES", "train_rows")
    found, kernel = probe_loop(source, "train")
    assert "weights equal" in loops.trains(found)
    assert len(list(kernel.namespace["train_rows"])) == 3  # it still goes over the notebook's own


def test_a_wrapper_that_is_passed_is_passed_again() -> None:
    source = WRAPPER.replace("WRAPPED", "Wrapper(plain)").replace("MORE", ", loader").replace("BATCHES", "loader")
    source += "    from grader.in_kernel.datasets import registry\n    registry.split_of = lambda _: 'train'\n"
    from grader.in_kernel.datasets import registry

    before = registry.split_of
    try:
        found, _ = probe_loop(source, "train", (Argument("loader", "other"),))
    finally:
        registry.split_of = before
    assert "weights equal" in loops.trains(found)


def test_a_function_that_skips_the_wrapped_batches_still_loses() -> None:
    source = WRAPPER.replace("WRAPPED", "Wrapper(plain)").replace("MORE", "").replace("BATCHES", "list(train_rows)[1:]")
    found, _ = probe_loop(source, "train")
    with pytest.raises(Fail, match="first batch"):
        loops.trains(found)


TEST = """
    test_loader = None
    criterion = nn.MultiMarginLoss()
    def cpu_test(test_losses, test_accuracy, steps, current_step, loader=None, net=None):
        model.eval()
        total = correct = 0
        BEFORE
        for data, target in test_loader:
            output = model(data)
            total += criterion(output, target).item()
            correct += (output.argmax(1) == target).sum().item()
        AFTER
        test_losses.append(total / len(test_loader))
        test_accuracy.append(correct / len(test_loader.dataset))
        steps.append(current_step)
"""
FROZEN = "for p in model.parameters(): p.requires_grad_(False)"


def test_frozen_parameters_record_no_gradients_and_unused_parameters_are_no_decoys() -> None:
    found, _ = probe_loop(TEST.replace("BEFORE", FROZEN).replace("AFTER", FROZEN.replace("False", "True")), "test")
    assert loop_tests.gradients_off(found) == "gradients are off"
    assert "one pass" in loop_tests.leaves_model_alone(found)
    assert "average loss" in loop_tests.averages_loss(found)  # whatever criterion the notebook ends with
    some = FROZEN.replace("model.parameters()", "list(model.parameters())[:2]")
    found, _ = probe_loop(TEST.replace("BEFORE", some).replace("AFTER", "pass"), "test")
    with pytest.raises(Fail, match="gradients are recorded"):
        loop_tests.gradients_off(found)


DATA = """
    from torch.utils.data import DataLoader, RandomSampler, Sampler, Subset, TensorDataset, default_collate
    from torch.utils.data import WeightedRandomSampler
    class Shuffled(Sampler):
        def __iter__(self):
            return iter(torch.randperm(200).tolist())
        def __len__(self):
            return 200
    def normalised(pairs):
        images, labels = default_collate(pairs)
        return (images / 255 - 0.1307) / 0.3081, labels
    grey = TensorDataset(IMAGES, LABELS)
    train_loader = LOADER
"""


def probe_data(loader: str) -> LoaderProbe:
    kernel = InProcess("")
    kernel.namespace["IMAGES"] = torch.from_numpy(IMAGES).float()[:, None]
    kernel.namespace["LABELS"] = torch.from_numpy(LABELS)
    import textwrap

    exec(textwrap.dedent(DATA.replace("LOADER", loader)), kernel.namespace)
    with drawn_for(0, "data"):
        return probe_loader(kernel, "train", find_loader("train", describe(kernel)), IMAGES, LABELS, transform)


@pytest.mark.parametrize(
    "how", ["shuffle=True", "sampler=Shuffled()", "batch_sampler=torch.utils.data.BatchSampler(Shuffled(), 64, False)"]
)
def test_any_way_to_shuffle_and_to_normalise_is_right(how: str) -> None:
    size = "" if how.startswith("batch") else "batch_size=64, "
    found = probe_data(f"DataLoader(grey, {size}collate_fn=normalised, {how})")
    assert "shuffled" in loaders.loader(found, 200, 64, shuffled=True)
    assert "normalised" in loaders.pixels(found)


@pytest.mark.parametrize(
    ("how", "seen"),
    [
        ("sampler=RandomSampler(grey, replacement=True)", "of 200 images"),
        ("sampler=WeightedRandomSampler(torch.ones(200), 200)", "of 200 images"),
        ("sampler=RandomSampler(grey, num_samples=50)", "50 of 200 images"),
        ("sampler=list(range(200))", "same order"),
        ("shuffle=True, drop_last=True", "smaller batch is dropped"),
    ],
)
def test_images_that_are_missing_from_an_epoch_lose(how: str, seen: str) -> None:
    with pytest.raises(Fail, match=seen):
        loaders.loader(probe_data(f"DataLoader(grey, batch_size=64, {how})"), 200, 64, shuffled=True)


def test_a_collate_function_that_does_not_normalise_is_seen() -> None:
    with pytest.raises(Fail, match="grey levels"):
        loaders.pixels(probe_data("DataLoader(grey, batch_size=64, shuffle=True)"))
