"""The notebooks to grade: all singles, seeded combinations that fit together, and a subset of every group."""

from __future__ import annotations

import random

import pytest

from grader.prove.draft import Cell, Draft
from grader.prove.mutation import Mutation, fault, style
from grader.prove.plan import Misfit, combinations, mutated, only, singles, subset

WHOLE = Draft((Cell("code", "x = 1"),))


def adds(text: str):
    def apply(draft: Draft, rng: random.Random) -> Draft:
        return draft.with_source(0, f"{draft.cells[0].source}\n{text} = {rng.randint(0, 10**9)}")

    return apply


def misfit(draft: Draft, rng: random.Random) -> None:
    return None


def made(count: int = 6) -> list[Mutation]:
    faults = [fault(f"f{n % 3}.{n}", "A fault.", adds(f"f{n}"), f"item{n % 3}", ("word",)) for n in range(count)]
    return [*faults, *(style(f"s.{n}", "A style.", adds(f"s{n}")) for n in range(3))]


def test_one_for_each_mutation() -> None:
    assert [variant.name for variant in singles(WHOLE, made(), 0)] == [mutation.name for mutation in made()]
    with pytest.raises(Misfit, match=r"f\.x does not fit"):
        singles(WHOLE, [fault("f.x", "A fault.", misfit, "a", ("b",))], 0)


def test_a_mutation_that_changes_nothing_does_not_fit() -> None:
    assert mutated(WHOLE, [style("s.same", "The same.", lambda draft, rng: draft)], 0) is None


def test_a_variant_is_the_same_in_every_plan() -> None:
    one, other = made()[0], made()[1]
    both = mutated(WHOLE, [one, other], 3)
    alone = mutated(WHOLE, [other], 3)
    assert both is not None
    assert alone is not None
    assert both.draft.cells[0].source.split("\n")[-1] == alone.draft.cells[0].source.split("\n")[-1]


def test_combinations_are_seeded_and_fit_together() -> None:
    found = combinations(WHOLE, made(), 20, 1)
    assert len(found) == 20
    assert [v.name for v in found] == [v.name for v in combinations(WHOLE, made(), 20, 1)]
    assert [v.name for v in found] != [v.name for v in combinations(WHOLE, made(), 20, 2)]
    assert {v.kind for v in found} == {"two faults", "fault in another style"}
    for variant in found:
        if variant.kind == "two faults":
            one, other = variant.faults
            assert not one.items & other.items


def test_what_cannot_be_seen_is_not_combined() -> None:
    blind = fault("f.blind", "A fault.", adds("blind"), "a", (), unseen="nobody can")
    assert combinations(WHOLE, [blind, *made(2)[2:]], 10, 0) == []


def test_a_style_that_undoes_the_fault_is_not_combined_with_it() -> None:
    fresh = style("s.fresh", "All anew.", lambda draft, rng: draft.with_source(0, "x = 2"))
    assert combinations(WHOLE, [made()[0], fresh], 20, 0) == []
    assert combinations(WHOLE, [made()[0], style("s.kept", "More.", adds("s"))], 20, 0)


def test_fewer_when_there_are_not_so_many() -> None:
    assert len(combinations(WHOLE, made(2)[:2], 50, 0)) < 50
    assert combinations(WHOLE, [], 5, 0) == []


def test_a_pattern_and_a_subset() -> None:
    variants = singles(WHOLE, made(), 0)
    assert [variant.name for variant in only(variants, "^f1")] == ["f1.1", "f1.4"]
    few = subset(variants, 4, 0)
    assert {variant.name.split(".")[0] for variant in few} == {"f0", "f1", "f2", "s"}
    assert few == subset(variants, 4, 0)


def test_a_style_costs_nothing_and_a_fault_something() -> None:
    with pytest.raises(ValueError, match="must cost nothing"):
        Mutation("s", "style", "A style.", misfit, frozenset({"a"}))
    with pytest.raises(ValueError, match="must name the items"):
        Mutation("f", "fault", "A fault.", misfit)
