"""Tell where the functions for the GPU had the model, the data, the labels and the losses, and did the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.evidence.probes import LoopProbe

DEVICES = {"cpu": "CPU", "cuda": "GPU"}


@dataclass(frozen=True)
class Share:
    """The share of the work on a device, from `start` to `start + percent` of a bar of 100."""

    device: str
    start: float
    percent: float


@dataclass(frozen=True)
class PlacementRow:
    """The devices on which a function had the model, images, labels and losses, and the shares of its FLOPs."""

    function: str
    model: tuple[str, ...]
    data: tuple[str, ...]
    labels: tuple[str, ...]
    losses: tuple[str, ...]
    flops: tuple[Share, ...]


def placement(probe: LoopProbe) -> PlacementRow | None:
    """Return the row for a function; None if its devices were not measured."""
    placed = probe.student.placement if probe.student is not None else None
    if placed is None:
        return None
    return PlacementRow(
        probe.function or probe.role,
        _names(placed.parameters),
        _names(placed.data),
        _names(placed.targets),
        _names(placed.losses),
        _shares([(name(device), count) for device, count in sorted(placed.flops.items())]),
    )


def name(device: str) -> str:
    """Return a device as people call it.

    >>> name("cuda:0"), name("cpu")
    ('GPU', 'CPU')
    """
    return DEVICES.get(device.split(":")[0], device)


def _names(devices: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(name, devices)))


def _shares(counts: Sequence[tuple[str, int]]) -> tuple[Share, ...]:
    whole, start, shares = sum(count for _, count in counts) or 1, 0.0, []
    for device, count in counts:
        percent = round(100 * count / whole, 1)
        shares.append(Share(device, start, percent))
        start = min(100.0, round(start + percent, 1))
    return tuple(shares)
