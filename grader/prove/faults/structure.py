"""Faults of the notebook as a whole: cells missing, moved, duplicated, broken or never run, and invented outputs."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from grader.prove import mutation
from grader.prove.draft import Draft
from grader.prove.mutation import Mutation
from grader.prove.rewriting import Step, at, cell, drop, fault, move, outputs, prefix, sub, twice


@dataclass(frozen=True)
class Part:
    """A code cell: a text that identifies it (`marker`), the items that need it, and those that it `may` also cost.

    `broken` are keywords of the message of each of the items if the cell does not run.
    """

    name: str
    marker: str
    items: str
    may: str
    broken: tuple[str, ...]


def _slug(part: Part) -> str:
    """Return the part's name in the form used in a mutation's name."""
    return part.name.lower().replace(" ", "_")


def part_faults(part: Part) -> tuple[Mutation, ...]:
    """Return faults in which the cell is missing, has a syntax error, or is commented out."""

    def made(kind: str, words: str, step: Step, *more: str) -> Mutation:
        return fault(f"cell.{_slug(part)}_{kind}", words, part.items, (*part.broken, *more), step, may=part.may)

    return (
        made("missing", f"The cell '{part.name}' is missing.", drop(part.marker)),
        made("cut_off", f"The cell '{part.name}' ends in the middle of a line.", _cut_off(part.marker)),
        made(
            "commented",
            f"All lines of the cell with {part.name} are comments.",
            _commented(part.marker),
            "holds no code",
        ),
    )


def training_faults(
    training: Part, loop: str, stored: str, faked: str, later: Part | None = None
) -> tuple[Mutation, ...]:
    """Return the faults of a cell that trains.

    `loop` is the first line of its loop over epochs, `stored` an output as a run leaves it, `faked` code that prints
    the same and fills the same lists without training. If the lists exist and only the epochs are missing, later cells
    can continue the training: `later` says what is lost then.
    """
    name, marker = training.name, training.marker
    lacking = later or training

    def made(kind: str, words: str, part: Part, *steps: Step, more: tuple[str, ...] = ()) -> Mutation:
        return fault(f"cell.{_slug(training)}_{kind}", words, part.items, (*part.broken, *more), *steps, may=part.may)

    return (
        made("as_text", f"The cell '{name}' is a text cell.", training, _as_text(marker)),
        made(
            "never_true",
            f"The {name} is in a loop without iterations.",
            lacking,
            sub(loop, f"for _ in range(0):\n  {loop}", marker),
        ),
        made(
            "raises",
            f"The {name} ends with an error in its first epoch.",
            lacking,
            sub(loop, f'{loop}\n    raise RuntimeError("out of luck")', marker),
            more=("out of luck",),
        ),
        made(
            "stored_only",
            f"The {name} has a stored output but no code.",
            training,
            outputs(marker, stored),
            cell(marker, "pass"),
        ),
        made(
            "faked",
            f"The {name} prints numbers that were typed in.",
            training,
            cell(marker, faked),
            more=("are not of this training",),
        ),
    )


def order_faults(definition: Part, behind: str) -> tuple[Mutation, ...]:
    """Return a fault in which a definition comes after the cell that uses it, so that the cells do not run in order."""
    words = f"The cell '{definition.name}' comes after the one that needs it."
    step = move(definition.marker, behind)
    return (
        fault(f"cell.{_slug(definition)}_late", words, definition.items, definition.broken, step, may=definition.may),
    )


def doubled(part: Part, keywords: tuple[str, ...]) -> Mutation:
    """Return a fault in which the cell occurs twice and runs twice."""
    words = f"The cell '{part.name}' occurs twice."
    return fault(f"cell.{_slug(part)}_twice", words, part.items, keywords, twice(part.marker), may=part.may)


def leaves_early(part: Part, statement: str) -> Mutation:
    """Return a fault in which the cell ends before it does anything."""
    words = f"The cell '{part.name}' begins with `{statement.strip()}`."
    step = prefix(part.marker, statement + "\n")
    return fault(f"cell.{_slug(part)}_gives_up", words, part.items, part.broken, step, may=part.may)


# --- steps --------------------------------------------------------------------------------------------------------


def _cut_off(marker: str) -> Step:
    """Append an open bracket to a cell, as in a truncated copy."""
    return at(marker, lambda draft, index: draft.with_source(index, draft.cells[index].source.rstrip() + "\nprint("))


def _commented(marker: str) -> Step:
    def change(draft: Draft, index: int) -> Draft:
        return draft.with_source(index, "\n".join(f"# {line}" for line in draft.cells[index].source.split("\n")))

    return at(marker, change)


def _as_text(marker: str) -> Step:
    def change(draft: Draft, index: int) -> Draft:
        return draft.with_cell(index, replace(draft.cells[index], kind="markdown", outputs=()))

    return at(marker, change)


def shuffled(name: str, words: str, items: str, keywords: tuple[str, ...], may: str) -> Mutation:
    """Return a fault in which all code cells are in a random order."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        places = [index for index, _ in draft.code]
        if len(places) < 2:
            return None
        cells = list(draft.cells)
        for place, source in zip(places, rng.sample(places, len(places)), strict=True):
            cells[place] = draft.cells[source]
        return replace(draft, cells=tuple(cells))

    return mutation.fault(name, words, apply, items, keywords, may)
