"""Times in stored outputs, in many wordings, beside made-up clocks of the grader's run."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from grader.checks.stored_times import StoredCell, StoredTimes, stored_times
from grader.evidence.trainings import Epoch
from tests.checks.test_timing import make_epochs, took


def seen(
    stored: str, printed: str = "", epochs: Sequence[Epoch] = (), count: int = 10, foreign: str = "", naming: str = ""
) -> StoredTimes | None:
    words = (re.compile(naming),) if naming else ()
    cells = [StoredCell(5, stored, printed, len(epochs), words)]
    return stored_times(cells, epochs, count, re.compile(foreign) if foreign else None)


def lines(form: str, values: Sequence[float]) -> str:
    return "\n".join(form.format(n=n, t=value) for n, value in enumerate(values, 1)) + "\n"


THEIRS = [4.0 + n / 10 for n in range(10)]  # median 4.45
HERE = make_epochs(10)
FORMS = [
    "Epoch {n} took {t:.2f} seconds",
    "epoch {n}: {t:.2f} s",
    "Epoch [{n}/10], loss: 0.123, time: {t:.3f}s",
    "Epoche {n}: {t:.2f} Sekunden, Genauigkeit 97.1%",
    "time elapsed in this epoch: {t:.2f}s",
    "took {t:.2f} s",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ran", [True, False])
def test_times_of_epochs_give_their_median(form: str, ran: bool) -> None:
    printed = lines(form, [took(e) for e in HERE]) if ran else ""
    found = seen(lines(form, THEIRS), printed, HERE if ran else ())
    assert found is not None
    assert found.epoch == pytest.approx(4.45, abs=0.01)
    assert (found.times, found.total) == (10, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Total time for 10 epochs: 38.20 seconds", 38.2),
        ("10 epochs with testing: 38.20 s in all", 38.2),
        ("10 Epochen mit Prüfung: 1 min 5 s", 65),
        ("Training for 10 epochs took 1.5 minutes", 90),
    ],
)
def test_a_total_that_says_of_how_many_is_divided(text: str, seconds: float) -> None:
    assert seen(text) == StoredTimes(pytest.approx(seconds / 10), 0, pytest.approx(seconds), 10)


def total_here(epochs: Sequence[Epoch] = HERE) -> float:
    return epochs[-1].end - epochs[0].start


@pytest.mark.parametrize("form", ["Total time: {:.2f} s", "Time taken: {:.2f} s", "Execution time {:.2f} seconds"])
def test_a_total_of_an_unsaid_number_is_told_by_the_clock_here(form: str) -> None:
    found = seen(form.format(38.2), form.format(total_here()), HERE)
    assert found == StoredTimes(pytest.approx(3.82), 0, 38.2, 10)
    assert seen(form.format(38.2)) is None  # of how many?


def test_the_clock_here_corrects_the_wording() -> None:
    text = "Total time for 5 epochs: {:.2f} s"
    found = seen(text.format(38.2), text.format(total_here()), HERE)
    assert found is not None
    assert found.epochs == 10


def test_totals_of_several_numbers_of_epochs_are_told_apart() -> None:
    text, twenty = "Total time for 10 epochs: {:.2f} seconds\nTotal time for 20 epochs: {:.2f} seconds", make_epochs(20)
    printed = text.format(total_here(twenty[:10]), total_here(twenty))
    for found in (seen(text.format(147, 296), printed, twenty), seen(text.format(147, 296))):
        assert found == StoredTimes(pytest.approx(14.8), 0, 296, 20)


def test_the_same_total_twice_is_that_of_each_half() -> None:
    text, twenty = "Time taken: {:.2f} s\n" * 2, make_epochs(20)
    printed = text.format(total_here(twenty[:10]), total_here(twenty[10:]))
    assert seen(text.format(40, 38), printed, twenty) == StoredTimes(pytest.approx(3.8), 0, 38, 10)


def test_epochs_and_their_total_are_both_kept() -> None:
    text, here = "10 epochs: {:.2f} s in all", [took(e) for e in HERE]
    found = seen(lines(FORMS[0], THEIRS) + text.format(46), lines(FORMS[0], here) + text.format(total_here()), HERE)
    assert found == StoredTimes(pytest.approx(4.45), 10, 46.0, 10)


def test_an_average_is_an_epochs_time() -> None:
    assert seen("Average time per epoch: 3.81 s") == StoredTimes(3.81, 1)
    assert seen("Total: 38.1 s (10 epochs), 3.81 s per epoch") == StoredTimes(3.81, 1)


def test_running_times_are_subtracted() -> None:
    running = [4.0 * n for n in range(1, 11)]
    here = [e.end - HERE[0].start for e in HERE]
    for found in (seen(lines(FORMS[1], running)), seen(lines(FORMS[1], running), lines(FORMS[1], here), HERE)):
        assert found is not None
        assert found.epoch == pytest.approx(4.0)


def test_the_clock_here_tells_which_of_training_and_testing_is_the_epoch() -> None:
    form = "Epoch {}: training {:.2f} s, testing {:.2f} s, both {:.2f} s"
    theirs = "\n".join(form.format(n, 4, 0.5, 4.5) for n in range(10))
    here = "\n".join(
        form.format(n, e.train.seconds, e.test.seconds if e.test else 0, took(e)) for n, e in enumerate(HERE)
    )
    assert seen(theirs, here, HERE) == StoredTimes(4.5, 10)
    assert seen(theirs) is None


def test_a_busy_machine_here_changes_nothing() -> None:
    uneven = [*make_epochs(1, seconds=8.7), *make_epochs(1, seconds=12.5)]
    text = "Epoch 1 took {:.2f} s\nEpoch 2 took {:.2f} s"
    assert seen(text.format(60, 61), text.format(*map(took, uneven)), uneven) == StoredTimes(60.5, 2)


def test_one_time_in_two_units_is_one() -> None:
    found = seen(lines("Epoch {n}: {t:.0f} s (1 min 5 s)", [65] * 2), count=2)
    assert found == StoredTimes(65, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Epoch 1 loss 2.30 accuracy 0.91\nEpoch 2 loss 1.20 accuracy 0.93",
        "3.81\n3.92",  # numbers that nothing calls a time
        "Time: 38.2 s",  # of one epoch, or of all?
        "average time per batch: 3.2 ms",
        "Epoch 1: 4.0 s\nEpoch 2: 8.1 s",  # each, or counted from the start?
        "time: 3812\ntime: 3907",  # in which unit?
        "100%|██████████| 938/938 [00:14<00:00, 64.13it/s]",
        "CPU times: user 38 s, sys: 1.2 s, total: 39.2 s\nWall time: 40 s",  # of how many epochs?
        "Epoch 1: 0.00 s\nEpoch 2: 0.00 s",
        "after 10 epochs the last epoch took 3.8 s",
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    assert seen(text, count=2) is None


def test_a_time_that_the_clock_here_does_not_know_is_left_out() -> None:
    form = "loading took {t:.2f} s"
    assert seen(lines(form, [12.0]), lines(form, [0.6]), HERE) is None
    assert seen("Epoch 1: 4.0 s\n" * 10, "Epoch 1: 0.02 s\n" * 10, HERE) is None


def test_a_rough_time_here_leaves_the_wording_to_tell() -> None:
    form = "Epoch {n}: {t:.1f} min"
    found = seen(lines(form, [0.4] * 10), lines(form, [0.0] * 10), HERE)
    assert found == StoredTimes(pytest.approx(24.0), 10)


def test_the_magic_times_a_whole_cell() -> None:
    text = "CPU times: user 38 s, sys: 1.2 s, total: 39.2 s\nWall time: {}"
    assert seen(text.format("40 s"), text.format("1.8 s"), HERE) == StoredTimes(4.0, 0, 40.0, 10, whole_cell=True)
    assert seen(text.format("40 s") + "\nKeyboardInterrupt: ", text.format("1.8 s"), HERE) is None
    each = "Wall time: 4.0 s\n" * 10
    assert seen(each, each, HERE) == StoredTimes(4.0, 10)


def test_lines_about_something_else_do_not_count() -> None:
    text = "CPU epoch 1: 8.0 s\nCPU epoch 2: 8.2 s\nGPU epoch 1: 2.1 s\nGPU epoch 2: 2.0 s"
    gpu = seen(text, count=2, foreign="CPU", naming="GPU")
    assert gpu is not None
    assert gpu.epoch == pytest.approx(2.05)
    assert seen("epoch 1: 8.0 s\nepoch 2: 8.2 s", count=2, naming="GPU") is None
    assert seen("CPU: 38.2 s for 10 epochs, GPU: 26.2 s for 10 epochs", foreign="GPU") is None


def test_of_several_cells_the_fullest_counts() -> None:
    cells = [StoredCell(3, "Average time per epoch: 9.9 s"), StoredCell(4, lines(FORMS[0], THEIRS))]
    found = stored_times(cells, (), 10)
    assert found is not None
    assert found.epoch == pytest.approx(4.45)
