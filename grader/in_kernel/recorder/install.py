"""Start the recorder."""

from __future__ import annotations

import os
from typing import Any

from grader.in_kernel.events import _state, note
from grader.in_kernel.randomness import canonical as randomness


def install(config: dict[str, Any]) -> None:
    """Start to record. `config`: 'events_fd', an inherited file descriptor (absent: nothing is written)."""
    from grader.in_kernel.recorder import models, passes

    _state.__init__()  # type: ignore[misc]
    _state.fd = config.get("events_fd")
    _state.process = os.getpid()
    randomness.on_note(note)
    models.install()
    passes.install()
