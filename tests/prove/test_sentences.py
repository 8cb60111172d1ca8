"""docs/proving.md names, for every sentence of the assignment, mutations that break it and that fulfil it otherwise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from grader.prove.draft import Draft, parse
from reference.mutations import (
    styles_answers,
    styles_curves,
    styles_layers,
    styles_places,
    styles_shown,
    styles_updates,
)
from reference.proving import DRAWN, LOOPS, MUTATIONS, NOTEBOOK, PARTS, TOLD

ROOT = Path(__file__).parents[2]
ASSIGNMENT = Draft.from_bytes((ROOT / "reference" / "assignment.ipynb").read_bytes())
CHAPTER = (ROOT / "docs" / "proving.md").read_text(encoding="utf-8").partition("## Sentence by sentence\n")[2]
TABLES = re.findall(r"(?:^\|.*\n)+", CHAPTER.partition("\n## ")[0], re.MULTILINE)
KINDS = {mutation.name: mutation.kind for mutation in MUTATIONS}
WRITTEN_FOR_SENTENCES = (
    *(LOOPS + PARTS + DRAWN + TOLD + NOTEBOOK),
    *(styles_answers.STYLES + styles_curves.STYLES + styles_layers.STYLES),
    *(styles_places.STYLES + styles_shown.STYLES + styles_updates.STYLES),
)


def rows(table: str) -> list[list[str]]:
    """Return the cells of a table's rows, without its heading."""
    return [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in table.splitlines()[2:]]


def named(cell: str, kind: str) -> set[str]:
    """Return the mutations that a cell names; fail for a name or pattern that stands for none of this kind."""
    found: set[str] = set()
    for pattern in re.findall(r"`([^`]+)`", cell):
        matching = {name for name, its in KINDS.items() if its == kind and fnmatchcase(name, pattern)}
        assert matching, f"{pattern} is no {kind}"
        found |= matching
    return found


def words(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split())


def texts() -> Iterator[str]:
    """Yield the assignment's text cells and docstrings."""
    for cell in ASSIGNMENT.cells:
        if cell.kind == "markdown":
            yield re.sub(r"^#+ .*$", "", cell.source, flags=re.MULTILINE)
        elif (tree := parse(cell.source)) is not None:
            yield from (
                docstring
                for node in ast.walk(tree)
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and (docstring := ast.get_docstring(node))
            )


def sentences() -> list[str]:
    """Return all sentences, without the marks of lists and without those of emphasis at their ends."""
    found = []
    for text in texts():
        for paragraph in re.split(r"\n\s*\n|\n(?=- |\d\. )", text):
            plain = re.sub(r"^(?:- |\d\. )", "", words(paragraph))
            parts = re.split(r"(?<=[.?!])[*)]*\s+(?=[A-Z`*(]|epoch is|forward takes)", plain)
            found += [part.strip("*") for part in parts if part.strip("*")]
    return found


@pytest.fixture(scope="module")
def quoted() -> list[str]:
    """The sentences, or parts of sentences, of both tables."""
    asking, nothing = TABLES
    return [row[0] for row in rows(asking)] + [part for row in rows(nothing) for part in row[1].split("; ")]


def test_the_tables_quote_the_assignment(quoted: list[str]) -> None:
    whole = words(" ".join(texts()))
    assert [quote for quote in quoted if quote not in whole] == []


def test_no_sentence_is_missing(quoted: list[str]) -> None:
    beginnings = [quote.strip("*") for quote in quoted]
    missing = [
        s for s in sentences() if not any(quote in s or s.startswith(quote) or s in quote for quote in beginnings)
    ]
    assert missing == []


def test_each_sentence_has_faults_and_styles() -> None:
    for sentence, faults, styles in rows(TABLES[0]):
        assert named(faults, "fault"), sentence
        assert named(styles, "style"), sentence


def test_each_mutation_written_for_a_sentence_stands_beside_one() -> None:
    table = rows(TABLES[0])
    beside = {name for _, faults, styles in table for name in named(faults, "fault") | named(styles, "style")}
    assert [mutation.name for mutation in WRITTEN_FOR_SENTENCES if mutation.name not in beside] == []


def test_there_are_as_many_as_were_asked_for() -> None:
    kinds = [mutation.kind for mutation in WRITTEN_FOR_SENTENCES]
    assert kinds.count("fault") >= 60
    assert kinds.count("style") >= 40
