import json
import random
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from grader.assignment import Rubric
from grader.course.batch import BatchError, Job, Stop, Submission, grade_all
from grader.course.store import Store
from grader.machine import usable_cores
from grader.sandbox.channel.replies import exit_words
from tests.conftest import RUBRIC, make_result
from tests.watching import Watching

SOAK = """
import sys, time
from pathlib import Path
from tests.course.test_batch import good, job, run
from grader.course.batch import Submission
folder = Path(sys.argv[1])
def grade(submission):
    time.sleep(0.01)
    with (folder / "calls").open("a") as calls:
        calls.write(submission.name + "\\n")
    return good(submission)
print("go", flush=True)
run([Submission(path, path.stem) for path in sorted(folder.glob("*.ipynb"))], job(folder / "out", grade, jobs=2))
"""

DECIDED = Rubric("tiny", RUBRIC.items[:3])


class FakeAssignment:
    """The part of an assignment that `grade_all` uses."""

    name, rubric, file = "tiny", RUBRIC, None
    prompts, template = (), staticmethod(tuple)


def notebooks(folder, *names, text="{}"):
    found = []
    for name in names:
        path = folder / f"{name}.ipynb"
        path.write_text(f"{text} {name}")
        found.append(Submission(path, name))
    return found


def job(out, grade, **more):
    return Job(FakeAssignment(), out, grade, **more)  # type: ignore[arg-type]


def good(submission):
    result = make_result(submission.path.name, DECIDED)
    return replace(result, submission=replace(result.submission, sha256=sha256(submission)))


def sha256(submission):
    from grader.provenance.digests import of_file

    return of_file(submission.path)


def run(submissions, the_job, stop=None):
    watching = Watching()
    done = grade_all(submissions, the_job, watching, stop)
    return done, watching


def test_a_batch_writes_every_result_and_one_bad_submission_costs_only_itself(tmp_path):
    def grade(submission):
        if submission.name == "bad":
            raise RuntimeError("boom")
        return good(submission)

    out = tmp_path / "out"
    done, watching = run(notebooks(tmp_path, "one", "bad", "two"), job(out, grade, jobs=2))
    assert (done.count, done.reused, done.stopped) == (3, 0, False)
    assert sorted(watching.over) == [("bad", False), ("one", False), ("two", False)]
    assert [name for name, _ in watching.again] == ["bad"]
    bad = json.loads((out / "bad" / "result.json").read_text())
    assert bad["status"] == "failed"
    assert "boom" in bad["message"]
    for name in ("one", "bad", "two"):
        assert json.loads((out / name / "result.json").read_text())["assignment"] == "tiny"
        assert (out / name / "report.html").stat().st_size > 500
    assert (out / "summary.csv").read_text().count("\n") == 4


def test_an_unchanged_submission_is_not_graded_again(tmp_path):
    graded = []

    def grade(submission):
        graded.append(submission.name)
        return good(submission)

    out = tmp_path / "out"
    class_ = notebooks(tmp_path, "a", "b", "c")
    run(class_, job(out, grade))
    written = (out / "a" / "result.json").read_bytes()
    (out / "a" / "result.json").unlink()
    notebooks(tmp_path, "b", text="changed")
    done, watching = run(class_, job(out, grade))
    assert graded == ["a", "b", "c", "b"]
    assert sorted(watching.over) == [("a", True), ("b", False), ("c", True)]
    assert done.reused == 2
    assert (out / "a" / "result.json").read_bytes() == written
    run(class_, job(out, grade, force=True))
    assert graded[4:] == ["a", "b", "c"]


def by_content(name, sha256):
    return sha256


def test_an_equal_notebook_of_another_name_is_graded_once_and_named_as_it_is(tmp_path):
    """Canvas writes the student's name and the attempt's number into the name of each file of a group."""
    class_ = notebooks(tmp_path, "a", "b")
    class_[1].path.write_bytes(class_[0].path.read_bytes())
    out = tmp_path / "out"
    done, _ = run(class_, job(out, good, key=by_content))
    assert (done.count, done.reused) == (2, 1)
    again = tmp_path / "a-1.ipynb"
    again.write_bytes(class_[0].path.read_bytes())
    done, _ = run([replace(class_[0], path=again), class_[1]], job(out, good, key=by_content))
    assert (done.count, done.reused) == (2, 2)
    said = {name: json.loads((out / name / "result.json").read_text()) for name in ("a", "b")}
    assert {name: one["submission"]["name"] for name, one in said.items()} == {"a": "a-1.ipynb", "b": "b.ipynb"}
    assert {name: one["student"]["folder"] for name, one in said.items()} == {"a": "a", "b": "b"}


def test_a_failed_result_is_not_reused_for_a_file_of_another_name(tmp_path):
    """Its message names the file, which in the download of a course system holds the student's name."""

    def unreadable(submission):
        return replace(good(submission), status="failed", message=f"{submission.path.name} is not a notebook.")

    class_ = notebooks(tmp_path, "a", "b")
    class_[1].path.write_bytes(class_[0].path.read_bytes())
    done, _ = run(class_, job(tmp_path / "out", unreadable, key=by_content))
    assert (done.count, done.reused) == (2, 0)
    assert "a.ipynb" not in (tmp_path / "out" / "b" / "result.json").read_text()


def test_a_result_that_may_not_be_reused_is_graded_again(tmp_path):
    class_ = notebooks(tmp_path, "a")
    run(class_, job(tmp_path / "out", good))
    done, _ = run(class_, job(tmp_path / "out", good, may_reuse=lambda graded: False))
    assert done.reused == 0


def test_a_failure_of_the_grader_is_not_reused_and_replaces_no_good_result(tmp_path):
    def broken(submission):
        raise RuntimeError("boom")

    class_ = notebooks(tmp_path, "a", "b")
    run(class_[:1], job(tmp_path / "out", good))
    run(class_, job(tmp_path / "out", broken, force=True))
    with Store(tmp_path / "out") as store:
        assert [(row.machine.status, row.settled) for row in store.rows()] == [("failed", False)] * 2
    done, _ = run(class_, job(tmp_path / "out", good))
    assert (done.count, done.reused) == (2, 1)


def test_a_killed_kernel_costs_one_retry(tmp_path):
    tries = []

    def grade(submission):
        tries.append(submission.name)
        note = f"the kernel died while cell 3 ran ({exit_words(-9)})"
        return replace(good(submission), notes=(note,)) if len(tries) < 3 else good(submission)

    _, watching = run(notebooks(tmp_path, "a", "b"), job(tmp_path / "out", grade))
    assert tries == ["a", "a", "b"]
    assert len(watching.again) == 1


def test_a_submission_without_a_notebook_fails_without_running(tmp_path):
    class_ = [Submission(tmp_path / "x.pdf", "x", problem="no notebook was handed in, only x.pdf")]
    run(class_, job(tmp_path / "out", lambda s: pytest.fail("it was run")))
    assert json.loads((tmp_path / "out" / "x" / "result.json").read_text())["message"] == class_[0].problem


def test_stop_starts_nothing_new_and_keeps_running_gradings(tmp_path):
    stop = Stop()

    def grade(submission):
        stop.asked = 1
        return good(submission)

    done, watching = run(notebooks(tmp_path, *map(str, range(20))), job(tmp_path / "out", grade, jobs=2), stop)
    assert done.stopped
    assert 1 <= done.count == len(watching.over) <= 3
    assert (tmp_path / "out" / "summary.csv").exists()
    stop.asked = 0
    done, _ = run([Submission(tmp_path / f"{i}.ipynb", str(i)) for i in range(20)], job(tmp_path / "out", good))
    assert (done.count, done.stopped) == (20, False)
    assert done.reused >= 1


def test_a_second_stop_ends_running_gradings(tmp_path):
    killed = []
    stop = Stop(end_now=lambda: killed.append(True))

    def grade(submission):
        stop.asked = 2
        while not killed:
            time.sleep(0.01)
        raise RuntimeError("its kernel is gone")

    done, watching = run(notebooks(tmp_path, "a", "b"), job(tmp_path / "out", grade), stop)
    assert (done.count, done.stopped, done.left_running, watching.over) == (0, True, 0, [])


def test_gradings_that_do_not_end_are_counted(tmp_path):
    stop = Stop(patience=0.3)

    def grade(submission):
        stop.asked = 2
        time.sleep(2)
        return good(submission)

    done, _ = run(notebooks(tmp_path, "a"), job(tmp_path / "out", grade), stop)
    assert (done.count, done.left_running) == (0, 1)


def test_an_unwritable_out_is_reported_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BatchError, match="give another --out"):
        run([], job(tmp_path / "file" / "out", good))


def test_at_least_one_core_is_usable():
    assert usable_cores() >= 1


def test_a_driver_killed_at_any_moment_loses_only_what_was_in_flight(tmp_path):
    names = [f"n{number}" for number in range(120)]
    notebooks(tmp_path, *names)
    kills = 0
    while True:
        process = subprocess.Popen([sys.executable, "-c", SOAK, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            assert process.wait(random.uniform(0.2, 1.0) if kills < 4 else 60) == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    calls = (tmp_path / "calls").read_text().split()
    assert set(calls) == set(names)
    assert len(calls) <= len(names) + 2 * kills
    with Store(tmp_path / "out") as store:
        assert sorted(row.entry.name for row in store.rows()) == sorted(names)
    for name in names:
        assert (
            json.loads((tmp_path / "out" / name / "result.json").read_text())["submission"]["name"] == f"{name}.ipynb"
        )
    assert (tmp_path / "out" / "summary.csv").read_text().count("\n") == len(names) + 1


def test_notebooks_are_written_on_request_also_for_what_is_stored(tmp_path):
    out = tmp_path / "out"
    class_ = notebooks(tmp_path, "a", "b")
    run(class_, job(out, good))
    assert not (out / "a" / "executed.ipynb").exists()
    done, _ = run(class_, job(out, good, notebooks=True))
    assert done.reused == 2
    assert json.loads((out / "b" / "executed.ipynb").read_text())["nbformat"] == 4
    notebooks(tmp_path, "b", text="changed")
    run(class_, job(out, good))
    assert not (out / "b" / "executed.ipynb").exists()  # it was of another notebook
    assert (out / "a" / "executed.ipynb").exists()
