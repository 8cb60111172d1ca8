"""The German catalogues are complete and up to date: `make catalogues` brings them up to date, people translate."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from grader.catalogues.write import compiled, folder_of, read, texts
from grader.language import in_language, said
from grader.notebook.cells import Cell, Notebook
from grader.reports.mentions import Mentions

PACKAGES = pytest.mark.parametrize("package", ["grader", "reference"])
SHOWN = 20  # texts of a list
_GAP = re.compile(r"(?<!\{)\{(\w+)\}")


def path_of(package: str) -> Path:
    return folder_of(package) / "locale" / "de" / "messages.po"


@cache
def catalogue(package: str) -> Catalog:
    return read(path_of(package))


@cache
def wanted(package: str) -> frozenset[str]:
    return frozenset(texts(package))


def messages(package: str) -> list[Message]:
    return [one for one in catalogue(package) if one.id]


def listed(found: list[str]) -> str:
    """The first texts of a list, one a line."""
    lines = [f"  {text}" for text in found[:SHOWN]]
    more = [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join([f"{len(found)} texts:", *lines, *more])


@PACKAGES
def test_no_text_is_missing(package: str) -> None:
    missing = sorted(wanted(package) - {str(one.id) for one in messages(package)})
    assert not missing, f"not in {path_of(package)}; run `make catalogues`: {listed(missing)}"


@PACKAGES
def test_no_text_is_stale(package: str) -> None:
    stale = sorted({str(one.id) for one in messages(package)} - wanted(package))
    assert not stale, f"in {path_of(package)}, but said nowhere; run `make catalogues`: {listed(stale)}"


@PACKAGES
def test_every_text_is_translated_and_no_translation_is_a_guess(package: str) -> None:
    assert not (empty := [str(one.id) for one in messages(package) if not one.string]), listed(empty)
    assert not (fuzzy := [str(one.id) for one in messages(package) if one.fuzzy]), listed(fuzzy)


@PACKAGES
def test_a_translation_has_the_gaps_of_its_text(package: str) -> None:
    """A gap may come twice or in another order; only one without a name of its own, such as a plural's s, may go."""
    wrong = []
    for one in messages(package):
        there, here = (set(_GAP.findall(str(words))) for words in (one.id, one.string))
        if one.string and (here - there or any(not gap.startswith("value") for gap in there - here)):
            wrong.append(f"{one.id}\n    {one.string}")
    assert not wrong, listed(wrong)


@PACKAGES
def test_what_is_read_is_what_is_written(package: str) -> None:
    path = path_of(package).with_suffix(".mo")
    assert path.read_bytes() == compiled(catalogue(package)), f"{path} is older; run `make catalogues`"


def test_the_places_that_a_german_sentence_names_are_found() -> None:
    cells = (Cell(0, "markdown", "## Part 1"), Cell(1, "code", "a = 1"), Cell(2, "code", "b = 2"))
    notebook = Notebook(Path("a.ipynb"), "a.ipynb", "", cells)
    told = {
        "line 3 of the cell under 'Part 1' that begins with `b = 2` ended with NameError: 42": (2, 3),
        "the cell under 'Part 1' that begins with `a = 1` ended with NameError: 42": (1, None),
        "the MLP cannot be built: RuntimeError: 42 (cell 2, line 4)": (2, 4),
        "line 4 of cell 1 ended with NameError: 42": (1, 4),
        "cell 2: 42": (2, None),
    }
    with in_language("de"):
        mentions = Mentions(notebook)
        german = {said(text): place for text, place in told.items()}
        found = {text: [(one.cell, one.line) for one in mentions.find(text)] for text in german}
    assert not set(german) & set(told)  # each is translated
    assert found == {text: [place] for text, place in german.items()}


@PACKAGES
def test_a_cell_is_named_alike_in_all_sentences(package: str) -> None:
    """Else the report would not lead from a sentence to its cell."""
    with in_language("de"):
        mentions = Mentions()
        wrong = []
        for one in messages(package):
            english = re.findall(r"\bcell \{(\w+)\}", str(one.id))
            german = re.sub(r"\{\w+\}", "x", str(one.string).replace(f"{{{english[0]}}}", "7")) if english else ""
            if english and one.string and [seen.cell for seen in mentions.find(german)] != [7]:
                wrong.append(f"{one.id}\n    {one.string}")
    assert not wrong, listed(wrong)
