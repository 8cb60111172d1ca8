from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.assignment import load_assignment
from grader.course.alike import keep, kept, kept_pair, state_of
from grader.course.ingest.collect import ClassOptions
from grader.course.ingest.roster import parse_roster
from grader.course.ingest.sources import IngestError
from grader.course.store import Store
from grader.course.works import base_notebooks, of_files, of_store, saved_pictures, with_groups
from grader.similarity.compare import compare
from tests.similarity.made import IMPORTS, TRAIN, work
from tests.similarity.stores import ANSWER, enter, made_store


def ipynb(*sources: str, outputs: list[dict[str, object]] | None = None) -> str:
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": outputs or []} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_store_is_compared_by_the_evidence_that_it_kept(tmp_path: Path) -> None:
    works, notes = of_store(made_store(tmp_path))
    assert [one.name for one in works] == ["anna", "ben", "carl"]
    assert works[0].answers == {"q6": ANSWER}
    assert works[0].people == {"n-anna", "anna"}
    assert notes == ("1 left out, the store holds no notebook of them: dora",)
    assert [(one.first, one.second) for one in compare(works).comparison.pairs] == [("anna", "ben")]


def test_evidence_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    made_store(tmp_path)
    with Store(tmp_path) as store, store.transaction() as db:
        db.execute(
            "UPDATE results SET evidence = ? WHERE key = (SELECT key FROM submissions WHERE name = 'ben')", (b"x",)
        )
    works, notes = of_store(tmp_path)
    assert [one.name for one in works] == ["anna", "carl"]
    assert "ben, dora" in notes[0]


def test_files_are_compared_with_their_figures(tmp_path: Path) -> None:
    picture = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo=\n"}}]
    for name in ("anna", "ben"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hw.ipynb").write_text(ipynb(IMPORTS, f"plot({len(name)})", outputs=picture))
    (tmp_path / "carl").mkdir()
    (tmp_path / "carl" / "hw.ipynb").write_text("not JSON")
    into = tmp_path / "into"
    into.mkdir()
    roster = parse_roster("id,name\n1,anna\n2,ben\n3,carl\n", "roster")
    works, notes = of_files([tmp_path], into, ClassOptions(roster=roster), None)
    assert [len(one.pictures) for one in works] == [2, 2]
    assert any("carl" in note and "left out" in note for note in notes)
    (pair,) = compare(works).comparison.pairs
    assert pair.pictures == 1


def test_an_earlier_version_of_the_same_student_is_not_compared(tmp_path: Path) -> None:
    folder = tmp_path / "submitted" / "anna" / "hw"
    folder.mkdir(parents=True)
    for name in ("v1.ipynb", "v2.ipynb"):
        (folder / name).write_text(ipynb(IMPORTS, TRAIN, f"version = '{name}'"))
    (tmp_path / "into").mkdir()
    works, _ = of_files([tmp_path], tmp_path / "into", ClassOptions("nbgrader"), None)
    assert len(works) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"cells": 3}', '{"cells": [3]}', '{"cells": [{"outputs": [{"data": 3}]}]}', "\x00"]
)
def test_figures_of_a_file_that_is_no_notebook_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    assert saved_pictures(path) == {}
    assert saved_pictures(tmp_path / "none.ipynb") == {}


def test_partners_are_named_by_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("Name;x\n")
    works = [work("a", people=frozenset({"anna"})), work("b", people=frozenset({"7"})), work("c", people=frozenset())]
    with pytest.raises(IngestError, match="column 'group'"):
        with_groups(works, path)
    path.write_text("student,group\nAnna,1\n7,1\nC,2\n")
    first, second, third = with_groups(works, path)
    assert first.same_people(second)
    assert not first.same_people(third)
    assert "group 2" in third.people


def test_the_handout_and_the_solution_are_the_base() -> None:
    assert len(base_notebooks(load_assignment("reference"))) == 2


def test_a_comparison_is_kept_for_the_desk_and_told_when_it_is_out_of_date(tmp_path: Path) -> None:
    works, notes = of_store(made_store(tmp_path))
    assert kept(tmp_path) is None
    assert kept_pair(tmp_path, "anna", "ben") is None
    compared = compare(works)
    keep(tmp_path, compared, works, notes)
    keep(tmp_path, compared, works, notes)
    found = kept(tmp_path)
    assert found is not None
    assert (found.comparison, found.notes) == (compared.comparison, notes)
    shown = kept_pair(tmp_path, "anna", "ben")
    assert shown is not None
    assert shown.pair == compared.comparison.pairs[0]
    assert shown.parts
    assert found.shown == {("anna", "ben")}
    with Store(tmp_path) as store:
        assert found.state == state_of(store.rows())
    enter(tmp_path, "emil", None)
    with Store(tmp_path) as store:
        assert found.state != state_of(store.rows())


def test_a_kept_file_that_is_damaged_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "similar.sqlite").write_bytes(b"not a database" * 100)
    assert kept(tmp_path) is None
