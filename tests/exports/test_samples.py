"""The sample notebooks go in by each course system's download and out by its export, with a person's marks.

They are graded once, by the real command; the stores of the other systems start with these gradings, since equal
notebooks share one. $GRADER_TRIP grades fewer of them.
"""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.course.store import Store
from grader.data import find_data
from grader.data.subset import write_smaller
from tests.exports.sample_class import BOOKS, DOWNLOADS, FULL, ITEMS, SECRET, Book, Pupil, download, pupils

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.timeout(3600)]
COMMENT = 'well argued, "but"; =1+1 & see <b>the lecture</b> of Müller'
UNREAD = 5  # of this student one answer is left unread
REOPENED = 1  # of this student a person overrides a verdict


def grader(*words: object, status: int = 0) -> str:
    """Run the command as a person does, and return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "grader", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=3000,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@dataclass(frozen=True)
class Points:
    """The points of one student: of all items together, and of each. None where nothing is exported."""

    total: float
    items: Mapping[str, float]


@dataclass(frozen=True)
class Marked:
    """A class that came in by one system, was marked and released. `names` are its submissions by place.

    A person's verdict on a check of the item `overridden` gave `gained` points more to one of them.
    """

    system: str
    out: Path
    there: list[Pupil]
    names: Mapping[int, str]
    points: Mapping[int, Points]
    full: Mapping[str, float]
    overridden: str
    gained: float

    @property
    def pupil(self) -> Mapping[str, Pupil]:
        return {name: self.there[at] for at, name in self.names.items()}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder with a smaller MNIST, and that of the first system's results, not yet marked."""
    folder = tmp_path_factory.mktemp("samples")
    write_smaller(find_data(None, sample=True), 512, folder / "data")
    grade(next(iter(DOWNLOADS)), folder, folder / "data", None)
    return folder / "data", folder / "graded"


def grade(system: str, folder: Path, data: Path, gradings: Path | None) -> str:
    """Grade what a system lets one download; return what the command said."""
    out = folder / "graded"
    out.mkdir()
    if gradings is not None:
        with Store(gradings, create=False) as known, Store(out) as store:
            for one in known.all_graded():
                if one.final:
                    store.put(one)
    began = time.monotonic()
    archive = download(system, pupils(), folder)
    limits = ("--data", data, "--device", "virtual", "--isolation", "none", "--jobs", 2, "--cell-seconds", 40)
    said = grader("grade", archive, "--out", out, *limits, status=2)  # some could not be graded
    print(f"{system}: graded in {time.monotonic() - began:.0f} s")
    return said


@pytest.fixture(scope="module", params=DOWNLOADS)
def marked(
    request: pytest.FixtureRequest, first: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Marked:
    system, there = request.param, pupils()
    data, out = first
    if system != next(iter(DOWNLOADS)):
        folder = tmp_path_factory.mktemp(system)
        said = grade(system, folder, data, out)
        found = re.search(r"(\d+) results were reused", said)
        assert found is not None
        assert len(there) - 3 <= int(found[1]) <= len(there) - 2  # without the essay; the damaged one has another name
        out = folder / "graded"
    names = names_of(out, there)
    overridden, gained = mark(out, names)
    return Marked(system, out, there, names, *points_of(out, names), overridden, gained)


def names_of(out: Path, there: list[Pupil]) -> dict[int, str]:
    """Return the submissions by whose they are, as what was handed in tells."""
    by_content = {one.sha256: one.at for one in there if one.file}
    with Store(out, create=False) as store:
        rows = list(store.rows())
        names = {by_content[row.entry.sha256]: row.entry.name for row in rows if row.entry.sha256 in by_content}
        (rest,) = [row.entry.name for row in rows if row.entry.name not in names.values()]
    assert len(rows) == len(there) - 1
    return names | {len(there) - 2: rest}  # the essay has no notebook whose content could be known


def mark(out: Path, names: Mapping[int, str]) -> tuple[str, float]:
    """Give marks to all that waits, except of one student; override one verdict; release what is decided.

    Return the item in which a verdict was overridden, and what that gave.
    """
    with Store(out, create=False) as store:
        waiting = {
            row.entry.name: [item for item in row.machine.items if item.open] for row in store.rows() if row.machine
        }
    lines = [["submission", "item", "points", "comment"]]
    for at, name in sorted(names.items()):
        for place, item in enumerate(waiting[name]):
            if (at, place) != (UNREAD, 0):
                most = item.open
                points = min(most, ((7 * at + 3 * place) % 11) / 2)
                lines.append([name, item.id, f"{points:g}", f"{COMMENT} {at}"])
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    (out.parent / "marks.csv").write_text(text.getvalue(), encoding="utf-8")
    assert f"{len(lines) - 1} marks are stored" in grader("mark", out, "--csv", out.parent / "marks.csv")
    result = json.loads((out / names[REOPENED] / "result.json").read_text(encoding="utf-8"))
    item, lost = next(
        (item["id"], check)
        for item in result["items"]
        for check in item["checks"]
        if check["status"] == "fail" and not check["score"]
    )
    reason = ("--reason", "it is in the picture; =2+2")
    grader("override", out, names[REOPENED], lost["id"], lost["max_score"], *reason)
    assert "1 still wait for a person" in grader("release", out)
    return item, float(lost["max_score"])


def points_of(out: Path, names: Mapping[int, str]) -> tuple[dict[int, Points], dict[str, float]]:
    """Return the points that the store has for students, by place, and the full points of each item."""
    found = {}
    full: dict[str, float] = {}
    with Store(out, create=False) as store:
        rows = {row.entry.name: row for row in store.rows()}
    for at, name in names.items():
        shown = rows[name].shown
        if shown is not None and shown.status != "failed":
            items = {item.id: item.confirmed for item in shown.items}
            assert shown.confirmed == pytest.approx(sum(items.values()))
            found[at] = Points(shown.confirmed, items)
            full |= {item.id: item.max_score for item in shown.items}
    return found, full


def test_all_states_are_there(marked: Marked) -> None:
    there = marked.there
    graded = set(range(len(there) - 3)) - {UNREAD}
    assert set(marked.points) == graded
    assert tuple(marked.full) == ITEMS
    assert sum(marked.full.values()) == FULL
    assert len({one.total for one in marked.points.values()}) > len(graded) / 2  # a mix-up would be seen
    with Store(marked.out, create=False) as store:
        states = {row.entry.name: row.machine.status for row in store.rows() if row.machine}
    assert states[marked.names[len(there) - 3]] == states[marked.names[len(there) - 2]] == "failed"
    assert set(states.values()) == {"failed", "needs_review"}


def test_the_points_are_those_of_the_machine_and_of_the_marks(marked: Marked) -> None:
    """Added up here from the results as they are in files, and from the file of marks."""
    text = (marked.out.parent / "marks.csv").read_text(encoding="utf-8")
    given = {(row["submission"], row["item"]): float(row["points"]) for row in csv.DictReader(io.StringIO(text))}
    for at, points in marked.points.items():
        result = json.loads((marked.out / marked.names[at] / "result.json").read_text(encoding="utf-8"))
        for item in result["items"]:
            machine = sum(check["score"] for check in item["checks"] if check["status"] != "review")
            whole = machine + given.get((marked.names[at], item["id"]), 0.0)
            overridden = marked.gained if at == REOPENED and item["id"] == marked.overridden else 0.0
            assert points.items[item["id"]] == pytest.approx(whole + overridden), (at, item["id"])


def test_gradebooks(marked: Marked, tmp_path: Path) -> None:
    for number, make in enumerate(BOOKS.get(marked.system, ())):
        folder = tmp_path / str(number)
        folder.mkdir()
        check_gradebook(marked, make(marked.there, marked.full), folder)


def check_gradebook(marked: Marked, book: Book, folder: Path) -> None:
    before, to = folder / "exported", folder / "filled"
    before.write_bytes(book.data())
    words: list[object] = ["export", marked.system, marked.out, "--gradebook", before, "--to", to]
    if len(book.column) > 1:
        words += ["--column", "Homework 3"]
        words += [word for item in ITEMS for word in ("--item", f"{item}=Item {item}")]
    said = grader(*words)
    assert before.read_bytes() == book.data()  # what was exported is not touched

    rows = book.read(to.read_bytes())
    filled = {}
    for at, line in book.lines.items():
        points = marked.points.get(at)
        for item, column in book.column.items():
            old, new = book.rows[line][column], rows[line][column]
            if points is None or old == "EX":
                assert new == old
                continue
            assert float(new) == (points.items[item] if item else points.total), (marked.there[at].name, item)
            filled[line, column] = new
        if book.comments is not None:
            check_comment(book, at, line, rows[line][book.comments], points)
            filled |= {
                (line, column): rows[line][column]
                for column in (book.comments, book.comments + 1)
                if column < len(rows[line]) and rows[line][column] != book.rows[line][column]
            }
    assert to.read_bytes() == book.data(filled)  # no other byte differs

    name = marked.names[UNREAD]
    assert f"not released, so left out (--unreleased exports them too): {name}" in said
    left = [line for line in said.splitlines() if line.startswith("left out: ")]
    assert len(left) == 2  # the damaged one and the essay
    (without,) = re.findall("in the gradebook without a submission: (.*)", said)
    assert sorted(re.findall("Absent|Student", without)) == ["Absent", "Student"]
    again = grader(*(to if word is before else folder / "again" if word is to else word for word in words))
    assert "0 grades change" in again
    assert (folder / "again").read_bytes() == to.read_bytes()


def check_comment(book: Book, at: int, line: int, cell: str, points: Points | None) -> None:
    old = book.rows[line][book.comments or 0]
    if points is None or old:
        assert cell == old
        return
    assert not re.search(r"<(?!br>)", cell)
    lines = [html.unescape(one) for one in cell.split("<br>")]
    assert lines[0] == f"Points: {points.total:g} of {FULL}"
    read = [one for one in lines if one.startswith("q9 (")]
    assert len(read) == 1
    assert f"{COMMENT} {at}" in read[0]
    said = {one.split(" (")[0]: float(found[1]) for one in lines[1:] if (found := re.search(r"\): ([\d.]+) of", one))}
    assert said.items() <= points.items.items()
    assert {item for item, earned in points.items.items() if not earned} <= set(said)


def check_page(page: str, points: Points, at: int) -> None:
    assert re.search(rf"<strong>{points.total:g}</strong>\s+of {FULL} points", page)
    parts = re.findall(r'<section class="item \w+" id="item-(\w+)">.*?<p class="points">([\d.–]+) / ', page, re.DOTALL)
    assert {item: float(earned) for item, earned in parts} == points.items
    assert html.escape(f"{COMMENT} {at}").replace("&quot;", "&#34;").replace("&#x27;", "&#39;") in page
    assert "<b>the lecture" not in page


def test_pages_for_each_student(marked: Marked, tmp_path: Path) -> None:
    grader("export", "feedback", marked.out, "--to", tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        pages = {name.removesuffix("/report.html"): archive.read(name).decode() for name in archive.namelist()}
    assert set(pages) == {marked.names[at] for at in marked.points}
    for name, page in pages.items():
        at = marked.pupil[name].at
        check_page(page, marked.points[at], at)


def moodle_feedback(marked: Marked, folder: Path) -> None:
    """Moodle's `importziplib.php` takes names apart at the first underscores; the second part is the number."""
    book = BOOKS["moodle"][0](marked.there, marked.full)
    (folder / "book.csv").write_bytes(book.data())
    words = ("--gradebook", folder / "book.csv", "--to", folder / "filled.csv", "--feedback", folder / "all.zip")
    grader("export", "moodle", marked.out, *words)
    known = {str(one.inner): one.at for one in marked.there}
    with zipfile.ZipFile(folder / "all.zip") as archive:
        for name in archive.namelist():
            who, number, plugin, area, rest = name.split("_", 4)
            assert (plugin, area, rest) == ("assignfeedback", "file", "/report.html")
            assert re.sub(r"[\W_]", "", marked.there[known[number]].name) == re.sub(r"[\W_]", "", who)
            check_page(archive.read(name).decode(), marked.points[known[number]], known[number])
        assert len(archive.namelist()) == len(marked.points)


def gradescope_results(marked: Marked, folder: Path) -> None:
    grader("export", "gradescope", marked.out, "--to", folder)
    found = {str(path.parent.relative_to(folder)): json.loads(path.read_text()) for path in folder.rglob("*.json")}
    assert set(found) == {marked.names[at] for at in marked.points}
    for name, one in found.items():
        points = marked.points[marked.pupil[name].at]
        assert one["score"] == points.total
        sums = {item: sum(test["score"] for test in one["tests"] if test["tags"] == [item]) for item in ITEMS}
        assert sums == pytest.approx(points.items)


def nbgrader_feedback(marked: Marked, folder: Path) -> None:
    with zipfile.ZipFile(marked.out.parent / "nbgrader.zip") as archive:
        archive.extractall(folder)
    to = folder / "feedback"
    grader("export", "nbgrader", marked.out, "--submitted", folder / "submitted", "--to", to)
    expected = []
    for at, points in marked.points.items():
        one = marked.there[at]
        place = f"{one.user}/ps1"
        expected += [f"{place}/{file}" for file in ("submission_secret.txt", "timestamp.txt")]
        expected.append(f"{place}/{Path(one.file).stem}.html")
        check_page((to / expected[-1]).read_text(encoding="utf-8"), points, at)
        assert (to / place / "submission_secret.txt").read_text() == SECRET + one.user
    assert sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file()) == sorted(expected)


OWN_FEEDBACK = {"moodle": moodle_feedback, "gradescope": gradescope_results, "nbgrader": nbgrader_feedback}


def test_feedback_in_the_way_of_the_system(marked: Marked, tmp_path: Path) -> None:
    if marked.system in OWN_FEEDBACK:
        OWN_FEEDBACK[marked.system](marked, tmp_path)
