"""Merge several stores into one: gradings, the class, and the marks given by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from grader.course.handback import for_student, write_marks
from grader.course.history import merge_history
from grader.course.merge_decisions import merge_decisions
from grader.course.scores import Standing
from grader.course.store import Graded, Row, Store, read_document
from grader.course.summary_csv import write_summary
from grader.files import write_atomically
from grader.reports.html import write_html


def merge(sources: Sequence[Path], out: Path) -> list[str]:
    """Merge the stores in the `sources` folders into the store in `out`, which may be one of them.

    Returns one sentence for each conflict and how it was resolved. Raises StoreError.
    """
    for source in sources:
        Store(source, create=False).close()  # fail before anything is written
    out.mkdir(parents=True, exist_ok=True)
    conflicts: list[str] = []
    with Store(out) as target:
        for source in sources:
            if source.resolve() == out.resolve():
                continue
            with Store(source, create=False) as store:
                if not target.items():
                    target.set_items(store.items())
                    target.set_questions(store.questions())
                _gradings(store, target, conflicts)
                _rows(store, target, conflicts)
                merge_history(store, target)
                conflicts += merge_decisions(store, target)
    return conflicts


def write_results(store: Store, out: Path) -> int:
    """Write summary.csv, and result.json and report.html of each submission; return the number of submissions."""
    count = 0
    for row in store.rows():
        if row.missing:
            continue
        count += 1
        document = store.document(row.key)
        folder = out / row.entry.name
        result = read_document(document).with_evidence(store.evidence(row.key))
        write_html(for_student(store, row.entry.name, result), folder / "report.html")
        write_marks(store, row.entry.name, folder)
        write_atomically(folder / "result.json", document)
    write_summary(out / "summary.csv", ((row.entry.student, row.machine) for row in store.rows()), store.items())
    return count


def _gradings(store: Store, target: Store, conflicts: list[str]) -> None:
    there = {graded.key: replace(graded, document="", evidence=b"") for graded in target.all_graded()}
    for graded in store.all_graded():
        old = there.get(graded.key)
        if old is not None and old.final and graded.final and _points(old.standing) != _points(graded.standing):
            name = read_document(graded.document).submission.name
            conflicts.append(
                f"{name}: graded twice from the same files, with {old.standing.score} and {graded.standing.score} "
                "points; the newer result counts"
            )
        if old is None or newer(graded, old):
            target.put(graded)


def newer(one: Graded, other: Graded) -> bool:
    """Return whether `one` replaces `other`: a final grading beats one that is not, then the later one counts."""
    return (one.final, one.graded_at) > (other.final, other.graded_at)


def _points(standing: Standing) -> object:
    return standing.status, standing.score, tuple((item.id, item.score, item.status) for item in standing.items)


def _rows(store: Store, target: Store, conflicts: list[str]) -> None:
    there = {row.entry.name: row for row in target.rows()}
    for row in store.rows():
        if row.missing:
            continue
        old = there.get(row.entry.name)
        if old is not None and old.entry.sha256 != row.entry.sha256:
            conflicts.append(
                f"{row.entry.name}: two different notebooks; the one submitted later counts "
                "(without times: graded later)"
            )
        if old is None or _later(row, old):
            target.enter(row.entry, row.key, row.updated_at)


def _later(row: Row, old: Row) -> bool:
    if row.settled != old.settled and row.entry.sha256 == old.entry.sha256:
        return row.settled
    times = (row.entry.submitted_at, old.entry.submitted_at)
    if all(times) and times[0] != times[1] and row.entry.sha256 != old.entry.sha256:
        first, second = (datetime.fromisoformat(time).astimezone() for time in times)
        return first > second
    return row.updated_at > old.updated_at
