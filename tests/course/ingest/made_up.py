"""Small synthetic downloads with the real layout of each system."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

NOTEBOOK = '{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}'

CANVAS = {
    "doejane_12345_67890_hw.ipynb": NOTEBOOK,
    "doejane_12345_67895_hw-1.ipynb": "the later one",
    "müllerhans_LATE_12346_67891_Homework 3.ipynb": NOTEBOOK,
    "roeric_12347_67892_report.pdf": "%PDF",
    "poeedgar_12348_text.html": "<p>see my mail",
}
MOODLE = {
    "Jane Doe_123456_assignsubmission_file_/hw.ipynb": NOTEBOOK,
    "Jane Doe_123456_assignsubmission_onlinetext_/onlinetext.html": "<p>hello",
    "Hans_Peter Müller_123457_assignsubmission_file_/sub/final v2.ipynb": NOTEBOOK,
    "Rick Roe_123458_assignsubmission_onlinetext_/onlinetext.html": "<p>no file",
}
BLACKBOARD = {
    "Homework%203_jdoe_attempt_2026-11-01-12-00-00_hw.ipynb": NOTEBOOK,
    "Homework%203_jdoe_attempt_2026-11-02-08-30-00_hw.ipynb": "the later one",
    "Homework%203_jdoe_attempt_2026-11-02-08-30-00.txt": (
        "Name: Jane Doe (jdoe)\nAssignment: Homework 3\nDate Submitted: Monday, November 2, 2026 8:30:00 AM EST\n"
    ),
    "Homework%203_h_mueller_attempt_2026-10-30-23-59-59_my_work.ipynb": NOTEBOOK,
    "Homework%203_h_mueller_attempt_2026-10-30-23-59-59.txt": "Name: Hans Müller (h_mueller)\nAssignment: Homework 3\n",
}
BRIGHTSPACE = {
    "index.html": "<html>the list of submissions",
    "271836-442356 - Jane Doe - Nov 1, 2026 1149 AM/hw.ipynb": NOTEBOOK,
    "271836-442356 - Jane Doe - Nov 2, 2026 926 PM/hw.ipynb": "the later one",
    "271837-442356 - Hans - Peter Müller - Oct 30, 2026 1201 AM/hw.ipynb": NOTEBOOK,
    "271837-442356 - Hans - Peter Müller - Oct 30, 2026 1201 AM/data/notes.txt": "x",
    "271838-442356 - Jane Doe - Nov 1, 2026 1150 AM/hw.ipynb": NOTEBOOK,
}
AUTOLAB = {
    "jdoe@example.edu_2_hw.ipynb": NOTEBOOK,
    "jdoe@example.edu_10_hw.ipynb": "the later one",
    "h_mueller@example.edu_1_hw.ipynb": NOTEBOOK,
}
GRADESCOPE = {
    "assignment_99_export/submission_metadata.yml": """---
submission_1001:
  :submitters:
  - :name: Jane Doe
    :sid: '3031'
    :email: jane@example.edu
  :created_at: 2026-11-01 19:00:00.123456789 Z
  :score: 0.0
  :status: processed
  :results: !ruby/object:Whatever
    tests: []
submission_1002:
  :submitters:
  - :name: Hans Müller
    :sid: '3032'
    :email: hans@example.edu
  - :name: Rick Roe
    :sid: '3033'
    :email: rick@example.edu
  :created_at: 2026-11-03 09:00:00.000000000 Z
""",
    "assignment_99_export/submission_1001/hw.ipynb": NOTEBOOK,
    "assignment_99_export/submission_1001/data/notes.txt": "x",
    "assignment_99_export/submission_1002/hw.ipynb": NOTEBOOK,
}
NBGRADER = {
    "submitted/jdoe/ps1/timestamp.txt": "2026-11-01 11:59:00.000000 UTC",
    "submitted/jdoe/ps1/problem1.ipynb": NOTEBOOK,
    "submitted/hmueller/ps1/timestamp.txt": "2026-11-02 00:10:00.000000 UTC",
    "submitted/hmueller/ps1/problem1.ipynb": NOTEBOOK,
    "submitted/hmueller/ps1/.ipynb_checkpoints/problem1-checkpoint.ipynb": NOTEBOOK,
}


def make_zip(path: Path, files: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def make_folder(path: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
