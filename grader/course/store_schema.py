"""The schema of the store, and its migrations: SQL scripts in order, counted by SQLite's own `user_version`.

No library does this part: yoyo-migrations and alembic bring configuration, a table and a command of their own, and other
packages with them, for what are two statements around each script here; sqlite-utils keeps no versions of a schema. The
number lives in the file's header, changes in the transaction that changes the tables, and any SQLite shell shows it.
"""

from __future__ import annotations

import sqlite3

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # One grading: `document` is the text of result.json, `standing` the points in it as JSON, to list them quickly.
        """CREATE TABLE results (
            key TEXT PRIMARY KEY,
            final INTEGER NOT NULL,
            graded_at TEXT NOT NULL,
            seconds REAL NOT NULL,
            standing TEXT NOT NULL,
            document TEXT NOT NULL
        )""",
        # One row of the class: whose notebook, and which grading is its own now.
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
        # What a person decided. Gradings come and go; this stays.
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
)


class TooNew(Exception):
    """The store has a schema that only a newer grader knows; the argument is its number."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, all of it or none; several processes may try at once. Raises TooNew."""
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
