"""Values attached to objects: by identity, without keeping the objects alive."""

import gc

import pytest

from grader.in_kernel.weak_map import Attached


class Thing:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")


def test_objects_are_found_by_identity_alone() -> None:
    known: Attached[int] = Attached()
    one, other = Thing(), Thing()  # unhashable, and not to be compared
    assert known.put(one, 1) == 1
    assert (known.get(one), known.get(other), known.get([])) == (1, None, None)
    known.put(one, 2)
    assert [(owner is one, value) for owner, value in known.items()] == [(True, 2)]
    known.clear()
    assert known.get(one) is None


def test_values_are_removed_with_their_objects() -> None:
    known: Attached[int] = Attached()
    things = [Thing() for _ in range(50)]
    for number, thing in enumerate(things):
        known.put(thing, number)
    del things[10:], thing
    gc.collect()
    assert len(known) == 10
    fresh = [Thing() for _ in range(200)]  # some at the addresses of the old ones
    assert all(known.get(thing) is None for thing in fresh)


def test_objects_without_weak_references_are_refused() -> None:
    with pytest.raises(TypeError):
        Attached[int]().put([], 1)
