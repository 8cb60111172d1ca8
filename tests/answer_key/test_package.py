"""The rubric's modules come from the file alone, whatever stands elsewhere under their name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grader.answer_key.file import FORMAT, VERSION, BundleFile, Description, packed, parse_bundle
from grader.answer_key.package import Withheld, import_rubric
from grader.answer_key.records import AnswerKey
from grader.assignment import AssignmentError, with_key

MODULES = {
    "__init__.py": "",
    "rubric.py": """
import course_of_this_test.models
from course_of_this_test import numbers, models as withheld
from course_of_this_test.parts.inner import VALUE, later
from course_of_this_test.models import Net
from .parts import inner
from grader.assignment import data_file
TEXT = data_file(__package__, "task.md")
ABSENT = getattr(withheld, "__path__", None)
""",
    "numbers.py": "ANSWER = 42\n",
    "parts/__init__.py": "",
    "parts/inner.py": """
from course_of_this_test.numbers import ANSWER as VALUE
def later():
    from course_of_this_test import numbers
    return numbers.ANSWER
""",
}


def bundle(modules: dict[str, str], **texts: str) -> BundleFile:
    files = {name: text.encode() for name, text in {**modules, **texts}.items()}
    about = Description(
        FORMAT, VERSION, "0", "course_of_this_test", "t", ("models",), {n: len(d) for n, d in files.items()}
    )
    return parse_bundle(Path("course.grader"), packed(about, files, AnswerKey({}, {})))


def test_modules_import_each_other_under_their_own_name() -> None:
    found = import_rubric(bundle(MODULES, **{"task.md": "Do it."}))
    assert (found.VALUE, found.later(), found.numbers.ANSWER, found.inner.VALUE) == (42, 42, 42, 42)
    assert found.TEXT == "Do it."
    assert found.ABSENT is None
    assert not any(name.startswith("course_of_this_test") for name in sys.modules)


def test_what_is_withheld_has_a_name_and_no_use() -> None:
    found = import_rubric(bundle(MODULES, **{"task.md": "Do it."}))
    assert isinstance(found.Net, Withheld)
    with pytest.raises(RuntimeError, match=r"course_of_this_test\.models\.Net is not in the file"):
        found.Net()


def test_a_package_elsewhere_is_neither_used_nor_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "course_of_this_test").mkdir()
    (tmp_path / "course_of_this_test" / "__init__.py").write_text("")
    (tmp_path / "course_of_this_test" / "numbers.py").write_text("ANSWER = 'another'")
    monkeypatch.syspath_prepend(tmp_path)
    own = __import__("course_of_this_test.numbers").numbers
    found = import_rubric(bundle(MODULES, **{"task.md": "Do it again."}))
    assert (own.ANSWER, found.numbers.ANSWER) == ("another", 42)
    for name in ("course_of_this_test", "course_of_this_test.numbers"):
        sys.modules.pop(name)


@pytest.mark.parametrize(
    ("rubric", "words"),
    [
        ("import no_such_package_here", "needs the package 'no_such_package_here', which is not installed"),
        ("from grader.checks.models import no_such_check", "does not work with this version of grader"),
        ("x = (", "does not work with this version of grader"),
        ("ASSIGNMENT = 3", "defines no ASSIGNMENT"),
    ],
)
def test_a_rubric_that_cannot_be_loaded_is_refused_in_one_sentence(rubric: str, words: str) -> None:
    before = [*sys.meta_path]
    with pytest.raises(AssignmentError, match=words) as caught:
        with_key(bundle({"__init__.py": "", "rubric.py": rubric}))
    assert "course.grader" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(sys.meta_path) - len(before) == (rubric == "ASSIGNMENT = 3")


def test_the_file_is_imported_once() -> None:
    file = bundle({"__init__.py": "", "rubric.py": "X = object()"})
    assert import_rubric(file) is import_rubric(file)
