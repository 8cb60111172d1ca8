"""Steps that rewrite the text of a notebook: parts of cells and whole cells. Mutations are made of them.

A step returns None if it does not find its marker, so that a mutation never silently does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from grader.prove import mutation
from grader.prove.draft import Cell, CellKind, Draft
from grader.prove.mutation import Apply, Mutation

Step = Callable[[Draft], "Draft | None"]


def steps(*all_steps: Step) -> Apply:
    """Return the `apply` of a mutation that takes all steps; it returns None if one of them does not fit."""

    def edit(step: Step) -> Apply:
        return lambda draft, rng: step(draft)

    return mutation.all_of(*map(edit, all_steps))


def style(name: str, words: str, *all_steps: Step) -> Mutation:
    """Return a style made of steps."""
    return mutation.style(name, words, steps(*all_steps))


def fault(
    name: str, words: str, items: str, keywords: tuple[str, ...], *all_steps: Step, may: str = "", unseen: str = ""
) -> Mutation:
    """Return a fault made of steps; `items` and `may` are ids separated by blanks."""
    return mutation.fault(name, words, steps(*all_steps), items, keywords, may, unseen)


def find(draft: Draft, marker: str, kind: CellKind = "code") -> int | None:
    """Return the index of the first cell of this kind that contains `marker`, or None."""
    return next((i for i, cell in enumerate(draft.cells) if cell.kind == kind and marker in cell.source), None)


def at(marker: str, change: Callable[[Draft, int], Draft], kind: CellKind = "code") -> Step:
    """Change the draft at the index of the first cell that contains `marker`."""

    def step(draft: Draft) -> Draft | None:
        index = find(draft, marker, kind)
        return None if index is None else change(draft, index)

    return step


def sub(old: str, new: str, inside: str = "") -> Step:
    """Replace `old` by `new` in all code, or only in the first code cell that contains `inside`."""

    def step(draft: Draft) -> Draft | None:
        done = False
        for index, cell in tuple(draft.code):
            if old in cell.source and (not inside or index == find(draft, inside)):
                draft, done = draft.with_source(index, cell.source.replace(old, new)), True
        return draft if done else None

    return step


def cell(marker: str, source: str, kind: CellKind = "code") -> Step:
    """Replace the first cell that contains `marker`."""
    return at(marker, lambda draft, index: draft.with_source(index, source.strip("\n")), kind)


def before(marker: str, source: str, kind: CellKind = "code") -> Step:
    """Insert a cell before the first code cell that contains `marker`."""
    return at(marker, lambda draft, index: draft.insert(index, Cell(kind, source.strip("\n"))))


def after(marker: str, source: str, kind: CellKind = "code") -> Step:
    """Insert a cell after the first code cell that contains `marker`."""
    return at(marker, lambda draft, index: draft.insert(index + 1, Cell(kind, source.strip("\n"))))


def prefix(marker: str, text: str) -> Step:
    """Insert text at the beginning of the first code cell that contains `marker`."""
    return at(marker, lambda draft, index: draft.with_source(index, text + draft.cells[index].source))


def suffix(marker: str, text: str) -> Step:
    """Append text to the first code cell that contains `marker`."""
    return at(marker, lambda draft, index: draft.with_source(index, draft.cells[index].source + text))


def drop(marker: str, kind: CellKind = "code") -> Step:
    """Remove the first cell that contains `marker`."""
    return at(marker, Draft.remove, kind)


def move(marker: str, behind: str) -> Step:
    """Move the first code cell that contains `marker` after the first that contains `behind`."""

    def step(draft: Draft) -> Draft | None:
        source = find(draft, marker)
        if source is None:
            return None
        moved, rest = draft.cells[source], draft.remove(source)
        target = find(rest, behind)
        return None if target is None else rest.insert(target + 1, moved)

    return step


def twice(marker: str) -> Step:
    """Duplicate the first code cell that contains `marker`."""
    return at(marker, lambda draft, index: draft.insert(index, draft.cells[index]))


def outputs(marker: str, text: str) -> Step:
    """Store an output that no run made in the first code cell that contains `marker`."""
    stream = {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}
    return at(marker, lambda draft, index: draft.with_cell(index, replace(draft.cells[index], outputs=(stream,))))


def renamed(names: Mapping[str, str]) -> Step:
    """Rename identifiers in all code."""

    def step(draft: Draft) -> Draft | None:
        changed = draft.rename(names)
        return None if changed == draft else changed

    return step
