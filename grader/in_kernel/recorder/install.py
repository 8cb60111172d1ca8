"""Start the recorder."""

from __future__ import annotations

from typing import Any

from grader.in_kernel import events
from grader.in_kernel.randomness import canonical


def install(config: dict[str, Any]) -> None:
    """Start recording. `config`: 'events_fd', an inherited file descriptor (absent: nothing is written)."""
    from grader.in_kernel.recorder import models, passes, profilers

    events.restart(config.get("events_fd"))
    canonical.on_note(events.note)
    models.install()
    profilers.install()
    passes.install()
