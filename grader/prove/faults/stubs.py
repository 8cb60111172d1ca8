"""Cells that were never begun: the template's own stub is left in place of the solution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.prove.mutation import Mutation
from grader.prove.rewriting import cell, fault


@dataclass(frozen=True)
class Stub:
    """A cell of the solution and the template's stub for it.

    `marker` is a text that identifies the cell, `item` the item that then was not begun, and `may` are items that need
    the cell.
    """

    name: str
    marker: str
    source: str
    item: str
    may: str = ""


NOT_STARTED = (
    r"not (?:been )?(?:started|begun)|never begun|nothing|no code|your code here|empty|no curve|no training",
)


def stub_faults(stubs: Sequence[Stub]) -> tuple[Mutation, ...]:
    """Return a fault for each stub: the cell is as the template has it."""
    return tuple(
        fault(
            f"stub.{stub.name}",
            f"The cell for {stub.name.replace('_', ' ')} is as the template has it.",
            stub.item,
            NOT_STARTED,
            cell(stub.marker, stub.source),
            may=stub.may,
        )
        for stub in stubs
    )
