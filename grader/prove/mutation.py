"""Mutations: one fault, or one other style of writing the same, to be put into a correct notebook."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from grader.prove.draft import Draft

Kind = Literal["fault", "style"]
Apply = Callable[[Draft, random.Random], "Draft | None"]


@dataclass(frozen=True)
class Mutation:
    """A fault or style, the items that it must cost points, and a function that puts it into a notebook.

    `words` is a sentence for people. The items in `items` must lose points (none for a style), those in `may` may lose
    some, as a consequence for example; all others must lose nothing. The first message of each item in `items` must
    match one of `keywords`, regular expressions that ignore case. `apply` takes random numbers only from its generator
    and returns None if the mutation does not fit the notebook. `unseen` is the reason why no check can see the fault:
    it must then cost nothing, and the report lists it as a known blind spot.
    """

    name: str
    kind: Kind
    words: str
    apply: Apply
    items: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    keywords: tuple[str, ...] = ()
    unseen: str = ""

    def __post_init__(self) -> None:
        if self.kind == "style" and (self.items or self.may or self.keywords):
            raise ValueError(f"the style {self.name} must cost nothing, so it must not name items or keywords")
        if self.kind == "fault" and not self.unseen and not (self.items and self.keywords):
            raise ValueError(
                f"the fault {self.name} must name the items that lose points and the keywords of the message"
            )


def all_of(*edits: Apply) -> Apply:
    """Make the edits one after the other; None if one of them does not fit."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        changed: Draft | None = draft
        for edit in edits:
            changed = edit(changed, rng) if changed is not None else None
        return changed

    return apply


def fault(
    name: str, words: str, apply: Apply, items: str, keywords: tuple[str, ...], may: str = "", unseen: str = ""
) -> Mutation:
    """Return a fault; `items` and `may` are ids separated by blanks."""
    return Mutation(name, "fault", words, apply, frozenset(items.split()), frozenset(may.split()), keywords, unseen)


def style(name: str, words: str, apply: Apply) -> Mutation:
    """Return a style, which is another right way to write the notebook."""
    return Mutation(name, "style", words, apply)


@dataclass(frozen=True)
class FaultGroup:
    """Makes faults whose names begin with the group's `name` and that cost the same `items`.

    `may` are items that a fault may cost as a consequence, unless it names others.
    """

    name: str
    items: str
    may: str = ""

    def fault(
        self, short: str, words: str, apply: Apply, keywords: tuple[str, ...], may: str | None = None, unseen: str = ""
    ) -> Mutation:
        """Return a fault named 'group.short'."""
        may = self.may if may is None else may
        return fault(f"{self.name}.{short}", words, apply, self.items, keywords, may, unseen)
