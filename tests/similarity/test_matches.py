from __future__ import annotations

from grader.similarity.fingerprints import fingerprints
from grader.similarity.matches import Part, matching_parts
from grader.similarity.tokens import units_of
from tests.similarity.made import IMPORTS, OTHER, TRAIN, notebook


def parts(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[Part, ...]:
    one, other = units_of(notebook(*first)), units_of(notebook(*second))
    common = set(fingerprints(one).tolist()) & set(fingerprints(other).tolist())
    return matching_parts(one, other, common)


def test_a_function_that_was_moved_is_one_part() -> None:
    (found,) = parts((IMPORTS, TRAIN), (IMPORTS, OTHER, "# mine\n\n" + TRAIN))
    assert (found.first[0].cell, found.second[0].cell) == (1, 2)
    assert found.second[0].first - found.first[0].first == 2
    assert found.first[0].last == 13


def test_what_was_put_between_does_not_end_a_part() -> None:
    padded = TRAIN.replace(
        "        loss.backward()\n", "        flag = str(3)\n        print(flag)\n        loss.backward()\n"
    )
    (found,) = parts((IMPORTS, TRAIN), (IMPORTS, padded))
    assert found.second[0].last == 15


def test_one_cell_may_stand_beside_several() -> None:
    body = TRAIN.split("\n")[3:-2]
    lines = "\n".join(line[4:] for line in body)
    head, tail = lines.split("\n", 1)
    found = parts((IMPORTS, f"{head}\n{tail}"), (IMPORTS, head, tail))
    assert {one.cell for part in found for one in part.first} == {1}
    assert {one.cell for part in found for one in part.second} <= {1, 2}


def test_parts_break_where_cells_do_in_both() -> None:
    cells = tuple(
        "\n".join(f"a = f(a, {at}, {at + 1} + a[{number}], a.b({number}))" for at in range(6)) for number in (100, 200)
    )
    found = parts(cells, cells)
    assert sorted(part.first[0].cell for part in found) == [0, 1]


def test_nothing_in_common_gives_no_parts() -> None:
    assert parts((IMPORTS, TRAIN), (IMPORTS, OTHER)) == ()
    assert parts(("x = 1",), ("x = 1",)) == ()
