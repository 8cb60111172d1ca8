"""Words come from the catalogues of the grader and of the assignments, the grader's first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from grader.catalogues.write import compiled
from grader.language import add_catalogue, in_language, said, tr, words


@pytest.fixture
def course(tmp_path: Path) -> Iterator[str]:
    """The name of an assignment's package with a German catalogue."""
    catalogue = Catalog(locale="de", fuzzy=False)
    catalogue.add("the eel has {count} fins", "der Aal hat {count} Flossen")
    catalogue.add("right", "anders")
    (tmp_path / "course_of_eels" / "locale" / "de").mkdir(parents=True)
    (tmp_path / "course_of_eels" / "__init__.py").write_text("")
    (tmp_path / "course_of_eels" / "locale" / "de" / "messages.mo").write_bytes(compiled(catalogue))
    sys.path.insert(0, str(tmp_path))
    yield "course_of_eels"
    sys.path.remove(str(tmp_path))
    if "course_of_eels" in words._packages:
        words._packages.remove("course_of_eels")
    sys.modules.pop("course_of_eels", None)
    words._catalogue.cache_clear()


def test_english_is_what_stands_in_the_code() -> None:
    with in_language("en"):
        assert tr("{count} right", count=3) == "3 right"
        assert tr("no {gap} here") == "no {gap} here"
        assert said("no such file: x") == "no such file: x"


def test_an_assignment_s_sentences_are_translated_once_its_catalogue_is_known(course: str) -> None:
    with in_language("de"):
        assert said("the eel has 2 fins") == "the eel has 2 fins"
        mine = tr("right")
        add_catalogue(course)
        add_catalogue(course)
        assert said("the eel has 2 fins") == "der Aal hat 2 Flossen"
        assert tr("right") == ("anders" if mine == "right" else mine)  # the grader's comes first
    assert said("the eel has 2 fins") == "the eel has 2 fins"
    assert words._packages.count(course) == 1


@pytest.mark.parametrize("package", ["no_such_package_anywhere", "no.such.package", "grader.cli", "json"])
def test_a_package_without_a_catalogue_stays_english(package: str) -> None:
    assert words._messages(package, "de") == {}
