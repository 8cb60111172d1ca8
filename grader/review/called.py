"""Find a submission by what a person types."""

from __future__ import annotations

from grader.course.store import Row
from grader.review.visit import Refused, Visit


def row_called(visit: Visit, wanted: str) -> Row:
    """Return the row that a person names by what the pages call it, or by its address, folder, ID or student."""
    folded = wanted.casefold()
    for row in visit.rows:
        known = [visit.called(row.entry), visit.desk.address(row.entry.name)]
        if not visit.session.hide_names:
            known += [row.entry.name, row.entry.student_id, row.entry.student_name]
        if folded in (one.casefold() for one in known if one):
            return row
    raise Refused(404, "There is no submission of this name that you may read.")
