"""Compare what probes say of training and test functions with what these did in the notebook's own run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from grader.assignment import Evidence, Fail, NotGraded
from grader.evidence.probes import LoopProbe
from grader.evidence.run import Pass


def once(e: Evidence, check: Callable[[LoopProbe], str], role: str, other: str) -> str:
    """Return what a check says of the function in `role`.

    A fault that it also finds in the function in `other` costs nothing if both run the same loop. Raises Fail.
    """
    try:
        return check(e.loops[role])
    except Fail as fail:
        if role == other or not _same_loop(e, role, other) or _fault(check, e.loops[other]) != fail.seen:
            raise
        return f"{fail.seen}; {other} runs the same loop, where this cost points, so it costs nothing here"


def _fault(check: Callable[[LoopProbe], str], probe: LoopProbe) -> str:
    """Return what a check finds wrong; '' if nothing."""
    try:
        check(probe)
    except Fail as fail:
        return fail.seen
    except NotGraded:
        return ""
    return ""


def works_in_run(e: Evidence, role: str) -> bool:
    """Return whether the function found for a role went over a whole loader with a model in the notebook's own run.

    The model must have been trained more than once: a new one in each call is a fault.
    """
    name, ended = e.loops[role].function, {cell.index for cell in e.run.cells if cell.status == "ok"}
    trained = Counter(seen.model for seen in e.run.passes if seen.trains)
    return name is not None and any(
        seen.complete
        and seen.cell in ended
        and trained[seen.model] > 1
        and name in (seen.function, seen.inner_function)
        for seen in _passes(e, role)
    )


def in_run_only(seen: str) -> NotGraded:
    """Return the verdict on a function that works in the notebook, and not when the grader calls it."""
    return NotGraded(
        f"{seen}; it works in the notebook's own run, so a person decides",
        ("a person must look: the grader cannot call this function as the notebook does",),
    )


def _same_loop(e: Evidence, role: str, other: str) -> bool:
    """Return whether one function of the notebook holds the loop over the batches for both roles."""
    mine = _loops(e, role)
    return len(mine) == 1 and None not in mine and mine <= _loops(e, other)


def _loops(e: Evidence, role: str) -> set[str | None]:
    """Return the innermost functions in which models were trained, or tested, on the device of a role."""
    return {seen.inner_function or seen.function for seen in _passes(e, role)}


def _passes(e: Evidence, role: str) -> list[Pass]:
    device, trains = ("cuda" if role.startswith("gpu") else "cpu"), role.endswith("train")
    return [seen for seen in e.run.passes if seen.trains == trains and (seen.model_device or "").startswith(device)]
