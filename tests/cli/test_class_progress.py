import pytest

from grader.cli.class_progress import ClassProgress, Pace, duration
from grader.course.ingest.submissions import Submission
from grader.grading.grade import Progress
from tests.conftest import make_result


def test_the_pace():
    assert Pace(0, 10.0, 5).words() == ""
    assert Pace(10, 300.0, 20).words() == "2.0 a minute, about 10 min left"
    assert Pace(1000, 100.0, 50).words() == "10 a second, about 5 s left"
    assert Pace(10, 300.0, 0).words() == "2.0 a minute"


@pytest.mark.parametrize(("seconds", "words"), [(40, "40 s"), (700, "12 min"), (12_000, "3 h 20 min")])
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_lines_in_a_pipe(tmp_path, capsys):
    show = ClassProgress(3)
    one = Submission(tmp_path / "a.ipynb", "a\x1b[2J", late=True)
    show.started(one)
    show.step(one, Progress("run", 3, 20, "cell 3"))
    assert "0 of 3; running: a\ufffd[2J (run 3/20)" in show.line()
    show.retried(one, "RuntimeError: boom")
    show.ended(one, make_result("a.ipynb"), True)
    show.tick(stopping=True)
    show.close()
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    lines = out.splitlines()
    assert lines[0] == "a\ufffd[2J: interrupted, graded again (RuntimeError: boom)"
    assert lines[1].startswith("[1/3] a\ufffd[2J: 7.5 of 14 points confirmed + 5 waiting for a person")
    assert lines[1].endswith("; late; reused")


def test_asked_to_stop_it_says_what_it_waits_for(tmp_path, capsys):
    show = ClassProgress(3)
    show.started(Submission(tmp_path / "a.ipynb", "a"))
    show.tick(stopping=True)
    show.tick(stopping=True)
    assert (
        capsys.readouterr().err
        == "stopping as soon as the running gradings are done (1); interrupt again to stop at once\n"
    )
