from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from grader.similarity.compare import compare
from grader.similarity.dolos import python_of, write_dolos
from grader.similarity.page import similar_html
from grader.similarity.shown import shown_pairs
from grader.similarity.terminal import groups, pair_parts, pair_table
from grader.similarity.work import Work
from tests.similarity.made import IMPORTS, TRAIN, notebook, work

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e'\"&"


def hostile() -> list[Work]:
    code = TRAIN.replace('"""One epoch."""', f"print({HOSTILE!r})  # {HOSTILE}")
    answers = {"q6": f"{HOSTILE} the curve flattens after the twelfth epoch, and so I would stop there"}
    one = notebook(
        f"## {HOSTILE}", IMPORTS, code, outputs={2: f"{HOSTILE} 0.12345 0.98765\n" * 2 + "0.1111112\n0.22222223\n"}
    )
    return [Work(f"{name}{HOSTILE}", one, answers=answers) for name in "ab"]


def test_all_that_came_from_a_notebook_is_escaped() -> None:
    works = hostile()
    compared = compare(works)
    details = list(shown_pairs(compared, works, compared.comparison.pairs))
    page = similar_html(compared.comparison, details, [HOSTILE])
    assert len(details) == 1
    assert "&lt;script&gt;alert" in page
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "default-src 'none'" in page
    assert page.count("loss.backward()") == 2


def test_nothing_in_the_terminal_can_act_on_it() -> None:
    works = hostile()
    compared = compare(works)
    (found,) = shown_pairs(compared, works, compared.comparison.pairs)
    console = Console(width=100, record=True, file=open("/dev/null", "w"), highlight=False, markup=False)  # noqa: SIM115
    console.print(pair_table(compared.comparison))
    for part in pair_parts(found):
        console.print(part)
    text = console.export_text() + "\n".join(groups(compared.comparison))
    assert "loss.backward()" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_page_without_pairs_says_so() -> None:
    compared = compare([work("a", IMPORTS, TRAIN)])
    page = similar_html(compared.comparison, [])
    assert "no two are alike beyond the usual" in page
    assert not re.search(r"<table", page)


def test_dolos_gets_a_file_and_a_row_for_each_notebook(tmp_path: Path) -> None:
    works = [
        Work(
            "../x/Anna",
            notebook(IMPORTS, "%%bash\nls", "!pip install thop", "for x in:", TRAIN),
            student="Anna Ä",
            submitted="2026-11-01T10:00",
        ),
        work("..", TRAIN),
        work("x/anna", TRAIN),
        work("handout", TRAIN),
        work("=-x", TRAIN),
    ]
    rows = write_dolos(tmp_path, works, {"..": "group 1"}, [notebook("y = 1")])
    assert rows[0] == ("filename", "label", "created_at", "full_name")
    assert rows[1][1:] == ("", "2026-11-01T10:00", "Anna Ä")
    names = [row[0] for row in rows[1:]]
    assert len({name.casefold() for name in names}) == 5
    assert {path.name for path in tmp_path.iterdir()} == {*names, "handout.py"}
    assert names[-1] == "x.py"
    assert all(compile((tmp_path / name).read_text(), name, "exec") for name in names)
    assert "# for x in:" in python_of(works[0].notebook)
