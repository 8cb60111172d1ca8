"""Change what people decided: each change is one transaction, with a row in the audit table, and can be undone.

    with changing(store, "anna") as change:
        line = change.add_line("q7", "says which curve flattens", 2)
        change.mark("doejane_12345", "q7", lines=[line.id], adjustment=0.5, comment="well argued", based_on=0)

All of a block is stored, or nothing of it. `based_on` is the `version` of what the person saw (0: there was nothing);
if somebody changed it meanwhile, the change is refused with `Changed`. Without it the change is made in any case.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from grader.course import decision_tables as tables
from grader.course.audit import Change, changes, state_of
from grader.course.decided import covered, decided
from grader.course.decisions import Changed, Mark, MarkError, Override, RubricLine, finite, text_of
from grader.course.marks_file import marks_document
from grader.course.scores import Release, fingerprint
from grader.course.store import Row, Store, now, read_document
from grader.formatting import number, one_line
from grader.reports.audience import for_students

if TYPE_CHECKING:
    from grader.result import ItemResult

Kind = Literal["mark", "override", "line", "release"]
_TABLES: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    "mark": ("marks", ("submission", "item")),
    "override": ("overrides", ("submission", "check_id")),
    "line": ("rubric_lines", ("id",)),
    "release": ("releases", ("submission",)),
}
_KINDS: Mapping[str, Kind] = {
    "mark": "mark",
    "remove mark": "mark",
    "override": "override",
    "remove override": "override",
    "add line": "line",
    "change line": "line",
    "release": "release",
    "withdraw": "release",
}


@contextmanager
def changing(store: Store, by: str) -> Iterator[Changes]:
    """Let the person `by` change decisions, all or nothing. Raises StoreError; what the methods raise undoes all."""
    who = text_of(by, "the name of the person who decides", needed=True)
    with store.transaction() as db:
        yield Changes(store, db, who)


class Changes:
    """The changes of one transaction. All methods raise MarkError."""

    def __init__(self, store: Store, db: sqlite3.Connection, by: str) -> None:
        self._store, self.db, self._by, self._at = store, db, by, now()
        self._step = 0

    # --- marks and overrides ------------------------------------------------------------------------------------

    def mark(
        self,
        submission: str,
        item: str,
        lines: Iterable[int] = (),
        adjustment: float = 0.0,
        comment: str = "",
        based_on: int | None = None,
        notebook: str = "",
    ) -> Mark:
        """Mark an item of a submission, in place of an earlier mark, with rubric lines, an adjustment and a comment.

        `notebook` is the SHA-256 of the notebook that the person read, '' for the present one.
        """
        row = self._row(submission, notebook)
        judged = self._item(row, item)
        known = tables.lines(self._store.query)
        used = [known[one] for one in dict.fromkeys(lines) if one in known and known[one].item == item]
        if len(used) != len(set(lines := list(lines))):
            wrong = ", ".join(str(one) for one in lines if one not in known or known[one].item != item)
            raise MarkError(f"{item} has no rubric line {wrong}; `grader lines OUT` lists them")
        checks = covered(judged)
        if taken := sorted(set(checks) & set(row.final.overrides)):
            raise MarkError(f"{row.entry.name}: {', '.join(taken)} was overridden; remove that to mark {item} instead")
        whole = not any(check.waits for check in judged.checks)
        most = judged.max_score if whole else sum(check.max_score for check in judged.checks if check.waits)
        most = round(most, 2)
        if not used and not 0 <= adjustment <= most:
            raise MarkError(f"{item} takes marks from 0 to {number(most)}, not {number(adjustment)}")
        state = {
            "submission": row.entry.name,
            "item": item,
            "points": finite(adjustment, "the adjustment"),
            "comment": text_of(comment, "the comment"),
            "sha256": row.entry.sha256,
            "marked_at": self._at,
            "lines": json.dumps([line.id for line in used]),
            "marked_by": self._by,
            "checks": json.dumps(checks),
            "worth": most,
            "whole": int(whole),
        }
        self._write("mark", (row.entry.name, item), state, "mark", based_on)
        return tables.marks(self._store.query, row.entry.name)[row.entry.name][item]

    def unmark(self, submission: str, item: str, based_on: int | None = None) -> None:
        """Remove a mark."""
        self._remove("mark", (submission, item), "remove mark", based_on, f"{submission} has no mark for {item!r}")

    def override(
        self,
        submission: str,
        check: str,
        score: float,
        reason: str,
        based_on: int | None = None,
        notebook: str = "",
    ) -> Override:
        """Give a check of a submission the verdict of a person, in place of the machine's."""
        row = self._row(submission, notebook)
        items = self._items(row)
        item = next((item for item in items if any(one.id == check for one in item.checks)), None)
        if item is None:
            raise MarkError(f"{row.entry.name} has no check {check!r}; its checks are in its result.json")
        most = next(one.max_score for one in item.checks if one.id == check)
        if not 0 <= score <= most:
            raise MarkError(f"{check} takes from 0 to {number(most)} points, not {number(score)}")
        mark = row.final.marks.get(item.id)
        if mark is not None and check in covered(item, mark):
            raise MarkError(f"{row.entry.name}: a mark for {item.id} decides {check}; change that mark instead")
        state = {
            "submission": row.entry.name,
            "check_id": check,
            "item": item.id,
            "score": finite(score, "the score"),
            "reason": text_of(reason, "the reason", needed=True),
            "sha256": row.entry.sha256,
            "decided_by": self._by,
            "decided_at": self._at,
        }
        self._write("override", (row.entry.name, check), state, "override", based_on)
        return tables.overrides(self._store.query, row.entry.name)[row.entry.name][check]

    def remove_override(self, submission: str, check: str, based_on: int | None = None) -> None:
        """Let the machine's verdict on a check count again."""
        missing = f"{submission} has no override of {check!r}"
        self._remove("override", (submission, check), "remove override", based_on, missing)

    # --- rubric lines -------------------------------------------------------------------------------------------

    def add_line(self, item: str, text: str, points: float, position: int | None = None) -> RubricLine:
        """Add a line to the rubric of an item; at the end, without a `position`."""
        items = self._store.items()
        if items and item not in items:
            raise MarkError(f"there is no item {item!r}; there are {', '.join(items)}")
        (after,) = self._store.query("SELECT ifnull(max(position) + 1, 0) FROM rubric_lines WHERE item = ?", (item,))
        # AUTOINCREMENT keeps the ids of removed lines from being used again.
        (last,) = self._store.query("SELECT ifnull(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'rubric_lines'")
        state = {
            "id": last[0],
            "item": item,
            "text": text_of(text, "the text of the line", needed=True),
            "points": finite(points, "the points of a line"),
            "position": after[0] if position is None else position,
            "retired": 0,
        }
        self._write("line", (last[0],), state, "add line", None)
        return tables.lines(self._store.query)[last[0]]

    def change_line(
        self,
        line: int,
        text: str | None = None,
        points: float | None = None,
        position: int | None = None,
        retired: bool | None = None,
        based_on: int | None = None,
    ) -> RubricLine:
        """Change a line; the scores of all marks that use it change with it."""
        state = self._state("line", (line,))
        if state is None:
            raise MarkError(f"there is no rubric line {line}")
        given = {
            "text": None if text is None else text_of(text, "the text of the line", needed=True),
            "points": None if points is None else finite(points, "the points of a line"),
            "position": position,
            "retired": None if retired is None else int(retired),
        }
        after = state | {name: value for name, value in given.items() if value is not None}
        self._write("line", (line,), after, "change line", based_on)
        return tables.lines(self._store.query)[line]

    # --- releases -----------------------------------------------------------------------------------------------

    def release(self, submission: str, based_on: int | None = None) -> Release:
        """Let the student see the marks and overrides of a submission as they are now."""
        row = self._row(submission)
        result = for_students(decided(read_document(self._store.document(row.key)), row.final), "after_published")
        state = {
            "submission": row.entry.name,
            "sha256": row.entry.sha256,
            "key": row.key,
            "standing": json.dumps(asdict(row.final.standing)),
            "document": tables.packed_documents(result.document(), marks_document(result, row, self._at)),
            "fingerprint": fingerprint(row.final),
            "released_by": self._by,
            "released_at": self._at,
        }
        self._write("release", (row.entry.name,), state, "release", based_on)
        return tables.releases(self._store.query, row.entry.name)[row.entry.name]

    def withdraw(self, submission: str, based_on: int | None = None) -> None:
        """Take a release back: the student may not see the decisions any more."""
        self._remove("release", (submission,), "withdraw", based_on, f"{submission} was not released")

    # --- the audit ----------------------------------------------------------------------------------------------

    def note(
        self,
        action: str,
        submission: str = "",
        item: str = "",
        check: str = "",
        before: object = "",
        after: object = "",
        undoes: int | None = None,
    ) -> int:
        """Write a row of the audit for a change to other tables in this transaction; return its number."""
        texts = [one if one == "" else json.dumps(one, ensure_ascii=False, default=str) for one in (before, after)]
        texts = [text.encode("utf-8", "replace").decode() for text in texts]
        cursor = self.db.execute(
            "INSERT INTO audit (step, at, who, action, submission, item, check_id, before, after, undoes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._step, self._at, self._by, action, submission, item, check, *texts, undoes),
        )
        row = int(cursor.lastrowid or 0)
        if not self._step:
            self._step = row
            self.db.execute("UPDATE audit SET step = ? WHERE id = ?", (row, row))
        return row

    def take(self, kind: Kind, row: Mapping[str, Any]) -> None:
        """Store a row of another store's table as it is, in place of this store's."""
        names = _TABLES[kind][1]
        state = {name: value for name, value in row.items() if name != "version"}
        self._put(kind, [state[name] for name in names], state, "merge")

    def undo(self) -> tuple[Change, ...]:
        """Take back the last change of this person that was not yet taken back, with all of its step.

        Returns the changes that were taken back. Refused if somebody changed the same since.
        """
        last = next(changes(self._store, by=self._by, undoable=tuple(_KINDS), most=1), None)
        if last is None:
            raise MarkError(f"{self._by} has changed nothing that could be undone")
        step = tuple(one for one in changes(self._store, step=last.step) if one.action in _KINDS)
        for one in step:
            self._undo(one)
        return step

    def _undo(self, one: Change) -> None:
        kind = _KINDS[one.action]
        key = _key_of(kind, one)
        there = self._state(kind, key)
        if _plain(there) != (one.after or None):
            raise MarkError(f"{_place(one)} was changed again since; it cannot be undone, so change it instead")
        if kind == "release" and one.before:
            raise MarkError(f"{one.submission} was released before, too; change what is wrong and release it again")
        if kind == "line" and not one.before:
            uses = sum(key[0] in [x.id for x in m.lines] for ms in self._store.marks().values() for m in ms.values())
            if uses:
                raise MarkError(f"the rubric line is used in {uses} marks; retire it instead")
        self._put(kind, key, dict(one.before) or None, "undo", one.id)

    # --- tables -------------------------------------------------------------------------------------------------

    def _row(self, submission: str, notebook: str = "") -> Row:
        row = self._store.row(submission)
        if row is None:
            raise MarkError(f"there is no submission {submission!r}; `grader results` lists them")
        if row.missing:
            raise MarkError(f"{submission} handed in nothing, so there is nothing to mark")
        if notebook and notebook != row.entry.sha256:
            raise Changed(f"another notebook of {submission} was graded meanwhile; read it before you decide")
        return row

    def _items(self, row: Row) -> tuple[ItemResult, ...]:
        items = self._store.items_of(row.key)
        if not items and row.machine.items:
            read_document(self._store.document(row.key))  # raises: another version of grader wrote it
        return items

    def _item(self, row: Row, item: str) -> ItemResult:
        items = self._items(row)
        found = next((one for one in items if one.id == item), None)
        if found is None:
            there = ", ".join(one.id for one in items) or "none, because it could not be graded"
            raise MarkError(f"{row.entry.name} has no item {item!r}; there are {there}")
        return found

    def _state(self, kind: Kind, key: Sequence[object]) -> dict[str, Any] | None:
        table, names = _TABLES[kind]
        return state_of(self.db, table, names, key)

    def _write(
        self, kind: Kind, key: Sequence[object], after: dict[str, Any] | None, action: str, based_on: int | None
    ) -> None:
        before = self._state(kind, key)
        version = 0 if before is None else before["version"]
        if based_on is not None and based_on != version:
            raise Changed(self._meanwhile(kind, key, version))
        self._put(kind, key, after, action)

    def _remove(self, kind: Kind, key: Sequence[object], action: str, based_on: int | None, missing: str) -> None:
        if self._state(kind, key) is None and not based_on:
            raise MarkError(f"{missing}; `grader results` shows what there is")
        self._write(kind, key, None, action, based_on)

    def _put(
        self,
        kind: Kind,
        key: Sequence[object],
        after: dict[str, Any] | None,
        action: str,
        undoes: int | None = None,
    ) -> None:
        table, names = _TABLES[kind]
        before = self._state(kind, key)
        known = {**(before or {}), **(after or {})}
        submission, item, check = (str(known.get(name, "")) for name in ("submission", "item", "check_id"))
        number = self.note(action, submission, item, check, _plain(before) or "", _plain(after) or "", undoes)
        where = " AND ".join(f"{name} = ?" for name in names)
        self.db.execute(f"DELETE FROM {table} WHERE {where}", tuple(key))
        if after is not None:
            row = after | {"version": number}
            marks = ", ".join("?" * len(row))
            self.db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))

    def _meanwhile(self, kind: Kind, key: Sequence[object], version: int) -> str:
        last = next(changes(self._store, number=version), None) if version else None
        what = " and ".join(map(str, key)) if kind != "line" else f"rubric line {key[0]}"
        if last is None:
            return f"{what}: it was removed or changed meanwhile; look at it again before you decide"
        said = f"{last.who} changed it at {last.at[11:16]} UTC"
        return f"{what}: {one_line(said)}, after you had opened it; look at it again before you decide"


def _plain(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a row as the audit keeps it: without its version and the document of a release."""
    if state is None:
        return None
    return {name: value for name, value in state.items() if name not in ("version", "document")}


def _key_of(kind: Kind, one: Change) -> tuple[object, ...]:
    known = one.after or one.before
    return tuple(known[name] for name in _TABLES[kind][1])


def _place(one: Change) -> str:
    known = one.after or one.before
    if one.check or one.submission:
        return ", ".join(filter(None, (one.submission, one.check or one.item)))
    return f"rubric line {known.get('id', '')} of {one.item}"
