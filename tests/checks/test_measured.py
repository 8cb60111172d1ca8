"""Times of a part of each epoch, and of another training, beside right ones that are near them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from grader.assignment import Fail
from grader.checks.measured import measured
from grader.checks.printed_times import printed_times
from grader.checks.timing import epoch_times
from grader.checks.total_time import total_time
from grader.evidence.trainings import Epoch
from tests.checks.test_timing import cell, make_epochs, took

SIZES = [(0.097, 0.013), (3.9, 0.3), (45.0, 1.5)]  # seconds of training and of testing: the sample, all of MNIST, a CNN


def lines(epochs: Sequence[Epoch], seconds: Callable[[Epoch], float], digits: int = 3) -> str:
    return "\n".join(f"Epoch {n} took {seconds(epoch):.{digits}f} s" for n, epoch in enumerate(epochs, 1))


def alone(epoch: Epoch) -> float:
    return epoch.train.seconds + 0.001


def test_seconds(epoch: Epoch) -> float:
    assert epoch.test is not None
    return epoch.test.seconds + 0.001


test_seconds.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(("seconds", "test"), SIZES)
@pytest.mark.parametrize("count", [2, 10, 20])
def test_times_without_testing_lose_half(seconds: float, test: float, count: int) -> None:
    epochs = make_epochs(count, seconds, test)
    with pytest.raises(Fail, match=r"leave out testing: .* the training alone took .* together") as caught:
        epoch_times(cell(lines(epochs, alone)), epochs, min(count, 10), tested=True)
    assert caught.value.credit == 0.5
    assert epoch_times(cell(lines(epochs, alone)), epochs, min(count, 10))  # where testing need not be included
    assert epoch_times(cell(lines(epochs, took)), epochs, min(count, 10), tested=True)


def test_times_without_testing_in_a_list_or_on_average_lose_half() -> None:
    epochs = make_epochs(10, 3.9, 0.3)
    mean = sum(map(alone, epochs)) / 10
    for text in (f"times: {[round(alone(e), 2) for e in epochs]}", f"average time per epoch: {mean:.2f} s"):
        with pytest.raises(Fail, match=r"leaves? out testing") as caught:
            epoch_times(cell(text), epochs, 10, tested=True)
        assert caught.value.credit == 0.5
    both = sum(map(took, epochs)) / 10
    assert epoch_times(cell(f"average time per epoch: {both:.2f} s"), epochs, 10, tested=True)


def test_what_rounding_hides_costs_nothing() -> None:
    epochs = make_epochs(10, 0.097, 0.013)
    for digits in (1, 2):
        assert epoch_times(cell(lines(epochs, alone, digits)), epochs, 10, tested=True)
    assert total_time(cell("10 epochs took 1 s"), epochs, 10)


def test_the_time_of_each_test_may_stand_beside_that_of_the_training() -> None:
    epochs = make_epochs(10, 3.9, 0.3)
    text = "\n".join(
        f"epoch {n}: trained {alone(e):.2f} s, tested {test_seconds(e):.2f} s" for n, e in enumerate(epochs)
    )
    assert epoch_times(cell(text), epochs, 10, tested=True)
    summed = "\n".join(f"train {alone(e):.2f} s + test {test_seconds(e):.2f} s = {took(e):.2f} s" for e in epochs)
    assert epoch_times(cell(summed), epochs, 10, tested=True)
    losses = "\n".join(f"epoch {n}: {alone(e):.2f} s, loss {test_seconds(e):.2f}" for n, e in enumerate(epochs))
    with pytest.raises(Fail, match="leave out testing"):
        epoch_times(cell(losses), epochs, 10, tested=True)


def test_other_work_in_the_loop_does_not_hide_what_was_measured() -> None:
    epochs = make_epochs(10, 1.0, 0.1, gap=0.3)  # between training and testing, and after it
    assert epoch_times(cell(lines(epochs, lambda e: took(e) + 0.2)), epochs[:], 10, tested=True)
    with pytest.raises(Fail, match="leave out testing"):
        epoch_times(cell(lines(epochs, alone)), epochs, 10, tested=True)


@pytest.mark.parametrize(("seconds", "test"), [(0.097, 0.013), (3.9, 0.3)])
@pytest.mark.parametrize("tested", [True, False])
def test_times_of_the_tests_alone_earn_nothing(seconds: float, test: float, tested: bool) -> None:
    epochs = make_epochs(10, seconds, test)
    with pytest.raises(Fail, match=r"leave out training|its test alone took") as caught:
        epoch_times(cell(lines(epochs, test_seconds, 4)), epochs, 10, tested=tested)
    assert caught.value.credit == 0


def on(device: str, cell_index: int, epochs: Sequence[Epoch]) -> list[Epoch]:
    return [
        Epoch(
            replace(e.train, cell=cell_index, model_device=device, start=e.train.start + 1000 * cell_index),
            replace(e.test, cell=cell_index, start=e.test.start + 1000 * cell_index) if e.test else None,
        )
        for e in epochs
    ]


def test_times_of_the_other_device_are_not_those_of_this_training() -> None:
    cpu = on("cpu", 39, make_epochs(2, 46.0, 1.5, 0.02, seed=1))
    gpu = on("cuda:0", 41, make_epochs(2, 43.5, 1.4, 0.02, seed=2))  # nearly as fast
    others = [cpu, gpu]
    here = [replace(run, index=41) for run in cell(lines(cpu, took, 2))]
    with pytest.raises(Fail, match=r"are those of the training of another model on the CPU \(cell 39\)"):
        epoch_times(here, gpu, 2, others=others)
    right = [replace(run, index=41) for run in cell(lines(gpu, took, 2))]
    assert epoch_times(right, gpu, 2, others=others)
    both = [replace(run, index=41) for run in cell(lines(cpu, took, 2) + "\n" + lines(gpu, took, 2))]
    assert epoch_times(both, gpu, 2, others=others)


def test_times_are_of_the_epochs_in_the_cell_that_printed_them() -> None:
    fast = on("cpu", 22, make_epochs(10, 0.9, 0.1, jitter=0.01))
    slow = on("cpu", 26, make_epochs(10, 1.0, 0.1, jitter=0.01))  # training alone takes as long as an earlier epoch
    epochs = [*fast, *slow]
    here = [replace(run, index=26) for run in cell(f"{lines(slow, alone)}\nin all {sum(map(alone, slow)):.2f} s")]
    with pytest.raises(Fail, match="leave out testing"):
        epoch_times(here, epochs, 10, tested=True)
    with pytest.raises(Fail, match="leaves out testing"):
        total_time(here, epochs, 10)
    right = [replace(run, index=26) for run in cell(f"{lines(slow, took)}\nin all {sum(map(took, slow)):.2f} s")]
    assert epoch_times(right, epochs, 10, tested=True)
    assert total_time(right, epochs, 10)


# --- totals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "test"), SIZES)
def test_a_total_without_testing_loses_half(seconds: float, test: float) -> None:
    epochs = make_epochs(10, seconds, test)
    with pytest.raises(Fail, match=r"leaves out testing.*: .*, and training alone took .*, with testing") as caught:
        total_time(cell(f"10 epochs took {sum(map(alone, epochs)):.2f} s"), epochs, 10)
    assert caught.value.credit == 0.5
    assert total_time(cell(f"10 epochs took {sum(map(took, epochs)):.2f} s"), epochs, 10)
    assert total_time(cell(f"10 epochs took {epochs[-1].end - epochs[0].start:.2f} s"), epochs, 10)


def test_a_total_says_what_it_measured_instead() -> None:
    epochs = make_epochs(10, 3.9, 0.5, jitter=0)
    with pytest.raises(Fail, match=r"printed 5\.01 s, while 10 epochs .*; their tests alone took 5\.0 s"):
        total_time(cell("10 epochs took 5.01 s"), epochs, 10)
    with pytest.raises(Fail, match=r"printed 59\.8 s, while .*; the whole cell, with what follows them.* took 60\.0 s"):
        total_time(cell("10 epochs took 59.8 s", seconds=60.0), epochs, 10)


def test_the_nearest_part_is_told() -> None:
    epochs = make_epochs(10, 3.9, 0.3)
    for seconds, part in ((took, "both"), (alone, "training"), (test_seconds, "testing")):
        found = measured(printed_times(lines(epochs, seconds)), epochs)
        assert min(found, key=lambda name: found[name].miss) == part
    assert measured([], epochs) == {}
    assert list(measured(printed_times("took 3 s"), make_epochs(2, 3.0, None))) == ["both"]
