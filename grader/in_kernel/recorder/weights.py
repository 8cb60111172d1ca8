"""Keep the weights of trained models after a pass and send them out, so that the driver can check the records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from grader.in_kernel import events
from grader.in_kernel.encoding import encode_array

if TYPE_CHECKING:
    import torch
    from torch import nn

MAX_ELEMENTS = 700_000  # per model; they must fit into one event
AT_ONCE = frozenset((1, 2, 5, 10, 20))  # after this many tests of a model its weights are sent before the cell ends
MAX_EVENTS = 12  # per model
MAX_SENT = 32_000_000  # characters in all: half of what the driver reads


class _Kept:
    """The latest weights of one model, with the cell and start of the pass after which it had them."""

    def __init__(self, cell: int, start: float, values: dict[str, torch.Tensor]) -> None:
        self.cell, self.start, self.values = cell, start, values


_pending: dict[str, _Kept] = {}
_tests: Counter[str] = Counter()
_sent: Counter[str] = Counter()
_left = MAX_SENT


def install() -> None:
    """Reset the state, and send pending weights at the end of every cell."""
    global _left
    _left = MAX_SENT
    for store in (_pending, _tests, _sent):
        store.clear()
    events.at_cell_end(send_pending)


def knows(key: str) -> bool:
    """Return whether weights of this model were kept before, which means that it has been trained."""
    return key in _pending or key in _sent


def keep(key: str, model: nn.Module, cell: int, start: float, tested: bool) -> None:
    """Keep a model's current weights, at the end of the pass that began at `start`.

    `tested` means that the pass trained nothing. Weights are sent after some of the tests, and at the end of the cell.
    """
    buffers = {name: value for name, value in model.named_buffers() if value.is_floating_point()}
    values = {**dict(model.named_parameters()), **buffers}
    if sum(value.numel() for value in values.values()) > MAX_ELEMENTS:
        return
    _pending[key] = _Kept(cell, start, {n: v.detach().to("cpu", copy=True) for n, v in values.items()})
    if tested:
        _tests[key] += 1
        if _tests[key] in AT_ONCE:
            _send(key)


def send_pending() -> None:
    """Send the weights that have not been sent."""
    for key in list(_pending):
        _send(key)


def _send(key: str) -> None:
    global _left
    kept = _pending.pop(key)
    size = sum(value.numel() for value in kept.values.values()) * 16 // 3  # characters: four bytes each, in base64
    if _sent[key] >= MAX_EVENTS or size > _left:
        return
    _sent[key] += 1
    _left -= size
    events.emit("weights", {"cell": kept.cell, "model": key, "start": kept.start, "values": _encoded(kept.values)})


def _encoded(values: dict[str, torch.Tensor]) -> list[dict[str, Any]]:
    import numpy as np

    found = []
    for name, value in values.items():
        array = np.nan_to_num(value.float().numpy(), nan=1e30, posinf=1e30, neginf=-1e30)
        found.append({"name": name, "array": encode_array(array)})
    return found
