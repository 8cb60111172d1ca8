"""Printed times against made-up clocks: right in odd styles and languages, and each fault."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment import Fail
from grader.checks.printed_times import printed_times
from grader.checks.reported_times import reported
from grader.checks.timing import epoch_times
from grader.checks.total_time import total_time
from grader.evidence.run import CellRun, LoaderSeen, Pass
from grader.evidence.trainings import Epoch

TRAIN = LoaderSeen("train", "MNIST", "train", 8192, 64, True)
TEST = LoaderSeen("test", "MNIST", "test", 1024, 64, False)


def make_epochs(
    count: int = 10,
    seconds: float = 0.15,
    test: float | None = 0.02,
    jitter: float = 0.1,
    seed: int = 1,
    gap: float = 0.003,
) -> list[Epoch]:
    draw, clock, epochs = random.Random(seed), 12.0, []
    for number in range(count):
        took = seconds * (1 + jitter * draw.uniform(-1, 1))
        losses = tuple(2.3 / (1 + number + i / 128) for i in range(128))
        train = Pass(5, TRAIN, clock, took, 128, 8192, True, number, steps=128, backwards=128, losses=losses)
        clock += took + gap
        tested = None
        if test is not None:
            took = test * (1 + jitter * draw.uniform(-1, 1))
            loss = 2.0 / (2 + number)
            tested = Pass(
                5, TEST, clock, took, 16, 1024, True, mean_loss=loss, sample_loss=loss, accuracy=0.9 + number / 200
            )
            clock += took + gap
        epochs.append(Epoch(train, tested))
    return epochs


def cell(text: str, seconds: float = 10.0) -> list[CellRun]:
    return [CellRun(5, "ok", seconds, text, text)]


def took(epoch: Epoch) -> float:
    return epoch.end - epoch.start + 0.001


def clock(seconds: float) -> str:
    return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{seconds % 60:09.6f}"


Style = Callable[[int, float, Epoch], str]
STYLES: dict[str, Style] = {
    "took": lambda i, t, e: f"Epoch {i} took {t:.2f} seconds",
    "s": lambda i, t, e: f"[{i}] {t:.3f}s",
    "sec": lambda i, t, e: f"epoch {i}: {t:.4f} sec.",
    "time first": lambda i, t, e: f"Time for epoch {i}: {t}",
    "time taken": lambda i, t, e: f"Time taken for epoch {i + 1} = {t:.5f}",
    "ms": lambda i, t, e: f"Epoch {i + 1}/10 - {t * 1000:.0f} ms",
    "ms in label": lambda i, t, e: f"Epoch {i} time (ms): {t * 1000:.1f}",
    "bare ms": lambda i, t, e: f"gpu time {t * 1000:.3f}",
    "minutes": lambda i, t, e: f"Epoch {i}: {t / 60:.5f} minutes",
    "timedelta": lambda i, t, e: f"Epoch {i} elapsed {clock(t)}",
    "min and s": lambda i, t, e: f"Epoch {i} complete in {t // 60:.0f}m {t % 60:.2f}s",
    "with losses": lambda i, t, e: (
        f"Epoch {i + 1}, loss: {e.test.mean_loss if e.test else 0:.4f}, acc 0.93, time: {t:.3f}"
    ),
    "losses after": lambda i, t, e: f"epoch={i} time={t:.3f} loss=0.312 acc=93.1%",
    "keras": lambda i, t, e: f"Epoch {i + 1}/10\n128/128 - {t:.2f}s - 1ms/step - loss: 0.3",
    "german": lambda i, t, e: f"Epoche {i + 1}: Dauer {t:.2f} Sekunden".replace(".", ","),
    "german word": lambda i, t, e: f"Zeit für Epoche {i + 1}: {t:.3f}",
    "french": lambda i, t, e: f"Époque {i + 1} : durée {t:.2f} secondes",
    "spanish": lambda i, t, e: f"La época {i + 1} tardó {t:.2f} segundos",
    "slovene": lambda i, t, e: f"Epoha {i + 1} je trajala {t:.2f} sekund",
    "chinese": lambda i, t, e: f"第{i + 1}轮 耗时 {t:.2f}秒",
    "chinese glued": lambda i, t, e: f"第{i + 1}轮时间:{t:.3f}",
    "russian": lambda i, t, e: f"Эпоха {i + 1}: {t:.2f} сек",
    "variable": lambda i, t, e: f"epoch_time = {t}",
    "bare": lambda i, t, e: f"{t}",
    "index and bare": lambda i, t, e: f"Epoch {i}: {t}",
    "glued colon": lambda i, t, e: f"Epoch {i}:{t:.2f}s",
    "train and test": lambda i, t, e: f"Epoch {i}: training {e.train.seconds:.3f}s, testing {t - e.train.seconds:.3f}s",
    "scientific": lambda i, t, e: f"Epoch {i} duration: {t:.4e} s",
    "tutorial": lambda i, t, e: (
        f"Epoch: {i:02} | Epoch Time: {int(t // 60)}m {int(t % 60)}s\n\tTrain Loss: 0.5 | Acc: 74.3%"
    ),
    "dashes": lambda i, t, e: f"--- {t} seconds ---",
    "with average": lambda i, t, e: f"Time: {t:.3f} (avg {t:.3f})",
    "dict of values": lambda i, t, e: str({"epoch": i, "time": t, "loss": 0.3}),
    "log record": lambda i, t, e: f"2024-05-01 12:34:56,789 INFO epoch {i} done in {t:.3f}s",
    "time first, then epoch": lambda i, t, e: f"Time taken: {t:.2f} seconds for epoch {i}",
    "finished after": lambda i, t, e: f"Epoch {i} finished after {t:.2f}",
    "between results": lambda i, t, e: (
        f"\nTest set: Average loss: 0.2034, Accuracy: 953/1024 (93%)\n\nEpoch {i} time: {t:.2f}s\n"
    ),
    "tabs": lambda i, t, e: f"{i}\t0.5\t{t:.3f} s",
    "japanese": lambda i, t, e: f"エポック {i + 1}: 時間 {t:.2f}秒",
    "with start": lambda i, t, e: f"start time: {1732000000.25 + i}\nEpoch {i} took {t:.2f} s",
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
@pytest.mark.parametrize("seconds", [0.15, 3.9, 75.0])
@pytest.mark.parametrize("count", [2, 10])
def test_accepts_each_epochs_time(style: Style, seconds: float, count: int) -> None:
    epochs = make_epochs(count, seconds, seconds / 8)
    text = "\n".join(style(i, took(epoch), epoch) for i, epoch in enumerate(epochs))
    epoch_times(cell(text), epochs, count)


AFTER_A_METRIC = (
    "acc=0.94 dt={t:.2f}",
    "epoch {i} acc 93% in {t:.2f}",
    "epoch {i} acc 0.93 ⏱ {t:.2f}",
    "epoch {i} acc 0.93 ⏱️ {t:.2f}",
    "epoch {i} loss 0.31 {t:.2f}''",
    "epoch {i} acc 93% ({t:.2f}″)",
    "ep {i}: loss 0.3 Δt={t:.3f}",
    "loss 0.3, lasted {t:.2f}",
    "acc 93% ⌛{t:.2f}",
    "accuracy 93 % en {t:.2f}",
    "Genauigkeit 93 % nach {t:.2f}",
    "loss=0.3 wall_clock={t:.2f}",
)


@pytest.mark.parametrize("line", AFTER_A_METRIC)
@pytest.mark.parametrize("seconds", [0.4, 3.9, 45.0])
def test_accepts_times_after_a_metric(line: str, seconds: float) -> None:
    epochs = make_epochs(10, seconds, seconds / 8)
    text = "\n".join(line.format(i=i, t=took(epoch)) for i, epoch in enumerate(epochs, 1))
    epoch_times(cell(text), epochs, 10)


@pytest.mark.parametrize(
    ("text", "value"), [("1' 30''", 90.0), ("1'30.5''", 90.5), ("4.5''", 4.5), ("2′ 5″", 125.0), ("0:04.5", 4.5)]
)
def test_minutes_and_seconds_by_marks(text: str, value: float) -> None:
    (found,) = printed_times(f"took {text}")
    assert found.readings[0].value == value


@pytest.mark.parametrize(
    "text", ["acc 0.93 in 10 epochs", "loss 0.31 f1 0.94", "['acc 0.93', 'loss 0.3']", "acc '0.94'"]
)
def test_other_numbers_after_a_metric_are_no_times(text: str) -> None:
    assert not printed_times(text)


BAR = (
    "  0%|          | 0/128 [00:00<?, ?it/s]\r 50%|█████     | 64/128 [00:00<00:00, 561.19it/s]\r"
    "Train Epoch: 0 [6400/8192]  (78%)\tLoss: 0.31: 100%|██████████| 128/128 [00:00<00:00, 561.19it/s]\n"
)


@pytest.mark.parametrize("style", [STYLES["took"], STYLES["time first"], STYLES["bare"]])
def test_accepts_times_between_progress_bars(style: Style) -> None:
    epochs = make_epochs()
    text = "\n".join(BAR + "\nTest set: Average loss: 0.2\n" + style(i, took(e), e) for i, e in enumerate(epochs))
    epoch_times(cell(text), epochs, 10)


def test_accepts_times_among_a_line_for_every_batch() -> None:
    epochs = make_epochs(20)
    batches = "\n".join(
        f"Train Epoch: 3 [{64 * i}/60000 ({i / 9.38:.0f}%)]\tLoss: {1 / (i + 1):.6f}" for i in range(938)
    )
    text = "\n".join(f"{batches}\nEpoch {i} took {took(e):.2f} s" for i, e in enumerate(epochs))
    epoch_times(cell(text), epochs, 20)


def test_endless_output_is_read_in_time() -> None:
    for text in ("took 0.2 s\n" * 50_000, "1" * 500_000, "1," * 200_000, "[" * 300_000, "a_" * 300_000):
        with contextlib.suppress(Fail):
            epoch_times(cell(text), make_epochs(), 10)


LISTS: dict[str, Callable[[Sequence[float]], str]] = {
    "list after word": lambda ts: f"Epoch times: {[round(t, 3) for t in ts]}",
    "list below": lambda ts: f"Times per epoch:\n{list(ts)}",
    "numpy": lambda ts: (
        "times:\n[" + "\n ".join(" ".join(f"{t:.8f}" for t in ts[i : i + 4]) for i in range(0, len(ts), 4)) + "]"
    ),
    "table": lambda ts: (
        "epoch  loss  time\n" + "\n".join(f"{i}  {0.5 / (i + 1):.3f}  {t:.3f}" for i, t in enumerate(ts))
    ),
    "table bars": lambda ts: (
        "| Epoch | Time (s) | Loss |\n|---|---|---|\n"
        + "\n".join(f"| {i} | {t:.3f} | {0.5 / (i + 1):.3f} |" for i, t in enumerate(ts))
    ),
    "pandas": lambda ts: "   epoch  seconds\n" + "\n".join(f"{i}      {i + 1}  {t:.6f}" for i, t in enumerate(ts)),
    "csv": lambda ts: "epoch,time\n" + "\n".join(f"{i},{t:.4f}" for i, t in enumerate(ts)),
    "dict": lambda ts: "times = " + str({i: round(t, 4) for i, t in enumerate(ts)}),
    "table rows with epoch": lambda ts: (
        "          loss    time [s]\n" + "\n".join(f"epoch {i}   0.312   {t:.3f}" for i, t in enumerate(ts))
    ),
}


@pytest.mark.parametrize("style", LISTS.values(), ids=LISTS.keys())
@pytest.mark.parametrize("seconds", [0.15, 3.9, 47.0])
def test_accepts_times_printed_at_once(style: Callable[[Sequence[float]], str], seconds: float) -> None:
    epochs = make_epochs(10, seconds, seconds / 8)
    epoch_times(cell(style([took(epoch) for epoch in epochs])), epochs, 10)


@pytest.mark.parametrize(
    "line",
    [
        "Average time per epoch: {:.3f} s",
        "Mean epoch time {:.2f}",
        "time per epoch: {:.4f}",
        "{:.2f} seconds per epoch",
        "Durchschnittliche Zeit: {:.3f} s",
        "Temps moyen : {:.2f} s",
        "Total 99.9 s, {:.2f} s/epoch",
        "平均每轮 {:.2f} 秒",
    ],
)
def test_accepts_a_mean(line: str) -> None:
    epochs = make_epochs(10, 3.9, 0.5)
    mean = (epochs[-1].end - epochs[0].start) / 10
    epoch_times(cell(line.format(mean)), epochs, 10)
    with pytest.raises(Fail):
        epoch_times(cell(line.format(mean)), epochs, 10, mean_counts=False)
    with pytest.raises(Fail):
        epoch_times(cell(line.format(3 * mean)), epochs, 10)


def test_accepts_ten_of_twenty() -> None:
    epochs = make_epochs(20)
    text = "\n".join(f"Epoch {i} took {took(e):.2f} s" for i, e in enumerate(epochs[10:], 10))
    epoch_times(cell(text), epochs, 10)


def test_accepts_other_work_in_the_loop() -> None:
    epochs = make_epochs(10, 1.0, 0.1, gap=0.6)  # a third pass between the epochs
    text = "\n".join(f"epoch {i}: {took(e) + 0.6:.2f} s" for i, e in enumerate(epochs[:9]))
    epoch_times(cell(text), epochs, 10)


WRONG: dict[str, tuple[str, str]] = {
    "nothing": ("Test set: Average loss: 0.2, Accuracy: 950/1024 (93%)\n" * 10, "no time per epoch was printed"),
    "bars only": (BAR * 10, "no time per epoch was printed"),
    "losses near times": (
        "\n".join(f"Epoch {i} loss: 0.15 acc: 0.15" for i in range(10)),
        "no time per epoch was printed",
    ),
    "total only": ("Total time for 10 epochs: 1.75 seconds", "only 1.75 seconds for several"),
    "invented": (
        "\n".join(f"Epoch {i} took 12.0 s" for i in range(10)),
        r"printed 12\.0 s for an epoch that took 0\.1",
    ),
    "invented, wordless": ("\n".join(f"time {i + 5.25}" for i in range(10)), "for an epoch that took"),
    "wrong unit": ("\n".join(f"Epoch {i}: 0.17 min" for i in range(10)), "0.17 min for an epoch"),
    "one": ("Epoch 1 took 0.17 s", "1 time is printed for 10 epochs"),
    "five": ("\n".join(f"Epoch {i} took 0.17 s" for i in range(5)), "5 times are printed for 10 epochs"),
    "epoch numbers": ("\n".join(f"time of epoch {i}" for i in range(10)), "no time per epoch was printed"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_epoch_times_faults(text: str, message: str) -> None:
    with pytest.raises(Fail, match=message) as caught:
        epoch_times(cell(text), make_epochs(), 10)
    assert caught.value.credit < 0.5


def test_bare_losses_are_not_times() -> None:
    epochs = make_epochs(10, 0.15)
    text = "\n".join(f"{e.test.mean_loss}\n{e.train.losses[-1]}" for e in epochs if e.test)
    with pytest.raises(Fail, match="no time per epoch"):
        epoch_times(cell(text), epochs, 10)


def test_rounded_bare_losses_are_not_times() -> None:
    epochs = make_epochs(10, 0.15)
    text = "\n".join(f"{i} {e.train.losses[-1]:.4f}" for i, e in enumerate(epochs))
    with pytest.raises(Fail, match="no time per epoch"):
        epoch_times(cell(text), epochs, 10)


def test_the_time_of_one_epoch_is_not_a_total() -> None:
    epochs = make_epochs(10, 0.03, 0.005, jitter=0)
    total_time(cell("Total time: 0.41 s"), epochs, 10)
    with pytest.raises(Fail):
        total_time(cell("Epoch 1 took 0.04 s"), epochs, 10)


def test_equal_times_may_be_those_of_the_even_epochs_of_a_training() -> None:
    epochs = make_epochs(10, 4.0, 0.4, jitter=0.1) + make_epochs(10, 4.0, 0.4, jitter=0.001)
    epoch_times(cell("\n".join(f"Epoch {i}: 4.40 s" for i in range(10))), epochs, 10)


def test_constant_times_are_invented() -> None:
    epochs = make_epochs(10, 4.0, 0.5, jitter=0.1)
    with pytest.raises(Fail, match=r"4\.40 s is printed for every epoch"):
        epoch_times(cell("\n".join(f"Epoch {i}: 4.40 s" for i in range(10))), epochs, 10)
    # Rounded to seconds they cannot be told apart.
    epoch_times(cell("\n".join(f"Epoch {i}: 4 s" for i in range(10))), epochs, 10)
    epoch_times(cell("\n".join(f"Epoch {i}: 4.40 s" for i in range(10))), make_epochs(10, 4.0, 0.4, jitter=0.001), 10)


def test_clock_not_restarted() -> None:
    epochs = make_epochs(10, 4.0, 0.5)
    text = "\n".join(f"Epoch {i} took {e.end - epochs[0].start:.2f} s" for i, e in enumerate(epochs))
    with pytest.raises(Fail, match="keep growing") as caught:
        epoch_times(cell(text), epochs, 10)
    assert caught.value.credit == 0.5


def test_no_epochs() -> None:
    with pytest.raises(Fail, match="no epoch was run"):
        epoch_times(cell("Epoch 1 took 3 s"), [], 2)


TOTALS: dict[str, Callable[[float], str]] = {
    "seconds": lambda t: f"Total time for 10 epochs: {t:.2f} seconds",
    "int": lambda t: f"10 epochs took {int(t)} s",
    "rounded": lambda t: f"10 epochs took {round(t)} s",
    "bare total": lambda t: f"Total for 10 epochs: {t}",
    "minutes": lambda t: f"Training took {t / 60:.4f} minutes",
    "m s": lambda t: f"Training complete in {t // 60:.0f}m {t % 60:.0f}s",
    "minutes and seconds": lambda t: f"{int(t // 60)} minutes and {t % 60:.1f} seconds",
    "timedelta": lambda t: f"elapsed: {clock(t)}",
    "wall": lambda t: f"CPU times: user 1min 2s, sys: 3 s, total: 1min 5s\nWall time: {t:.2f} s",
    "german": lambda t: f"Gesamtzeit: {t:.2f} Sekunden".replace(".", ","),
    "french": lambda t: f"Temps total : {t:.2f} s",
    "chinese": lambda t: f"总时间: {t:.2f}",
    "with mean": lambda t: f"Total time {t:.2f} s (average {t / 10:.2f} s per epoch)",
    "bare": lambda t: f"{t}",
}


@pytest.mark.parametrize("style", TOTALS.values(), ids=TOTALS.keys())
@pytest.mark.parametrize("seconds", [0.15, 3.9, 62.0])
def test_accepts_totals(style: Callable[[float], str], seconds: float) -> None:
    epochs = make_epochs(10, seconds, seconds / 8)
    total_time(cell(style(epochs[-1].end - epochs[0].start), seconds=1000), epochs, 10)
    # Each epoch's time added up is as good.
    total_time(cell(style(sum(e.end - e.start for e in epochs)), seconds=1000), epochs, 10)


def test_total_of_the_second_ten() -> None:
    epochs = make_epochs(20, 3.9, 0.5, jitter=0.0)
    total_time(cell("Epochs 11-20 took 44.0 s"), epochs, 10)


@pytest.mark.parametrize(
    ("text", "message", "credit"),
    [
        ("Total training time: 39.0 s", "leaves out testing", 0.5),
        ("Total time: 39.6 s", "leaves out testing, or is that of 9 epochs: 39.6 s, and training alone took 39", 0.5),
        ("", "no total time of 10 epochs", 0.0),
        (BAR * 10, "no total time of 10 epochs", 0.0),
        ("\n".join(f"Epoch {i} took 4.4 s" for i in range(10)), "no total time of 10 epochs", 0.0),
        ("Total time: 180 s", "printed 180 s, while 10 epochs with testing took 44", 0.0),
        ("Total time for 20 epochs: 88.1 s", "is that of 20 epochs", 0.5),
    ],
)
def test_total_faults(text: str, message: str, credit: float) -> None:
    with pytest.raises(Fail, match=message) as caught:
        total_time(cell(text), make_epochs(20, 3.9, 0.5, jitter=0.0), 10)
    assert caught.value.credit == credit


def test_total_without_tests_or_epochs() -> None:
    with pytest.raises(Fail, match="not tested"):
        total_time(cell("total 39.0 s"), make_epochs(10, 3.9, None, jitter=0), 10)
    with pytest.raises(Fail, match="2 epochs were run"):
        total_time(cell("total 39.0 s"), make_epochs(2), 10)


def test_testing_too_short_to_tell_is_not_demanded() -> None:
    total_time(cell("Total time: 1.50 s"), make_epochs(10, 0.15, 0.002, jitter=0), 10)


def test_wall_time_of_a_cell_that_does_more() -> None:
    epochs = make_epochs(10, 3.9, 0.5)
    total_time(cell("Wall time: 51.2 s", seconds=51.3), epochs, 10)
    with pytest.raises(Fail):
        total_time(cell("Total: 51.2 s", seconds=51.3), epochs, 10)


@given(st.floats(0.05, 5000), st.integers(0, 6))
def test_a_time_with_a_unit_is_always_found(seconds: float, decimals: int) -> None:
    (time,) = printed_times(f"Epoch 3 took {seconds:.{decimals}f} seconds")
    assert time.agrees(seconds, seconds, 1e-9) or round(seconds, decimals) == 0


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    printed_times(text)


def test_a_path_in_a_warning_holds_no_times():
    text = "/usr/lib/python3.11/site-packages/IPython/core/x.py:51: UserWarning: odd\nseconds: 4.25\n"
    times = reported([CellRun(4, "ok", 5.0, text=text)], [])
    assert [time.line for time in times.times] == ["seconds: 4.25"]


@pytest.mark.parametrize("style", ["Epoch {} took {:.2f} s", "epoch {} - time: {:.3f}", "[{}] {:.2f} seconds"])
def test_negative_times_are_told_as_such(style: str) -> None:
    epochs = make_epochs(3)
    text = "\n".join(style.format(i, -took(epoch)) for i, epoch in enumerate(epochs))
    for check in (epoch_times, total_time):
        with pytest.raises(Fail, match=r"a time below 0 is printed: -0\.1") as caught:
            check(cell(text), epochs, 3)
        assert "subtracted" in caught.value.hint
    right = "\n".join(style.format(i, took(epoch)) for i, epoch in enumerate(epochs))
    assert epoch_times(cell(f"{right}\nloss change -0.12"), epochs, 3)
