"""Start the recorder."""

from __future__ import annotations

from typing import Any

from grader.in_kernel import events
from grader.in_kernel.randomness import canonical


def install(config: dict[str, Any]) -> None:
    """Start recording.

    `config`: 'events_fd', an inherited file descriptor, or 'sink', a function that takes each event as a line of JSON
    (absent: nothing is written). With 'weights' false, no weights of models are kept and sent.
    """
    from grader.in_kernel.recorder import models, passes, profilers, weights

    events.restart(config.get("events_fd"), config.get("sink"))
    canonical.on_note(events.note)
    models.install()
    profilers.install()
    passes.install()
    if not config.get("weights", True):
        weights.keep_none()
