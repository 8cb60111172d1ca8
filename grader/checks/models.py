"""Checks on a model: shapes, parameters, MACs, raw logits, and the reference's outputs with the reference's weights.

`probe` is the evidence of one model, `e.models[role]`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from grader.assignment import Fail, NotGraded
from grader.evidence.compare import OUTPUT_TOLERANCE, relative_difference, squashing
from grader.evidence.macs import UNUSED, macs
from grader.evidence.probes import Comparison, ModelProbe, Operation, ProbeError, ShapeTrial

__all__ = [
    "contradicted",
    "count_macs",
    "describe_error",
    "exists",
    "first_difference",
    "mac_count",
    "output_shapes",
    "parameter_count",
    "raw_logits",
    "same_outputs",
]

_CALL = "Call the model with a batch of random images of that shape, and print the shape after each layer."
SHOWN = 500  # characters of an exception's message: the student's code wrote it and may put the probe's inputs into it
CONTRADICTION = 1e-2  # relative difference of outputs that no rounding explains


def describe_error(error: ProbeError) -> str:
    """Return an exception as a student reads it: type, message, and the line that raised it.

    >>> describe_error(ProbeError("NameError", "name 'x' is not defined", line=4, cell=3, code="y = x + 1"))
    "NameError: name 'x' is not defined, in line 4 of its cell: `y = x + 1`"
    """
    where = f" (cell {error.cell}, line {error.line})" if error.cell is not None and error.line is not None else ""
    if error.code and error.line is not None:
        where = f", in line {error.line} of its cell: `{error.code}`"
    said = error.message if len(error.message) <= SHOWN else f"{error.message[:SHOWN]}…"
    return f"{error.type[:100]}: {said}{where}"


def exists(probe: ModelProbe, wanted: str) -> str:
    """Check that a model called `wanted` was found and can be built.

    Return where it was found. Raise Fail if there is none or it cannot be built.

    >>> exists(ModelProbe("mlp", source="class MLP in cell 11"), "MLP")
    'found class MLP in cell 11'
    """
    if probe.missing:
        raise Fail(probe.missing, f"a model {wanted}", "Is the class defined in a cell that runs?")
    if probe.error is not None:
        raise Fail(
            f"{probe.source} cannot be built: {describe_error(probe.error)}",
            f"{wanted}() builds a model",
            f"Run {wanted}() in a cell of its own.",
        )
    return f"found {probe.source}"


def output_shapes(probe: ModelProbe, outputs: int) -> str:
    """Check that every input layout gives an output of shape (B, `outputs`), for every batch size B that was drawn.

    Return the layouts and the range of batch sizes. Raise Fail, with half the share of the layouts that work as credit,
    and NotGraded if the model was not called at all.

    >>> trials = (ShapeTrial((1, 784), (1, 10)), ShapeTrial((64, 784), (64, 10)))
    >>> output_shapes(ModelProbe("mlp", trials=trials), 10)
    '(B, 784) → (B, 10) for 2 batch sizes from 1 to 64'
    """
    _need_output(probe)
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
    if all(trial.output is not None and trial.output[:-1] == trial.shape[:1] for trial in wrong):
        hint = "How many numbers does the last layer give for each image, and how many classes are there?"
    if works:
        hint += f" {', '.join(sorted(set(works)))} works."
    raise Fail(seen, f"({first.shape[0]}, {outputs})", hint, credit=round(good, 2) * 0.5)


def _need_output(probe: ModelProbe) -> None:
    """Raise Fail if no call of the model got any further than an empty `forward`, or one that returns nothing."""
    errors = [trial.error for trial in probe.trials]
    said = {_nothing(error) for error in errors}
    if len(said) == 1 and (nothing := said.pop()):
        name = probe.class_name or "the model"
        raise Fail(f"{name} computes nothing: {nothing}", "forward returns the logits of its images", _FORWARD)


_FORWARD = "What does forward return, and is it a method of the class, with exactly this name and this indentation?"


def _nothing(error: ProbeError | None) -> str:
    """Return what an exception says about a `forward` without a result; '' for any other exception."""
    if error is None:
        return ""
    if error.type == "NotImplementedError":
        return "it has no forward" if "missing the required" in error.message else "its forward is not written yet"
    return "its forward returns nothing" if error.message.startswith("the model returns a NoneType") else ""


def _gives(trial: ShapeTrial, outputs: int) -> bool:
    return trial.output == (trial.shape[0], outputs)


def _layout(layout: Sequence[int]) -> str:
    return f"(B, {', '.join(map(str, layout))})"


def parameter_count(probe: ModelProbe, expected: int) -> str:
    """Check that the model has `expected` parameter elements, all of them trainable.

    Return their number. Raise Fail: with half the credit if some are frozen, without credit if the number is wrong or
    the record of the model is contradicted by its outputs (`contradicted`).

    >>> from grader.evidence.probes import Parameter
    >>> probe = ModelProbe("mlp", parameters=(Parameter("weight", (10, 784)), Parameter("bias", (10,))))
    >>> parameter_count(probe, 7_850)
    '7,850 parameters'
    """
    _need_credible(probe)
    total = sum(math.prod(parameter.shape) for parameter in probe.parameters)
    frozen = [parameter.name for parameter in probe.parameters if not parameter.trainable]
    if total != expected:
        raise Fail(
            f"{total:,} parameters" + _layer_difference(probe),
            f"{expected:,} parameters",
            _SIZES,
        )
    if frozen:
        raise Fail(
            f"{', '.join(frozen[:3])} {'is' if len(frozen) == 1 else 'are'} frozen (requires_grad is False)",
            "all parameters are trained",
            "What sets requires_grad?",
            credit=0.5,
        )
    return f"{total:,} parameters"


def mac_count(probe: ModelProbe, expected: int) -> str:
    """Check that one (1, 1, 28, 28) input costs `expected` multiply-accumulates, counted from the traced operations.

    Return the count. Raise Fail if it is another, if the model cannot be called or if its record is contradicted by its
    outputs (`contradicted`), and NotGraded if its operations could not be traced.

    >>> linear = Operation("linear", input=(1, 784), output=(1, 10), weight=(10, 784))
    >>> mac_count(ModelProbe("mlp", operations=(linear,)), 7_840)
    '7,840 MACs for one image'
    """
    _need_output(probe)
    if not probe.operations:
        errors = [trial.error for trial in probe.trials if trial.error is not None]
        if errors and len(errors) == len(probe.trials):
            raise Fail(f"the model cannot be called: {describe_error(errors[0])}", f"{expected:,} MACs", _CALL)
        raise NotGraded("the operations of the model could not be traced")
    _need_credible(probe)
    macs = count_macs(probe.operations)
    if macs != expected:
        raise Fail(
            f"{macs:,} MACs for one image" + _layer_difference(probe),
            f"{expected:,} MACs",
            _SIZES if _other_weights(probe) else _WORK,
        )
    return f"{macs:,} MACs for one image"


_SIZES = "Print the shape of each parameter and compare it with the layer sizes in the task."
_WORK = "Stride, padding and the kind of pooling change the work without changing the number of parameters."


def _other_weights(probe: ModelProbe) -> bool:
    """Return whether layers have other sizes than the reference's, so that the number of parameters differs, too."""
    own, wanted = (
        sorted(op.weight for op in ops if op.weight) for ops in (probe.operations, probe.reference_operations)
    )
    return bool(wanted) and own != wanted


def count_macs(operations: Sequence[Operation]) -> int:
    """Return the multiply-accumulates of traced operations by thop's convention, for the batch that was traced.

    Linear layers and convolutions count one for each use of a weight, adaptive average pooling its additions and one
    division per output, average pooling one per output, a norm with weights four per value; biases, activations and
    maximum pooling count nothing (thop/vision/basic_hooks.py).

    >>> count_macs([Operation("conv2d", (1, 1, 28, 28), (1, 32, 26, 26), weight=(32, 1, 3, 3))])
    194688
    """
    return sum(map(macs, operations))


def contradicted(probe: ModelProbe) -> bool:
    """Return whether a model's recorded layers are contradicted by its outputs.

    They are if the layers, weights and images are the reference's but the outputs differ by more than `CONTRADICTION`,
    or are refused by a model that can be called. A process that ran the student's code reports parameters and
    operations and may make them up; it cannot make up the outputs for weights that it does not know.

    >>> contradicted(ModelProbe("mlp"))
    False
    """
    same = [_key(op) for op in probe.operations] == [_key(op) for op in probe.reference_operations]
    weights = [op.weight for op in probe.reference_operations if op.weight]
    same = same and len(set(weights)) == len(weights)  # else two layers of one shape may have been swapped
    can_be_called = all(trial.error is None for trial in probe.trials)
    return same and any(_other_outputs(c, can_be_called) for c in probe.comparisons if not c.training and not c.why)


def _other_outputs(comparison: Comparison, can_be_called: bool) -> bool:
    """Return whether outputs differ beyond rounding, or a model that can be called raised an exception."""
    if comparison.student is None:
        return can_be_called and comparison.error is not None
    return relative_difference(comparison.student, comparison.reference) > CONTRADICTION


def _key(op: Operation) -> tuple[object, ...]:
    return op.name, op.input, op.output, op.weight, tuple(sorted(op.settings.items()))


def _need_credible(probe: ModelProbe) -> None:
    """Raise Fail if the record of the model is contradicted by its outputs."""
    if contradicted(probe):
        raise Fail(
            "what was recorded of the model cannot be true: "
            "the reference's layers with its weights give other outputs, or none",
            "a model that computes with the parameters and operations that it shows",
            "Is the output computed from this model's own layers and their weights?",
        )


def raw_logits(probe: ModelProbe) -> str:
    """Check that the outputs, (B, classes), are raw logits, to which no softmax, sigmoid, tanh or ReLU was applied.

    The outputs decide, not the code. Return a sentence. Raise Fail with the function that was applied, or if the model
    itself prevented the comparison, and NotGraded if no outputs were recorded.

    >>> import numpy as np
    >>> logits = np.random.default_rng(0).normal(0, 3, (32, 10)).astype(np.float32)
    >>> raw_logits(ModelProbe("mlp", comparisons=(Comparison(logits, logits),)))
    'the outputs are raw logits'
    """
    _need_output(probe)
    compared = [comparison for comparison in probe.comparisons if comparison.student is not None]
    if not compared:
        raise _not_compared(probe.comparisons)
    outputs = (one.student for one in compared if one.student is not None and not one.either_sign)
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
    """Check that with the reference's weights the model gives the reference's outputs.

    Evaluation and training mode are compared. Return the largest difference, relative to the largest reference output.
    Raise Fail if it exceeds `OUTPUT_TOLERANCE` (1e-5), if the weights do not fit into the model or if calling it raises
    an exception; the first layer that differs is named. Raise NotGraded if an output is missing through no fault of
    the model.

    >>> import numpy as np
    >>> logits = np.random.default_rng(0).normal(0, 3, (32, 10)).astype(np.float32)
    >>> same_outputs(ModelProbe("mlp", comparisons=(Comparison(logits, logits),)))
    "with the reference's weights the outputs agree within 1e-09"
    """
    _need_output(probe)
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
            return Fail(f"calling the model raises {describe_error(comparison.error)}", "logits", _CALL)
        if comparison.why:
            return Fail(
                comparison.why + (_layer_difference(probe) if probe else ""),
                "the layers of the task",
                "Print the model: which layers has it, and of which sizes?",
            )
    return NotGraded("the model's outputs could not be compared")


def _layer_difference(probe: ModelProbe) -> str:
    difference = first_difference(probe.operations, probe.reference_operations)
    unused = {_describe(replace(op, name=op.name.removeprefix(UNUSED))) for op in probe.operations if _is_unused(op)}
    vain = sorted(said for said in unused if difference is not None and said in difference)
    more = f" ({vain[0]} is computed, but nothing uses its result)" if vain else ""
    return f": {difference}{more}" if difference else ""


def _is_unused(op: Operation) -> bool:
    return op.name.startswith(UNUSED)


def first_difference(operations: Sequence[Operation], reference: Sequence[Operation]) -> str | None:
    """Describe the first operation that differs from the reference's; None if all agree.

    Views, and operations whose results are not used, are left out.

    >>> relu, linear = Operation("relu", (1, 9), (1, 9)), Operation("linear", (1, 9), (1, 3), (3, 9))
    >>> first_difference([linear], [relu, linear])
    'at the beginning, ReLU is missing'
    """
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
        return f"{before}, {_describe(seen)} is found where {_describe(expected)} is expected"
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
