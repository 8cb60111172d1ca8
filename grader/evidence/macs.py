"""Count the multiply-accumulates of a traced operation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from grader.evidence.probes import Operation

__all__ = ["macs"]

UNUSED = "unused:"  # prefix of an operation whose result does not reach the output, see in_kernel.probes.operations


def macs(operation: Operation) -> int:
    """Return the multiply-accumulates of an operation by thop's convention, for the batch that was traced.

    The source is thop/vision/basic_hooks.py; see `grader.checks.models.count_macs`. It counts what is computed in vain,
    too.

    >>> macs(Operation("linear", (1, 784), (1, 128), weight=(128, 784)))
    100352
    """
    count = _MACS.get(operation.name.removeprefix(UNUSED))
    return count(operation) if count is not None else 0


def _linear_macs(op: Operation) -> int:
    return math.prod(op.output) * (op.input[-1] if op.input else 0)


def _conv_macs(op: Operation) -> int:
    return math.prod(op.output) * math.prod(op.weight[1:])


def _adaptive_average_macs(op: Operation) -> int:
    kernel = math.prod(max(1, i // o) for i, o in zip(op.input[2:], op.output[2:], strict=False))
    return (kernel + 1) * math.prod(op.output)


_MACS: Mapping[str, Callable[[Operation], int]] = {
    "linear": _linear_macs,
    "conv1d": _conv_macs,
    "conv2d": _conv_macs,
    "conv3d": _conv_macs,
    "adaptive_avg_pool2d": _adaptive_average_macs,
    "avg_pool2d": lambda op: math.prod(op.output),
    **dict.fromkeys(("batch_norm", "layer_norm", "group_norm"), lambda op: 4 * math.prod(op.output)),
}
