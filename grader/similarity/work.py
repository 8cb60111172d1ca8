"""The unit of comparison: the work of one student or one group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.notebook.cells import Notebook


@dataclass(frozen=True)
class Work:
    """A notebook that counts for a student or a group, and the parts of it that are compared.

    `name` is unique in the class. `people` are all names and numbers by which its owners are known: work whose owners
    overlap is never compared, so that partners and one student's several files are left alone. `answers` are the
    written answers by item, `pictures` the digests of the saved figures by cell; both are empty if unknown.
    """

    name: str
    notebook: Notebook
    people: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    student: str = ""
    submitted: str = ""

    def same_people(self, other: Work) -> bool:
        """Return whether somebody owns both."""
        return bool(self.people & other.people)
