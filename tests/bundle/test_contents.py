"""What travels in the file for students, and what never does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.answer_key.file import BundleError
from grader.assignment import Assignment, load_assignment
from grader.bundle.contents import code_lines, contents, need_no_solution, notebook_code
from grader.language import in_language, said, words
from reference.program import PROGRAM
from tests.bundle.made import quick

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "reference"
STAYS = ("models.py", "loops.py", "data.py", "program.py", "proving.py", "calibrating.py", "solution.ipynb")


def test_the_rubric_travels_and_the_solution_stays() -> None:
    file, _ = quick()
    assert {"rubric.py", "contract.py", "prompts.py", "thresholds.json", "assignment.ipynb"} <= file.files.keys()
    assert "checks/epochs.py" in file.files
    assert not {*STAYS} & file.files.keys()
    assert not any(name.startswith("mutations") for name in file.files)
    assert file.description.withheld == ("data", "loops", "models", "program")


def test_no_line_of_the_solution_stands_in_it() -> None:
    """Searched here in another way than the bundler's own: line by line, as the text of the unpacked files."""
    file, _ = quick()
    text = "\n".join(data.decode("utf-8", "replace") for name, data in file.files.items())
    given = "\n".join(notebook_code(file.files["assignment.ipynb"]))
    sources = [(REFERENCE / name).read_text() for name in STAYS if name.endswith(".py")]
    sources += [*PROGRAM, *notebook_code((REFERENCE / "solution.ipynb").read_bytes())]
    lines = {line.strip() for source in sources for line in source.splitlines()}
    telling = {line for line in lines if len(line) > 24 and not line.startswith(("#", "from ", "import ", '"""'))}
    assert len(telling) > 150
    found = {line for line in telling if line in text and line not in given}
    assert found <= {"MEAN, STD = 0.1307, 0.3081"}, found  # the assignment's text says so


def test_the_models_and_loops_are_not_there() -> None:
    _, assignment = quick()
    assert assignment.program == ()
    for loop in assignment.loops:
        with pytest.raises(RuntimeError, match="is not in the file for students"):
            loop.reference()


def test_there_are_no_digests_among_the_answers() -> None:
    """Two kinds of CPU differ in the last bits, so that equal bytes can be asked of nothing that is computed."""
    file, _ = quick()
    kept = {type(value) for loops in file.key.loops.values() for loop in loops for value in (*loop.losses, *loop.drawn)}
    assert kept == {float}


# --- other assignments -------------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `course_for_contents` whose rubric is made of the reference's parts; its files are the test's."""
    folder = tmp_path / "course_for_contents"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


RUBRIC = """
from dataclasses import replace
from reference.rubric import ASSIGNMENT as OTHER
from grader.assignment import ModelRole
{imports}
ASSIGNMENT = replace(OTHER, loops=(), program={program},
                     models=(ModelRole("net", ("Net",), {build}, ((4,),), bool),))
"""
MODELS = "from torch import nn\ndef build():\n    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))\n"


def write(folder: Path, rubric: str, **files: str) -> Assignment:
    for name, text in {"__init__": "", "rubric": rubric, **files}.items():
        (folder / f"{name}.py").write_text(text)
    return load_assignment(folder.name)


def plain(imports: str = "", program: str = "()", build: str = "models.build") -> str:
    return RUBRIC.format(imports=f"from course_for_contents import models\n{imports}", program=program, build=build)


def test_only_what_the_rubric_imports_travels(package: Path) -> None:
    (package / "notes.txt").write_text("notes")
    (package / "limits.json").write_text("{}")
    assignment = write(
        package,
        plain("from .used import NAMED\ndef later():\n    import course_for_contents.late"),
        models=MODELS,
        used="NAMED = 'limits.json'",
        late="",
        unused="",
    )
    found = contents("course_for_contents", assignment)
    assert {*found.files} == {"__init__.py", "rubric.py", "used.py", "late.py", "limits.json"}
    assert found.withheld == ("models",)


def test_a_rubric_with_the_model_in_it_is_refused(package: Path) -> None:
    assignment = write(package, plain(MODELS, build="build"), models=MODELS)
    with pytest.raises(BundleError, match=r"rubric\.py itself holds the reference's models"):
        contents("course_for_contents", assignment)


def test_a_rubric_with_the_program_in_it_is_refused(package: Path) -> None:
    assignment = write(package, plain(program="('model = train(1)',)"), models=MODELS)
    with pytest.raises(BundleError, match="move them to a module of their own"):
        contents("course_for_contents", assignment)


@pytest.mark.parametrize(
    "leak",
    [
        "def copied():\n    first = secret_start(1, 2)\n    return secret_end(first, 3)\n",
        "TEXT = '''\nfirst = secret_start(1, 2)\nsecond = secret_end(first, 3)\n'''\n",
        "class Copied:\n    def f(self):\n        first = secret_start( 1,2 )  # reformatted\n        second = secret_end(first,3)\n",
    ],
    ids=["copied", "in a string", "reformatted"],
)
def test_a_module_that_repeats_the_solution_is_refused(package: Path, leak: str) -> None:
    secret = "def train():\n    first = secret_start(1, 2)\n    second = secret_end(first, 3)\n    return secret_end(first, 3)\n"
    assignment = write(package, plain("from .leaky import *"), models=MODELS + secret, leaky=leak)
    with pytest.raises(BundleError, match=r"leaky\.py would give lines of the solution away"):
        need_no_solution(contents("course_for_contents", assignment))


def test_lines_that_students_have_are_theirs(package: Path) -> None:
    lines = ["first = given_start(1, 2)", "second = given_end(first, 3)"]
    (package / "task.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["\n".join(lines)]}]}))
    secret = MODELS + "def train():\n" + "".join(f"    {line}\n" for line in lines)
    text = f"NAME = 'task.ipynb'\nTEXT = {chr(10).join(lines) + chr(10)!r}\n"
    need_no_solution(
        contents("course_for_contents", write(package, plain("from .texts import *"), models=secret, texts=text))
    )
    (package / "texts.py").write_text(text.replace("NAME = 'task.ipynb'", ""))
    with pytest.raises(BundleError, match="lines of the solution away"):
        need_no_solution(contents("course_for_contents", load_assignment("course_for_contents")))


def test_lines_of_code_are_compared_as_python_writes_them() -> None:
    assert code_lines("total_loss  =  loss ( a,b )") == code_lines("if x:\n    total_loss = loss(a, b)  # note")
    assert code_lines('"""A sentence that is long enough."""\nimport torch.nn.functional as F') == frozenset()


def test_the_translations_travel_and_are_found_in_the_file() -> None:
    file, _ = quick()
    assert [name for name in file.files if name.startswith("locale/")] == ["locale/de/messages.mo"]
    alias = f"grader_assignment_{file.sha256[:16]}"
    there = words._messages("reference", "de")
    assert there
    assert words._messages(alias, "de") == there
    assert alias in words._packages  # loading the assignment makes its texts known
    text, german = next((text, shown) for text, shown in sorted(there.items()) if "{" not in text and text != shown)
    with in_language("de"):
        assert said(text) == german
