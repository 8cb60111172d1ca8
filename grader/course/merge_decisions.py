"""Merge what people decided in one store into another: the newest decision counts, rubric lines are told by text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from grader.course import decision_tables as tables
from grader.course.changes import Changes, Kind, changing
from grader.formatting import number

if TYPE_CHECKING:
    from grader.course.store import Store

WHO = "grader merge"


def merge_decisions(store: Store, target: Store) -> list[str]:
    """Merge marks, rubric lines, overrides, releases and the roster; return sentences on where the stores differ."""
    conflicts: list[str] = []
    with changing(target, WHO) as change:
        ids = _lines(store, target, change, conflicts)
        for kind, table, names, at in _TABLES:
            there = {tuple(row[name] for name in names): row for row in _rows(target, table)}
            for row in _rows(store, table):
                if kind == "mark":
                    row["lines"] = json.dumps([ids[line] for line in json.loads(row["lines"]) if line in ids])
                old = there.get(tuple(row[name] for name in names))
                if old is not None and kind != "release" and _worth(old) != _worth(row):
                    conflicts.append(_conflict(kind, row, old))
                if old is None or row[at] > old[at]:
                    change.take(kind, row)
    known = {(one, name): there for one, name, there in tables.roster(target.query)}
    for one, name, handed_in in tables.roster(store.query):
        known[one, name] = known.get((one, name), False) or handed_in
    if known:
        target.set_roster([(one, name, there) for (one, name), there in known.items()])
    return conflicts


_TABLES: tuple[tuple[Kind, str, tuple[str, str] | tuple[str], str], ...] = (
    ("mark", "marks", ("submission", "item"), "marked_at"),
    ("override", "overrides", ("submission", "check_id"), "decided_at"),
    ("release", "releases", ("submission",), "released_at"),
)


def _rows(store: Store, table: str) -> Iterator[dict[str, Any]]:
    columns = [name for _, name, *_ in store.query(f"PRAGMA table_info({table})")]
    for row in store.query(f"SELECT {', '.join(columns)} FROM {table}"):
        yield dict(zip(columns, row, strict=True))


def _worth(row: dict[str, Any]) -> tuple[object, ...]:
    return tuple(row.get(name) for name in ("points", "lines", "score"))


def _conflict(kind: str, row: dict[str, Any], old: dict[str, Any]) -> str:
    place = f"{row['submission']}, {row.get('check_id') or row['item']}"
    if kind == "mark":
        if row["lines"] != old["lines"]:
            return f"{place}: marked with different rubric lines; the newer mark counts"
        said = f"{number(old['points'])} and {number(row['points'])} points"
        return f"{place}: marked with {said}; the newer mark counts"
    return (
        f"{place}: overridden with {number(old['score'])} and {number(row['score'])} points; the newer verdict counts"
    )


def _lines(store: Store, target: Store, change: Changes, conflicts: list[str]) -> dict[int, int]:
    """Merge the rubric lines; return the id in the target for each id in the store."""
    there = {(line.item, line.text): line for line in tables.lines(target.query).values()}
    found: dict[int, int] = {}
    for line in tables.lines(store.query).values():
        old = there.get((line.item, line.text))
        if old is None:
            old = change.add_line(line.item, line.text, line.points, line.position)
            if line.retired:
                change.change_line(old.id, retired=True)
        elif old.points != line.points:
            conflicts.append(
                f"{line.item}: the rubric line '{line.text}' has {number(old.points)} points here and "
                f"{number(line.points)} there; {number(old.points)} count"
            )
        found[line.id] = old.id
    return found
