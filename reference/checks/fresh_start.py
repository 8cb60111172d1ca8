"""Whether a new training began with empty lists and from step 0, by the arguments of the functions that trained."""

from __future__ import annotations

from collections.abc import Iterator

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
    found = dict.fromkeys(_carried(e, first.train))
    if first.test is not None:
        found |= dict.fromkeys(words for words in _carried(e, first.test) if not words.startswith(STEP))
    return " and ".join(found)


def _carried(e: Evidence, seen: Pass) -> Iterator[str]:
    for function, arguments in ((seen.function, seen.arguments), (seen.inner_function, seen.inner_arguments)):
        bindings = next((p.bindings for p in e.loops.values() if function is not None and p.function == function), {})
        for argument in arguments:
            role = bindings.get(argument.name)
            if role in LISTS and argument.length:
                yield f"'{argument.name}' held {argument.length} values already"
            elif role == STEP and isinstance(argument.value, float) and argument.value > 0:
                yield f"{STEP} was {argument.value:g}"
