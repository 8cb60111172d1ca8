"""The report in a real browser: it can be read by everyone at every width, and nothing in it acts."""

from __future__ import annotations

from itertools import product

import pytest

from grader.reports.html import html
from tests.browser.pages import FOCUS, opened
from tests.browser.samples import SAMPLES, faulty

MEGABYTE = 1_000_000
SHORT = ("faulty", "hostile")  # in the default suite; the others with the exhaustive ones
SHORT_SCHEMES = (("faulty", False), ("faulty", True), ("hostile", True))
SAMPLE = pytest.mark.parametrize(
    "sample", [name if name in SHORT else pytest.param(name, marks=pytest.mark.exhaustive) for name in SAMPLES]
)
SCHEMES = pytest.mark.parametrize(
    ("sample", "dark"),
    [
        one if one in SHORT_SCHEMES else pytest.param(*one, marks=pytest.mark.exhaustive)
        for one in product(SAMPLES, (False, True))
    ],
)


@SCHEMES
def test_axe_finds_nothing(browser, tmp_path, sample, dark):
    with opened(browser, html(SAMPLES[sample]()), tmp_path, dark=dark) as watched:
        watched.page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
        assert watched.violations() == []


@SAMPLE
def test_nothing_acts_and_nothing_is_loaded_and_nothing_is_wider_than_the_window(browser, tmp_path, sample):
    page = html(SAMPLES[sample]())
    assert len(page.encode()) < MEGABYTE
    with opened(browser, page, tmp_path, width=360) as watched:
        watched.page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
        for width in (320, 360, 1200):
            watched.page.set_viewport_size({"width": width, "height": 900})
            assert watched.wider() == []
        watched.page.hover("h1")
        assert (watched.requests, watched.dialogs, watched.errors) == ([], [], [])
        assert watched.page.locator("script, iframe, [onmouseover], [onerror]").count() == 0


def test_the_keyboard_reaches_every_fold_link_and_scrolling_region(browser, tmp_path):
    with opened(browser, html(faulty()), tmp_path) as watched:
        page = watched.page
        wanted = page.locator("summary, a[href], [tabindex='0']").count()
        reached = set()
        for _ in range(2 * wanted):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("() => [...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        closed = page.locator("details:not([open]) a, details:not([open]) [tabindex='0']").count()
        assert len(reached) >= wanted - closed
        page.locator("details:not([open]) > summary").first.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("() => document.activeElement.parentElement.open"), page.evaluate(FOCUS)


def test_a_message_leads_to_the_marked_line(browser, tmp_path):
    with opened(browser, html(faulty()), tmp_path, scripts=False) as watched:
        watched.page.locator("#item-q4 .check.fail .says a").first.click()
        assert watched.page.url.endswith("#cell-9-2")
        assert watched.page.locator("#cell-9-2:target").inner_text().split()[:2] == ["►", "2"]
        watched.page.locator("#cell-9 .remarks a").first.click()
        assert watched.page.url.endswith("#item-q4")


def test_on_paper_everything_is_unfolded_and_light(browser, tmp_path):
    with opened(browser, html(faulty()), tmp_path, dark=True) as watched:
        folded = watched.page.get_by_text("torch is imported")
        assert not folded.is_visible()
        watched.page.emulate_media(media="print")
        assert folded.is_visible()
        back = watched.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        assert back == "rgb(255, 255, 255)"
        pages = watched.page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
        assert 1 < pages < 12


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [320, 360, 480, 544, 768, 900, 1200, 1920, 3000])
@pytest.mark.parametrize("sample", SAMPLES)
def test_no_width_is_too_narrow(browser, tmp_path, sample, width):
    with opened(browser, html(SAMPLES[sample]()), tmp_path, width=width) as watched:
        assert watched.wider() == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("sample", SAMPLES)
def test_larger_letters_make_nothing_overlap_the_edge(browser, tmp_path, sample):
    with opened(browser, html(SAMPLES[sample]()), tmp_path, width=640) as watched:
        watched.page.evaluate("() => document.documentElement.style.setProperty('font-size', '32px')")
        assert watched.wider() == []
