"""Send requests to the probes in a student's kernel and decode their answers."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from grader.evidence.answers import ANSWERS, MAX_REPLY_ARRAY, decode_answer
from grader.evidence.answers import array as answered_array
from grader.evidence.namespace import NamespaceFacts
from grader.evidence.probes import ProbeError
from grader.evidence.run import Malformed, convert
from grader.machine import usable_cores
from grader.sandbox.kernel import RequestFailed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

MAX_SLOWNESS = 8  # the largest factor by which deadlines grow on a busy machine


class Asked(Protocol):
    """A kernel that answers probes, as `grader.sandbox.kernel.Kernel` does."""

    @property
    def alive(self) -> bool:
        """True while it can answer."""

    def request(self, name: str, payload: Mapping[str, object], seconds: float | None = None) -> dict[str, object]:
        """Return the probe's answer, or {"error": {"type", "message", "line", "cell"}}. Raises RequestFailed."""


class Refused(Exception):
    """A probe ended with an exception of the student's code or without an answer; `error` says which."""

    def __init__(self, error: ProbeError) -> None:
        super().__init__(error.message)
        self.error = error


def ask(kernel: Asked, name: str, payload: Mapping[str, object], seconds: float) -> dict[str, Any]:
    """Return the answer to a probe as JSON data, in the form of its record in `ANSWERS`.

    `seconds` is the deadline on an idle machine. Raises Refused for an error of the student's code, a malformed answer,
    a missed deadline, or a dead kernel.
    """
    answer = ask_tolerantly(kernel, name, payload, seconds)
    error = probe_error(answer)
    if error is not None:
        raise Refused(error)
    if name in ANSWERS:
        _decoded(answer, ANSWERS[name])
    return answer


def ask_for(kernel: Asked, kind: type[T], payload: Mapping[str, object], seconds: float) -> T:
    """Return the answer to the probe that answers with the record `kind`, as that record. Raises Refused like `ask`."""
    name = next(name for name, answered in ANSWERS.items() if answered is kind)
    answer = ask_tolerantly(kernel, name, payload, seconds)
    error = probe_error(answer)
    if error is not None:
        raise Refused(error)
    return _decoded(answer, kind)


def _decoded(answer: Mapping[str, object], kind: type[T]) -> T:
    try:
        return decode_answer(answer, kind)
    except Malformed as problem:
        raise Refused(ProbeError("Malformed", str(problem))) from None


def ask_tolerantly(kernel: Asked, name: str, payload: Mapping[str, object], seconds: float) -> dict[str, Any]:
    """Like `ask`, but the answer may hold an error beside other data. Raises Refused only if there is no answer."""
    try:
        return kernel.request(name, payload, seconds * slowness())
    except RequestFailed as failure:
        kind = "Timeout" if kernel.alive else "KernelDied"
        raise Refused(ProbeError(kind, str(failure).removeprefix(f"{name}: "))) from None


def slowness() -> int:
    """Return the factor by which deadlines grow, so that the load of other processes does not count as a fault."""
    try:
        waiting = os.getloadavg()[0] / usable_cores()
    except (OSError, AttributeError):
        return 1
    return min(MAX_SLOWNESS, max(1, math.ceil(waiting)))


def probe_error(answer: Mapping[str, Any]) -> ProbeError | None:
    """Return the error in an answer, None if there is none."""
    if answer.get("error") is None:
        return None
    try:
        found = convert(answer["error"], ProbeError)
        return replace(found, type=found.type[:200], message=found.message[:4000])
    except Malformed:
        return ProbeError("Malformed", "the probe's answer does not have the agreed form")


def array(value: Any, *, max_bytes: int = MAX_REPLY_ARRAY) -> NDArray[np.float32]:
    """Decode an array of floats in an answer. Raises Malformed."""
    return answered_array(value, "float32", max_bytes=max_bytes)


def describe(kernel: Asked, seconds: float = 30.0) -> NamespaceFacts:
    """Return what the names in the kernel's namespace stand for. Raises Refused."""
    return ask_for(kernel, NamespaceFacts, {}, seconds)
