"""The schema of the store and its migrations: SQL scripts in order, counted by SQLite's `user_version`.

No library is used: yoyo-migrations and alembic add configuration, a table, a command and further packages, and here two
statements around each script are enough; sqlite-utils keeps no schema version. `user_version` is in the header of the
file, changes in the same transaction as the tables, and can be read with any SQLite shell.
"""

from __future__ import annotations

import sqlite3

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # One grading: `document` is the text of result.json, `standing` its points as JSON, for quick listing.
        """CREATE TABLE results (
            key TEXT PRIMARY KEY,
            final INTEGER NOT NULL,
            graded_at TEXT NOT NULL,
            seconds REAL NOT NULL,
            standing TEXT NOT NULL,
            document TEXT NOT NULL
        )""",
        # One row of the class: a notebook, its student, and the key of its current grading.
        """CREATE TABLE submissions (
            name TEXT PRIMARY KEY,
            key TEXT NOT NULL REFERENCES results (key),
            file TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            student_id TEXT NOT NULL,
            student_name TEXT NOT NULL,
            submitted_at TEXT NOT NULL,
            late INTEGER,
            superseded TEXT NOT NULL,
            updated_at TEXT NOT NULL
        )""",
        # Marks given by hand. They survive when a submission is graded again.
        """CREATE TABLE marks (
            submission TEXT NOT NULL,
            item TEXT NOT NULL,
            points REAL NOT NULL,
            comment TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            marked_at TEXT NOT NULL,
            PRIMARY KEY (submission, item)
        )""",
        # `items`: the ids of the assignment's items, in order.
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ),
    # What the verdicts rest on, as `grader.reports.evidence` keeps it; empty for gradings of earlier versions.
    ("ALTER TABLE results ADD COLUMN evidence BLOB NOT NULL DEFAULT x''",),
    (
        # What a mark is made of, see `grader.course.decisions.Mark`: `points` is the adjustment, `lines` and `checks`
        # are JSON lists of ids. In marks of earlier graders these columns are empty.
        "ALTER TABLE marks ADD COLUMN lines TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE marks ADD COLUMN marked_by TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE marks ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE marks ADD COLUMN checks TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE marks ADD COLUMN worth REAL NOT NULL DEFAULT 0",
        "ALTER TABLE marks ADD COLUMN whole INTEGER NOT NULL DEFAULT 0",
        # One line of the rubric for the written answer of an item.
        """CREATE TABLE rubric_lines (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            item TEXT NOT NULL,
            text TEXT NOT NULL,
            points REAL NOT NULL,
            position INTEGER NOT NULL,
            retired INTEGER NOT NULL,
            version INTEGER NOT NULL
        )""",
        # One verdict of a person in place of the grader's on a check of a submission. It survives a new grading.
        """CREATE TABLE overrides (
            submission TEXT NOT NULL,
            check_id TEXT NOT NULL,
            item TEXT NOT NULL,
            score REAL NOT NULL,
            reason TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            decided_by TEXT NOT NULL,
            decided_at TEXT NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY (submission, check_id)
        )""",
        # What the student of a submission may see: the result with the decisions as it was when a person released it.
        # `document` is its JSON text, compressed by zlib; `fingerprint` tells whether anything has changed since.
        """CREATE TABLE releases (
            submission TEXT PRIMARY KEY,
            sha256 TEXT NOT NULL,
            key TEXT NOT NULL,
            standing TEXT NOT NULL,
            document BLOB NOT NULL,
            fingerprint TEXT NOT NULL,
            released_by TEXT NOT NULL,
            released_at TEXT NOT NULL,
            version INTEGER NOT NULL
        )""",
        # One change: who did what when, with what it changed as JSON before and after ('' for nothing). The rows of one
        # decision have the same `step`. `undoes` is the id of the change that this one takes back.
        """CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            step INTEGER NOT NULL,
            at TEXT NOT NULL,
            who TEXT NOT NULL,
            action TEXT NOT NULL,
            submission TEXT NOT NULL,
            item TEXT NOT NULL,
            check_id TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            undoes INTEGER
        )""",
        "CREATE INDEX audit_by_submission ON audit (submission, id)",
        "CREATE INDEX audit_by_person ON audit (who, id)",
        # One student of the roster; who handed in nothing has a row in the tables all the same.
        """CREATE TABLE roster (
            place INTEGER PRIMARY KEY,
            student_id TEXT NOT NULL,
            student_name TEXT NOT NULL,
            handed_in INTEGER NOT NULL
        )""",
    ),
    (
        # The machine's verdict of one check in the grading under `key`. `kind` tells lost checks with the same fault.
        """CREATE TABLE verdicts (
            key TEXT NOT NULL,
            check_id TEXT NOT NULL,
            item TEXT NOT NULL,
            status TEXT NOT NULL,
            score REAL NOT NULL,
            max_score REAL NOT NULL,
            waits INTEGER NOT NULL,
            kind TEXT NOT NULL
        )""",
        "CREATE UNIQUE INDEX verdicts_by_key ON verdicts (key, check_id)",
        "CREATE INDEX verdicts_by_check ON verdicts (check_id, kind)",
        # One grading of a submission, the present one or a former one. `document` is zlib-compressed, and kept only if
        # another grading has replaced this one in `results`.
        """CREATE TABLE gradings (
            submission TEXT NOT NULL,
            key TEXT NOT NULL,
            graded_at TEXT NOT NULL,
            document BLOB,
            PRIMARY KEY (submission, key, graded_at)
        )""",
        "CREATE INDEX gradings_by_key ON gradings (key)",
        # What an earlier grader stored: all gradings for the same student, whose digest ends the key.
        """INSERT OR IGNORE INTO gradings (submission, key, graded_at)
            WITH tails AS (SELECT key, graded_at, substr(key, instr(key, ' of ')) AS tail FROM results)
            SELECT s.name, t.key, t.graded_at
            FROM submissions s JOIN tails t ON t.tail = substr(s.key, instr(s.key, ' of '))""",
        # A student's objection to a verdict. `status` is open, accepted or rejected; `decision` says why.
        """CREATE TABLE appeals (
            id INTEGER PRIMARY KEY,
            submission TEXT NOT NULL,
            check_id TEXT NOT NULL,
            text TEXT NOT NULL,
            filed_at TEXT NOT NULL,
            filed_by TEXT NOT NULL,
            status TEXT NOT NULL,
            decision TEXT NOT NULL,
            decided_at TEXT NOT NULL,
            decided_by TEXT NOT NULL
        )""",
        "CREATE INDEX appeals_by_check ON appeals (submission, check_id)",
    ),
    (
        # One person who may work at the desk of `grader review`: `items` and `students` are JSON lists, empty for all;
        # `password` is a hash, see `grader.course.people`.
        """CREATE TABLE people (
            name TEXT PRIMARY KEY,
            role TEXT NOT NULL,
            items TEXT NOT NULL,
            students TEXT NOT NULL,
            password TEXT NOT NULL,
            added_at TEXT NOT NULL
        )""",
    ),
)


class TooNew(Exception):
    """The store was written with the schema of a newer grader; the argument is its number."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date in one transaction; several processes may do so at once. Raises TooNew."""
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another process may have been faster
        if version > len(MIGRATIONS):
            raise TooNew(version)
        for script in MIGRATIONS[version:]:
            for statement in script:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
