"""Numbers in text: notations, units, rounding, progress bars."""

from __future__ import annotations

import datetime
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checks.printed_numbers import Reading, find_numbers, without_progress


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("109184", [109184]),
        ("109,184 and 7,459,968.0", [109184, 7459968]),
        ("109_184", [109184]),
        ("1'000'000", [1000000]),
        ("7\u202f459\u202f968", [7459968]),
        ("1.234,5", [1234.5]),
        ("1.09e+05", [109000]),
        ("7.46 x 10^6, 7.46·10⁶", [7.46e6, 7.46e6]),
        ("109.184K 7.460M 7.46 MFLOPs 0.109 M 1.5 G", [109184, 7.46e6, 7.46e6, 109000, 1.5e9]),
        ("2 million, 3 Mio", [2e6, 3e6]),
        ("1,23 Sekunden", [1.23]),
        ("12 ms, 3 µs", [0.012, 3e-6]),
        ("0:00:12.345", [12.345]),
        ("1:30", [90]),
        ("1:02:03", [3723]),
        ("1 day, 0:00:12", [86412]),
        ("1m 30s", [90]),
        ("0m 2s", [2]),
        ("2min 3s", [123]),
        ("1h 5m 3s", [3903]),
        ("1 minute and 30.5 seconds", [90.5]),
        ("2分3秒", [123]),
        ("Epoch 1:12.50s", [1, 12.5]),
        ("[1,2,3]", [1, 2, 3]),
        ("[0.15,0.16]", [0.15, 0.16]),
        ("[12. 13.5]", [12, 13.5]),
        ("loss=-0.3", [-0.3]),
        ("epoch-3", [3]),
        ("time0.152s", [0.152]),
        ("float32 fc1 conv2d x2", []),
        ("FLOPs\n109184\nseconds\n3.5", [109184, 3.5]),  # a name ends with its line
        ("98.2 %", [98.2]),
        ("3.2e+01s", [32]),
        ("", []),
    ],
)
def test_values(text: str, values: list[float]) -> None:
    assert [number.value for number in find_numbers(text)] == pytest.approx(values)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3 s", "time"),
        ("3 secs.", "time"),
        ("3 Sekunden", "time"),
        ("3 segundos", "time"),
        ("3 секунды", "time"),
        ("3秒", "time"),
        ("0.2 s/epoch", "time"),
        ("3 s/it", "plain"),
        ("12ms/step", "plain"),
        ("561.19it/s", "plain"),
        ("3 samples", "plain"),
        ("3 steps", "plain"),
        ("3 %", "percent"),
        ("3 K", "count"),
        ("3 Karten", "plain"),
        ("3 minimum", "plain"),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert find_numbers(text)[0].kind == kind


def test_other_readings() -> None:
    (number,) = find_numbers("109.184")
    assert [reading.value for reading in number.readings] == [109.184, 109184]
    (number,) = find_numbers("109,184")
    assert [reading.value for reading in number.readings] == [109184, 109.184]
    (number,) = find_numbers("2.5m")
    assert [(reading.value, reading.kind) for reading in number.readings] == [(150, "time"), (2.5e6, "count")]


def test_lines_and_offsets() -> None:
    text = "first 1\nsecond 2.5 s\n\nlast 3"
    numbers = find_numbers(text)
    assert [number.line for number in numbers] == [0, 1, 3]
    assert [text[number.start : number.end] for number in numbers] == ["1", "2.5 s", "3"]


def test_agreement_allows_for_rounding_and_cutting_off() -> None:
    reading = Reading(12.3, 0.1)
    assert reading.agrees(12.26)
    assert reading.agrees(12.39)
    assert not reading.agrees(12.2)
    assert not reading.agrees(12.45)
    assert reading.agrees(12.45, slack=0.1)


@given(st.floats(0.001, 1e7), st.integers(0, 5), st.sampled_from(["{:.{d}f}", "{:,.{d}f}", "{:_.{d}f}", "{:.{d}e}"]))
def test_any_printed_number_agrees_with_itself(value: float, decimals: int, style: str) -> None:
    (number,) = find_numbers("x = " + style.format(value, d=decimals) + "\n")
    assert any(reading.agrees(value, 1e-9 * value) for reading in number.readings)


@given(st.timedeltas(datetime.timedelta(microseconds=1), datetime.timedelta(days=3)))
def test_timedeltas(delta: datetime.timedelta) -> None:
    (number,) = find_numbers(str(delta))
    assert number.value == pytest.approx(delta.total_seconds())


@given(st.text(max_size=200))
def test_any_text_is_read_in_order(text: str) -> None:
    numbers = find_numbers(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(numbers))
    assert all(number.readings and re.search(r"\d", number.text) for number in numbers)


def test_progress_bars_go_and_words_stay() -> None:
    bar = "\r  0%|          | 0/128 [00:00<?, ?it/s]\r 50%|█████     | 64/128 [00:00<00:00, 561.19it/s]"
    done = "\rEpoch 3 loss 0.31: 100%|██████████| 128/128 [00:00<00:00, 561.19it/s, time=0.15s]"
    kept = without_progress("before 1\n" + bar + done + "\nafter 2")
    assert "561" not in kept
    assert "128" not in kept
    assert "before 1" in kept
    assert "after 2" in kept
    assert kept.count("time=0.15s") == 1


@pytest.mark.parametrize(
    "bar",
    [
        "100%|██████████| 128/128 [00:12<00:00, 10.19it/s]",
        "Testing...: 100%|##########| 16/16 [00:00<00:00, 213.5it/s]",
        " 12%|█▏        | 9.91M/82.0M [00:00<00:01, 40.0MB/s]",
        "128it [00:12, 10.19it/s]",
        "100%|██████████| 2/2 [03:12<00:00, 96.10s/it]",
        "\x1b[32m100%|██████████|\x1b[0m 128/128 [00:12<00:00, 10.19it/s]",
        "  0%|          | 0/128 [00:00<?, ?it/s]",
    ],
)
def test_bars_hold_no_numbers(bar: str) -> None:
    assert find_numbers(without_progress(bar)) == ()


def test_what_is_printed_behind_a_bar_stays() -> None:
    assert "took 3.2 s" in without_progress("100%|██| 128/128 [00:00<00:00, 561.19it/s]Epoch 1 took 3.2 s\n")
