from grader.cli.progress import ProgressLine
from grader.grading.grade import Progress
from grader.grading.judge import judge
from tests.conftest import RUBRIC, empty_evidence


def test_verdicts_are_lines_among_the_phases(capsys):
    show = ProgressLine(enabled=True)
    show(Progress("run", 0, 2, "cell 1"))
    items = judge(RUBRIC, empty_evidence())
    for item in items:
        show.verdict(item)
    show(Progress("run", 1, 2, "cell 2"))
    show.close()
    assert capsys.readouterr().err.splitlines() == [
        "run: cell 1",
        "✓ a: Passes, 5 / 5",
        "◐ b: Loses something, 2.5 / 4",
        "? c: Is read by a person, (2.5) / 5",
        "– d: Needs a GPU, – / 3",
    ]


def test_quiet_is_quiet(capsys):
    show = ProgressLine(enabled=False)
    show.verdict(judge(RUBRIC, empty_evidence())[0])
    assert capsys.readouterr().err == ""
