from pathlib import Path

import jinja2
import pytest

import grader
from grader.formatting import render_html
from grader.result import Result, Submitted
from tests.reports.test_hostile import TEXTS, acting

FAILED = Result("tiny", Submitted("a.ipynb", ""), 0, 3, "failed", message="empty")


def test_a_missing_value_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="'pictures' is undefined"):
        render_html("report.html", result=FAILED)


@TEXTS
def test_every_string_is_escaped_and_cleaned(text):
    page = render_html("limits.html", assignment=text, sections=[], wanted=1e-6, told_apart=0.01)
    assert acting(page) == []
    assert page.count("<") == render_html("limits.html", assignment="", sections=[], wanted=1, told_apart=1).count("<")


def test_no_template_switches_the_escaping_off():
    for template in filter(Path.is_file, (Path(grader.__file__).parent / "templates").rglob("*")):
        source = template.read_text(encoding="utf-8")
        assert template.suffix in (".html", ".css")  # what pyproject.toml ships
        assert "safe" not in source.replace("unsafe", "")
        assert "autoescape" not in source
