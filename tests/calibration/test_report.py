from collections.abc import Sequence
from html.parser import HTMLParser

import pytest

from grader.calibration.measure import Measured
from grader.calibration.report import page, plot
from grader.calibration.separation import Faults, Separation, ratio_separation, separation
from tests.calibration.test_separation import drawn

MEASURED = Measured("data <b>&", 100, "cd" * 32, "2026-01-01", "2.0", "x86_64", {"mlp.loss.1": drawn(20)})
FAULTS: Faults = {
    "far": ("a <i>far</i> fault", drawn(5, 1.0)),
    "near": ("a near fault", drawn(5, -0.98)),
    "diverged": ("no loss at all", [None] * 5),
    "mostly": ("seldom a loss", [0.4, 0.5, None, None, None]),
}


def rows() -> list[Separation]:
    return [
        separation("mlp.loss.1", 0.6, drawn(20), FAULTS),
        separation("mlp.loss.2", 0.4, drawn(20), {}),
        separation("mlp.loss.3", 0.6, [0.3] * 20, {"diverged": FAULTS["diverged"]}),
        separation("mlp.loss.4", 0.6, drawn(20), {"near": FAULTS["near"]}),
        ratio_separation("mlp.first", 0.5, drawn(20), {"far": FAULTS["far"]}),
    ]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Sequence[object]) -> None:
        self.seen.add(tag)


def test_the_page_has_a_row_for_each_limit_and_a_plot_for_each_kind():
    html = page("a <course>", [(MEASURED, rows())])
    tags = Tags()
    tags.feed(html)
    assert html.count("<tr>") == 6
    assert html.count("<img") == 2
    assert not tags.seen & {"i", "b", "course", "script", "link"}
    assert "img-src data:" in html
    assert 'class="bad"' in html  # the limit of mlp.loss.2 lies between the right losses
    assert "a near fault" in html


def test_a_page_without_measurements():
    assert "<h1>The limits of x</h1>" in page("x", [])


@pytest.mark.parametrize("count", [1, 4])
def test_plots_are_pictures(count):
    assert plot(rows()[:count]).startswith(b"\x89PNG")
