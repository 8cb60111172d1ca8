"""`--language`, before or after the command, and the help and the errors of the command line in that language."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.cli.exit_status import FAILED
from grader.cli.help_text import OF_ARGPARSE
from grader.cli.main import main
from grader.cli.options import asked_language
from grader.language import current, use
from tests.conftest import make_result


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    use("en")


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["--language", "de", "check", "x"], "de"),
        (["check", "x", "--language=de"], "de"),
        (["check", "--lang", "de", "x"], "de"),
        (["check", "x"], None),
        (["check", "x", "--language"], None),
        (["check", "--language", "de", "--", "--language"], "de"),
        (["mark", "out", "me", "q1", "--comment", "--language de"], None),
        ([], None),
    ],
)
def test_the_name_is_found_before_there_is_a_parser(argv: list[str], name: str | None) -> None:
    assert asked_language(argv) == name


@pytest.mark.parametrize(
    "argv", [["--language", "de", "check", "none.ipynb"], ["check", "none.ipynb", "--language", "de"]]
)
def test_refusals_are_in_the_language(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == FAILED
    assert capsys.readouterr().err == "grader: keine solche Datei: none.ipynb\n"
    assert current() == "de"


def test_a_wrong_name_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--language", "fr", "check", "x"]) == FAILED
    assert capsys.readouterr().err == "grader: there is no language 'fr'; there are en (English), de (Deutsch)\n"


def test_without_it_the_environment_chooses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADER_LANGUAGE", "de_AT.UTF-8")
    assert main(["check", "none.ipynb"]) == FAILED
    assert "keine solche Datei" in capsys.readouterr().err
    assert main(["--language", "en", "check", "none.ipynb"]) == FAILED
    assert "no such file" in capsys.readouterr().err


def test_the_help_is_german_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["check", "--help", "--language", "de"])
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    assert "ein Notebook prüfen" in text.casefold() or "Ein Notebook prüfen" in text
    assert "usage:" not in text
    assert "show this help message" not in text


def test_what_argparse_says_is_as_the_catalogue_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for argv in (
        ["chek"],
        ["check"],
        ["check", "x", "--item"],
        ["check", "x", "--nope"],
        ["check", "x", "--tasks", "0"],
    ):
        with pytest.raises(SystemExit) as leaving:
            main(argv)
        assert leaving.value.code == 2
        told.append(capsys.readouterr().err.splitlines()[-1])
    for said, text in zip(
        told, ("invalid choice: ", "the following arguments are required: ", "expected one argument"), strict=False
    ):
        assert text in said
        assert any(one.startswith(text) for one in OF_ARGPARSE)


def test_the_help_loads_nothing_heavy_in_another_language() -> None:
    code = (
        "import sys; from grader.language import use; from grader.cli.main import parser;"
        "use('de'); parser().format_help();"
        "print(sorted({'torch', 'numpy', 'jinja2', 'babel', 'rich', 'grader.assignment'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_pages_are_made_again_in_another_language(tmp_path: Path) -> None:
    from grader.reports.html import in_this_language, write_html

    page = tmp_path / "report.html"
    assert not in_this_language(page)
    write_html(make_result("a.ipynb"), page)
    assert in_this_language(page)
    use("de")
    assert not in_this_language(page)
    write_html(make_result("a.ipynb"), page)
    assert in_this_language(page)
    assert '<html lang="de">' in page.read_text("utf-8")
