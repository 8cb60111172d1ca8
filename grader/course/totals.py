"""Add up what the machine and what people gave: the points of a submission in the table of a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.course.decided import settled
from grader.course.decisions import Mark, Override
from grader.course.scores import Final, ItemStanding, Standing, item_standing, limit, status_of

if TYPE_CHECKING:
    from grader.result import ItemResult


def with_decisions(
    machine: Standing,
    sha256: str,
    marks: Mapping[str, Mark],
    overrides: Mapping[str, Override],
    items: Callable[[], tuple[ItemResult, ...]],
) -> Final:
    """Return the standing in which the decisions on this notebook (`sha256`) have replaced the machine's points.

    `items` reads the items of the machine's result; it is called only if the standing alone does not tell enough.
    """
    valid = {name: mark for name, mark in marks.items() if mark.sha256 in ("", sha256)}
    known = {name: one for name, one in overrides.items() if one.sha256 in ("", sha256)}
    stale = tuple(mark for name, mark in marks.items() if name not in valid)
    former = tuple(one for name, one in overrides.items() if name not in known)
    if machine.status == "failed" or not (valid or known):
        return Final(machine, valid, stale, known, former)
    if known or any(not fits(item, valid[item.id]) for item in machine.items if item.id in valid):
        whole = {item.id: item_standing(settled(item, valid.get(item.id), known)) for item in items()}
        after = tuple(whole.get(item.id, item) for item in machine.items)
    else:
        after = tuple(_marked(item, valid[item.id]) if item.id in valid else item for item in machine.items)
    return Final(_added_up(machine, after), valid, stale, known, former)


def fits(item: ItemStanding, mark: Mark) -> bool:
    """Return whether a mark is about just the points of the item that wait now, or about all of them if none wait."""
    return mark.of == 0 or (mark.whole != bool(item.open) and abs(mark.of - limit(item)) < 0.005)


def _added_up(machine: Standing, items: tuple[ItemStanding, ...]) -> Standing:
    waiting = any(item.open for item in items)
    after = replace(
        machine,
        status="needs_review" if waiting and machine.status == "needs_review" else "graded",
        score=round(sum(item.score for item in items), 2),
        provisional=round(sum(item.provisional for item in items), 2),
        ungraded=round(sum(item.ungraded + item.defect for item in items), 2),
        items=items,
    )
    return replace(after, lost=max(0.0, after.missed))


def _marked(item: ItemStanding, mark: Mark) -> ItemStanding:
    kept = item.score - item.provisional if item.open else 0.0
    score = round(kept + mark.worth(limit(item)), 2)
    ungraded = item.ungraded if item.open else 0.0
    after = replace(item, score=score, provisional=0.0, open=0.0, ungraded=ungraded, defect=0.0)
    return replace(after, status=status_of(score, item.max_score))
