"""The names that are bound or hidden at one place of a walk: leaving a block takes as long as the block is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Bound:
    """The names that are surely bound at this place of the walk.

    The changes of a block of statements can be undone. That takes time for the block only, not for all names.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._log: list[tuple[str, bool]] = []  # each name that changed, and whether it was bound before

    def add(self, name: str) -> None:
        """Bind a name."""
        if name not in self.names:
            self.names.add(name)
            self._log.append((name, False))

    def discard(self, name: str) -> None:
        """Delete a name."""
        if name in self.names:
            self.names.discard(name)
            self._log.append((name, True))

    def mark(self) -> int:
        """Return a mark of the state, to be handed to `take_back`."""
        return len(self._log)

    def take_back(self, mark: int) -> dict[str, bool]:
        """Go back to a mark, and return the names that changed since, each with whether it was bound at the end."""
        changes: dict[str, bool] = {}
        while len(self._log) > mark:
            name, before = self._log.pop()
            changes.setdefault(name, name in self.names)
            if before:
                self.names.add(name)
            else:
                self.names.discard(name)
        return {name: bound for name, bound in changes.items() if bound != (name in self.names)}

    def go_on(self, ends: Sequence[dict[str, bool]]) -> None:
        """Bind what is bound at all of these ends of alternative blocks; without any, nothing changes."""
        for name, bound in min(ends, key=len, default={}).items():
            if bound and all(end.get(name) for end in ends):
                self.add(name)
        for name in (name for end in ends for name, bound in end.items() if not bound):
            self.discard(name)


class Hidden:
    """The names that are not the module's at this place of the walk."""

    def __init__(self, names: Iterable[str]) -> None:
        self._counts = dict.fromkeys(names, 1)

    def __contains__(self, name: str) -> bool:
        return name in self._counts

    def add(self, names: Iterable[str]) -> None:
        """Hide names, as often as they are added."""
        for name in names:
            self._counts[name] = self._counts.get(name, 0) + 1

    def remove(self, names: Iterable[str]) -> None:
        """Take back what `add` did."""
        for name in names:
            self._counts[name] -= 1
            if not self._counts[name]:
                del self._counts[name]
