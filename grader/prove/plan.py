"""The notebooks to grade: every fault, every style, and seeded combinations of them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.prove.draft import Draft
from grader.prove.mutation import Mutation
from grader.prove.scopes import unbound, unfit_calls

MOST_STYLES = 3  # on top of one fault
TRIES = 50  # draws for one combination, until the mutations fit together


@dataclass(frozen=True)
class Variant:
    """A notebook made from the solution by applying mutations one after the other."""

    mutations: tuple[Mutation, ...]
    draft: Draft

    @property
    def name(self) -> str:
        """The names of its mutations, joined by '+'."""
        return "+".join(mutation.name for mutation in self.mutations)

    @property
    def words(self) -> str:
        """The descriptions of its mutations."""
        return " ".join(mutation.words for mutation in self.mutations)

    @property
    def faults(self) -> tuple[Mutation, ...]:
        """The faults among its mutations; none in a correct notebook."""
        return tuple(mutation for mutation in self.mutations if mutation.kind == "fault")

    @property
    def kind(self) -> str:
        """'style', 'fault', 'fault in another style' or 'two faults'."""
        if not self.faults:
            return "style"
        if len(self.faults) > 1:
            return "two faults"
        return "fault" if len(self.mutations) == 1 else "fault in another style"


class Misfit(Exception):
    """A mutation does not fit the solution, or changes nothing in it; the message is one sentence."""


def mutated(solution: Draft, mutations: Sequence[Mutation], seed: int) -> Variant | None:
    """Apply the mutations to the solution. Returns None if one of them does not fit or changes nothing.

    A mutation's random numbers depend only on the seed and its name, so that a variant is the same in every plan.
    """
    draft = solution
    for mutation in mutations:
        changed = mutation.apply(draft, random.Random(f"{seed} {mutation.name}"))
        if changed is None or changed == draft:
            return None
        draft = changed
    return Variant(tuple(mutations), draft)


def singles(solution: Draft, mutations: Sequence[Mutation], seed: int) -> list[Variant]:
    """Return one variant for each mutation. Raises Misfit if one does not fit the solution."""
    found = []
    for mutation in mutations:
        variant = mutated(solution, [mutation], seed)
        if variant is None:
            raise Misfit(f"the mutation {mutation.name} does not fit the solution")
        found.append(variant)
    return found


def combinations(solution: Draft, mutations: Sequence[Mutation], count: int, seed: int) -> list[Variant]:
    """Return up to `count` combinations, alternately of a fault with styles on top and of two faults.

    Two faults are combined only if neither touches an item that the other must cost, so that each can be found.
    Left out are faults that no check can see, and combinations in which one mutation undoes another's fault, a name
    becomes unbound that is bound with each mutation alone, or a call does not fit its function any more.
    """
    rng = random.Random(seed)
    faults = [mutation for mutation in mutations if mutation.kind == "fault" and not mutation.unseen]
    styles = [mutation for mutation in mutations if mutation.kind == "style"]
    found: dict[str, Variant] = {}
    for number in range(2 * count):
        if len(found) == count:
            break
        draw = _draw_styled_fault if styles and number % 2 == 0 else _draw_two_faults
        for _ in range(TRIES):
            drawn = draw(rng, faults, styles)
            variant = mutated(solution, drawn, seed) if drawn else None
            if variant is not None and variant.name not in found:
                if _goes_together(solution, variant, seed):
                    found[variant.name] = variant
                break
    return list(found.values())


def _goes_together(solution: Draft, variant: Variant, seed: int) -> bool:
    """Return whether each fault still changes the notebook, and all names and calls fit that fit with each alone."""
    for fault in variant.faults:
        others = mutated(solution, [mutation for mutation in variant.mutations if mutation is not fault], seed)
        if others is not None and others.draft == variant.draft:
            return False
    left = _misfits(variant.draft)
    alone = (mutated(solution, [mutation], seed) for mutation in variant.mutations) if left else ()
    return not left.difference(*(_misfits(one.draft) for one in alone if one is not None))


def _misfits(draft: Draft) -> frozenset[str]:
    return unbound(draft) | unfit_calls(draft)


def _draw_styled_fault(rng: random.Random, faults: Sequence[Mutation], styles: Sequence[Mutation]) -> list[Mutation]:
    if not faults:
        return []
    return [rng.choice(faults), *rng.sample(styles, min(len(styles), rng.randint(1, MOST_STYLES)))]


def _draw_two_faults(rng: random.Random, faults: Sequence[Mutation], styles: Sequence[Mutation]) -> list[Mutation]:
    if len(faults) < 2:
        return []
    one, other = rng.sample(faults, 2)
    apart = not one.items & (other.items | other.may) and not other.items & one.may
    return [one, other] if apart else []


def only(variants: Sequence[Variant], pattern: str) -> list[Variant]:
    """Return the variants whose name the regular expression matches somewhere."""
    return [variant for variant in variants if re.search(pattern, variant.name)]


def subset(variants: Sequence[Variant], count: int, seed: int) -> list[Variant]:
    """Draw `count` variants, in turn from each group of names, so that every group is represented."""
    rng = random.Random(seed)
    groups: dict[tuple[str, str], list[Variant]] = {}
    for variant in rng.sample(variants, len(variants)):
        group, dot, _ = variant.name.partition(".")
        groups.setdefault((variant.kind, group if dot and variant.faults else ""), []).append(variant)
    return [variant for variant, _ in zip(_by_turns(list(groups.values())), range(count), strict=False)]


def _by_turns(groups: Sequence[Sequence[Variant]]) -> Iterator[Variant]:
    for turn in range(max(map(len, groups), default=0)):
        for group in groups:
            if turn < len(group):
                yield group[turn]
