import csv
import io
import re
from collections.abc import Collection
from dataclasses import replace

from rich.console import Console

from grader.course import summary_csv
from grader.course.scores import standing
from grader.reports.html import html
from grader.reports.terminal import print_report, report, svg, total_line
from grader.result import CheckResult, CheckStatus, ItemResult, Result, Student, Submitted
from tests.conftest import make_result


def rendered(result: Result, width: int = 80, details: bool = False, told: Collection[str] = ()) -> str:
    console = Console(width=width, record=True, file=io.StringIO(), markup=False, highlight=False)
    console.print(report(result, details, told))
    return console.export_text()


FAILED = Result("tiny", Submitted("=cmd().ipynb", ""), 0, 17, "failed", message="not a notebook: it is a web page")


def test_the_report_says_what_was_seen_expected_and_a_hint(result):
    text = rendered(result)
    assert "saw [red]2[/red] <b>" in text
    assert "expected: 3" in text
    assert "hint: count again" in text
    assert "remark: it concludes nothing" in text
    assert "fact: the loss fell to 0.3" in text
    assert "not graded: no GPU here" in text
    assert "found it" not in text
    assert "found it" in rendered(result, details=True)


def test_the_total_tells_confirmed_waiting_and_ungraded_points_apart(result):
    line = total_line(result)
    assert line.startswith("7.5 of 14 points confirmed + 5 waiting for a person; 3 not graded: no GPU here")


def test_no_line_is_wider_than_the_terminal_or_than_one_reads(result):
    for width in (60, 80, 120, 200):
        assert max(map(len, rendered(result, width).splitlines())) <= min(width, 110)


def test_what_to_mend_comes_first_then_what_waits_then_what_is_right(result):
    lines = rendered(result).splitlines()
    starts = ["to mend: 1.5 points", "◐ b ", "? c ", "– not graded: no GPU here: d (3 points)", "✓ right: a (5 points)"]
    places = [next(at for at, line in enumerate(lines) if line.startswith(start)) for start in starts]
    assert places == sorted(places)


def test_of_what_was_told_the_report_adds_only_the_number(result):
    assert "✓ right: 1 item (5 points)" in rendered(result, told=("a", "b"))
    assert "found it" in rendered(result, details=True, told=("a", "b"))


def test_what_was_not_started_takes_one_line():
    lost = CheckResult("q1.x", "fail", 0, 5, "not started: the cell under 'Question 1' holds no code", "x", "begin")
    items = tuple(ItemResult(f"q{n}", "Title", 0, 5, "fail", (lost,)) for n in range(1, 4))
    text = rendered(replace(make_result("x.ipynb"), items=items, notes=()))
    assert "· not started: q1, q2, q3 (15 points)" in text
    assert "to mend" not in text
    assert "holds no code" not in text
    assert "q2         not started: Title" in rendered(replace(make_result("x"), items=items), details=True)


def test_long_sentences_wrap_beside_their_labels():
    long = " ".join(["word"] * 60)
    check = CheckResult("q1.x", "fail", 0, 5, long, long, long)
    result = replace(make_result("x.ipynb"), items=(ItemResult("q1", "Title", 0, 5, "fail", (check,)),), notes=())
    lines = [line for line in rendered(result).splitlines() if "word" in line]
    starts = [line.index("word") for line in lines]
    message, expected, hint = (start for start, line in zip(starts, lines, strict=True) if line.strip()[0] != "w")
    assert message < hint < expected
    assert set(starts) == {message, expected, hint}  # no line begins elsewhere


def test_a_hint_is_given_once_and_what_was_skipped_takes_one_line():
    def lost(name: str, status: CheckStatus, message: str) -> CheckResult:
        return CheckResult(f"q1.{name}", status, 0, 1, message, "what should be", "look closer")

    checks = (
        lost("a", "fail", "one"), lost("b", "fail", "two"),
        lost("c", "skipped", "skipped: it depends on 'q1.a', which did not pass"),
        lost("d", "skipped", "skipped: for the same reason as 'q1.b'"),
    )  # fmt: skip
    text = rendered(replace(make_result("x"), items=(ItemResult("q1", "Title", 0, 4, "fail", checks),)))
    assert text.count("look closer") == 1
    assert "· skipped, because of the above: c, d (2 points)" in text


def test_no_colour_is_no_colour(result, monkeypatch):
    def shown() -> str:
        out = io.StringIO()
        print_report(result, Console(file=out, force_terminal=True, width=80, markup=False))
        return out.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert re.search(r"\x1b\[[0-9;]*3[1-6]m", shown())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[1-6]m", shown())


def test_control_characters_of_a_student_do_not_reach_the_terminal():
    assert "\x1b" not in rendered(make_result("\x1b[2Jevil.ipynb"))


def test_failed_submissions_say_why(capsys):
    print_report(FAILED)
    assert "not a notebook" in capsys.readouterr().out
    assert "not a notebook" in html(FAILED)


def test_html_escapes_all_student_text(result):
    page = html(make_result("<script>alert(1)</script>.ipynb"))
    assert "<script>" not in page
    assert "saw [red]2[/red] &lt;b&gt;" in page
    assert page.count("<section ") == 4


def test_what_is_for_the_instructor_is_not_in_a_student_s_own_report(result):
    own = html(replace(result, advisory=True))
    for words in ("the loss fell to 0.3", "it concludes nothing"):
        assert words in html(result)
        assert words not in own
    assert "a person decides" in own
    assert "count again" in own  # a hint on something wrong is for the student


def test_svg_is_a_picture(result):
    assert svg(result).lstrip().startswith("<svg")


def test_summary_has_a_row_per_submission_and_no_formulas():
    text = summary_csv.summary_csv(
        [
            replace(make_result("anna.ipynb"), student=Student("anna", "4711", "Anna")),
            replace(FAILED, student=Student("=cmd()")),
        ],
        ["a", "b", "c", "d"],
    )
    rows = {row["submission"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["anna"] == {
        "submission": "anna", "student_id": "4711", "student": "Anna", "status": "needs_review", "score": "7.5", "max_score": "17", "waiting": "5", "provisional": "2.5",
        "ungraded": "3", "a": "5", "b": "2.5", "c": "", "d": "", "message": "",
    }  # fmt: skip
    assert rows["'=cmd()"]["message"] == "not a notebook: it is a web page"


def test_class_summary_names_what_cost_most():
    lines = summary_csv.class_summary([standing(make_result("anna.ipynb")), standing(FAILED)])
    assert lines[0] == "2 submissions, 1 of them could not be graded"
    assert "mean 83 %" in lines[1]
    assert lines[2] == "most points lost: b (1.5)"
