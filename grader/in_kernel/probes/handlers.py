"""Handlers of the probe requests: describe the namespace, build and call models, run loops, inspect loaders.

Each takes a JSON payload and a namespace, by default the notebook's. Exceptions of student code reach the agent, which
reports where they were raised. Only `probe.loop` catches them itself, because what happened before counts too.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

from grader.in_kernel import agent, events
from grader.in_kernel.agent import handler
from grader.in_kernel.probes import loaders, loops, models
from grader.in_kernel.probes import namespace as probe_names
from grader.in_kernel.probes.ownership import visible

Probe = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]

PROBES: dict[str, Probe] = {
    "probe.describe": lambda _, namespace: probe_names.describe(namespace),
    "probe.build": models.build,
    "probe.shape": models.shape,
    "probe.shapes": models.shapes,
    "probe.forward": models.forward,
    "probe.trace": models.operations,
    "probe.loop": lambda payload, namespace: loops.run_loop(payload, namespace, agent.describe),
    "probe.loader": loaders.loader,
}


class _Nowhere(io.TextIOBase):
    """A stream that discards what student code prints."""

    def write(self, text: str) -> int:
        """Discard the text and return its length, as if it had been written."""
        return len(text)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Discard everything that is printed or displayed inside."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(_Nowhere()))
        stack.enter_context(contextlib.redirect_stderr(_Nowhere()))
        if "IPython" in sys.modules:
            from IPython.utils.capture import capture_output

            stack.enter_context(capture_output(stdout=False, stderr=False, display=True))
        yield


def probe(name: str, payload: dict[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Answer one request on a namespace; arrays in payload and answer stay arrays. Raises what student code raises."""
    with events.pause(), quiet():
        found = namespace if name in ("probe.describe", "probe.loop") else visible(namespace)
        return PROBES[name](payload, found)


def _user_namespace() -> dict[str, Any]:
    from IPython import get_ipython

    namespace: dict[str, Any] = get_ipython().user_ns
    return namespace


def _register(name: str) -> None:
    @handler(name)
    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        return probe(name, payload, _user_namespace())


for _name in PROBES:
    _register(_name)
