"""No text from outside becomes a formula in a spreadsheet, whatever separates the cells there."""

from __future__ import annotations

import csv
import io
import random
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.course.csv_text import FORMULA, csv_rows, csv_text, escape_cell, unescape_cell
from grader.course.decisions import Mark
from grader.course.scores import standing
from grader.course.store import Entry, Row
from grader.course.summary_csv import COLUMNS, summary_csv
from grader.course.table import class_csv
from grader.course.totals import with_decisions
from grader.formatting import one_line
from grader.result import Result, Student, Submitted
from tests.conftest import make_result
from tests.reports.hostile import HOSTILE

pytestmark = pytest.mark.attack
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
ITEMS = ("a", "b", "c", "d")
CALC = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
LINK = "{http://www.w3.org/1999/xlink}href"
SHARP = st.text(alphabet="=+-@＝;,|:\t\r\n \"'`\\aé1\u00a0", max_size=12)  # what matters to spreadsheets

TEXTS = (
    *HOSTILE.values(),
    '"=1+1',
    ';"=1+1',
    'cannot be read (;"=HYPERLINK(""https://example.org"";""x"")',
    "x;'=1+1",
    'x,"@SUM(1;1)',
    'x\t"+1+1',
    'a";"=1+1',
    'a","=1+1',
    '""=1+1',
    ";\n=1+1",
    "x|\u00a0=1+1",
    "-1+cmd|' /C calc'!A0",
    "'=1+1",
    "``=1+1",
    "\\;=1+1",
)


def summary(texts: Sequence[str]) -> str:
    """A summary with each text as folder, number, name and reason."""
    failed = (Result("tiny", Submitted(text, ""), 0, 17, "failed", message=text) for text in texts)
    rows = [replace(one, student=Student(*[one.message] * 3)) for one in failed]
    return summary_csv([replace(make_result("hw.ipynb"), student=Student("anna", "4711", "Anna")), *rows], ITEMS)


def class_table(texts: Sequence[str]) -> str:
    """A class with each text as name, number, student, time, older notebook and comment."""
    machine = standing(make_result("hw.ipynb"))
    rows = []
    for text in texts:
        entry = Entry(text, text, "ab", text, text, text, True, (text, text))
        marks = {"c": Mark("c", 2.5, text), "d": Mark("d", 1, text, "another")}
        final = with_decisions(machine, "ab", marks, {}, tuple)
        rows.append(Row(entry, "key", machine, final, True, text, text))
    return class_csv(rows, ITEMS)


def bare(texts: Sequence[str]) -> str:
    """The same texts in a CSV file that is correct, and nothing more."""
    out = io.StringIO()
    csv.writer(out).writerows([text, text] for text in texts)
    return out.getvalue()


def cells(files: Sequence[Path], separator: str, folder: Path) -> list[list[ET.Element]]:
    """Open CSV files in LibreOffice with this separator; return the cells of each."""
    folder.mkdir()
    program = shutil.which("soffice")
    assert program is not None
    options = f"CSV:{ord(separator)},34,76,1,,0,false,true,false,false,false"
    command = [
        *(program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "fods"),
        *(f"--infilter={options}", "--outdir", str(folder), *map(str, files)),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return [list(ET.parse(folder / f"{file.stem}.fods").iter(f"{CALC}table-cell")) for file in files]


def formulas(found: Sequence[ET.Element]) -> list[str]:
    """The formulas and links among the cells, and all that is fetched from elsewhere."""
    acting = [cell.attrib[f"{CALC}formula"] for cell in found if f"{CALC}formula" in cell.attrib]
    links = [part.attrib[LINK] for cell in found for part in cell.iter() if LINK in part.attrib]
    return [*acting, *links]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_sees_no_formula(tmp_path: Path) -> None:
    drawn = random.Random(14)
    texts = [*TEXTS, *("".join(drawn.choices("=+-@;,|\t\"' a1", k=8)) for _ in range(300))]
    files = [tmp_path / name for name in ("summary.csv", "class.csv", "bare.csv")]
    for file, write in zip(files, (summary, class_table, bare), strict=True):
        file.write_text(write(texts), encoding="utf-8", errors="replace")
    for name, separator in SEPARATORS.items():
        one, other, control = cells(files, separator, tmp_path / name)
        assert (formulas(one), formulas(other)) == ([], [])
        assert formulas(control), f"with a {name} between cells this proves nothing"
        if separator == ",":
            row = len(COLUMNS) + len(ITEMS) + 1
            equal = f"{CALC}number-columns-repeated"
            values = [cell.attrib.get(f"{OFFICE}value") for cell in one for _ in range(int(cell.get(equal, "1")))]
            assert values[row : 2 * row] == [  # points are numbers, and can be added up
                *(None, "4711", None, None, "7.5", "17", "5", "2.5", "3"),
                *("5", "2.5", None, None, None),
            ]


# --- without LibreOffice -------------------------------------------------------------------------------------------


@given(st.lists(SHARP, min_size=1, max_size=4))
def test_no_cell_starts_a_formula_however_lines_are_split(texts: list[str]) -> None:
    text = csv_text([texts])
    for separator in ",;|\t:":
        for row in csv.reader(io.StringIO(text), delimiter=separator):
            for cell in row:
                assert not re.match(rf"[\s\"`]*[{FORMULA}]", cell), (separator, cell)


@given(st.lists(st.lists(SHARP | st.text(max_size=12), min_size=1, max_size=3), min_size=1, max_size=4))
def test_what_is_written_can_be_read_back(rows: list[list[str]]) -> None:
    assert csv_rows(csv_text(rows)) == [[one_line(cell) for cell in row] for row in rows]


@pytest.mark.parametrize("text", TEXTS)
def test_a_cell_can_be_read_back(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == one_line(text)
    assert csv_rows(summary([text]))[2][:3] == [one_line(text)] * 3


@pytest.mark.parametrize(
    "text", ["Anna Smith", "O'Neill; Mary-Ann", "e-mail: a@x.edu", "2026-11-01T12:00", "50 % + 1", "a = b", "10.5"]
)
def test_an_honest_cell_stays_as_it_is(text: str) -> None:
    assert escape_cell(text) == text


def test_every_cell_is_quoted_and_a_course_system_reads_numbers() -> None:
    text = summary(["x"])
    assert all(re.fullmatch(r'"(?:[^"]|"")*"(?:,"(?:[^"]|"")*")*', line) for line in text.splitlines())
    (anna, _) = csv.DictReader(io.StringIO(text))
    assert (float(anna["score"]), float(anna["b"]), anna["student_id"], anna["d"]) == (7.5, 2.5, "4711", "")
