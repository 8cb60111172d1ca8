"""What `grader check` takes for a submission."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import zipfile
from itertools import pairwise
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


SETTINGS = ("--sample", "--device", "cpu", "--isolation", "none")
IMPORTS = "import torch\nfrom torchvision import datasets, transforms"
LOADERS = """
scale = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_loader = torch.utils.data.DataLoader(datasets.MNIST('.', train=True, download=True, transform=scale), 64, shuffle=True)
test_loader = torch.utils.data.DataLoader(datasets.MNIST('.', train=False, transform=scale), 64)
"""
FIRST_BATCH = """# Question 1
images, labels = next(iter(test_loader))
print(images.shape, images.dtype, labels.shape, labels.dtype)
"""
TRAINS = "# Question 2\nfor x, y in train_loader:\n    while True:\n        raise SystemError('this cell ran')"


def written(path: Path, *cells: str) -> None:
    """Write a notebook as editors do: another file takes its place."""
    code = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for i, source in enumerate(cells)
    ]
    other = path.with_suffix(".new")
    other.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code}))
    other.replace(path)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("batch", "status"), [(FIRST_BATCH, 0), (FIRST_BATCH.replace("labels.dtype", "''"), 1)])
def test_an_item_is_answered_from_its_part_and_nothing_is_silent_for_long(batch, status, tmp_path):
    path = tmp_path / "hw.ipynb"
    written(path, IMPORTS, LOADERS, batch, TRAINS)
    command = [sys.executable, "-m", "grader", "check", str(path), *SETTINGS, "--item", " Q1 ", "--item", "data"]
    came, told = [time.monotonic()], []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            came.append(time.monotonic())
            told.append(line.rstrip())
    assert process.returncode == status
    assert max(later - sooner for sooner, later in pairwise(came)) < 2 * 3  # 2 s where the machine is not busy
    ran_all = [line for line in told if "SystemError" in line]
    so_far = [line for line in told if line.startswith("so far")]
    assert bool(ran_all) == bool(status)
    assert len([line for line in told if line.startswith("✓ right: data")]) == 1
    if status:
        assert [line for line in so_far if "the rest of the notebook runs now" in line]
        assert told.index(so_far[0]) < len(told) - 10


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(300)
def test_a_watched_notebook_is_checked_again_where_it_changed(tmp_path):
    path = tmp_path / "hw.ipynb"
    written(path, IMPORTS, LOADERS, FIRST_BATCH.replace("labels.dtype", "''"))
    command = [sys.executable, "-m", "grader", "check", str(path), *SETTINGS, "--watch", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:

        def until(words: str) -> list[str]:
            assert process.stdout is not None
            seen = list[str]()
            for line in process.stdout:
                seen.append(line.rstrip())
                if words in line:
                    break
            return seen

        try:
            assert any(line.startswith("◐ q1 ") for line in until("watching hw.ipynb"))
            whole = path.read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
            assert "hw.ipynb" in until("waiting for the next save")[-1]
            path.unlink()
            assert until("hw.ipynb is not there any more")
            written(path, IMPORTS, LOADERS, FIRST_BATCH)
            again = until("watching hw.ipynb")
            assert [line for line in again if "hw.ipynb was saved: checking" in line]
            assert any(line.startswith("✓ right: data, q1") for line in again)
            written(path, IMPORTS, LOADERS, FIRST_BATCH)
            assert until("nothing changed that an item rests on")
            process.send_signal(signal.SIGINT)
            assert until("stopped watching hw.ipynb; at the last check: 10 of")
        except BaseException:
            process.kill()
            raise
    assert process.returncode == 1  # the other items lost points
