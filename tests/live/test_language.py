"""The check inside a notebook speaks the language that `grader.use_language` names, else the environment's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import grader
from grader.in_kernel import not_checked
from grader.language import LanguageError, current, use
from grader.live.shown import Shown
from grader.live.verdicts import Verdict

STATES = ("right", "wrong", "not attempted", "not run yet", "not judged")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    use("en")


def shown() -> Shown:
    return Shown(tuple(Verdict("q1", "42", state, "42", ()) for state in STATES))


def test_the_language_can_be_chosen_in_the_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    before = repr(shown())
    assert "(42): not attempted" in before
    grader.use_language("de")
    assert current() == "de"
    monkeypatch.setenv("GRADER_LANGUAGE", "en")
    grader.use_language()
    assert repr(shown()) == before


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(LanguageError, match="there is no language 'fr'"):
        grader.use_language("fr")
    assert current() == "en"


def test_a_notebook_that_is_graded_may_choose_one_too() -> None:
    assert "use_language" in not_checked.__all__
    assert not_checked.use_language("de") is None
    assert current() == "en"
