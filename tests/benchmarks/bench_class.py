"""What a class costs beside the gradings: resident memory and time per notebook after 50 and after many notebooks.

`python tests/benchmarks/bench_class.py [NOTEBOOKS]` grades made-up notebooks with a function that gives the result of a real
one in no time, so that all that is measured is the store, the files, the summary and the progress.
"""

from __future__ import annotations

import contextlib
import gc
import io
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from grader.cli.class_progress import ClassProgress
from grader.course.batch import Job, Submission, grade_all
from grader.provenance.digests import of_file
from grader.result import CheckResult, ItemResult, Result
from reference.rubric import ASSIGNMENT
from tests.conftest import make_result

TEXT = "what was seen in the cell, and how it differs from what the reference does on the same images; " * 8


def large_result(path: Path) -> Result:
    """As large as the result of a whole assignment: some hundred checks, each with words and facts."""
    items = tuple(
        ItemResult(
            item.id,
            item.title,
            1.0,
            float(item.points),
            "partial",
            tuple(CheckResult(c.id, "partial", 0.5, float(c.points), TEXT, c.text, "", (TEXT,)) for c in item.checks),
        )
        for item in ASSIGNMENT.rubric.items
    )
    result = make_result(path.name)
    return replace(result, items=items, submission=replace(result.submission, sha256=of_file(path)))


def main(count: int) -> None:
    """Print a line for each hundred notebooks."""
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        submissions = []
        for number in range(count):
            path = Path(folder) / f"student{number}.ipynb"
            path.write_text(f'{{"cells": [], "n": {number}}}')
            submissions.append(Submission(path, path.stem))
        show = ClassProgress(count)
        marks = {0: (time.monotonic(), process.memory_info().rss)}
        ended = show.ended

        def told(submission: Submission, result: Result, reused: bool) -> None:
            ended(submission, result, reused)
            done = show._done
            if done in (50, 100, 250, 500) or done % 1000 == 0:
                gc.collect()
                marks[done] = (time.monotonic(), process.memory_info().rss)

        show.ended = told  # type: ignore[method-assign]
        job = Job(ASSIGNMENT, Path(folder) / "out", lambda s: large_result(s.path), jobs=2)
        with contextlib.redirect_stdout(io.StringIO()):
            grade_all(submissions, job, show)
        before, size = 0, len((Path(folder) / "out" / "student0" / "result.json").read_bytes())
        print(f"a result.json of {size / 1024:.0f} KiB each")
        for done, (when, rss) in sorted(marks.items())[1:]:
            per = 1000 * (when - marks[before][0]) / (done - before)
            print(f"{done:6} notebooks: {rss / 2**20:6.1f} MiB resident, {per:5.1f} ms each since {before}")
            before = done
        again = ClassProgress(count)
        began = time.monotonic()
        with contextlib.redirect_stdout(io.StringIO()):
            grade_all(submissions, job, again)
        print(f"the same again, all reused: {1000 * (time.monotonic() - began) / count:.1f} ms each")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
