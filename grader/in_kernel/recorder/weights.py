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
EACH, EVERY = 21, 4  # the weights of the first epochs are sent, of later ones every fourth, and the last of each cell
MAX_EVENTS = 64  # per model
FEW = 12  # models
MAX_FIRST = 40  # models whose weights before the first training pass are kept
MAX_SENT = 64_000_000  # characters in all: two thirds of what the driver reads
# With half of that left, of a model only those after the first epochs, every fourth and the last of each cell, so that
# something is left for later models: a notebook may try out settings before the trainings that are asked for.
SPARE_EACH = 3


class _Kept:
    """The latest weights of one model, with the cell and start of the pass after which it had them."""

    def __init__(self, cell: int, start: float, values: dict[str, torch.Tensor], rank: int = 0) -> None:
        self.cell, self.start, self.values = cell, start, values
        self.rank = rank  # 0 after a training pass, 1 after a test, 2 after a test on test images


_first: dict[str, _Kept] = {}  # the weights of a model before its first training pass
_pending: dict[str, _Kept] = {}
_epochs: Counter[str] = Counter()
_sent: Counter[str] = Counter()
_left = MAX_SENT


def install() -> None:
    """Reset the state, and send pending weights at the end of every cell."""
    global _left
    _left = MAX_SENT
    for store in (_first, _pending, _epochs, _sent):
        store.clear()
    events.at_cell_end(send_pending)


def keep_none() -> None:
    """Keep and send no weights from now on."""
    global _left
    _left = 0


def knows(key: str) -> bool:
    """Return whether weights of this model were kept before, which means that it has been trained."""
    return key in _pending or key in _sent


def keep_first(key: str, model: nn.Module, cell: int, start: float) -> None:
    """Keep the weights of a model that has not been trained, in case that the pass that began at `start` trains it."""
    values = _values(model) if len(_first) < MAX_FIRST or key in _first else None
    if values is not None:
        _first[key] = _Kept(cell, start, values)


def training_begins(key: str) -> None:
    """Send the weights that a model had before this training pass, unless it is its first."""
    if key not in _pending and key not in _sent:
        return
    _send_first(key)
    if key in _pending:
        _epochs[key] += 1
        each = EACH if _left > MAX_SENT / 2 else SPARE_EACH
        _send(key, _pending.pop(key), wanted=_epochs[key] < each or _epochs[key] % EVERY == 0)


def _send_first(key: str) -> None:
    """Send the weights that a model had before its first training pass, if they were kept."""
    first = _first.pop(key, None)
    if first is not None:
        first.cell = max(0, events.cell())
        _send(key, first, before=True)


def keep(key: str, model: nn.Module, cell: int, start: float, tested: bool, preferred: bool = False) -> None:
    """Keep a model's current weights, at the end of the pass that began at `start`.

    `tested` means that the pass trained nothing, `preferred` that it went over test images: of several tests after one
    training pass, the first preferred one counts. The weights are sent when the next training pass begins or the cell
    ends.
    """
    before, rank = _pending.get(key), tested + (tested and preferred)
    if before is not None and 0 < rank <= before.rank:
        return
    if before is not None and not tested and before.start < start:  # `training_begins` did not see the training
        _send(key, before)
    values = _values(model)
    if values is not None:
        _pending[key] = _Kept(cell, start, values, rank)


def send_pending() -> None:
    """Send the weights that have not been sent.

    Those before a model's first training pass wait for the second, if many models were trained: to try them out.
    """
    for key in list(_pending):
        if len(_sent) < FEW:
            _send_first(key)
        _epochs[key] += 1
        _send(key, _pending.pop(key))


def _values(model: nn.Module) -> dict[str, torch.Tensor] | None:
    """Return copies of a model's weights; None if they are too large, or none are kept any more."""
    if _left <= 0:
        return None
    buffers = {name: value for name, value in model.named_buffers() if value.is_floating_point()}
    values = {**dict(model.named_parameters()), **buffers}
    if sum(value.numel() for value in values.values()) > MAX_ELEMENTS:
        return None
    return {name: value.detach().to("cpu", copy=True) for name, value in values.items()}


def _send(key: str, kept: _Kept, before: bool = False, wanted: bool = True) -> None:
    global _left
    size = sum(value.numel() for value in kept.values.values()) * 16 // 3  # characters: four bytes each, in base64
    if not wanted or _sent[key] >= MAX_EVENTS or size > _left:
        return
    _sent[key] += 1
    _left -= size
    found = {"cell": kept.cell, "model": key, "start": kept.start, "before": before, "values": _encoded(kept.values)}
    events.emit("weights", found)


def _encoded(values: dict[str, torch.Tensor]) -> list[dict[str, Any]]:
    import numpy as np

    found = []
    for name, value in values.items():
        array = np.nan_to_num(value.float().numpy(), nan=1e30, posinf=1e30, neginf=-1e30)
        found.append({"name": name, "array": encode_array(array)})
    return found
