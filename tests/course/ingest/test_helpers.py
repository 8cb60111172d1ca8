"""Helper files in downloads of all layouts: those of the same student and time, under the names that they had."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.course.ingest.collect import Class, ClassOptions, read_class
from tests.course.ingest.made_up import NOTEBOOK, make_folder, make_zip


def packed(files: Mapping[str, str]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return memory.getvalue()


def read(tmp_path: Path, files: Mapping[str, str | bytes], kind: str, layout: str = "auto") -> Class:
    (tmp_path / "temporary").mkdir()
    if kind == "zip":
        path = make_zip(tmp_path / "class.zip", files)
    else:
        path = make_folder(tmp_path / "class", files)
    return read_class([path], tmp_path / "out", tmp_path / "temporary", ClassOptions(layout))


def beside(found: Class) -> dict[str, dict[str, str]]:
    return {one.name: {name: path.read_text() for name, path in one.beside} for one in found.submissions}


LAYOUTS: dict[str, tuple[dict[str, str | bytes], dict[str, dict[str, str]]]] = {
    "canvas": (
        {
            "doejane_12345_67890_hw.ipynb": NOTEBOOK,
            "doejane_12345_67891_utils.py": "old",
            "doejane_12345_67895_hw-1.ipynb": NOTEBOOK,
            "doejane_12345_67896_utils-1.py": "new",
            "roeric_12347_67892_hw.ipynb": NOTEBOOK,
        },
        {"doejane_12345": {"utils.py": "new"}, "roeric_12347": {}},
    ),
    "moodle": (
        {
            "Jane Doe_1_assignsubmission_file_/hw.ipynb": NOTEBOOK,
            "Jane Doe_1_assignsubmission_file_/utils.py": "jane's",
            "Jane Doe_1_assignsubmission_onlinetext_/onlinetext.html": "<p>",
            "Rick Roe_2_assignsubmission_file_/hw.ipynb": NOTEBOOK,
            "Rick Roe_2_assignsubmission_file_/ckpt/mlp.pt": "rick's",
        },
        {"Jane Doe_1": {"utils.py": "jane's"}, "Rick Roe_2": {"ckpt/mlp.pt": "rick's"}},
    ),
    "moodle, flat": (
        {
            "Jane Doe_1_assignsubmission_file_hw.ipynb": NOTEBOOK,
            "Jane Doe_1_assignsubmission_file_utils.py": "jane's",
            "Rick Roe_2_assignsubmission_file_hw.ipynb": NOTEBOOK,
        },
        {"Jane Doe_1": {"utils.py": "jane's"}, "Rick Roe_2": {}},
    ),
    "blackboard": (
        {
            "HW_jdoe_attempt_2026-11-01-12-00-00_hw.ipynb": NOTEBOOK,
            "HW_jdoe_attempt_2026-11-01-12-00-00_utils.py": "old",
            "HW_jdoe_attempt_2026-11-02-12-00-00_hw.ipynb": NOTEBOOK,
            "HW_jdoe_attempt_2026-11-02-12-00-00_data.csv": "new",
            "HW_jdoe_attempt_2026-11-02-12-00-00.txt": "Name: Jane Doe (jdoe)\n",
        },
        {"jdoe": {"data.csv": "new"}},
    ),
    "gradescope": (
        {
            "export/submission_metadata.yml": "---\nsubmission_7:\n  :submitters:\n  - :name: Jane\n    :sid: '1'\n",
            "export/submission_7/hw.ipynb": NOTEBOOK,
            "export/submission_7/src/utils.py": "jane's",
        },
        {"Jane_1": {"src/utils.py": "jane's"}},
    ),
    "nbgrader": (
        {
            "submitted/jdoe/ps1/timestamp.txt": "2026-11-01 11:59:00 UTC",
            "submitted/jdoe/ps1/submission_secret.txt": "no notebook may read it",
            "submitted/jdoe/ps1/hw.ipynb": NOTEBOOK,
            "submitted/jdoe/ps1/utils.py": "jane's",
            "submitted/jdoe/ps2/hw.ipynb": NOTEBOOK,
        },
        {"jdoe/ps1": {"utils.py": "jane's"}, "jdoe/ps2": {}},
    ),
    "folders": (
        {
            "anna/deep/hw.ipynb": NOTEBOOK,
            "anna/deep/utils.py": "anna's",
            "anna/above.csv": "not at or below the notebook",
            "ben/hw.ipynb": NOTEBOOK,
        },
        {"anna": {"utils.py": "anna's"}, "ben": {}},
    ),
    "a folder of one": (
        {"hw.ipynb": NOTEBOOK, "utils.py": "mine", "nets/cnn.py": "mine too", ".env": "secret"},
        {"hw": {"utils.py": "mine", "nets/cnn.py": "mine too"}},
    ),
    "flat, of many": ({"anna.ipynb": NOTEBOOK, "ben.ipynb": NOTEBOOK, "utils.py": "whose?"}, {"anna": {}, "ben": {}}),
    "archives in folders": (
        {
            "anna/hw.zip": packed({"hw/hw.ipynb": NOTEBOOK, "hw/utils.py": "anna's", "__MACOSX/hw/._utils.py": "x"}),
            "ben/hw.ipynb": NOTEBOOK,
        },
        {},
    ),
}


@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "archives in folders"])
def test_each_student_gets_the_own_files_only(tmp_path: Path, layout: str, kind: str) -> None:
    files, wanted = LAYOUTS[layout]
    found = beside(read(tmp_path, files, kind))
    assert list(found.values()) == list(wanted.values())


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_students_archive_holds_the_helper_files_too(tmp_path: Path, kind: str) -> None:
    found = beside(read(tmp_path, LAYOUTS["archives in folders"][0], kind, layout="folders"))
    assert found["anna"] == {"utils.py": "anna's"}
    assert found["ben"] == {}


def test_what_counts_for_reuse_includes_the_helper_files(tmp_path: Path) -> None:
    (one,) = read(tmp_path, {"hw.ipynb": NOTEBOOK, "utils.py": "a"}, "folder").submissions
    before = one.identity("digest")
    (tmp_path / "class" / "utils.py").write_text("b")
    assert len({before, one.identity("digest"), "digest"}) == 3
    assert one.identity("") == ""
