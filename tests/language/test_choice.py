"""The language is the one that is asked for, else the environment's, else English."""

from __future__ import annotations

import threading

import pytest

from grader.language import LANGUAGES, LanguageError, choice, chosen, current, from_environment, in_language, use


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LC_MESSAGES": "de_AT", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANGUAGE": "de:en"}, "de"),
        ({"LANGUAGE": "fr:nl", "LANG": "de_CH@euro"}, "de"),  # the first that there is
        ({"LANGUAGE": "de", "GRADER_LANGUAGE": "en"}, "en"),
        ({"GRADER_LANGUAGE": "DE"}, "de"),
        ({"GRADER_LANGUAGE": "klingon", "LANG": ""}, "en"),
        ({"LANG": "deutsch"}, "en"),
    ],
)
def test_the_first_variable_that_names_a_language_counts(environment: dict[str, str], language: str) -> None:
    assert from_environment(environment) == language


def test_a_wrong_name_is_one_sentence_that_names_those_that_there_are() -> None:
    with pytest.raises(LanguageError, match=r"^there is no language 'fr'; there are en \(English\), de \(Deutsch\)$"):
        chosen("fr")


def test_without_a_name_the_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_LANGUAGE", "de")
    assert chosen(None) == "de"
    assert {name: chosen(name) for name in LANGUAGES} == {name: name for name in LANGUAGES}
    monkeypatch.setattr(choice, "_process", [])
    assert current() == "de"
    use("en")
    assert current() == "en"


def test_a_language_inside_ends_and_is_of_one_thread() -> None:
    seen: list[str] = []
    before = current()
    with in_language("de"):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
        assert current() == "de"
        with in_language("en"):
            assert current() == "en"
    assert [*seen, current()] == [before, before]
