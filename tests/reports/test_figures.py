"""A student's figures beside the data that were read from them."""

from dataclasses import replace

from grader.notebook.places import place
from grader.reports.figures import MOST_CHARTS, PICTURE_ROOM, figures
from grader.reports.html import html
from tests.browser.samples import evidence, faulty, picture


def test_the_picture_stands_beside_the_data():
    (group,) = figures(evidence())["q3"]
    assert group.pictures == (picture(),)
    assert group.place == place(evidence().notebook, 7)
    assert f"as {group.place} showed it" in html(faulty()).replace("&#39;", "'")
    assert [curve.label for curve in group.charts[0].curves] == ["training: 10 points", "test: 10 points"]
    assert group.charts[0].chart.ylabel == "loss (logarithmic)"


def test_lines_that_cannot_be_seen_are_not_drawn_but_counted():
    whole = evidence()
    (figure,) = whole.run.figures
    hidden = replace(figure.axes[0].lines[1], drawn=500, seen=0)
    figure = replace(figure, axes=(replace(figure.axes[0], lines=(figure.axes[0].lines[0], hidden)),))
    (group,) = figures(replace(whole, run=replace(whole.run, figures=(figure,))))["q3"]
    assert len(group.charts[0].curves) == 1
    assert group.charts[0].chart.note == "1 more cannot be seen in the figure."


def test_a_page_has_room_for_so_many():
    whole = evidence()
    cells = tuple(replace(cell, pictures=("A" * (PICTURE_ROOM // 2 + 1),) * 3) for cell in whole.run.cells)
    many = replace(whole, run=replace(whole.run, figures=whole.run.figures * 100, cells=cells))
    (group,) = figures(many)["q3"]
    assert (len(group.charts), len(group.pictures)) == (MOST_CHARTS, 1)


def test_only_a_page_with_pictures_may_show_some():
    page = html(faulty())
    assert "img-src data:" in page
    assert page.count("data:image/png;base64,") == 1
    assert "img-src" not in html(replace(faulty(), kept=b""))
