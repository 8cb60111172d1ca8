"""Whether a new training began with empty lists and from step 0, by the arguments of the functions that trained."""

from __future__ import annotations

from collections.abc import Sequence

from grader.assignment import Evidence
from grader.evidence.run import Pass
from grader.evidence.trainings import Training

LISTS = ("losses", "accuracies", "steps")  # roles that a probe finds for the arguments of a function
STEP = "current_step"


def carried_over(e: Evidence, training: Training) -> str:
    """Return in words what a training took over from the one before: values in its lists, its step; '' if nothing.

    Only what was passed to functions whose arguments are known from a probe is seen. Lists that are global are not.
    """
    first = training.epochs[0]
    lists, steps = _carried(e, first.train)
    if first.test is not None:
        lists |= _carried(e, first.test)[0]
    by_length: dict[int, list[str]] = {}
    for name, length in lists.items():
        by_length.setdefault(length, []).append(f"'{name}'")
    return " and ".join([*(_held(names, length) for length, names in by_length.items()), *steps])


def _held(names: Sequence[str], length: int) -> str:
    """Return in words that lists were not empty.

    >>> _held(["'losses'", "'steps'"], 20)
    "the lists 'losses' and 'steps' held 20 values already"
    """
    told = " and ".join(", ".join(names).rsplit(", ", 1))
    lists = f"the lists {told}" if len(names) > 1 else f"the list {told}"
    return f"{lists} held {length} values already" if length > 1 else f"{lists} held 1 value already"


def _carried(e: Evidence, seen: Pass) -> tuple[dict[str, int], list[str]]:
    """Return the lengths of a function's lists by their names, and what its first step was, in words, if not 0."""
    lists: dict[str, int] = {}
    steps: list[str] = []
    for function, arguments in ((seen.function, seen.arguments), (seen.inner_function, seen.inner_arguments)):
        bindings = next((p.bindings for p in e.loops.values() if function is not None and p.function == function), {})
        for argument in arguments:
            role = bindings.get(argument.name)
            if role in LISTS and argument.length:
                lists[argument.name] = argument.length
            elif role == STEP and isinstance(argument.value, float) and argument.value > 0 and not steps:
                steps.append(f"its steps began at {argument.value:g}")
    return lists, steps
