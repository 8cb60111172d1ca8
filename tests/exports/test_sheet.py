import codecs
import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.exports.errors import ExportError
from grader.exports.points import decimal_mark, parse_points, written
from grader.exports.sheet import parse_sheet, read_sheet

cells = st.text(alphabet='ab,;\t"\nÄ =@-ß1', max_size=6)
tables = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=5)
)


def as_csv(rows, delimiter, quoting, end):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return out.getvalue()


@settings(max_examples=60)
@given(
    tables,
    st.sampled_from(",;\t"),
    st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    st.sampled_from(("\n", "\r\n")),
    st.sampled_from(((b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"))),
    st.data(),
)
def test_one_cell_changes_and_nothing_else(rows, delimiter, quoting, end, encoding, data):
    """For any table that a program wrote: the sheet has its cells, and a new text is the only difference."""
    rows[0] = [f"title {at}" for at in range(len(rows[0]))]
    mark, name = encoding
    file = mark + as_csv(rows, delimiter, quoting, end).encode(name)
    sheet = parse_sheet(file, "x")
    assert [[cell.text for cell in row] for row in sheet.rows] == rows
    assert sheet.filled({}) == file
    at = data.draw(st.tuples(st.integers(0, len(rows) - 1), st.integers(0, len(rows[0]) - 1)))
    text = data.draw(cells)
    after = parse_sheet(sheet.filled({at: text}), "x") if at[0] else None
    if after is not None:
        rows[at[0]][at[1]] = text
        assert [[cell.text for cell in row] for row in after.rows] == rows
        assert (after.mark, after.encoding, after.delimiter) == (sheet.mark, sheet.encoding, sheet.delimiter)


@pytest.mark.parametrize(
    "data",
    [
        'a,b\n"x" y,z\n',  # a quotation mark that does not enclose the cell
        'a,b\nsay "hi",z',  # and no line end
        'a,b\n"open,z\n',
        "a,b\r1,2\r",
        "a,b\n\n1,2,\n",
    ],
)
def test_odd_files_stay_as_they_are(data):
    assert parse_sheet(data.encode(), "x").filled({}) == data.encode()


def test_encodings():
    assert parse_sheet("a,Müller\n".encode("cp1252"), "x").rows[0][1].text == "Müller"
    assert parse_sheet(b"a,\x81\x8d\xfc\n", "x").filled({(0, 0): "b"}) == b"b,\x81\x8d\xfc\n"
    assert parse_sheet("a\tb\n".encode("utf-16-le"), "x").encoding == "utf-16-le"
    assert parse_sheet("a\tb\n".encode("utf-16-be"), "x").encoding == "utf-16-be"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04", "is an Excel workbook"),
        (b"one column\n", "holds no table"),
        (b"", "holds no table"),
        (b"a,\0b\n1,2\n", "not a text file"),
    ],
)
def test_other_files_are_refused(tmp_path, data, message):
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(ExportError, match=message):
        read_sheet(tmp_path / "x.csv")
    with pytest.raises(ExportError, match="cannot read"):
        read_sheet(tmp_path / "other.csv")


def test_a_row_that_is_too_short_is_told():
    with pytest.raises(ExportError, match="row 2"):
        parse_sheet(b"a,b,c\n1\n", "x").filled({(1, 2): "3"})


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("92,5", 92.5),
        ("92.50", 92.5),
        ("1.234,5", 1234.5),
        ("1 234,5", 1234.5),
        ("85", 85.0),
        ("-1", -1.0),
        ("5.", 5.0),
    ],
)
def test_points_with_commas_and_points(text, points):
    assert parse_points(text) == points


@pytest.mark.parametrize("text", ["", "-", "EX", "N/A", "85%", "A+", "1e3", "nan", "=85", "8 5a"])
def test_other_texts_are_no_points(text):
    assert parse_points(text) is None


def test_the_decimal_mark_is_the_one_in_use():
    assert decimal_mark(["", "EX", "85,0"], ",") == ","
    assert decimal_mark(["85.0"], ";") == "."
    assert decimal_mark(["85"], ";") == ","
    assert decimal_mark(["85"], ",") == "."
    assert written(92.5, ",") == "92,5"
    assert written(90, ",") == "90"
