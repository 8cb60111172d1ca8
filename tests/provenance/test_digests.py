"""Digests change with what they are about, and with nothing else."""

from __future__ import annotations

import importlib
import os
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from grader.assignment import load_assignment
from grader.grading.grade import failed
from grader.provenance import digests

FILES = {
    "__init__.py": "",
    "nets.py": "class Net:\n    pass\n",
    "loops.py": "def train(): ...\ndef other(): ...\n",
    "images.py": "def load(): ...\n",
    "helpers.py": "LIMIT = 3\n",
    "limits.json": "{}",
    "rubric.py": """
from grader.assignment import Assignment, Check, Item, LoopRole, ModelRole, Rubric
from PACKAGE.loops import train
from PACKAGE.nets import Net

def holds(e):
    "Holds."

ASSIGNMENT = Assignment(
    "tiny", Rubric("tiny", (Item("a", "A", 1, (Check("a.one", 1, holds),)),)), (), lambda: (),
    (ModelRole("net", ("Net",), Net, ((1,),), lambda shapes: True),),
    (LoopRole("train", ("train",), "train", "cpu", train),),
    lambda x: x, ("from PACKAGE.images import load\\nload()",), lambda run: {}, lambda size: {},
)
""",
}


@pytest.mark.parametrize(
    ("file", "of_reference"),
    [("nets.py", True), ("loops.py", True), ("images.py", True), ("helpers.py", False), ("limits.json", False)],
)
def test_a_changed_file_changes_its_own_digest_alone(tmp_path, monkeypatch, file, of_reference):
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"course_of_{file.replace('.', '_')}"
    (tmp_path / name).mkdir()
    for each, text in FILES.items():
        (tmp_path / name / each).write_text(text.replace("PACKAGE", name))
    importlib.invalidate_caches()
    assignment = load_assignment(name)
    before = digests.of_assignment(assignment)
    (tmp_path / name / file).write_text(FILES[file] + "\n# changed")
    assert digests.of_assignment(assignment) == before  # once per process
    monkeypatch.setattr(digests, "_KNOWN", {})
    after = digests.of_assignment(assignment)
    assert (after[0] == before[0], after[1] == before[1]) == (of_reference, not of_reference)


def test_what_python_and_editors_leave_changes_nothing(tmp_path):
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.json").write_text("2")
    before = digests.file_lines(tmp_path, digests.source_files(tmp_path))
    for left in ("__pycache__/a.cpython-312.pyc", ".ipynb_checkpoints/x.ipynb", ".a.py.swp"):
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).write_text("x")
    assert digests.file_lines(tmp_path, digests.source_files(tmp_path)) == before
    assert [line.split("  ")[1] for line in before] == ["a.py", "sub/b.json"]


def test_the_digest_of_a_file_is_the_one_that_sha256sum_prints(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert digests.of_file(tmp_path / "abc").startswith(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_what_is_no_file_has_no_digest_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe", Path("/dev/zero"), Path("a\0b")):
        assert digests.of_file(path) == ""


def test_the_environment_names_python_the_platform_and_every_distribution_once():
    lines = digests.environment_lines()
    assert lines[0].startswith("CPython 3.")
    assert f"torch=={version('torch')}" in lines
    assert f"typing-extensions=={version('typing_extensions')}" in lines
    names = [line.split("==")[0] for line in lines[2:]]
    assert names == sorted(set(names))


def test_all_digests_of_the_reference_are_known():
    found = digests.digests(load_assignment("reference"), "s", "d")
    values = [found.rubric, found.reference, found.grader, found.environment]
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in values)
    assert len(set(values)) == 4
    assert (found.submission, found.data) == ("s", "d")


def test_an_assignment_made_in_memory_has_none():
    assert digests.of_assignment(replace(load_assignment("reference"), name="other")) == ("", "")


def test_a_failed_submission_has_the_digests_too():
    result = failed(load_assignment("reference"), "x.ipynb", "empty", "ab", "cd")
    assert (result.digests.submission, result.digests.data) == ("ab", "cd")
    assert result.digests.rubric
    assert result.submission.sha256 == "ab"


def test_the_graders_digest_covers_all_of_its_packages(monkeypatch):
    covered: list[set[Path]] = []
    monkeypatch.setattr(digests, "file_lines", lambda folder, files: covered.append(set(files)) or [])
    digests.of_grader.__wrapped__()
    names = {path.relative_to(Path(digests.__file__).parents[1]).as_posix() for path in covered[0]}
    assert {
        "grading/grade.py",
        "in_kernel/recorder/passes.py",
        "checks/models.py",
        "data/train-images-idx3-ubyte.gz",
    } <= names
