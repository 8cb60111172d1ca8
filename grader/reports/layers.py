"""Set the layers of a student's models beside the reference's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING

from grader.evidence.macs import macs
from grader.language import tr

if TYPE_CHECKING:
    from grader.evidence.probes import ModelProbe, Operation, Parameter

MOST_LAYERS = 60


@dataclass(frozen=True)
class Layer:
    """A layer of a model: its description, its output's shape, the number of its parameters, its MACs."""

    name: str
    output: str
    parameters: int
    macs: int


@dataclass(frozen=True)
class ModelTable:
    """A model's layers beside the reference's, each row a pair.

    `differs` is the number of the first row that differs, from 0. `left_out` counts the rows for which there was no
    room, `totals` holds the sums of all.
    """

    title: str
    rows: tuple[tuple[Layer | None, Layer | None], ...]
    differs: int | None
    totals: tuple[Layer, Layer]
    left_out: int = 0


def model_table(probe: ModelProbe) -> ModelTable:
    """Return the table for a model that was traced."""
    own = _layers(probe.operations, probe.parameters)
    reference = _layers(probe.reference_operations, probe.reference_parameters)
    rows = tuple(_side_by_side(own[:MOST_LAYERS], reference[:MOST_LAYERS]))[:MOST_LAYERS]
    differs = next((place for place, (one, other) in enumerate(rows) if not _alike(one, other)), None)
    title = tr("{model}, layer by layer, for one image", model=probe.class_name or probe.source or probe.role)
    totals = (_sum(own, probe.parameters), _sum(reference, probe.reference_parameters))
    return ModelTable(title, rows, differs, totals, max(len(own), len(reference)) - min(MOST_LAYERS, len(rows)))


def _alike(one: Layer | None, other: Layer | None) -> bool:
    return one is not None and other is not None and (one.name, one.output) == (other.name, other.output)


def _side_by_side(own: Sequence[Layer], reference: Sequence[Layer]) -> Iterator[tuple[Layer | None, Layer | None]]:
    """Yield pairs of layers, so that one more or one less does not move all that follow."""
    one, other = ([(layer.name, layer.output) for layer in layers] for layers in (own, reference))
    for _, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        yield from zip_longest(own[i:j], reference[k:m])


def _layers(operations: Sequence[Operation], parameters: Sequence[Parameter]) -> list[Layer]:
    """Return the operations that compute something; views only change shapes."""
    left = list(parameters)
    return [_layer(operation, left) for operation in operations if ":" not in operation.name]


def _layer(operation: Operation, parameters: list[Parameter]) -> Layer:
    shape = " × ".join(map(str, operation.output[1:])) or "1"
    return Layer(describe(operation), shape, _taken(operation, parameters), macs(operation))


def _taken(operation: Operation, parameters: list[Parameter]) -> int:
    """Return the number of an operation's parameters, its weight and its bias, and take these from the list."""
    at = next((at for at, one in enumerate(parameters) if one.shape == operation.weight), None)
    if not operation.weight or at is None:
        return math.prod(operation.weight) if operation.weight else 0
    weight = parameters.pop(at)
    bias = weight.name.removesuffix("weight") + "bias"
    if at < len(parameters) and bias != weight.name and parameters[at].name == bias:
        return math.prod(weight.shape) + math.prod(parameters.pop(at).shape)
    return math.prod(weight.shape)


def describe(operation: Operation) -> str:
    """Return an operation in words: its name, its sizes, and its settings.

    >>> from grader.evidence.probes import Operation
    >>> describe(Operation("linear", (1, 784), (1, 128), (128, 784)))
    'linear 784 → 128'
    """
    words = [operation.name.replace("_", " ")]
    if len(operation.weight) > 1:
        words.append(f"{operation.input[1] if len(operation.input) > 1 else '?'} → {operation.weight[0]}")
    if len(operation.weight) > 2:
        words.append("×".join(map(str, operation.weight[2:])))
    words += [f"{name} {value}" for name, value in sorted(operation.settings.items())]
    return " ".join(words[:2]) + "".join(f", {word}" for word in words[2:])


def _sum(layers: Sequence[Layer], parameters: Sequence[Parameter]) -> Layer:
    """Return the sums: of all the model's parameters where they are known, also those that no layer was seen to use."""
    known = sum(math.prod(one.shape) for one in parameters)
    return Layer("all", "", known or sum(layer.parameters for layer in layers), sum(layer.macs for layer in layers))
