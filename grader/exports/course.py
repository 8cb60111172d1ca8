"""The class that is exported: its grades, and the pages for its students, from the store alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.course.store import read_document
from grader.exports.feedback import page, with_person
from grader.exports.grades import Grade, comments_of, grade_of
from grader.reports.audience import for_students

if TYPE_CHECKING:
    from grader.course.store import Row, Store
    from grader.result import Result


@dataclass(frozen=True)
class Course:
    """A class in a store. `unreleased` also exports what nobody has released yet."""

    store: Store
    unreleased: bool = False

    def rows(self) -> list[Row]:
        """Return the rows of the class."""
        return list(self.store.rows())

    def grades(self, rows: Sequence[Row], comments: bool = False) -> dict[str, Grade]:
        """Return the grades by submission; with `comments`, of those that may be exported also what is said."""
        released = self.released()
        grades = {row.entry.name: grade_of(row, row.entry.name in released) for row in rows}
        if comments:
            for row in rows:
                grade = grades[row.entry.name]
                if self.may_see(grade):
                    grades[row.entry.name] = replace(grade, comments=comments_of(grade, self.result(row)))
        return grades

    def may_see(self, grade: Grade) -> bool:
        """Return whether this grade is exported."""
        return not grade.problem and (grade.released or self.unreleased)

    def released(self) -> frozenset[str]:
        """Return the names of the submissions that a person has released."""
        return frozenset()

    def marked(self, row: Row) -> Result:
        """Return the result of a row with a person's marks, with all checks. Raises StoreError."""
        result = read_document(self.store.document(row.key)).with_evidence(self.store.evidence(row.key))
        return with_person(result, row.final)

    def result(self, row: Row) -> Result:
        """Return the result of a row as its student may see it, with a person's marks. Raises StoreError."""
        return for_students(self.marked(row), "after_published")

    def pages(self, rows: Sequence[Row], grades: Mapping[str, Grade]) -> Iterator[tuple[Row, str]]:
        """Yield the reports of those that are exported, one at a time. Raises StoreError."""
        for row in rows:
            if self.may_see(grades[row.entry.name]):
                yield row, page(self.result(row))
