"""Evaluate trained weights on this side, on the images that the notebook was served.

They are put into the reference's model, or into the student's own definition in the probe kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from grader.assignment import ModelRole
from grader.authenticity.copies import copied
from grader.authenticity.evaluations import (
    ROUGHLY,
    TOGETHER,
    Arrays,
    Evaluations,
    Sent,
    evaluated,
    sent_weights,
)
from grader.authenticity.plausibility import (
    LOSS_SLACK,
    Confirmation,
    Score,
    confirms,
    doubted,
    find_doubts,
    unconfirmed,
)
from grader.evidence.answers import ForwardAnswer
from grader.evidence.compare import OUTPUT_TOLERANCE, relative_difference
from grader.evidence.probes import LoaderProbe, ModelProbe
from grader.evidence.run import Malformed, Note, Pass, RunEvidence, encode_array
from grader.evidence.trainings import WantedData
from grader.probe.client import Asked, Refused, array, ask_for
from grader.seeds import generator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAME_PIXELS = 1e-3
NOISE = 0.02  # in normalised units, where a grey level is 0.013: harmless to a model, fatal to a table of known images
SECONDS = 20.0
RANDOM_LAYERS = ("Dropout", "BatchNorm", "RReLU")


@dataclass(frozen=True)
class Bench:
    """The means to evaluate weights: the probe kernel, the results of the probes, and the reference's outputs.

    `wanted` is the data that trainings must go over.
    """

    kernel: Asked
    models: Mapping[str, ModelProbe]
    loaders: Mapping[str, LoaderProbe]
    evaluations: Evaluations
    wanted: WantedData


def draw(name: str, count: int) -> int:
    """Return one of `count` numbers, 0 to count - 1, that the notebook cannot know."""
    return int(generator(name).integers(count))


def confirm(bench: Bench, run: RunEvidence, roles: Sequence[ModelRole]) -> tuple[Confirmation, ...]:
    """Evaluate the weights after the first, one middle and the last epoch of each training. Raises nothing."""
    found = [_confirm(bench, sent) for sent in sent_weights(run, roles, bench.wanted, draw)]
    return tuple(confirmation for confirmation in found if confirmation is not None)


def _confirm(bench: Bench, sent: Sent) -> Confirmation | None:
    import numpy as np

    seen, weights, probe = sent.seen, sent.weights, bench.models[sent.role.role]
    loader, (images, labels) = bench.loaders[sent.split], bench.evaluations.data[sent.split]
    same_model = is_reference(probe) and sent.model.class_name == probe.class_name
    drawn = not same_model and bool(seen.training) and any(n.startswith(RANDOM_LAYERS) for n in sent.model.layers)
    rough = drawn or not sent.repeatable(len(labels))
    if rough:
        images, labels = images[:ROUGHLY], labels[:ROUGHLY]
    answers = as_labelled(loader, labels)
    if answers is None:
        return Confirmation(weights.model, weights.start, (), False, rough)
    try:
        values = weights.decoded()
    except Malformed:
        return None
    wanted = bench.evaluations.transform(images)
    other = as_served(loader, wanted)
    reference = [bench.evaluations.outputs(sent, len(images))]
    if other is not None and other is not wanted:
        reference.append(evaluated(sent, other))
    scores = [score(outputs, answers) for outputs in reference if outputs is not None]
    certain = bool(scores) and same_model and other is not wanted
    found = Confirmation(weights.model, weights.start, tuple(scores), certain, rough)
    if confirms(found, seen) or not probe.spec:
        return found
    pixels = wanted if other is None else other
    noisy = (pixels + generator("noise").normal(0, NOISE, pixels.shape)).astype(np.float32)
    own = own_outputs(bench.kernel, probe, values, noisy, seen.training is True)
    if own is None:
        return found
    asked = score(own, answers)
    if certain and seen.training and asked.loss < scores[0].loss - LOSS_SLACK:
        return found  # training mode makes no model better: this definition knows more than its weights
    return replace(found, scores=(*scores, asked))


def is_reference(probe: ModelProbe) -> bool:
    """Return whether the probed definition gave the reference's outputs, for the same secret weights and images."""
    return bool(probe.comparisons) and all(
        c.student is not None and relative_difference(c.student, c.reference) <= OUTPUT_TOLERANCE
        for c in probe.comparisons
    )


def as_served(loader: LoaderProbe, wanted: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return all images (N, 1, 28, 28) as a loader serves them, derived from its first batch.

    A loader may mirror or turn the images, and replace each grey level by another or standardise each image by itself.
    Return None if it serves the `wanted` images, and `wanted` itself if it changes them in another way.
    """
    import numpy as np

    batch, expected = loader.first_batch, loader.expected_batch
    if batch is None or expected is None or batch.shape != expected.shape:
        return wanted
    if float(np.abs(batch - expected).max()) <= SAME_PIXELS:
        return None
    for turns in range(4):
        for mirrored in (False, True):
            here, everywhere = (_turned(images, turns, mirrored) for images in (expected, wanted))
            table = _levels(here, batch)
            if table is not None:
                served: NDArray[np.float32] = np.interp(everywhere, *table).astype(np.float32)
                return served
            if float(np.abs(_standardised(here) - batch).max()) <= SAME_PIXELS:
                return _standardised(everywhere)
    return wanted


def _levels(images: NDArray[np.float32], served: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return the grey levels (L,) of the images and the levels (L,) that were served for them.

    None if some level was served as several.
    """
    import numpy as np

    order = np.argsort(images, axis=None)
    before, after = images.ravel()[order].astype(np.float64), served.ravel()[order].astype(np.float64)
    starts = np.flatnonzero(np.diff(before, prepend=-np.inf) > SAME_PIXELS)
    low, high = np.minimum.reduceat(after, starts), np.maximum.reduceat(after, starts)
    with np.errstate(invalid="ignore"):  # a notebook may serve infinite pixels
        return (before[starts], (low + high) / 2) if float((high - low).max()) <= SAME_PIXELS else None


def _standardised(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return images (N, …) of which each has its own mean subtracted and is divided by its own deviation."""
    axes = tuple(range(1, images.ndim))
    centred = images - images.mean(axis=axes, keepdims=True)
    divided: NDArray[np.float32] = centred / images.std(axis=axes, ddof=1, keepdims=True)
    return divided


def _turned(images: NDArray[np.float32], turns: int, mirrored: bool) -> NDArray[np.float32]:
    """Return images (…, 28, 28) turned by quarter turns, and then mirrored."""
    import numpy as np

    turned = np.rot90(images, turns, axes=(-2, -1))
    return turned[..., ::-1] if mirrored else turned


def as_labelled(loader: LoaderProbe, labels: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return all labels as a loader that renames classes serves them, derived from its first batch.

    None if one class has several labels, or if the first batch lacks a class.
    """
    import numpy as np

    served, expected = loader.labels, loader.expected_labels
    if served is None or expected is None or served.shape != expected.shape or bool((served == expected).all()):
        return labels
    table = dict(zip(expected.tolist(), served.tolist(), strict=True))
    if any(table[right] != given for right, given in zip(expected.tolist(), served.tolist(), strict=True)):
        return None
    if not set(labels.tolist()) <= table.keys():
        return None
    return np.array([table[label] for label in labels.tolist()], dtype=np.int64)


def own_outputs(
    kernel: Asked, probe: ModelProbe, values: Arrays, pixels: NDArray[np.float32], training: bool
) -> NDArray[np.float32] | None:
    """Return the outputs (N, classes) of the student's own definition with these weights for pixels (N, …).

    `training` is the mode that it was recorded in: dropout that a test forgot to switch off affected the record too.
    None if the definition cannot be asked, or answers in another form.
    """
    import numpy as np

    encoded = {name: encode_array(value) for name, value in values.items()}
    parts = []
    for i in range(0, len(pixels), TOGETHER):
        part = pixels[i : i + TOGETHER]
        payload = {"model": probe.spec, "weights": encoded, "inputs": encode_array(part), "training": training}
        try:
            output = array(ask_for(kernel, ForwardAnswer, payload, SECONDS).output)
        except (Refused, Malformed):
            return None
        if output.ndim != 2 or len(output) != len(part) or output.dtype.kind != "f":
            return None
        parts.append(output)
    if len({part.shape[1] for part in parts}) != 1:
        return None
    outputs: NDArray[np.float32] = np.concatenate(parts)
    return outputs


def score(outputs: NDArray[np.float32], labels: NDArray[np.int64]) -> Score:
    """Return the mean cross-entropy and accuracy of logits (N, classes) for labels (N,)."""
    import numpy as np

    logits = outputs.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinite logits of a model that diverged give a loss of nan
        logits -= logits.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(logits).sum(axis=1))
    right = logits[np.arange(len(labels)), np.minimum(labels, logits.shape[1] - 1)]
    return Score(float((log_sums - right).mean()), float((outputs.argmax(axis=1) == labels).mean()))


def with_doubts(
    run: RunEvidence,
    roles: Sequence[ModelRole],
    wanted: WantedData,
    confirmations: Sequence[Confirmation],
    repeated: frozenset[str] = frozenset(),
) -> RunEvidence:
    """Return the run with a doubt for each impossible training, and a remark for each that nothing confirms.

    `repeated` holds the models whose steps were taken again outside.
    """
    believed = doubted(run, find_doubts(run, roles, wanted, confirmations))
    unsure = {**unconfirmed(believed, roles, wanted, confirmations), **copied(believed, roles, wanted)}
    remarks = tuple(Note(_cell(believed, key), why) for key, why in unsure.items())
    sure = repeated - unsure.keys()
    return replace(
        believed,
        passes=tuple(_with_base_optimizer(seen) if seen.model in sure else seen for seen in believed.passes),
        notes=(*believed.notes, *dict.fromkeys(remarks)),
        unchecked=unsure,
        repeated=sure,
    )


def _with_base_optimizer(seen: Pass) -> Pass:
    """Return a pass whose steps were repeated, with the optimizer named by torch's class that steps so.

    A class of the notebook's own may override `step`, to count or to print.
    """
    optimizer = seen.optimizer
    if optimizer is None or not optimizer.base:
        return seen
    return replace(seen, optimizer=replace(optimizer, kind=optimizer.base, base=""))


def _cell(run: RunEvidence, model: str) -> int:
    return next((seen.cell for seen in run.passes if seen.model == model and seen.trains), 0)
