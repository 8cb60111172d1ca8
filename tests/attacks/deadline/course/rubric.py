"""An assignment whose check does to the grader's own process what a hostile text may make it do."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

from grader.assignment import Assignment, Check, Evidence, Item, Rubric


def reads(e: Evidence) -> str:
    """The text can be read."""
    text = "\n".join(cell.source for cell in e.notebook.cells)
    if "# run" in text:
        return f"{len(e.run.cells)} cells ran"
    if "# hang" in text:
        time.sleep(600)
    if "# loop" in text:
        while True:
            pass
    if "# eat" in text:
        held = []
        while True:
            held.append(bytearray(b"x" * (32 << 20)))
    if "# huge" in text:
        bytearray(1 << 44)
    if "# kill" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "# exit" in text:
        os._exit(3)
    if "# segfault" in text:
        ctypes.string_at(0)
    if "# flood" in text:
        for _ in range(300):
            os.write(1, b"x" * 65_536)
            sys.stderr.write("y" * 65_536)
    if "# large" in text:
        return "z" * (9 << 20)
    if "# stop" in text:
        os.kill(os.getpid(), signal.SIGSTOP)
    return "read"


def template() -> tuple[str, ...]:
    return ()


ASSIGNMENT = Assignment(
    name="fragile",
    rubric=Rubric("fragile", (Item("text", "The text", 5, (Check("text.read", 5, reads),)),)),
    prompts=(),
    template=template,
    models=(),
    loops=(),
    transform=None,
    program=(),
    anchors=lambda run: {},
    thresholds=lambda size: {},
)
