"""The class that is exported: its grades, and the results for its students, from the store alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.course.decided import decided
from grader.course.store import read_document
from grader.exports.grades import Grade, comments_of, grade_of
from grader.reports.audience import for_students
from grader.reports.html import html

if TYPE_CHECKING:
    from grader.course.store import Row, Store
    from grader.result import Result


@dataclass(frozen=True)
class Course:
    """A class in a store. With `unreleased`, all is exported as it is now, whether released to students or not."""

    store: Store
    unreleased: bool = False

    def rows(self) -> list[Row]:
        """Return the rows of those who handed in something."""
        return [row for row in self.store.rows() if not row.missing]

    def grades(self, rows: Sequence[Row], comments: bool = False) -> dict[str, Grade]:
        """Return the grades by submission; with `comments`, of those that are exported also what is said."""
        grades = {row.entry.name: grade_of(row, self.unreleased) for row in rows}
        if comments:
            for row in rows:
                grade = grades[row.entry.name]
                if (result := self.result(row, grade)) is not None:
                    shown = for_students(result, "after_published")
                    said = comments_of(grade, shown, self._decided(row, result))
                    grades[row.entry.name] = replace(grade, comments=said)
        return grades

    def _decided(self, row: Row, result: Result) -> frozenset[str]:
        """Return the ids of the checks on which a person decided: what is said of them is not what the grader said."""
        key = row.release.key if row.release is not None and not self.unreleased else row.key
        machine = {check.id: check.message for item in self.store.items_of(key) for check in item.checks}
        checks = (check for item in result.items for check in item.checks)
        return frozenset(check.id for check in checks if machine.get(check.id, check.message) != check.message)

    def result(self, row: Row, grade: Grade) -> Result | None:
        """Return the result of a row with what people decided, with all checks; None if it is not exported.

        Raises StoreError.
        """
        if grade.problem or not grade.released:
            return None
        if self.unreleased or row.release is None:
            result, key = decided(read_document(self.store.document(row.key)), row.final), row.key
        else:
            released = self.store.released(row.entry.name)
            if released is None:
                return None
            result, key = released, row.release.key
        return result.with_evidence(self.store.evidence(key))

    def results(self, rows: Sequence[Row], grades: Mapping[str, Grade]) -> Iterator[tuple[Row, Result]]:
        """Yield the results that are exported, one at a time. Raises StoreError."""
        for row in rows:
            if (result := self.result(row, grades[row.entry.name])) is not None:
                yield row, result

    def pages(self, rows: Sequence[Row], grades: Mapping[str, Grade]) -> Iterator[tuple[Row, str]]:
        """Yield the reports for students of those that are exported, one at a time. Raises StoreError."""
        for row, result in self.results(rows, grades):
            yield row, html(for_students(result, "after_published"))
