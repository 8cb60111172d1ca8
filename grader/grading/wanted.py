"""Read which items of a rubric are wanted."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

from grader.assignment import Rubric, UnknownItem


def wanted_items(rubric: Rubric, given: str | Collection[str] | None) -> tuple[str, ...] | None:
    """Return the ids of the wanted items in the rubric's order; None, which stands for all, if none are given.

    Each text may hold several ids, separated by commas or white space, in any case. Raises UnknownItem, which names the
    nearest id and all others.

    >>> from grader.assignment import Item
    >>> rubric = Rubric("tiny", (Item("q1", "One", 0, ()), Item("q2", "Two", 0, ())))
    >>> wanted_items(rubric, "Q2, q1"), wanted_items(rubric, ("q2", " Q2 ")), wanted_items(rubric, None)
    (('q1', 'q2'), ('q2',), None)
    """
    if given is None:
        return None
    names = [name for text in ([given] if isinstance(given, str) else given) for name in re.split(r"[\s,;]+", text)]
    ids = {item.id.casefold(): item.id for item in rubric.items}
    found = set()
    for name in filter(None, names):
        if name.casefold() not in ids:
            near = get_close_matches(name.casefold(), ids, 1, 0.4)
            meant = f"did you mean {ids[near[0]]}? " if near else ""
            raise UnknownItem(f"no item {name!r}; {meant}there are {', '.join(ids.values())}")
        found.add(ids[name.casefold()])
    return tuple(item.id for item in rubric.items if item.id in found) or None
