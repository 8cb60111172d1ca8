"""nbgrader's formgrader with a large class: time and size of its pages, beside the desk's in bench_review.py.

Run by the Python of an environment with nbgrader. The database is filled by nbgrader's own API, the folders of the
submissions are made as nbgrader makes them, and the pages are asked for as formgrader's own JavaScript does. Its pages
are empty tables that load all rows as JSON, so both are measured; nbgrader tells no server time, so this is the time of
the whole request on loopback.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

QUESTIONS, REPEATS, PORT, TOKEN = 16, 5, 8931, "benchmark"


def fill(course: Path, count: int) -> None:
    """Make an assignment of 16 questions and `count` submissions of it."""
    from nbgrader.api import Gradebook

    notebook = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    for step, names in (("source", ["."]), ("release", ["."]), ("submitted", None), ("autograded", None)):
        for name in names or [f"student{n:05}" for n in range(count)]:
            folder = course / step / name / "ps1"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "p1.ipynb").write_text(notebook)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.add_assignment("ps1")
        book.add_notebook("p1", "ps1")
        for question in range(QUESTIONS):
            book.add_grade_cell(f"q{question}", "p1", "ps1", max_score=5, cell_type="code")
            book.add_source_cell(f"q{question}", "p1", "ps1", cell_type="code", source="")
        for number in range(count):
            student = f"student{number:05}"
            book.add_student(student, first_name="Student", last_name=str(number))
            book.add_submission("ps1", student)
            for question in range(QUESTIONS):
                grade = book.find_grade(f"q{question}", "p1", "ps1", student)
                grade.auto_score = float((number + question) % 6)
            if number % 200 == 0:
                book.db.commit()
        book.db.commit()


def get(path: str) -> bytes:
    """Return a page."""
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return bytes(answer.read())


def main(count: int) -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as there:
        course = Path(there)
        began = time.monotonic()
        fill(course, count)
        print(f"nbgrader: {count} submissions, {QUESTIONS} questions; filled in {time.monotonic() - began:.0f} s")
        (course / "nbgrader_config.py").write_text(
            f"c = get_config()\nc.CourseDirectory.course_id = 'c'\nc.CourseDirectory.root = {str(course)!r}\n"
        )
        options = [f"--ServerApp.port={PORT}", f"--IdentityProvider.token={TOKEN}", "--ServerApp.open_browser=False"]
        options += ["--allow-root", f"--ServerApp.root_dir={course}", "--ServerApp.port_retries=0"]
        extensions = ["nbgrader.server_extensions.formgrader", "nbgrader.server_extensions.validate_assignment"]
        enabled = dict.fromkeys(extensions, True)
        config = {"ServerApp": {"jpserver_extensions": enabled}}
        (course / "jupyter_server_config.json").write_text(json.dumps(config))
        with (course / "log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "jupyter", "server", *options, f"--config={course / 'jupyter_server_config.json'}"],
                cwd=course, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            wait(course)
            print(f"{'page of the formgrader':44} {'median ms':>10} {'most ms':>10} {'bytes':>10}")
            for path in (
                "/formgrader/manage_submissions/ps1",
                "/formgrader/api/submissions/ps1",
                "/formgrader/gradebook/ps1/p1",
                "/formgrader/api/submitted_notebooks/ps1/p1",
                "/formgrader/manage_students",
                "/formgrader/api/students",
            ):
                times, size = [], 0
                for _ in range(REPEATS):
                    began = time.perf_counter()
                    size = len(get(path))
                    times.append(1000 * (time.perf_counter() - began))
                print(f"{path:44} {statistics.median(times):10.0f} {max(times):10.0f} {size:10,}")
        finally:
            server.terminate()
            server.wait(30)


def wait(course: Path) -> None:
    """Wait until the server answers."""
    for _ in range(120):
        try:
            get("/api")
            return
        except OSError:
            time.sleep(0.5)
    raise SystemExit((course / "log").read_text()[-2000:])


if __name__ == "__main__":
    main(int(sys.argv[1]))
