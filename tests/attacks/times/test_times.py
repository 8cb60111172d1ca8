"""Times by shotgun: many guesses are printed, in the hope that some fit. Beside them what right students print."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence

import pytest

from grader.assignment import Fail
from grader.checks.reported_times import reported
from grader.checks.timing import epoch_times
from grader.checks.total_time import total_time
from grader.evidence.run import CellRun
from grader.evidence.trainings import Epoch
from tests.checks.test_timing import cell, make_epochs, took

pytestmark = pytest.mark.attack

SIXTY = [0.02 * 50_000 ** (k / 59) for k in range(60)]  # 0.02 to 1000 s
WORDS = [chr(97 + k // 26) + chr(97 + k % 26) + "x" for k in range(600)]
TAKES = [0.7, 4.0, 41.0]  # seconds of an epoch


def lines(values: Sequence[float], form: str = "Epoch {n} took {t:.2f} s") -> str:
    return "\n".join(form.format(n=n, t=value, word=WORDS[n % 600]) for n, value in enumerate(values, 1))


def each(form: str, times: int) -> str:
    """Return each of the sixty guesses as the time of `times` epochs, in a wording of its own."""
    return "\n".join(
        form.format(n=n + 1, t=guess * (1 + n / 1000), word=word)
        for guess, word in zip(SIXTY, WORDS, strict=False)
        for n in range(times)
    )


SHOTGUNS: dict[str, Callable[[int], str]] = {
    "one wording": lambda count: lines(SIXTY),
    "one wording, each for every epoch": lambda count: lines([g for g in SIXTY for _ in range(count)]),
    "one wording, all for each epoch": lambda count: lines(SIXTY * count),
    "from the largest": lambda count: lines(SIXTY[::-1] * count),
    "sixty wordings": lambda count: lines(SIXTY, "{word} took {t:.2f} s"),
    "sixty wordings for every epoch": lambda count: each("{word} epoch {n} took {t:.3f} s", count),
    "sixty wordings, epoch by epoch": lambda count: "\n".join(
        f"{word} epoch {n} took {guess * (1 + n / 1000):.3f} s"
        for n in range(count)
        for guess, word in zip(SIXTY, WORDS, strict=False)
    ),
    "without units": lambda count: each("{word} time of epoch {n}: {t:.3f}", count),
    "words that may mean anything": lambda count: each("{word} total {n}: {t:.3f}", count),
    "bare": lambda count: "\n".join(f"{g:.2f}" for g in SIXTY for _ in range(count)),
    "bare beside words": lambda count: each("{word} {n} {t:.3f}", count),
    "a list": lambda count: "Times: " + ", ".join(f"{g:.2f} s" for g in SIXTY for _ in range(count)),
    "sixty lists": lambda count: "\n".join(f"{w} times: {[g] * count}" for g, w in zip(SIXTY, WORDS, strict=False)),
    "a table": lambda count: "\n".join(
        f"Epoch {n}: " + " | ".join(f"{g * (1 + n / 1000):.3f} s" for g in SIXTY) for n in range(count)
    ),
    "averages": lambda count: lines(SIXTY, "average time per epoch: {t:.2f} s"),
    "averages in sixty wordings": lambda count: lines(SIXTY, "{word} on average {t:.2f} s per epoch"),
    "growing": lambda count: each("{word} epoch {n}: {t:.3f} s", 1),
    "wall times": lambda count: lines(SIXTY, "Wall time: {t:.2f} s"),
}


@pytest.mark.parametrize("shotgun", SHOTGUNS.values(), ids=SHOTGUNS.keys())
@pytest.mark.parametrize("seconds", TAKES)
@pytest.mark.parametrize("count", [2, 10])
def test_a_time_for_each_epoch_by_shotgun_earns_nothing(
    shotgun: Callable[[int], str], seconds: float, count: int
) -> None:
    epochs = make_epochs(count, seconds, seconds / 8)
    with pytest.raises(Fail) as caught:
        epoch_times(cell(shotgun(count), seconds=1e4), epochs, count)
    assert caught.value.credit == 0


TOTALS: dict[str, Callable[[int], str]] = {
    **{name: SHOTGUNS[name] for name in ("one wording", "from the largest", "sixty wordings", "a list", "sixty lists")},
    "one wording of totals": lambda count: lines(SIXTY, "Total time: {t:.2f} s"),
    "sixty wordings of totals": lambda count: lines(SIXTY, "{word} total time: {t:.2f} s"),
    "sixty words and no unit": lambda count: lines(SIXTY, "{word} total: {t:.2f}"),
    "bare": SHOTGUNS["bare"],
    "a table": SHOTGUNS["a table"],
}


@pytest.mark.parametrize("shotgun", TOTALS.values(), ids=TOTALS.keys())
@pytest.mark.parametrize("seconds", TAKES)
@pytest.mark.parametrize("run", [10, 20])
def test_a_total_by_shotgun_earns_nothing(shotgun: Callable[[int], str], seconds: float, run: int) -> None:
    epochs = make_epochs(run, seconds, seconds / 8)
    with pytest.raises(Fail) as caught:
        total_time(cell(shotgun(1), seconds=1e4), epochs, 10)
    assert caught.value.credit == 0


def test_the_message_says_what_is_wrong() -> None:
    with pytest.raises(Fail, match=r"of \d+ times printed, most are those of nothing in the run, such as 0\.02 s"):
        epoch_times(cell(lines(SIXTY)), make_epochs(), 10)
    with pytest.raises(Fail, match=r"other times are printed for each epoch that nothing in the run took, such as"):
        epoch_times(cell(each("{word} {n}: {t:.3f} s", 10)), make_epochs(), 10)
    with pytest.raises(Fail, match=r"other times are printed that nothing in the run took, such as"):
        total_time(cell(lines(SIXTY, "{word}: {t:.2f} s")), make_epochs(10, 4.0, 0.5), 10)


def test_times_in_another_order_than_the_epochs_are_not_theirs() -> None:
    slow, fast = make_epochs(1, 20.0, 2.0)[0], make_epochs(1, 4.0, 0.5)[0]
    with pytest.raises(Fail, match="1 time is printed"):
        epoch_times(cell(lines([took(fast), took(slow)])), [slow, fast], 2)
    epoch_times(cell(lines([took(slow), took(fast)])), [slow, fast], 2)


def test_one_right_time_is_not_as_many_as_asked_for() -> None:
    epochs = make_epochs(10, 4.0, 0.5)
    with pytest.raises(Fail, match="1 time is printed") as caught:
        epoch_times(cell("Epoch 1 took 4.4 s"), epochs, 10)
    assert caught.value.credit < 0.1


# --- what right students print --------------------------------------------------------------------------------------

Print = Callable[[int, Epoch, Sequence[Epoch]], str]


def whole(epochs: Sequence[Epoch]) -> float:
    return epochs[-1].end - epochs[0].start


def batches(n: int, e: Epoch, every: int, form: str) -> str:
    """Return a line for every so many batches of an epoch, with the time so far in it."""
    count = e.train.batches // every
    return "\n".join(
        form.format(n=n, b=b * every, loss=2.3 / (n + b), t=e.train.seconds * b / count) for b in range(1, count + 1)
    )


HONEST: dict[str, Print] = {
    "train, test and both": lambda n, e, es: (
        f"Epoch {n}: train {e.train.seconds:.2f}s, test {e.test.seconds if e.test else 0:.2f}s, in all {took(e):.2f}s"
    ),
    "time left": lambda n, e, es: (
        f"Epoch {n} took {took(e):.2f} s, {(len(es) - n) * whole(es) / len(es):.1f} s remaining"
    ),
    "time so far": lambda n, e, es: f"Epoch {n} took {took(e):.2f} s (elapsed: {e.end - es[0].start:.2f} s)",
    "since the notebook began": lambda n, e, es: f"at {e.end:.2f} s: epoch {n} took {took(e):.2f} s",
    "time stamps": lambda n, e, es: f"start {e.start + 1e5:.2f} s end {e.end + 1e5:.2f} s duration {took(e):.2f} s",
    "parts": lambda n, e, es: (
        f"Epoch {n}: {took(e):.2f}s (loading {0.2 * took(e):.2f}s, forward {0.3 * took(e):.2f}s, "
        f"backward {0.4 * took(e):.2f}s)"
    ),
    "minutes too": lambda n, e, es: f"Epoch {n}: {took(e):.2f} s = {took(e) / 60:.4f} min = {1000 * took(e):.0f} ms",
    "batches with the time so far": lambda n, e, es: (
        batches(n, e, 16, "[{n}] batch {b}/128 loss {loss:.4f} time {t:.2f}s") + f"\nEpoch {n} took {took(e):.2f} s"
    ),
    "a line of results for every eighth batch": lambda n, e, es: (
        batches(n, e, 8, "Epoch {n} [{b}/128] loss: {loss:.4f} ({t:.3f} s)") + f"\nTime of epoch: {took(e):.2f}"
    ),
    "half way": lambda n, e, es: batches(n, e, 64, "batch {b}: {t:.2f} s") + f"\nepoch: {took(e):.2f} s",
    "per batch": lambda n, e, es: f"Epoch {n}: {took(e):.2f} s, {1000 * took(e) / 128:.2f} ms per batch",
    "losses and rates": lambda n, e, es: (
        f"Epoch {n} loss 0.{n}123 acc 9{n % 10}.5% lr 0.01 {8192 / took(e):.1f} images/s {took(e):.2f} s"
    ),
    "moving average": lambda n, e, es: f"Epoch {n} time {took(e):.3f} (avg {whole(es[:n]) / n:.3f})",
    "the best is marked": lambda n, e, es: (
        ("*** best so far *** " if n % 3 == 1 else "") + f"epoch {n}: {took(e):.2f} s"
    ),
    "each with its own words": lambda n, e, es: f"{WORDS[n]} took {took(e):.2f} s",
    "a decorator": lambda n, e, es: (
        f"call took {e.train.seconds:.3f} s\ncall took {e.test.seconds if e.test else 0:.3f} s\ncall took {took(e):.3f} s"
    ),
    "a memory": lambda n, e, es: f"GPU {n * 3.25 + 100:.2f} MB | epoch {n} | {took(e):.2f} s",
}


@pytest.mark.parametrize("style", HONEST.values(), ids=HONEST.keys())
@pytest.mark.parametrize("seconds", TAKES)
@pytest.mark.parametrize("count", [2, 10])
def test_other_times_beside_each_epochs_cost_nothing(style: Print, seconds: float, count: int) -> None:
    epochs = make_epochs(count, seconds, seconds / 8)
    text = "\n".join(style(n, e, epochs) for n, e in enumerate(epochs, 1))
    for end in ("", f"\nTotal: {whole(epochs):.2f} s, {whole(epochs) / count:.2f} s per epoch"):
        epoch_times(cell(text + end, seconds=1e4), epochs, count)


@pytest.mark.parametrize("style", HONEST.values(), ids=HONEST.keys())
@pytest.mark.parametrize("seconds", TAKES)
def test_other_times_beside_the_total_cost_nothing(style: Print, seconds: float) -> None:
    epochs = make_epochs(20, seconds, seconds / 8)
    first, second = epochs[:10], epochs[10:]
    text = "\n".join(style(n, e, epochs) for n, e in enumerate(epochs, 1))
    for total in ("Total: {:.2f} s", "{:.2f}", "10 epochs took {:.2f} s\nloading the data took 999 s"):
        total_time(cell(f"{text}\n{total.format(whole(second))}", seconds=1e4), epochs, 10)
    total_time(cell(f"Total: {whole(first):.2f} s\n{text}\nTotal: {whole(second):.2f} s", 1e4), epochs, 10)


def test_times_of_other_trainings_cost_nothing() -> None:
    mlp, cnn, gpu = make_epochs(10, 0.7, 0.1), make_epochs(2, 41.0, 5.0, seed=2), make_epochs(2, 9.0, 1.0, seed=3)
    runs = [("mlp", mlp), ("cnn", cnn), ("cnn gpu", gpu)]
    text = "\n".join(f"Epoch {n} took {took(e):.2f} s" for _, es in runs for n, e in enumerate(es, 1))
    text += "\n" + "\n".join(f"{name}: {whole(es):.2f} s, {whole(es) / len(es):.2f} s per epoch" for name, es in runs)
    for own in (mlp, cnn, gpu):
        others = [es for _, es in runs if es is not own]
        epoch_times(cell(text), own, len(own), mean_counts=False, others=others)
        epoch_times(cell(text.split("\nmlp")[1]), own, len(own), others=others)
    total_time(cell(text), mlp, 10, others=[cnn, gpu])


def test_times_in_two_cells_and_two_wordings() -> None:
    epochs = make_epochs(2, 41.0, 5.0)
    texts = [f"The first epoch: {took(epochs[0]):.1f} s", f"Now the second one took {took(epochs[1]) / 60:.3f} minutes"]
    runs = [CellRun(5, "ok", 50.0, texts[0]), CellRun(6, "ok", 50.0, texts[1])]
    epoch_times(runs, epochs, 2, mean_counts=False)


ENDLESS = {
    "blank lines": " \n" * 100_000,
    "a power": "1x10" + "\n " * 90_000,
    "indices": ("epoch 1 " * 250 + "\n") * 25,
    "guesses": "\n".join(f"{word}{k} {1 + k / 70:.3f} s" for k, word in enumerate(WORDS * 4)),
    "fitting": "took 0.17 s\n" * 18_000,
    "units": ("in s 1.5 " * 220 + "\n") * 25,
    "letters": ("é" * 1999 + "\n") * 100,
    "keys": "1 min" + " \n" * 90_000 + "x 3 s",
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS.keys())
def test_any_printed_text_is_read_at_once(text: str) -> None:
    epochs, began = make_epochs(200), time.process_time()
    printed = reported(cell(text), epochs)
    for check in (epoch_times, total_time):
        with contextlib.suppress(Fail):
            check(printed, epochs, 10)
    assert time.process_time() - began < 4


def test_many_trainings_and_much_text_are_compared_at_once() -> None:
    text = "\n".join(f"{word} {k} took {1 + k / 70:.3f} s" for word in WORDS[:60] for k in range(60))
    trainings = [make_epochs(20, 1 + k / 100, seed=k) for k in range(20)]
    began, printed = time.process_time(), reported(cell(text), trainings[0])
    for epochs in trainings:
        with contextlib.suppress(Fail):
            epoch_times(printed, epochs, 10, others=trainings)
    assert time.process_time() - began < 10


@pytest.mark.parametrize("form", ["{word} epoch {n}: {t:.3f} s", "{word} time {n}: {t:.3f}"])
def test_a_few_guesses_are_too_many(form: str) -> None:
    epochs = make_epochs(10, 4.0, 0.5)
    for guesses in ([3.0, 4.4, 6.5, 9.5, 14.0], [1.2, 1.7, 2.5, 3.6, 4.4], [4.4, 6.0, 8.0, 11.0]):
        text = "\n".join(
            lines([g * (1 + n / 500) for n in range(10)], form.replace("{word}", w))
            for g, w in zip(guesses, WORDS, strict=False)
        )
        with pytest.raises(Fail) as caught:
            epoch_times(cell(text), epochs, 10)
        assert caught.value.credit == 0
