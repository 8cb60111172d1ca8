"""The matrix as text for people and as JSON data for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from grader.prove.matrix import ItemRow, Outcome

KINDS = ("false accept", "false reject", "bad message", "not graded", "seen after all", "defect")


def text(outcomes: Sequence[Outcome], rows: Sequence[ItemRow], facts: Mapping[str, str]) -> str:
    """Return the tables: items and checks, checks that add nothing, blind spots, wrong verdicts, totals."""
    lines = [*(f"{name}: {value}" for name, value in facts.items()), ""]
    lines += [f"{'':24} {'caught':>7} {'alone':>6} {'through':>8} {'wheat hurt':>11}"]
    for row in rows:
        lines.append(f"{row.id:24} {len(row.caught):7} {'':6} {len(row.through):8} {len(row.hurt):11}")
        lines += [
            f"  {check.id:22} {len(check.caught):7} {len(check.alone):6} {'':8} {len(check.hurt):11}"
            for check in row.checks
        ]
    lines += ["", *_idle(rows), *_unseen(outcomes), *_wrong(outcomes), *_totals(outcomes)]
    return "\n".join(lines)


def wrongs(outcome: Outcome) -> str:
    """Return what is wrong with the verdict on one variant, each on a new line; '' if it is right."""
    return "".join(f"\n    {wrong.kind}: {wrong.item}: {wrong.said}" for wrong in outcome.wrong)


def _idle(rows: Sequence[ItemRow]) -> list[str]:
    """Return a line with the checks that caught nothing alone."""
    idle = [check.id for row in rows for check in row.checks if not check.alone]
    return [f"caught nothing alone: {', '.join(idle)}", ""] if idle else []


def _unseen(outcomes: Sequence[Outcome]) -> list[str]:
    faults = {fault.name: fault for o in outcomes for fault in o.variant.faults if fault.unseen}
    if not faults:
        return []
    return ["cannot be seen:", *(f"  {name}: {fault.words} {fault.unseen}" for name, fault in faults.items()), ""]


def _wrong(outcomes: Sequence[Outcome]) -> list[str]:
    lines: list[str] = []
    for kind in KINDS:
        found = [wrong for o in outcomes for wrong in o.wrong if wrong.kind == kind]
        if found:
            lines.append(f"{kind}: {len(found)}")
            lines += [f"  {wrong.variant}: {wrong.item}: {wrong.said}" for wrong in found]
    return [*lines, ""] if lines else []


def _totals(outcomes: Sequence[Outcome]) -> list[str]:
    kinds = Counter(o.variant.kind for o in outcomes)
    made = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    wrong = sum(bool(o.wrong) for o in outcomes)
    return [f"{len(outcomes)} notebooks ({made}): the verdict on {wrong} of them is wrong"]


def data(outcomes: Sequence[Outcome], rows: Sequence[ItemRow], facts: Mapping[str, str]) -> dict[str, Any]:
    """Return the matrix, and the result of each variant, as JSON data."""
    return {
        "schema": "grader-prove/1",
        "facts": dict(facts),
        "variants": [
            {
                "name": o.variant.name,
                "kind": o.variant.kind,
                "words": o.variant.words,
                "must_lose": sorted(frozenset().union(*(fault.items for fault in o.variant.faults))),
                "may_lose": sorted(frozenset().union(*(fault.may for fault in o.variant.faults))),
                "unseen": " ".join(fault.unseen for fault in o.variant.faults).strip(),
                "lost_items": sorted(o.lost_items),
                "lost_checks": sorted(o.lost_checks),
                "score": o.result.score,
                "wrong": [{"kind": w.kind, "item": w.item, "said": w.said} for w in o.wrong],
            }
            for o in outcomes
        ],
        "items": [
            {
                "id": row.id,
                "caught": row.caught,
                "through": row.through,
                "hurt": row.hurt,
                "checks": [
                    {"id": check.id, "caught": check.caught, "alone": check.alone, "hurt": check.hurt}
                    for check in row.checks
                ],
            }
            for row in rows
        ],
    }
