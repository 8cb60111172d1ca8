"""Faults of the notebook as a whole: cells that are missing, moved, doubled, broken, never run; outputs that are made up."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from grader.prove import mutation
from grader.prove.draft import Draft
from grader.prove.mutation import Mutation
from grader.prove.styles.rewriting import Step, at, cell, drop, fault, move, outputs, prefix, sub, twice


@dataclass(frozen=True)
class Part:
    """A code cell: a text by which it is found, the items that need it, and those that may suffer with them.

    `broken` are key words of the message of each of the items when the cell does not run.
    """

    name: str
    marker: str
    items: str
    may: str
    broken: tuple[str, ...]


def _slug(part: Part) -> str:
    """The part's name as a piece of a mutation's name."""
    return part.name.lower().replace(" ", "_")


def part_faults(part: Part) -> tuple[Mutation, ...]:
    """The cell is missing, has a syntax error, is commented out, or is text instead of code."""

    def made(kind: str, words: str, step: Step) -> Mutation:
        return fault(f"cell.{_slug(part)}_{kind}", words, part.items, part.broken, step, may=part.may)

    return (
        made("missing", f"The cell with {part.name} is missing.", drop(part.marker)),
        made("cut_off", f"The cell with {part.name} ends in the middle of a line.", _cut_off(part.marker)),
        made("commented", f"All lines of the cell with {part.name} are comments.", _commented(part.marker)),
    )


def training_faults(
    training: Part, loop: str, stored: str, faked: str, later: Part | None = None
) -> tuple[Mutation, ...]:
    """Faults of a cell that trains.

    `loop` is the line that begins its loop over epochs; `stored` an output as a run leaves it; `faked` code that prints the
    same, and fills the same lists, without training. Where the lists are there and only the epochs are missing, cells that
    train on take their place: then `later` says what is lost.
    """
    name, marker = training.name, training.marker
    lacking = later or training

    def made(kind: str, words: str, part: Part, *steps: Step, more: tuple[str, ...] = ()) -> Mutation:
        return fault(f"cell.{_slug(training)}_{kind}", words, part.items, (*part.broken, *more), *steps, may=part.may)

    return (
        made("as_text", f"The cell with {name} is text.", training, _as_text(marker)),
        made(
            "never_true",
            f"The {name} stands in a loop that never begins.",
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
            f"The {name} has a stored output, and no code.",
            training,
            outputs(marker, stored),
            cell(marker, "pass"),
        ),
        made("faked", f"The {name} prints numbers that were typed in.", training, cell(marker, faked)),
    )


def order_faults(definition: Part, behind: str) -> tuple[Mutation, ...]:
    """The cell of a definition stands behind the cell that uses it, so that the cells do not run from the top."""
    words = f"The cell with {definition.name} stands behind the one that needs it."
    step = move(definition.marker, behind)
    return (
        fault(f"cell.{_slug(definition)}_late", words, definition.items, definition.broken, step, may=definition.may),
    )


def doubled(part: Part, keywords: tuple[str, ...]) -> Mutation:
    """The cell stands there twice, and runs twice."""
    words = f"The cell with {part.name} stands there twice."
    return fault(f"cell.{_slug(part)}_twice", words, part.items, keywords, twice(part.marker), may=part.may)


def leaves_early(part: Part, statement: str) -> Mutation:
    """The cell gives up before it does anything."""
    words = f"The cell with {part.name} begins with `{statement.strip()}`."
    step = prefix(part.marker, statement + "\n")
    return fault(f"cell.{_slug(part)}_gives_up", words, part.items, part.broken, step, may=part.may)


# --- steps --------------------------------------------------------------------------------------------------------


def _cut_off(marker: str) -> Step:
    """The last line of a cell ends with an open bracket, as a printed or copied cell does."""
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
    """All code cells in another order, which the generator draws."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        places = [index for index, _ in draft.code]
        if len(places) < 2:
            return None
        cells = list(draft.cells)
        for place, source in zip(places, rng.sample(places, len(places)), strict=True):
            cells[place] = draft.cells[source]
        return replace(draft, cells=tuple(cells))

    return mutation.fault(name, words, apply, items, keywords, may)
