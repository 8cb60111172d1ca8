"""How many workers may die on one notebook before the notebook is blamed."""

from __future__ import annotations

from collections import defaultdict

MAX_DEATHS = 3  # machines also fail for unrelated reasons
MAX_EXCUSED = 5  # bounds what a notebook that kills its workers can cost


class WorkerDeaths:
    """The workers that died, and the notebooks that each of them was grading.

    If all notebooks of a dead worker were graded later, none of them had killed it: machines fail here for other
    reasons, and one notebook may lose more workers by chance.
    """

    def __init__(self) -> None:
        self._notebooks: defaultdict[str, set[str]] = defaultdict(set)
        self._survived: set[str] = set()

    def add(self, worker: str, notebook: str) -> None:
        """Record that `worker` (an address, '' if it is not known) died while it graded `notebook`."""
        if worker:
            self._notebooks[worker].add(notebook)

    def survived(self, notebook: str) -> None:
        """Record that a worker graded `notebook` to its end."""
        self._survived.add(notebook)

    @property
    def limit(self) -> int:
        """The number of workers after which a notebook fails.

        MAX_DEATHS, and one more for each worker that died for another reason, up to MAX_EXCUSED of them.
        """
        excused = sum(notebooks <= self._survived for notebooks in self._notebooks.values())
        return MAX_DEATHS + min(excused, MAX_EXCUSED)
