"""Probe a model: build it, call it with several input shapes, trace it, and compare it with the reference's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from grader.assignment import ModelRole
from grader.evidence.answers import BuildAnswer, ForwardAnswer, ShapeAnswer, ShapesAnswer, TraceAnswer
from grader.evidence.answers import BuiltParameter as BuiltParameter
from grader.evidence.compare import BY_CHANCE, squashing
from grader.evidence.probes import Comparison, ModelProbe, Operation, Parameter, ProbeError, ShapeTrial
from grader.evidence.run import Malformed, encode_array
from grader.probe.answers import ModelAnswers, answers_of
from grader.probe.answers import parameters_of as parameters_of
from grader.probe.client import Asked, Refused, array, ask_for
from grader.probe.matching import ModelSource
from grader.seeds import generator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SECONDS = 15.0  # deadline of one request
MAX_BATCH = 200
EXAMPLES = 4  # batch sizes drawn for each layout
ALWAYS = (1, 64, MAX_BATCH)
MAX_SOURCES = 15


@dataclass(frozen=True)
class _Built:
    spec: Mapping[str, object]
    source: str
    class_name: str
    parameters: tuple[BuiltParameter, ...]


def probe_model(kernel: Asked, role: ModelRole, sources: Sequence[ModelSource]) -> ModelProbe:
    """Probe the first of `sources` that is the wanted model. The result says so if there is none. Raises nothing."""
    reference = answers_of(role)
    built = _first(kernel, role, sources, _sizes(reference.parameters))
    if isinstance(built, ModelProbe):
        return built
    probe = ModelProbe(
        role.role,
        built.source,
        built.class_name,
        tuple(Parameter(p.name, p.shape, p.trainable) for p in built.parameters),
        spec=built.spec,
    )
    trials = [trial for layout in role.layouts for trial in try_batches(kernel, built.spec, layout)]
    layout = next((t.shape[1:] for t in trials if t.output is not None), role.layouts[0])
    return replace(
        probe,
        trials=tuple(trials),
        operations=_operations(kernel, built.spec, layout),
        reference_operations=reference.operations(layout),
        reference_parameters=tuple(Parameter(p.name, p.shape, p.trainable) for p in reference.parameters),
        comparisons=compare(kernel, built.spec, built.parameters, reference, layout),
    )


def _first(
    kernel: Asked, role: ModelRole, sources: Sequence[ModelSource], sizes: Mapping[str, object]
) -> _Built | ModelProbe:
    """Build the first source that can be built and is recognised, or return a probe that says why there is none."""
    failed: ModelProbe | None = None
    for source in sources[:MAX_SOURCES]:
        spec = {**source.spec, "sizes": sizes}
        try:
            answer = ask_for(kernel, BuildAnswer, {"model": spec}, SECONDS)
        except Refused as refused:
            if source.exact and failed is None:
                failed = ModelProbe(role.role, source.text, error=refused.error)
            continue
        if source.exact or role.recognise([p.shape for p in answer.parameters]):
            return _Built(spec, source.text, answer.class_name, answer.parameters)
    if failed is not None:
        return failed
    wanted = " or ".join(f"'{name}'" for name in role.class_names)
    return ModelProbe(role.role, missing=f"there is no class {wanted}, and no other model with such layers")


def _sizes(reference: Sequence[BuiltParameter]) -> dict[str, object]:
    """Return input, hidden and output sizes of the reference's layers, for constructors that need arguments."""
    weights = [p.shape for p in reference if len(p.shape) > 1]
    return {"in": weights[0][1], "hidden": [shape[0] for shape in weights[:-1]], "out": weights[-1][0]}


# --- shapes ------------------------------------------------------------------------------------------------------


def try_batches(kernel: Asked, spec: Mapping[str, object], layout: Sequence[int]) -> tuple[ShapeTrial, ...]:
    """Call the model with batches of 1, 64, the largest and random sizes. Keep only the smallest size that fails."""
    drawn = MAX_BATCH ** generator(f"batches {tuple(layout)}").random(EXAMPLES)  # small ones are cheap and as useful
    trials: dict[int, ShapeTrial] = {}

    def gives(batch: int) -> bool:
        if batch not in trials:
            trials[batch] = _trial(kernel, spec, (batch, *layout))
        return _right(trials[batch])

    first = gives(ALWAYS[0])
    if not first or not kernel.alive:
        return (trials[ALWAYS[0]],)
    sizes = sorted({*ALWAYS, *map(int, drawn)})
    trials |= _together(kernel, spec, layout, [size for size in sizes if size not in trials])
    fails = next((batch for batch in sizes if not gives(batch)), None)
    right = [batch for batch in sorted(trials) if fails is None or batch < fails]
    while fails is not None and fails - right[-1] > 1 and kernel.alive:  # the smallest that fails is the most useful
        middle = (fails + right[-1]) // 2
        if gives(middle):
            right.append(middle)
        else:
            fails = middle
    return tuple(trials[batch] for batch in (*right, *([fails] if fails is not None else [])))


def _together(
    kernel: Asked, spec: Mapping[str, object], layout: Sequence[int], sizes: Sequence[int]
) -> dict[int, ShapeTrial]:
    """Try batches of these sizes in one request, up to the first for which the model raises."""
    wanted = [(size, *layout) for size in sizes]
    try:
        answer = ask_for(kernel, ShapesAnswer, {"model": spec, "shapes": [list(shape) for shape in wanted]}, SECONDS)
    except Refused:
        return {}
    return {shape[0]: ShapeTrial(shape, output) for shape, output in zip(wanted, answer.outputs, strict=False)}


def _right(trial: ShapeTrial) -> bool:
    return trial.output is not None and len(trial.output) == 2 and trial.output[0] == trial.shape[0]


def _trial(kernel: Asked, spec: Mapping[str, object], shape: tuple[int, ...]) -> ShapeTrial:
    try:
        answer = ask_for(kernel, ShapeAnswer, {"model": spec, "shape": list(shape)}, SECONDS)
        return ShapeTrial(shape, answer.output)
    except Refused as refused:
        return ShapeTrial(shape, None, refused.error)


# --- operations --------------------------------------------------------------------------------------------------


def _operations(kernel: Asked, spec: Mapping[str, object], layout: Sequence[int]) -> tuple[Operation, ...]:
    try:
        return ask_for(kernel, TraceAnswer, {"model": spec, "shape": [1, *layout]}, SECONDS).operations
    except Refused:
        return ()


# --- outputs -----------------------------------------------------------------------------------------------------


def compare(
    kernel: Asked,
    spec: Mapping[str, object],
    parameters: Sequence[BuiltParameter],
    reference: ModelAnswers,
    layout: Sequence[int],
) -> tuple[Comparison, ...]:
    """Compare both models' outputs with the same random weights and images, in evaluation and in training mode."""
    drawn = reference.outputs(layout)
    matched = match_parameters(parameters, reference.parameters)
    found = []
    for training, wanted in ((False, drawn.evaluation), (True, drawn.training)):
        if isinstance(matched, str):
            found.append(Comparison(None, wanted, training, why=matched))
            continue
        weights = {p.name: encode_array(_shaped(drawn.weights[matched[p.name]], p.shape)) for p in parameters}
        payload = {"model": spec, "weights": weights, "inputs": encode_array(drawn.images), "training": training}
        try:
            output = array(ask_for(kernel, ForwardAnswer, payload, SECONDS).output)
            compared = _compared(output, wanted, training)
            last = [p.name for p in parameters if matched[p.name].rpartition(".")[0] == reference.parameters[-1].owner]
            found.append(replace(compared, either_sign=_takes_either_sign(kernel, payload, last, compared)))
        except Refused as refused:
            found.append(Comparison(None, wanted, training, error=refused.error))
        except Malformed as problem:
            found.append(Comparison(None, wanted, training, error=ProbeError("Malformed", str(problem))))
    return tuple(found)


def _takes_either_sign(kernel: Asked, payload: Mapping[str, Any], last: Sequence[str], compared: Comparison) -> bool:
    """Return whether outputs that are never negative become so when the weights of the `last` layer are negated.

    With another layer before it a model may give no negative output by chance. An activation after the last layer
    gives none for the negated weights either. Raises Refused and Malformed.
    """
    if compared.student is None or (compared.student < 0).any() or squashing(compared.student) not in BY_CHANCE:
        return False
    weights = dict(payload["weights"])
    weights |= {name: encode_array(-array(weights[name])) for name in last}
    return bool((array(ask_for(kernel, ForwardAnswer, {**payload, "weights": weights}, SECONDS).output) < 0).any())


def _compared(output: NDArray[np.float32], wanted: NDArray[np.float32], training: bool) -> Comparison:
    """Return both outputs, or a reason if the student's does not have scores for each image."""
    if output.ndim > 1 and len(output) == len(wanted):
        return Comparison(output, wanted, training)
    return Comparison(None, wanted, training, why=f"for {len(wanted)} images the output has the shape {output.shape}")


def match_parameters(student: Sequence[BuiltParameter], reference: Sequence[BuiltParameter]) -> dict[str, str] | str:
    """Match the student's parameters with the reference's: {student's name: reference's name}.

    Layers are matched first, in order, by shape, a weight matrix also transposed; then the remaining parameters one by
    one. Return a sentence that says why if some parameter of either has no counterpart.
    """
    matched: dict[str, str] = {}
    free = _layers(student)
    left: list[BuiltParameter] = []
    for layer in _layers(reference):
        other = next((candidate for candidate in free if _same_layer(candidate, layer)), None)
        if other is None:
            left += layer
        else:
            free.remove(other)
            matched.update(zip((p.name for p in other), (p.name for p in layer), strict=True))
    singles = [parameter for layer in free for parameter in layer]
    for parameter in left:
        single = next((candidate for candidate in singles if _fits(candidate, parameter)), None)
        if single is None:
            return f"it has no parameter of shape {parameter.shape} for the reference's '{parameter.name}'"
        singles.remove(single)
        matched[single.name] = parameter.name
    if singles:
        extra = ", ".join(f"'{p.name}' {p.shape}" for p in singles[:3])
        return f"it has parameters that the reference lacks: {extra}"
    return matched


def _layers(parameters: Sequence[BuiltParameter]) -> list[list[BuiltParameter]]:
    layers: dict[str, list[BuiltParameter]] = {}
    for parameter in parameters:
        layers.setdefault(parameter.owner, []).append(parameter)
    return list(layers.values())


def _same_layer(one: Sequence[BuiltParameter], other: Sequence[BuiltParameter]) -> bool:
    return len(one) == len(other) and all(_fits(a, b) for a, b in zip(one, other, strict=True))


def _fits(one: BuiltParameter, other: BuiltParameter) -> bool:
    """Return whether the shapes are equal, transposed, or the same rows reshaped (a linear layer as a convolution)."""
    if one.shape == other.shape or (len(other.shape) == 2 and one.shape == other.shape[::-1]):
        return True
    several = len(one.shape) > 1 and len(other.shape) > 1
    return several and one.shape[0] == other.shape[0] and math.prod(one.shape) == math.prod(other.shape)


def _shaped(value: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    return value.T if value.ndim == 2 and value.shape != shape and value.shape[::-1] == shape else value.reshape(shape)
