"""Set the points of checks and items in place of the rubric's, for a class: they survive new gradings."""

from __future__ import annotations

import json

from grader.course import verdicts
from grader.course.changes import changing
from grader.course.decisions import text_of
from grader.course.points import POINTS, Points, rescaled
from grader.course.store import Store
from grader.course.what_if import known


def set_points(store: Store, points: Points, by: str, reason: str) -> dict[str, float]:
    """Store the points that count from now on, all of them, and return them; none: those of the rubric count again.

    A person's verdict on a check keeps its share of the points, a mark stays as it is. All of it is one step in the
    audit. Raises WhatIfError for an unknown check or item, MarkError for an empty reason, and StoreError.
    """
    table = known(points, verdicts.checks_of_class(store))
    said = text_of(reason, "the reason", needed=True)
    before = dict(store.points())
    rows = [row for row in store.rows() if row.final.overrides]
    with changing(store, by) as change:
        change.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (POINTS, json.dumps(table) if table else ""))
        change.note("set points", before={"points": before}, after={"points": table, "reason": said})
        for row in rows:
            old, new = (store.items_of(row.key, some) for some in (before, table))
            for check, one in rescaled(row.final.overrides, old, new).items():
                if one != row.final.overrides[check]:
                    change.override(row.entry.name, check, one.score, one.reason)
    return table
