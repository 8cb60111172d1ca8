"""Files that are no notebooks are told in every layout, and who handed in nothing else has a failed submission."""

import pytest

from grader.course.ingest.collect import ClassOptions, read_class
from grader.course.ingest.roster import parse_roster
from tests.course.ingest.made_up import NOTEBOOK

ROSTER = parse_roster("id,name\n1,Anna Able\n2,Ben Bold\n3,Cleo Cool\n", "r")


@pytest.fixture
def read(tmp_path):
    def run(files, roster=None):
        for name, text in files.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "t").mkdir()
        options = ClassOptions(roster=roster) if roster else ClassOptions()
        return read_class([tmp_path / "in"], tmp_path / "out", tmp_path / "t", options)

    return run


def told(found):
    return "\n".join(found.notes)


def test_in_a_plain_folder_it_is_told(read):
    found = read({"anna.ipynb": NOTEBOOK, "ben.ipynb": NOTEBOOK, "essay.pdf": "%PDF", "notes/a.docx": "x"})
    assert [one.name for one in found.submissions] == ["anna", "ben"]
    assert "essay.pdf, notes/a.docx are no notebooks and are not graded" in told(found)


@pytest.mark.parametrize("name", ["Ben Bold.pdf", "Ben Bold/essay.pdf", "2.docx"])
def test_in_a_plain_folder_it_is_the_students_who_is_named_so(read, name):
    found = read({"Anna Able.ipynb": NOTEBOOK, "x.ipynb": NOTEBOOK, name: "%PDF"}, ROSTER)
    ben = next(one for one in found.submissions if one.student_name == "Ben Bold")
    assert ben.problem == f"no notebook was handed in, only {name.rpartition('/')[2]}"
    assert ben.student_id == "2"
    assert found.roster == (("1", "Anna Able", True), ("2", "Ben Bold", True), ("3", "Cleo Cool", False))


def test_beside_a_students_notebook_it_is_no_second_submission(read):
    found = read({"Anna Able.ipynb": NOTEBOOK, "Anna Able.pdf": "%PDF", "x.ipynb": NOTEBOOK}, ROSTER)
    assert [one.problem for one in found.submissions] == ["", ""]


def test_helper_files_and_hidden_files_are_not_told(read):
    found = read({"a/hw.ipynb": NOTEBOOK, "a/utils.py": "x = 1", "hw.ipynb": NOTEBOOK, ".DS_Store": "x"})
    assert "not graded" not in told(found)


def test_in_folders_without_a_roster_it_is_told(read):
    found = read({"anna/hw.ipynb": NOTEBOOK, "ben/hw.ipynb": NOTEBOOK, "cleo/essay.pdf": "%PDF"})
    assert [one.name for one in found.submissions] == ["anna", "ben"]
    assert "cleo/essay.pdf is no notebook and is not graded" in told(found)


def test_in_a_system_s_download_the_student_has_a_failed_submission(read):
    found = read({"doejane_1_2_hw.ipynb": NOTEBOOK, "roerick_3_4_hw.ipynb": NOTEBOOK, "zoe_5_6_essay.pdf": "%PDF"})
    assert [one.problem for one in found.submissions] == ["", "", "no notebook was handed in, only zoe_5_6_essay.pdf"]


def test_a_file_that_the_system_cannot_have_written_is_told(read):
    found = read({"doejane_1_2_hw.ipynb": NOTEBOOK, "roerick_3_4_hw.ipynb": NOTEBOOK, "essay.pdf": "%PDF"})
    assert len(found.submissions) == 2
    assert "essay.pdf is no notebook and is not graded" in told(found)


def test_students_with_the_same_name_are_told_apart_by_number(read):
    roster = parse_roster("id,name\n1,Anna Able\n2,Anna Able\n", "r")
    found = read({"1.ipynb": NOTEBOOK, "x.ipynb": NOTEBOOK}, roster)
    assert [there for _, _, there in found.roster] == [True, False]
