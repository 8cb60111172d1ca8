"""Whose row it is: an ID decides, a name only where no ID can, and nobody is guessed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.course.store import Entry
from grader.exports.people import Person, Student, match, name_keys, people


def found(students, known):
    matches = match(students, known)
    return dict(matches.found), set(matches.by_name), matches.doubts


JANE, HANS = Student(1, ("11", "jdoe"), "Doe, Jane"), Student(2, ("12", "hmueller"), "Müller, Hans")


def test_ids_of_any_kind_decide():
    known = [Person("a", "JDOE"), Person("b", "12", "another name")]
    assert found([JANE, HANS], known) == ({1: "a", 2: "b"}, set(), ())
    assert found([Student(1, ("#11",))], [Person("a", "11")])[0] == {1: "a"}


def test_names_decide_where_there_are_no_ids_in_common():
    known = [Person("a", "n1", "Jane Doe"), Person("b", "", "müllerhans")]
    assert found([JANE, HANS], known) == ({1: "a", 2: "b"}, {1, 2}, ())


def test_a_name_does_not_outweigh_another_id():
    """Two students are called Jane Doe; the one in this gradebook is not the one who handed in."""
    matched, _, doubts = found([JANE, HANS], [Person("b", "12"), Person("a", "99", "Jane Doe")])
    assert matched == {2: "b"}
    assert doubts == ("Doe, Jane: a has this name, but another ID (99)",)


def test_namesakes_are_not_guessed():
    other = Student(3, ("13",), "Jane Doe")
    assert found([JANE, other], [Person("a", "", "Jane Doe")])[0] == {}
    matched, _, doubts = found([JANE], [Person("a", "", "Jane Doe"), Person("b", "", "Doe, Jane")])
    assert matched == {}
    assert doubts == ("Doe, Jane: several have this name: a, b",)


def test_a_row_that_fits_two_submissions_fits_none():
    matched, _, doubts = found([JANE], [Person("a", "11"), Person("b", "jdoe")])
    assert matched == {}
    assert "several submissions: a, b" in doubts[0]


def test_a_submission_that_fits_two_rows_fits_none():
    matched, _, doubts = found([JANE, Student(5, ("7", "jdoe"), "Dora Jane")], [Person("a", "jdoe")])
    assert matched == {}
    assert doubts == ("a: fits 2 rows: Doe, Jane, Dora Jane",)


def test_a_number_of_another_system_is_noticed_by_the_name():
    """11 is Jane's number here, and Hans's where the class comes from."""
    matched, _, doubts = found([JANE, HANS], [Person("a", "11", "Hans Müller")])
    assert matched == {}
    assert "is another row (Müller, Hans)" in doubts[0]


def test_both_of_a_group_get_its_grade():
    known = people(
        [Entry("Jane Doe & Hans Müller_11+12", "x.ipynb", student_id="11+12", student_name="Jane Doe & Hans Müller")]
    )
    assert len(known) == 2
    matched, _, doubts = found([JANE, HANS], known)
    assert set(matched) == {1, 2}
    assert len(set(matched.values())) == 1
    assert doubts == ()


def test_a_download_of_the_same_system_is_known_with_a_roster_of_other_numbers():
    student = Student(1, ("123456",), "Jane Doe", label="Jane Doe_123456")
    assert found([student], [Person("Jane Doe_123456", "3031", "Janet")])[0] == {1: "Jane Doe_123456"}


def test_names_as_systems_write_them():
    assert name_keys("Doe, Jane") & name_keys("Jane  DOE")
    assert name_keys("van der Berg, Anna") & name_keys("Anna van der Berg")
    assert name_keys("Müller, Hans") & name_keys("müllerhans")
    assert not name_keys("Jane Doe") & name_keys("Jane Dow")
    assert name_keys(" - ") == frozenset()
    assert not name_keys("") & name_keys("")


numbers = st.sampled_from(("", "1", "2", "3", "4"))
called = st.sampled_from(("", "Jane Doe", "Hans Roe", "Rick Poe"))


@settings(max_examples=50)
@given(
    st.lists(st.tuples(numbers, numbers, called), max_size=5),
    st.lists(st.tuples(numbers, called), max_size=5),
    st.randoms(),
)
def test_nobody_gets_what_is_not_theirs(rows, handed_in, random):
    """However IDs and names coincide: a match has an ID or a name in common, is the only one, and no order matters."""
    students = [Student(at, (first, second), name) for at, (first, second, name) in enumerate(rows)]
    known = [Person(f"s{at}", number, name) for at, (number, name) in enumerate(handed_in)]
    matches = match(students, known)
    assert len(set(matches.found.values())) == len(matches.found)
    for line, submission in matches.found.items():
        student, person = students[line], known[int(submission[1:])]
        assert person.number in student.ids if line not in matches.by_name else person.name == student.name
        rivals = [one for one in known if one.number and one.number in student.ids]
        assert rivals == [person] if line not in matches.by_name else rivals == []
    random.shuffle(students)
    random.shuffle(known)
    assert match(students, known).found == matches.found
