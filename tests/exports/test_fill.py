import pytest

from grader.course.csv_text import escape_cell
from grader.exports import blackboard, brightspace, canvas, moodle
from grader.exports.comments import comment_cell, is_ours
from grader.exports.errors import ExportError
from grader.exports.fill import Wanted, plan, told
from grader.exports.gradebook import find_column
from grader.exports.grades import Grade, Points
from grader.exports.people import Person, match
from grader.exports.sheet import parse_sheet

CANVAS = """Student;ID;SIS Login ID;Section;HW (1);HW (2);Q1 (3);Sum
    Points Possible;;;;50,00;100;10;(read only)
Doe, Jane;11;jdoe;A;;;;
Roe, Rick;12;rroe;A;40,5;;3,00;
"""


def book(text=CANVAS, reader=canvas):
    return reader.read(parse_sheet(text.encode(), "x"))


def decide(points, wanted, text=CANVAS, reader=canvas, **more):
    items = {"q1": Points(2.5, 10.0)}
    grades = {"jane": Grade("jane", Points(points, 100.0), items, **({"released": True} | more))}
    one = book(text, reader)
    known = [Person("jane", "11")] if "11" in text else [Person("jane", "jdoe")]
    return plan(one, grades, match(one.students, known), wanted), one


def test_decimal_commas_are_kept():
    found, one = decide(92.5, Wanted("2"))
    assert one.sheet.filled(found.cells).decode() == CANVAS.replace("11;jdoe;A;;;;", "11;jdoe;A;;92,5;;")


def test_one_is_said_as_one():
    found, _ = decide(92.5, Wanted("2"))
    assert "1 grade changes, 0 stay as they are" in list(told(found))


def test_items_go_into_their_columns():
    found, _ = decide(92.5, Wanted(None, {"q1": "Q1"}))
    assert [(change.column, change.after) for change in found.changes] == [("Q1", "2,5")]
    found, _ = decide(92.5, Wanted("2", {"q1": "q1 (3)"}))
    assert [(change.column, change.after) for change in found.changes] == [("HW", "92,5"), ("Q1", "2,5")]
    with pytest.raises(ExportError, match="has an item 'q9'"):
        decide(92.5, Wanted(None, {"q9": "Q1"}))
    with pytest.raises(ExportError, match="one column"):
        decide(92.5, Wanted("2", {"q1": "2"}))


def test_other_full_points_are_refused_or_scaled():
    with pytest.raises(ExportError, match="has 100 points, and the column 'HW' 50"):
        decide(92.5, Wanted("1"))
    found, _ = decide(92.5, Wanted("1", scale=True))
    assert [change.after for change in found.changes] == ["46,25"]
    assert "'HW': points are scaled from 100 to 50" in found.notes


def test_columns_are_named_or_listed():
    with pytest.raises(ExportError, match="there are: HW \\(1\\); HW \\(2\\); Q1 \\(3\\)"):
        find_column(book(), None)
    with pytest.raises(ExportError, match="2 columns are called 'hw'; give the column's id: 1, 2"):
        find_column(book(), "hw")
    with pytest.raises(ExportError, match="no column 'HW 4'"):
        find_column(book(), "HW 4")
    closed = CANVAS.replace(";100;", ";(read only);")
    with pytest.raises(ExportError, match="read only"):
        find_column(book(closed), "2")
    assert find_column(book(closed), "HW").id == "1"


def test_what_is_not_released_stays_out():
    found, _ = decide(92.5, Wanted("2"), released=False)
    assert found.cells == {}
    assert found.unreleased == ("jane",)
    found, _ = decide(0, Wanted("2"), problem="could not be graded: no notebook")
    assert found.cells == {}
    assert "left out: jane: could not be graded: no notebook" in list(told(found))


def test_unread_points_are_told_and_who_has_no_row_too():
    one = book()
    grades = {
        "jane": Grade("jane", Points(80, 100, waiting=12), released=True),
        "bob": Grade("bob", Points(80, 100), released=True),
    }
    found = plan(one, grades, match(one.students, [Person("jane", "11"), Person("bob", "77")]), Wanted("2"))
    assert found.waiting == ("jane (12)",)
    assert found.strangers == ("bob",)
    lines = "\n".join(told(found))
    assert "waiting points, which are not in these grades: jane (12)" in lines
    assert "submissions without a row in the gradebook: bob" in lines
    assert "in the gradebook without a submission: Roe, Rick" in lines


@pytest.mark.parametrize("cell", ["EX", "ex", "N/A", "B+", "85%", "=1+1"])
def test_what_is_no_grade_is_kept(cell):
    found, _ = decide(92.5, Wanted("2"), CANVAS.replace("jdoe;A;;;;", f"jdoe;A;;{cell};;"))
    assert found.cells == {}
    assert [change.before for change in found.kept] == [cell]


@pytest.mark.parametrize("cell", ["92,5", "92.50", "92,500"])
def test_an_equal_grade_is_not_written_again(cell):
    found, _ = decide(92.5, Wanted("2"), CANVAS.replace("jdoe;A;;;;", f"jdoe;A;;{cell};;"))
    assert (found.cells, found.same) == ({}, 1)


def test_canvas_with_first_and_last_names():
    text = "LastName,FirstName,ID,Section,HW (1)\n    Points Possible,,,,100\nDoe,Jane,11,A,\n"
    assert decide(92.5, Wanted(), text)[0].changes[0].student == "Doe, Jane"


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        (canvas, "a,b\n1,2\n", "no gradebook of Canvas"),
        (canvas, "Student,ID,Section,HW (1)\nDoe,11,A,\n", "no row 'Points Possible'"),
        (canvas, "Student,ID,Section,HW (1)\n    Points Possible,,,100\n", "lists no students"),
        (moodle, "Identifier,Grade\nJane,5\n", "no grading worksheet"),
        (moodle, "Identifier,Full name,Grade,Scale\nParticipant 1,Jane,,bad good\n", "graded on a scale"),
        (blackboard, "Last Name,First Name,Username\nDoe,Jane,jdoe\n", "no gradebook of Blackboard"),
        (brightspace, "OrgDefinedId,HW Points Grade\n1,2\n", "no gradebook of Brightspace"),
    ],
)
def test_files_of_other_kinds_are_refused(reader, text, message):
    with pytest.raises(ExportError, match=message):
        book(text, reader)


MOODLE = """Identifier,Full name,ID number,Status,Group,Grade,Maximum grade,Grade can be changed,\
Last modified (grade),Feedback comments
Participant 11,Jane Doe,3031,Submitted for grading,A,,100.00,Yes,-,
Participant 12,Rick Roe,3032,Submitted for grading,A,,100.00,Yes,-,
"""


def test_a_worksheet_in_english_with_numbers_and_groups():
    one = book(MOODLE, moodle)
    assert [student.ids for student in one.students] == [("11", "3031"), ("12", "3032")]
    assert [student.label for student in one.students] == ["Jane Doe_11", "Rick Roe_12"]
    assert (one.columns[0].title, one.columns[0].possible) == ("Grade", 100.0)
    assert one.comments == 9


def test_a_worksheet_without_names_is_matched_by_number():
    text = "Identifier,Status,Grade,Maximum grade,Last modified (grade)\nParticipant 11,Submitted,,100.00,-\n"
    found, one = decide(92.5, Wanted(), text, moodle)
    assert [change.student for change in found.changes] == ["11"]
    assert one.comments is None


def test_a_column_for_comments_can_be_named():
    text = MOODLE.replace("Feedback comments", "Kommentarer")
    assert book(text, moodle).comments is None
    assert moodle.read(parse_sheet(text.encode(), "x"), "kommentarer").comments == 9
    with pytest.raises(ExportError, match="no column 'x'"):
        moodle.read(parse_sheet(text.encode(), "x"), "x")


@pytest.mark.parametrize(
    "text", ["=1+1", "-2 points", "@sum", "ok; =1+1", 'she said "=1+1"', "a\n=b", "x|=cmd", "-=1", "x <=-3"]
)
def test_no_comment_starts_a_formula(text):
    cell = comment_cell([text])
    assert escape_cell(cell) == cell


def test_words_in_comments_are_not_damaged():
    assert comment_cell(["Anne-Marie: a - b, x=1"]) == "Anne-Marie: a - b, x=1"


def test_blackboard_in_another_language_and_with_commas():
    text = (
        'Nachname,Vorname,Benutzername,"HW [Gesamtpunkte: 100 Punktestand] |7","Summe [Gesamtpunkte: bis zu 10 X] |8"\n'
        '"Doe","Jane","jdoe","",""\n'
    )
    found, one = decide(92.5, Wanted(), text, blackboard)
    assert one.sheet.filled(found.cells).decode() == text.replace('"jdoe",""', '"jdoe","92.5"')
    with pytest.raises(ExportError, match="computes it"):
        find_column(one, "8")


BLACKBOARD = """"Username","HW [Total Pts: 100 Score] |7","Grading Notes","Notes Format","Feedback to User","Feedback Format"
"jdoe","","","SMART_TEXT","","SMART_TEXT"
"""


def test_blackboard_takes_feedback_in_the_download_of_one_column():
    found, one = decide(92.5, Wanted(), BLACKBOARD, blackboard, comments=("Points: 92.5 of 100", "q1: <b>"))
    filled = '"jdoe","92.5","","SMART_TEXT","Points: 92.5 of 100<br>q1: &lt;b&gt;","HTML"'
    assert one.sheet.filled(found.cells).decode().splitlines()[1] == filled
    assert "1 comment is written" in list(told(found))


def test_feedback_of_a_person_stays_in_blackboard_with_its_format():
    text = BLACKBOARD.replace('"SMART_TEXT","",', '"SMART_TEXT","Well done",')
    found, one = decide(92.5, Wanted(), text, blackboard, comments=("Points: 92.5 of 100",))
    assert one.sheet.filled(found.cells).decode() == text.replace('"jdoe",""', '"jdoe","92.5"')
    assert "comments of a person, which stay: jdoe" in list(told(found))


def test_blackboard_feedback_in_another_language_or_beside_several_columns_is_named():
    text = BLACKBOARD.replace("Feedback to User", "Rückmeldung")
    assert book(text, blackboard).comments is None
    assert blackboard.read(parse_sheet(text.encode(), "x"), "rückmeldung").comments == 4
    several = BLACKBOARD.replace('"Grading Notes"', '"HW 2 [Total Pts: 100 Score] |8"')
    assert book(several, blackboard).comments is None
    assert blackboard.read(parse_sheet(several.encode(), "x"), "Feedback to User").comments == 4
    with pytest.raises(ExportError, match="no column 'x' for comments"):
        blackboard.read(parse_sheet(text.encode(), "x"), "x")


@pytest.mark.parametrize("text", ["Points: 3 of 5", "<p>Points: 3 of 5<br>q1 ...</p>", "<div> <p>Points: 0.5 of 5"])
def test_our_own_comments_are_recognised(text):
    assert is_ours(text)
    assert not is_ours(f"Sorry! {text}")


def test_brightspace_by_user_name_alone():
    text = "Username,HW Points Grade,End-of-Line Indicator\njdoe,,#\n"
    found, one = decide(92.5, Wanted(), text, brightspace)
    assert one.sheet.filled(found.cells).decode() == text.replace("jdoe,,", "jdoe,92.5,")
