"""Read from the store's tables what people decided: marks, rubric lines, overrides, releases, comments, the roster."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from grader.course.decisions import Comment, Mark, Override, RubricLine
from grader.course.scores import Release, Standing


class Query(Protocol):
    """Returns the rows that a SELECT finds."""

    def __call__(self, sql: str, values: Iterable[object] = (), /) -> list[tuple[Any, ...]]:
        """Return the rows."""


_MARK = "submission, item, points, comment, sha256, marked_at, lines, marked_by, version, checks, worth, whole"
_OVERRIDE = "submission, check_id, item, score, reason, sha256, decided_by, decided_at, version"
_RELEASE = "submission, sha256, key, standing, fingerprint, released_by, released_at, version"


def _where(name: str | None) -> tuple[str, tuple[object, ...]]:
    return ("", ()) if name is None else (" WHERE submission = ?", (name,))


def marks(query: Query, submission: str | None = None) -> dict[str, dict[str, Mark]]:
    """Return the marks by submission and item: all, or those of one submission."""
    where, values = _where(submission)
    rows = query(f"SELECT {_MARK} FROM marks{where} ORDER BY submission, item", values)
    known = lines(query) if rows else {}
    found: dict[str, dict[str, Mark]] = {}
    for name, item, points, comment, sha256, at, used, by, version, checks, worth, whole in rows:
        these = tuple(known[one] for one in (msgspec.json.decode(used) if used != "[]" else ()) if one in known)
        decides = tuple(msgspec.json.decode(checks)) if checks != "[]" else ()
        found.setdefault(name, {})[item] = Mark(
            item, points, comment, sha256, at, these, by, version, decides, worth, bool(whole)
        )
    return found


def lines(query: Query) -> dict[int, RubricLine]:
    """Return all rubric lines by id, in the order of items and positions."""
    rows = query(
        "SELECT id, item, text, points, position, retired, version FROM rubric_lines ORDER BY item, position, id"
    )
    return {
        name: RubricLine(name, item, text, points, position, bool(retired), version)
        for name, item, text, points, position, retired, version in rows
    }


def overrides(query: Query, submission: str | None = None) -> dict[str, dict[str, Override]]:
    """Return the overrides by submission and check: all, or those of one submission."""
    where, values = _where(submission)
    found: dict[str, dict[str, Override]] = {}
    for name, *rest in query(f"SELECT {_OVERRIDE} FROM overrides{where} ORDER BY submission, check_id", values):
        found.setdefault(name, {})[rest[0]] = Override(*rest)
    return found


def releases(query: Query, submission: str | None = None) -> Mapping[str, Release]:
    """Return what was released, by submission."""
    where, values = _where(submission)
    found = {}
    for name, sha256, key, standing, *rest in query(f"SELECT {_RELEASE} FROM releases{where}", values):
        found[name] = Release(name, sha256, key, msgspec.json.decode(standing, type=Standing), *rest)
    return found


def released_documents(query: Query, submission: str) -> tuple[str, str] | None:
    """Return the JSON texts of the result that was released, and of its marks; None if none was."""
    rows = query("SELECT document FROM releases WHERE submission = ?", (submission,))
    if not rows:
        return None
    result, _, given = zlib.decompress(rows[0][0]).decode().partition("\0")
    return result, given


def packed_documents(result: str, given: str) -> bytes:
    """Return the JSON texts of a result and its marks as the table keeps them."""
    return zlib.compress(f"{result}\0{given}".encode("utf-8", "replace"))


def comments(query: Query, item: str, most: int) -> tuple[Comment, ...]:
    """Return the distinct comments in the marks of an item, the most used first."""
    rows = query(
        "SELECT comment, count(*) AS uses FROM marks WHERE item = ? AND comment != '' "
        "GROUP BY comment ORDER BY uses DESC, max(marked_at) DESC LIMIT ?",
        (item, most),
    )
    return tuple(Comment(*row) for row in rows)


def roster(query: Query) -> tuple[tuple[str, str, bool], ...]:
    """Return the students of the roster: number, name, and whether something was handed in."""
    rows = query("SELECT student_id, student_name, handed_in FROM roster ORDER BY place")
    return tuple((number, name, bool(there)) for number, name, there in rows)
