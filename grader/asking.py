"""Questions to the probes in a student's kernel, and what they are asked about: images drawn afresh for every submission."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from grader.evidence import Malformed, ProbeError, convert, decode_array
from grader.names import NamespaceFacts
from grader.sandbox.kernel import RequestFailed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLASSES = 10
MAX_REPLY_ARRAY = 16 * 1024 * 1024  # bytes


class Asked(Protocol):
    """A kernel that answers probes, as `grader.sandbox.kernel.Kernel` does."""

    @property
    def alive(self) -> bool:
        """Whether it can answer at all."""

    def request(self, name: str, payload: Mapping[str, object], seconds: float | None = None) -> dict[str, object]:
        """The probe's answer, or {"error": {"type", "message", "line", "cell"}}. Raises RequestFailed."""


class Refused(Exception):
    """A probe ended with an exception of the student's code, or without an answer: `error` says which."""

    def __init__(self, error: ProbeError) -> None:
        super().__init__(error.message)
        self.error = error


def ask(kernel: Asked, name: str, payload: Mapping[str, object], seconds: float) -> dict[str, Any]:
    """The answer to a probe. Raises Refused for an error of the student's code, no answer in time, or a dead kernel."""
    answer = ask_tolerantly(kernel, name, payload, seconds)
    error = probe_error(answer)
    if error is not None:
        raise Refused(error)
    return answer


def ask_tolerantly(kernel: Asked, name: str, payload: Mapping[str, object], seconds: float) -> dict[str, Any]:
    """Like `ask`, but an answer may hold an error beside other things. Raises Refused when there is no answer."""
    try:
        return kernel.request(name, payload, seconds)
    except RequestFailed as failure:
        kind = "Timeout" if kernel.alive else "KernelDied"
        raise Refused(ProbeError(kind, str(failure).removeprefix(f"{name}: "))) from None


def probe_error(answer: Mapping[str, Any]) -> ProbeError | None:
    """The error in an answer, None when there is none."""
    if answer.get("error") is None:
        return None
    try:
        return convert(answer["error"], ProbeError)
    except Malformed:
        return ProbeError("Malformed", "the probe's answer does not have the agreed form")


def array(value: Any, *, max_bytes: int = MAX_REPLY_ARRAY) -> NDArray[Any]:
    """An array of an answer, from the sandbox or from our own side. Raises Malformed."""
    return decode_array(value, max_bytes=max_bytes) if isinstance(value, Mapping) else value


def describe(kernel: Asked, seconds: float = 30.0) -> NamespaceFacts:
    """What the names in the kernel stand for. Raises Refused."""
    answer = ask(kernel, "probe.describe", {}, seconds)
    try:
        return convert(answer, NamespaceFacts)
    except Malformed as problem:
        raise Refused(ProbeError("Malformed", str(problem))) from None


# --- inputs ------------------------------------------------------------------------------------------------------


def generator() -> np.random.Generator:
    """Random numbers that no student can foresee."""
    import numpy as np

    return np.random.default_rng(secrets.randbits(128))


def draw_labels(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """`count` labels from 0 to 9."""
    return rng.integers(0, CLASSES, count)


def draw_images(rng: np.random.Generator, labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Images (N, 28, 28) like MNIST's in grey levels: a pattern for each class, dark outside, with noise of their own."""
    import numpy as np

    coarse = rng.random((CLASSES, 5, 5)) ** 2
    patterns = np.zeros((CLASSES, 28, 28))
    patterns[:, 4:24, 4:24] = np.kron(coarse, np.ones((4, 4)))
    strength = rng.uniform(0.6, 1.0, (len(labels), 1, 1))
    noise = rng.random((len(labels), 28, 28)) ** 4 * (patterns[labels] > 0)
    values: NDArray[np.uint8] = (np.clip(patterns[labels] * strength + 0.4 * noise, 0, 1) * 255).astype(np.uint8)
    return values
