"""Charts: every value lies inside the picture, whatever the values are."""

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.reports.charts import MOST_CURVES, MOST_POINTS, Band, Chart, Curve, lay_out, short, ticks_between

VALUES = st.lists(st.none() | st.floats() | st.floats(0, 10), max_size=50)
LEVELS = st.lists(st.floats(-10, 10), min_size=1, max_size=5)
BANDS = LEVELS.map(lambda values: Band("b", values, values, [value + 1 for value in values]))
CURVES = st.builds(Curve, st.text(max_size=5), VALUES, VALUES, st.sampled_from(["line", "points"]))


@example([Curve("", [0.0], [2.8e298])], [], False, True)
@example([Curve("", [1e199, 1e-199], [1e199, 1e-199])], [], True, True)
@settings(max_examples=30)
@given(st.lists(CURVES, max_size=14), st.lists(BANDS, max_size=2), st.booleans(), st.booleans())
def test_everything_lies_inside_the_picture(curves, bands, log_x, log_y):
    layout = lay_out(Chart("", tuple(curves), log_x=log_x, log_y=log_y, bands=tuple(bands)))
    if layout is None:
        return
    assert len(layout.curves) <= MOST_CURVES
    assert len(layout.curves) + layout.left_out <= len(curves)
    for curve in (*layout.curves, *layout.bands):
        numbers = [float(part) for part in re.sub("[MLZ]", " ", curve.path).split()]
        points = [*zip(numbers[::2], numbers[1::2], strict=True), *curve.markers]
        assert points
        assert all(layout.left <= x <= layout.right and layout.top <= y <= layout.bottom for x, y in points)
    assert all(layout.left <= tick.place <= layout.right for tick in layout.x_ticks)
    assert all(layout.top <= tick.place <= layout.bottom for tick in layout.y_ticks)
    assert len(layout.x_ticks) + len(layout.y_ticks) <= 80


def test_nothing_to_draw_is_no_picture():
    assert lay_out(Chart("", ())) is None
    assert lay_out(Chart("", (Curve("", [1.0], [math.nan]), Curve("", [1.0], [-1.0])), log_y=True)) is None


def test_a_loss_that_grows_without_bound_is_left_out_and_the_rest_is_drawn():
    layout = lay_out(Chart("", (Curve("", [1.0, 2.0, 3.0], [0.5, 3e298, 0.4]),), log_y=True))
    assert layout is not None
    assert layout.curves[0].path.count("L") == 1


def test_a_long_curve_keeps_its_ends_and_is_thinned_out():
    layout = lay_out(Chart("", (Curve("", list(range(100_000)), list(range(100_000))),)))
    assert layout is not None
    (curve,) = layout.curves
    assert 100 < curve.path.count("L") <= MOST_POINTS + 1
    assert (curve.path.split("L")[0], curve.path.split("L")[-1]) == ("M75.4 218", "456.6 18")


def test_a_band_goes_there_and_back_and_one_of_a_single_point_can_be_seen():
    curve = Curve("", [1.0, 2.0], [1.0, 2.0])
    layout = lay_out(Chart("", (curve,), bands=(Band("", [1, 2], [0.5, 1], [2, 3]), Band("", [1.5], [1], [2]))))
    assert layout is not None
    assert [band.path.count("L") for band in layout.bands] == [3, 3]
    assert all(band.path.endswith("Z") for band in layout.bands)
    corners = re.findall(r"[\d.]+", layout.bands[1].path)
    assert float(corners[2]) - float(corners[0]) > 20


@pytest.mark.parametrize(
    ("values", "log", "labels"),
    [
        ([0, 1], False, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ([0.01, 100], True, ["0.01", "0.1", "1", "10", "100"]),
        ([0.3, 2.3], True, ["0.5", "1", "2"]),
        ([5, 5], False, ["3", "4", "5", "6", "7"]),
    ],
)
def test_ticks_are_round_numbers(values, log, labels):
    layout = lay_out(Chart("", (Curve("", values, values),), log_x=log))
    assert layout is not None
    assert [tick.label for tick in layout.x_ticks] == labels


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9))
def test_there_are_a_few_ticks_between_any_two_values(low, width):
    ticks = ticks_between(low, low + width)
    assert len(ticks) <= 20
    assert all(low - width * 1e-6 <= value <= low + width * (1 + 1e-6) for value, _ in ticks)


def test_numbers_are_short():
    assert [short(value) for value in (1234567, 0.1 + 0.2, -5e-9)] == ["1,234,567", "0.3", "-5e-09"]
