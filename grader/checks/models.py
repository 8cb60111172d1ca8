"""Checks on a model: shapes, parameters, MACs, raw logits, and outputs equal to the reference's with the same weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from grader.assignment import Fail, NotGraded
from grader.evidence.compare import OUTPUT_TOLERANCE, relative_difference, squashing
from grader.evidence.probes import Comparison, ModelProbe, Operation, ProbeError, ShapeTrial

SHOWN = 500  # characters of an exception: it is the student's, and may hold whatever the probe handed in
CONTRADICTION = 1e-2  # a difference that no rounding explains


def describe_error(error: ProbeError) -> str:
    """An exception as a student reads it: type, message, and the line of the cell where it arose."""
    where = f" (cell {error.cell}, line {error.line})" if error.cell is not None and error.line is not None else ""
    said = error.message if len(error.message) <= SHOWN else f"{error.message[:SHOWN]}…"
    return f"{error.type[:100]}: {said}{where}"


def exists(probe: ModelProbe, wanted: str) -> str:
    """Says which model was taken for `wanted`; fails when none was found or it cannot be built."""
    if probe.missing:
        raise Fail(probe.missing, f"a model {wanted}")
    if probe.error is not None:
        raise Fail(f"{probe.source} cannot be built: {describe_error(probe.error)}", f"{wanted}() builds a model")
    return f"found {probe.source}"


def output_shapes(probe: ModelProbe, outputs: int) -> str:
    """Every input layout gives (B, `outputs`) for every batch size that was drawn."""
    wrong = [trial for trial in probe.trials if not _gives(trial, outputs)]
    if not probe.trials:
        raise NotGraded("the model was not called: the grader drew no inputs")
    if not wrong:
        layouts = {trial.shape[1:] for trial in probe.trials}
        sizes = sorted({trial.shape[0] for trial in probe.trials})
        forms = ", ".join(_layout(layout) for layout in sorted(layouts, key=len, reverse=True))
        return f"{forms} → (B, {outputs}) for {len(sizes)} batch sizes from {sizes[0]} to {sizes[-1]}"
    good = 1 - len({t.shape[1:] for t in wrong}) / len({t.shape[1:] for t in probe.trials})
    first = min(wrong, key=lambda trial: trial.shape[0])
    if first.error is not None:
        seen = f"an input of shape {first.shape} raises {describe_error(first.error)}"
    else:
        seen = f"an input of shape {first.shape} gives an output of shape {first.output}"
    wrong_layouts = {trial.shape[1:] for trial in wrong}
    works = [_layout(trial.shape[1:]) for trial in probe.trials if trial.shape[1:] not in wrong_layouts]
    hint = "Keep the batch dimension and flatten only the rest."
    if works:
        hint += f" {', '.join(sorted(set(works)))} works."
    raise Fail(seen, f"({first.shape[0]}, {outputs})", hint, credit=round(good, 2) * 0.5)


def _gives(trial: ShapeTrial, outputs: int) -> bool:
    return trial.output == (trial.shape[0], outputs)


def _layout(layout: Sequence[int]) -> str:
    return f"(B, {', '.join(map(str, layout))})"


def parameter_count(probe: ModelProbe, expected: int) -> str:
    """The model has `expected` parameter elements, all of them trainable."""
    _believed(probe)
    total = sum(math.prod(parameter.shape) for parameter in probe.parameters)
    frozen = [parameter.name for parameter in probe.parameters if not parameter.trainable]
    if total != expected:
        raise Fail(
            f"{total:,} parameters" + _layer_difference(probe),
            f"{expected:,} parameters",
            "Print the shape of each parameter and compare it with the layer sizes in the task.",
        )
    if frozen:
        raise Fail(
            f"{', '.join(frozen[:3])} {'is' if len(frozen) == 1 else 'are'} frozen (requires_grad is False)",
            "all parameters are trained",
            credit=0.5,
        )
    return f"{total:,} parameters"


def mac_count(probe: ModelProbe, expected: int) -> str:
    """One (1, 1, 28, 28) input costs `expected` multiply-accumulates, counted from the operations that were seen."""
    if not probe.operations:
        errors = [trial.error for trial in probe.trials if trial.error is not None]
        if errors and len(errors) == len(probe.trials):
            raise Fail(f"the model cannot be called: {describe_error(errors[0])}", f"{expected:,} MACs")
        raise NotGraded("the operations of the model could not be traced")
    _believed(probe)
    macs = count_macs(probe.operations)
    if macs != expected:
        raise Fail(
            f"{macs:,} MACs for one image" + _layer_difference(probe),
            f"{expected:,} MACs",
            "Stride, padding and the kind of pooling change the work without changing the number of parameters.",
        )
    return f"{macs:,} MACs for one image"


def count_macs(operations: Sequence[Operation]) -> int:
    """Multiply-accumulates by thop's convention, for the batch that was traced.

    Linear layers and convolutions count one per weight used, biases and activations nothing, adaptive average pooling its
    additions and one division per output, maximum pooling nothing, a norm with weights four per value
    (thop/vision/basic_hooks.py).
    """
    return sum(_MACS[op.name](op) for op in operations if op.name in _MACS)


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


def contradicted(probe: ModelProbe) -> bool:
    """Whether what was read from the model cannot be so: the same layers, weights and images give other outputs, or none.

    Parameters and operations are told by a process that ran the student's code; outputs for secret weights cannot be.
    """
    same = [_key(op) for op in probe.operations] == [_key(op) for op in probe.reference_operations]
    weights = [op.weight for op in probe.reference_operations if op.weight]
    same = same and len(set(weights)) == len(weights)  # else weights may have gone to a like layer beside
    callable_ = all(trial.error is None for trial in probe.trials)
    return same and any(_other_outputs(c, callable_) for c in probe.comparisons if not c.training and not c.why)


def _other_outputs(comparison: Comparison, callable_: bool) -> bool:
    """Whether outputs differ beyond rounding, or are refused by a model that can be called with any batch."""
    if comparison.student is None:
        return callable_ and comparison.error is not None
    return relative_difference(comparison.student, comparison.reference) > CONTRADICTION


def _key(op: Operation) -> tuple[object, ...]:
    return op.name, op.input, op.output, op.weight, tuple(sorted(op.settings.items()))


def _believed(probe: ModelProbe) -> None:
    if contradicted(probe):
        raise Fail(
            "what was read from the model cannot be so: the reference's layers with its weights give other outputs, or none",
            "a model that computes with the parameters and operations that it shows",
        )


def raw_logits(probe: ModelProbe) -> str:
    """The outputs are raw scores: nothing squashes or clips them. Decided from the outputs, not from the code."""
    outputs = [comparison.student for comparison in probe.comparisons if comparison.student is not None]
    if not outputs:
        raise _not_compared(probe.comparisons)
    kinds = {kind for kind in map(squashing, outputs) if kind}
    if kinds:
        kind = sorted(kinds)[0]
        raise Fail(
            f"the outputs have gone through {kind}",
            "raw logits: the last layer's output as it is",
            "CrossEntropyLoss does the normalising itself.",
        )
    return "the outputs are raw logits"


def same_outputs(probe: ModelProbe) -> str:
    """With the reference's weights the model gives the reference's outputs, in evaluation and in training mode."""
    worst = 0.0
    for comparison in probe.comparisons:
        if comparison.student is None:
            raise _not_compared((comparison,), probe)
        difference = relative_difference(comparison.student, comparison.reference)
        worst = max(worst, difference)
        if difference > OUTPUT_TOLERANCE:
            explanation = _layer_difference(probe)
            if comparison.training and not explanation:
                explanation = ": in training mode only, so a layer such as dropout or batch norm was added"
            raise Fail(
                f"with the reference's weights the outputs differ by {difference:.1%} of their size{explanation}",
                "the same outputs as the reference's model with the same weights",
                "Check the order of the layers and the activation after each of them.",
            )
    return f"with the reference's weights the outputs agree within {max(worst, 1e-9):.0e}"


def _not_compared(comparisons: Sequence[Comparison], probe: ModelProbe | None = None) -> Fail | NotGraded:
    for comparison in comparisons:
        if comparison.error is not None:
            return Fail(f"calling the model raises {describe_error(comparison.error)}")
        if comparison.why:
            return Fail(comparison.why + (_layer_difference(probe) if probe else ""), "the layers of the task")
    return NotGraded("the model's outputs could not be compared")


def _layer_difference(probe: ModelProbe) -> str:
    difference = first_difference(probe.operations, probe.reference_operations)
    return f": {difference}" if difference else ""


def first_difference(operations: Sequence[Operation], reference: Sequence[Operation]) -> str | None:
    """Name the first operation that differs from the reference's, in words; None when all agree. Views are left out."""
    operations, reference = ([op for op in ops if ":" not in op.name] for ops in (operations, reference))
    for position, expected in enumerate(reference):
        if position >= len(operations):
            return f"after {_describe(operations[-1]) if operations else 'the input'}, {_describe(expected)} is missing"
        seen = operations[position]
        if _describe(seen) == _describe(expected):
            continue
        before = f"after {_describe(reference[position - 1])}" if position else "at the beginning"
        if expected.name != seen.name and position + 1 < len(reference):
            follower = reference[position + 1]
            if _describe(seen) == _describe(follower):
                return f"{before}, {_describe(expected)} is missing"
        return f"{before}, {_describe(seen)} stands where {_describe(expected)} is expected"
    if len(operations) > len(reference):
        before = f"after {_describe(reference[-1])}" if reference else "at the beginning"
        return f"{before}, {_describe(operations[len(reference)])} is not expected"
    return None


def _describe(op: Operation) -> str:
    if op.name == "linear":
        return f"a linear layer {op.input[-1] if op.input else '?'}→{op.output[-1] if op.output else '?'}"
    if op.name.startswith("conv") and len(op.weight) > 2:
        kernel = "×".join(map(str, op.weight[2:]))
        settings = "".join(
            f", {key} {value}" for key, value in sorted(op.settings.items()) if key in ("stride", "padding")
        )
        return f"a convolution {op.weight[1]}→{op.weight[0]} ({kernel}{settings})"
    names = {
        "relu": "ReLU",
        "bernoulli": "dropout that is active in evaluation mode too",
        "adaptive_max_pool2d": "adaptive max pooling",
        "adaptive_avg_pool2d": "adaptive average pooling",
    }
    return names.get(op.name, op.name.replace("_", " "))
