"""The time that one notebook may take, shared by all of its kernels."""

from __future__ import annotations

from grader.sandbox.limits import Limits


class Budget:
    """The time left to one notebook: for its own cells, and for the grader's questions about its definitions.

    The run has `total_seconds`. Questions have what the run left of these, but at least `probing_seconds`: a notebook
    that is slow within its limit can still be probed. Definitions that run only to be probed count as questions.
    """

    def __init__(self, limits: Limits) -> None:
        self._total, self._probing = limits.total_seconds, limits.probing_seconds
        self._ran = self._asked = 0.0

    def left(self, asking: bool) -> float:
        """Return the seconds that are left to the cells or, with `asking`, to questions; not above zero if none are."""
        return self._for_questions - self._asked if asking else self._total - self._ran

    def spend(self, seconds: float, asking: bool) -> None:
        """Count time that a cell or, with `asking`, a question took."""
        if asking:
            self._asked += seconds
        else:
            self._ran += seconds

    @property
    def _for_questions(self) -> float:
        return max(self._total - self._ran, self._probing)

    def used_up(self, asking: bool) -> str:
        """Return in words that no time is left."""
        if asking:
            return f"the grader's earlier questions to this notebook used all of their {self._for_questions:.3g} s"
        return f"earlier cells used all of the {self._total:g} s"
