"""What `grader check` takes for a submission."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from grader.cli.check import _handed_in
from grader.cli.options import UsageError
from tests.course.ingest.made_up import NOTEBOOK


def test_a_folder_and_an_archive_hold_the_notebook_and_its_helper_files(tmp_path: Path) -> None:
    folder = tmp_path / "hw"
    folder.mkdir()
    (tmp_path / "into").mkdir()
    (folder / "hw.ipynb").write_text(NOTEBOOK)
    (folder / "utils.py").write_text("x = 1")
    path, beside = _handed_in(folder, tmp_path / "into")
    assert path == folder / "hw.ipynb"
    assert beside == (("utils.py", folder / "utils.py"),)
    with zipfile.ZipFile(tmp_path / "hw.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"hw/{file.name}")
    path, beside = _handed_in(tmp_path / "hw.zip", tmp_path / "into")
    assert path.name == "hw.ipynb"
    assert beside is not None
    assert [(name, where.read_text()) for name, where in beside] == [("utils.py", "x = 1")]


def test_a_notebook_stands_for_itself(tmp_path: Path) -> None:
    assert _handed_in(tmp_path / "hw.ipynb", tmp_path) == (tmp_path / "hw.ipynb", None)


def test_of_several_notebooks_one_must_be_named(tmp_path: Path) -> None:
    (tmp_path / "hw").mkdir()
    for name in ("one.ipynb", "two.ipynb"):
        (tmp_path / "hw" / name).write_text(NOTEBOOK)
    with pytest.raises(UsageError, match="2 notebooks; name the one to check"):
        _handed_in(tmp_path / "hw", tmp_path)
