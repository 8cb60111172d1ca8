"""Decide what is written into a gradebook, and say it: whose grade changes from what to what, and who is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.exports.comments import comment_cell, is_ours
from grader.exports.errors import ExportError
from grader.exports.gradebook import Column, Gradebook, find_column
from grader.exports.grades import Grade, Points
from grader.exports.people import Matches, Student
from grader.exports.points import parse_points, written
from grader.formatting import number

_SAME = 0.005  # points: gradebooks show two decimals
MAX_LISTED = 20


@dataclass(frozen=True)
class Wanted:
    """What a person asked for. `column` gets the total; `items` maps items to columns.

    With `scale`, points are scaled to what a column's full points are, otherwise another number is refused.
    """

    column: str | None = None
    items: Mapping[str, str] = field(default_factory=dict)
    scale: bool = False


@dataclass(frozen=True)
class Change:
    """A cell that changes. `column` is its column's title, `before` '' if there was no grade."""

    student: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Plan:
    """What is to be written, and what a person has to know about it.

    `cells` are the new texts by row and column. `same` counts grades that stay as they are. `kept` are cells that hold
    something else than a grade, such as EX. `comments` counts the comments that are written; `own_comments` are the
    students whose comment a person wrote. `without` are students of whom there is no submission; `strangers` are
    submissions that have no row.
    """

    cells: Mapping[tuple[int, int], str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    same: int = 0
    kept: tuple[Change, ...] = ()
    without: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    unreleased: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    ungraded: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    comments: int = 0
    own_comments: tuple[str, ...] = ()


def plan(book: Gradebook, grades: Mapping[str, Grade], matches: Matches, wanted: Wanted) -> Plan:
    """Return what is to be written. Raises ExportError for a column that is not there, or has other full points."""
    targets = _targets(book, wanted)
    found = {line: grades[name] for line, name in matches.found.items()}
    ready = {line: one for line, one in found.items() if not one.problem and one.released}
    for item, column in targets:
        _refuse_other_scale(column, item, ready.values(), wanted)
    cells: dict[tuple[int, int], str] = {}
    changes: list[Change] = []
    kept: list[Change] = []
    own_comments: list[str] = []
    same = comments = 0
    for student in book.students:
        grade = ready.get(student.line)
        if grade is None:
            continue
        for item, column in targets:
            points = grade.points(item)
            if points is None:
                continue
            before = book.sheet.cell(student.line, column.index)
            value = _scaled(points, column)
            change = Change(student.shown, column.title, before, written(value, book.decimal))
            old = parse_points(before)
            if old is not None and abs(old - value) < _SAME:
                same += 1
            elif old is None and before.casefold() not in book.blank:
                kept.append(change)
            else:
                cells[student.line, column.index] = change.after
                changes.append(change)
        if book.comments is not None and grade.comments:
            there, text = book.sheet.cell(student.line, book.comments), comment_cell(grade.comments)
            if there and not is_ours(there):
                own_comments.append(student.shown)
            elif there != text:
                comments += 1
                cells |= _comment(book, student, text)
    matched = set(matches.found.values())
    return Plan(
        cells,
        tuple(changes),
        same,
        tuple(kept),
        tuple(student.shown for student in book.students if student.line not in matches.found),
        tuple(name for name, one in grades.items() if name not in matched and one.released),
        tuple(name for name, one in grades.items() if not one.released and not one.problem),
        tuple(f"{name}: {one.problem}" for name, one in grades.items() if one.problem),
        tuple(f"{one.submission} ({number(one.total.waiting)})" for one in ready.values() if one.total.waiting),
        tuple(f"{one.submission} ({number(one.total.ungraded)})" for one in ready.values() if one.total.ungraded),
        tuple(one.submission for one in ready.values() if one.changed),
        matches.doubts,
        tuple(_notes(book, targets, ready.values(), matches)),
        comments,
        tuple(own_comments),
    )


def _targets(book: Gradebook, wanted: Wanted) -> list[tuple[str | None, Column]]:
    targets: list[tuple[str | None, Column]] = []
    if wanted.column is not None or not wanted.items:
        targets.append((None, find_column(book, wanted.column)))
    targets += [(item, find_column(book, name)) for item, name in wanted.items.items()]
    places = [column.index for _, column in targets]
    if len(set(places)) < len(places):
        raise ExportError("two kinds of points would go into one column; give each its own")
    return targets


def _refuse_other_scale(column: Column, item: str | None, grades: Collection[Grade], wanted: Wanted) -> None:
    there = [points.possible for grade in grades if (points := grade.points(item)) is not None]
    if item is not None and grades and not there:
        raise ExportError(f"no submission has an item {item!r}")
    others = [possible for possible in there if column.possible and abs(possible - column.possible) >= _SAME]
    if others and not wanted.scale:
        what = "the assignment" if item is None else item
        raise ExportError(
            f"{what} has {number(others[0])} points, and the column '{column.title}' {number(column.possible or 0)}; "
            "give --scale to have them scaled, or change the column in the course system and export it again"
        )


def _scaled(points: Points, column: Column) -> float:
    """Return the points on the scale of the column."""
    if not column.possible or not points.possible:
        return round(points.earned, 2)
    return round(points.earned * column.possible / points.possible, 2)


def _comment(book: Gradebook, student: Student, text: str) -> dict[tuple[int, int], str]:
    """Return the cells for a student's comment: itself, and how it is written."""
    cells = {(student.line, book.comments): text, (student.line, book.comment_format): "HTML"}
    return {(line, column): cell for (line, column), cell in cells.items() if column is not None}


def _notes(
    book: Gradebook, targets: Sequence[tuple[str | None, Column]], grades: Collection[Grade], matches: Matches
) -> Iterator[str]:
    for item, column in targets:
        there = {points.possible for grade in grades if (points := grade.points(item)) is not None}
        others = [possible for possible in there if column.possible and abs(possible - column.possible) >= _SAME]
        if others:
            yield f"'{column.title}': points are scaled from {number(others[0])} to {number(column.possible or 0)}"
    for student in book.students:
        if student.line in matches.by_name:
            yield f"{student.shown}: known by the name alone, as {matches.found[student.line]}"


def told(one: Plan) -> Iterator[str]:
    """Yield the lines that say what is written and what a person has to know."""
    for change in one.changes:
        yield f"{change.student}: {change.column}: {change.before or 'no grade'} -> {change.after}"
    count = len(one.changes)
    yield f"{count} {'grade changes' if count == 1 else 'grades change'}, {one.same} {_stay(one.same)}"
    if one.comments:
        yield f"{one.comments} {'comment is' if one.comments == 1 else 'comments are'} written"
    yield from listed("comments of a person, which stay", one.own_comments)
    for change in one.kept:
        yield f"kept: {change.student}: {change.column}: {change.before} (would be {change.after})"
    yield from (f"note: {note}" for note in one.notes)
    yield from (f"left out: {doubt}" for doubt in one.doubts)
    yield from (f"left out: {problem}" for problem in one.problems)
    yield from listed("waiting points, which are not in these grades", one.waiting)
    yield from listed("points that could not be graded, which are not in these grades", one.ungraded)
    yield from listed("changed since they were released, so exported as students saw them", one.changed)
    yield from listed("not released, so left out (--unreleased exports them too)", one.unreleased)
    yield from listed("in the gradebook without a submission", one.without)
    yield from listed("submissions without a row in the gradebook", one.strangers)


def _stay(count: int) -> str:
    return "stays as it is" if count == 1 else "stay as they are"


def listed(what: str, names: Sequence[str]) -> Iterator[str]:
    """Yield one line with the names, if there are any; a long list is cut."""
    if names:
        more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
        yield f"{what}: {', '.join(names[:MAX_LISTED])}{more}"
