"""Read the audit: who changed what, when, and what it was before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.course.store import Store

_COLUMNS = "id, step, at, who, action, submission, item, check_id, before, after, undoes"


@dataclass(frozen=True)
class Change:
    """One change. `before` and `after` are what it changed, empty for nothing; `undoes` is the change that it undid.

    The changes of one decision have the same `step`.
    """

    id: int
    step: int
    at: str
    who: str
    action: str
    submission: str
    item: str
    check: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    undoes: int | None = None


def changes(
    store: Store,
    submission: str | None = None,
    by: str | None = None,
    step: int | None = None,
    number: int | None = None,
    undoable: Sequence[str] = (),
    most: int = 1000,
    before: int | None = None,
) -> Iterator[Change]:
    """Iterate over changes, the newest first, at most `most`: of a submission, by a person, of a step, with a number.

    With `undoable` only those actions, without what was undone already. `before` is the id at which to go on.
    """
    wanted = {"submission": submission, "who": by, "step": step, "id": number}
    where = [f"{name} = ?" for name, value in wanted.items() if value is not None]
    values: list[object] = [value for value in wanted.values() if value is not None]
    if before is not None:
        where.append("id < ?")
        values.append(before)
    if undoable:
        where.append(f"action IN ({', '.join('?' * len(undoable))})")
        where.append("id NOT IN (SELECT undoes FROM audit WHERE undoes IS NOT NULL)")
        values += undoable
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    for row in store.query(f"SELECT {_COLUMNS} FROM audit{condition} ORDER BY id DESC LIMIT ?", [*values, most]):
        name, one, at, who, action, about, item, check, earlier, later, undoes = row
        yield Change(name, one, at, who, action, about, item, check, _read(earlier), _read(later), undoes)


def _read(text: str) -> dict[str, Any]:
    plain = json.loads(text) if text else {}
    return plain if isinstance(plain, dict) else {"value": plain}


def state_of(db: sqlite3.Connection, table: str, names: Sequence[str], key: Sequence[object]) -> dict[str, Any] | None:
    """Return the row of a table with this key, by column; None if there is none."""
    cursor = db.execute(f"SELECT * FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in names)}", tuple(key))
    row = cursor.fetchone()
    return None if row is None else {column[0]: value for column, value in zip(cursor.description, row, strict=True)}
