"""What people read is found: f-strings with named gaps, texts of several words, and what is marked by `tr`."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalogues.extraction import catalogue_of, sentences, template_texts


def found(source: str) -> list[str]:
    return [one.text for one in sentences(source, "a.py")]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("raise Fail(f'the loss is {loss}')", "the loss is {loss}"),
        ("x = f'{len(cells)} cells ran'", "{count} cells ran"),
        ("x = f'{run.error.name} in {cell} and {other.cell}'", "{name} in {cell} and {cell2}"),
        ("x = f'{one_line(name)!r} is {value:.2f} s'", "{name} is {value} s"),
        ("x = f'{a} {{b}} and some more'", "{a} {{b}} and some more"),
        ("x = 'no shape was printed'", "no shape was printed"),
        ("x = 'no shape ' 'was printed'", "no shape was printed"),
        ("tr('right')", "right"),
        ("tr('{count} right', count=3)", "{count} right"),
        ("def check(e: Evidence) -> str:\n    '''Prints the shape.'''", "Prints the shape."),
    ],
)
def test_each_kind_of_text_is_found(source: str, text: str) -> None:
    assert found(source) == [text]


@pytest.mark.parametrize(
    "source",
    [
        "x = 'right'",  # one word, which is not marked
        "re.compile('a b+ c')",
        "x.split('a b c')",
        "x = y == 'one of these'",
        "'''Return what is shown.'''",
        "def check(e: Evidence) -> bool:\n    '''Return whether it holds.'''",
        "x = 'https://example.org is here'",
        "x = 'import grader as g'",
        "x = f'{a} {b}'",
        "x = '--option VALUE'",
    ],
)
def test_what_nobody_reads_is_not(source: str) -> None:
    assert found(source) == []


def test_a_template_s_texts_are_those_that_it_marks() -> None:
    source = '<p title="a b">some words {{ tr("read this") }}{{ tr("{n} right", n=3) }}{{ other("no") }}</p>'
    assert [one.text for one in template_texts(source, "a.html")] == ["read this", "{n} right"]


def test_a_package_has_the_texts_of_its_modules_and_templates_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "templates" / "part").mkdir(parents=True)
    (tmp_path / "templates" / "part" / "a.html").write_text('{{ tr("on the page") }}')
    (tmp_path / "b.py").write_text("x = 1\ny = 'said twice'\nz = 'said twice'\n")
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "c.py").write_text("y = 'said to nobody'\n")
    texts = catalogue_of(tmp_path, ["left"])
    assert {text: [(one.file, one.line) for one in places] for text, places in texts.items()} == {
        "on the page": [("templates/part/a.html", 1)],
        "said twice": [("b.py", 2), ("b.py", 3)],
    }
