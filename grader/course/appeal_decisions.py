"""Accept or reject appeals, one or all that lost by the same check, in one step that the audit records."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.course import verdicts
from grader.course.appeals import Appeal, AppealError, alike, all_appeals, appeal, in_question
from grader.course.changes import Changes, changing
from grader.course.decisions import MarkError, text_of
from grader.course.records import Verdict
from grader.course.store import Store, now

_DEPENDS = re.compile(r"skipped: (?:it depends on|for the same reason as) '(?P<check>[^']+)'")


@dataclass(frozen=True)
class Decided:
    """The outcome of a decision: the appeals that it closed, the submissions whose verdicts it changed, and problems.

    `problems` are sentences on submissions that it left as they were, because a person had decided on them before.
    """

    closed: tuple[Appeal, ...]
    changed: tuple[str, ...]
    problems: tuple[str, ...]


def accept(
    store: Store,
    number: int,
    reason: str,
    by: str,
    points: Mapping[str, float] | None = None,
    others: Collection[str] = (),
) -> Decided:
    """Accept an open appeal: a person's verdict replaces the machine's on the checks in question, with the reason.

    `points` are by check; without any, each check in question gets all of its points. `others` are submissions that
    lost points by the same check for the same reason: they get the same share of the points, and their open appeals are
    accepted too. Raises AppealError, MarkError and StoreError; then nothing is changed.
    """
    one = _open(store, number)
    said = text_of(reason, "the reason", needed=True)
    worth = _worth(store, one.submission)
    asked = [verdict.check for verdict in in_question(one, _verdicts(store, one.submission))]
    given = dict(points) if points else {check: worth[check] for check in asked if check in worth}
    if not given:
        raise AppealError(f"{one.submission} has no check {one.check} any more; reject the appeal, or mark the item")
    lost_alike = alike(store, one)
    names = {name for those in lost_alike.values() for name in those} & set(others)
    rows = {row.entry.name: row for row in store.rows()} if names else {}
    changed, problems = [one.submission], []
    with changing(store, by) as change:
        for check, score in given.items():
            if check not in worth:
                raise AppealError(f"{one.submission} has no check {check}")
            change.override(one.submission, check, score, f"appeal accepted: {said}")
        for name in sorted(names):
            mine = _worth(store, name)
            for check in (check for check in given if name in lost_alike.get(check, ())):
                if check in rows[name].final.overrides:
                    problems.append(f"{name}: a person had decided on {check} before")
                    continue
                share = given[check] / worth[check] if worth[check] else 0.0
                try:
                    score = round(share * mine[check], 2)
                    change.override(name, check, score, f"decided as after an appeal: {said}")
                except MarkError as error:
                    problems.append(f"{name}: {str(error).removeprefix(f'{name}: ')}")
                else:
                    changed.append(name)
        closed = tuple(_close(store, change, one, names, "accepted", said, by))
    return Decided(closed, tuple(dict.fromkeys(changed)), tuple(problems))


def reject(store: Store, number: int, reason: str, by: str, others: Collection[str] = ()) -> Decided:
    """Reject an open appeal, and those of `others` that lost points by the same check for the same reason.

    Raises AppealError, MarkError and StoreError; then nothing is changed.
    """
    one = _open(store, number)
    said = text_of(reason, "the reason", needed=True)
    names = {name for those in alike(store, one).values() for name in those} & set(others)
    with changing(store, by) as change:
        closed = tuple(_close(store, change, one, names, "rejected", said, by))
    return Decided(closed, (), ())


def followers(checks: Sequence[tuple[str, str]], disputed: Collection[str]) -> tuple[str, ...]:
    """Return the checks that were skipped because one that is disputed failed, or because such a one was skipped.

    `checks` are ids and messages, in the order of the result.

    >>> checks = [("q1.print", "it fails"), ("q1.time", "skipped: it depends on 'q1.print', which did not pass")]
    >>> followers(checks, ["q1.print"])
    ('q1.time',)
    """
    known, found = set(disputed), []
    for check, message in checks:
        match = _DEPENDS.match(message)
        if check not in known and match is not None and match["check"] in known:
            known.add(check)
            found.append(check)
    return tuple(found)


def told(done: Decided, verb: str) -> str:
    """Return what was decided, as a sentence; `verb` is 'accepted' or 'rejected'."""
    many = f"{len(done.closed)} appeals are" if len(done.closed) != 1 else f"appeal {done.closed[0].id} is"
    said = f"{many} {verb}"
    if done.changed:
        said += f"; verdicts on {len(done.changed)} submission{'' if len(done.changed) == 1 else 's'} were changed"
    return said


def _open(store: Store, number: int) -> Appeal:
    one = appeal(store, number)
    if one.status != "open":
        raise AppealError(f"appeal {number} was {one.status} by {one.decided_by} at {one.decided_at[:16]}")
    return one


def _verdicts(store: Store, name: str) -> tuple[Verdict, ...]:
    return verdicts.of_submission(store, name)


def _worth(store: Store, name: str) -> dict[str, float]:
    """Return the points that each check of a submission can get."""
    row = store.row(name)
    items = store.items_of(row.key) if row is not None else ()
    return {check.id: check.max_score for item in items for check in item.checks}


def _close(
    store: Store, change: Changes, one: Appeal, names: Collection[str], status: str, reason: str, by: str
) -> Iterator[Appeal]:
    """Close the appeal, and open ones of these submissions about the same check or its item."""
    about = {one.check, *(verdict.check for verdict in in_question(one, _verdicts(store, one.submission)))}
    for other in all_appeals(store, "open"):
        if other.id == one.id or (other.submission in names and other.check in about):
            change.db.execute(
                "UPDATE appeals SET status = ?, decision = ?, decided_at = ?, decided_by = ? WHERE id = ?",
                (status, reason, now(), by, other.id),
            )
            change.note(
                f"{'accept' if status == 'accepted' else 'reject'} appeal",
                submission=other.submission,
                check=other.check,
                before={"appeal": other.id, "status": "open"},
                after={"appeal": other.id, "status": status, "decision": reason},
            )
            yield appeal(store, other.id)
