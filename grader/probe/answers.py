"""The reference model's answers to the probes: computed by the model itself, or kept in an answer key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from grader.answer_key.records import KEPT, AnswerKeyError, Floats, LayoutKey, ModelKey, need_drawn, projections
from grader.assignment import ModelRole
from grader.evidence.answers import BuiltParameter
from grader.evidence.compare import squashing
from grader.evidence.probes import Operation
from grader.evidence.run import convert
from grader.probe.inputs import draw_images, draw_labels
from grader.seeds import CANONICAL_SEED, drawn_for, generator

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

COMPARED = 32  # images
MAX_DRAWS = 10  # of weights


@dataclass(frozen=True, eq=False)
class Outputs:
    """Images, the weights of the reference's parameters by name, and the model's outputs for both, in each mode.

    `draws` says how often weights were drawn.
    """

    images: NDArray[np.float32]
    weights: Mapping[str, NDArray[np.float32]]
    evaluation: NDArray[np.float32]
    training: NDArray[np.float32]
    draws: int = 1

    @property
    def drawn(self) -> tuple[float, ...]:
        """Numbers that recognise the images and the weights."""
        return projections(self.images, *self.weights.values())


class ModelAnswers(Protocol):
    """The answers of the reference's model; `layout` is the shape of an image."""

    @property
    def parameters(self) -> tuple[BuiltParameter, ...]:
        """Its parameters, as the probe describes a student's."""

    def operations(self, layout: Sequence[int]) -> tuple[Operation, ...]:
        """Return its operations for one image."""

    def outputs(self, layout: Sequence[int]) -> Outputs:
        """Draw images and weights, and return them with its outputs."""


def answers_of(role: ModelRole) -> ModelAnswers:
    """Return the kept answers of a role that has some, else those of the model that it builds."""
    return Kept(role.key) if role.key is not None else Computed(role.build())  # type: ignore[arg-type]


@dataclass(frozen=True)
class Computed:
    """The answers of a model that is there."""

    model: torch.nn.Module

    @property
    def parameters(self) -> tuple[BuiltParameter, ...]:
        """Its parameters."""
        return parameters_of(self.model)

    def operations(self, layout: Sequence[int]) -> tuple[Operation, ...]:
        """Return its operations, by the tracer that traces a student's model."""
        import torch

        from grader.in_kernel.probes.operations import trace

        return convert(trace(self.model, torch.randn(1, *layout)), tuple[Operation, ...])

    def outputs(self, layout: Sequence[int]) -> Outputs:
        """Draw images and weights, and return them with the model's outputs."""
        import torch

        rng = generator(f"outputs {tuple(layout)}")
        images = _images(rng, layout)
        draws = spread_raw(self.model, rng, torch.from_numpy(images))
        found = {training: _forward(self.model, images, training) for training in (False, True)}
        weights = {name: p.detach().numpy().copy() for name, p in self.model.named_parameters()}
        return Outputs(images, weights, found[False], found[True], draws)

    def kept(self, layouts: Sequence[Sequence[int]], chain: bool = False) -> ModelKey:
        """Return these answers as they are kept. Their questions are those of the public seed, for every notebook."""
        with drawn_for(CANONICAL_SEED, KEPT):
            return ModelKey(self.parameters, tuple(map(self._kept, layouts)), chain)

    def _kept(self, layout: Sequence[int]) -> LayoutKey:
        found = self.outputs(layout)
        outputs = Floats.of(found.evaluation), Floats.of(found.training)
        return LayoutKey(tuple(layout), self.operations(layout), found.draws, found.drawn, *outputs)


@dataclass(frozen=True)
class Kept:
    """The answers in a key. Raises AnswerKeyError for questions that it does not answer."""

    key: ModelKey

    @property
    def parameters(self) -> tuple[BuiltParameter, ...]:
        """The parameters."""
        return self.key.parameters

    def operations(self, layout: Sequence[int]) -> tuple[Operation, ...]:
        """Return the operations."""
        return self._of(layout).operations

    def outputs(self, layout: Sequence[int]) -> Outputs:
        """Draw the images and weights to which the kept outputs belong, and return them together."""
        kept = self._of(layout)
        with drawn_for(CANONICAL_SEED, KEPT):
            rng = generator(f"outputs {tuple(layout)}")
        images, weights = _images(rng, layout), dict[str, Any]()
        for _ in range(min(kept.draws, MAX_DRAWS)):
            weights = draw_weights(self.parameters, rng)
        found = Outputs(images, weights, kept.evaluation.decoded(), kept.training.decoded(), kept.draws)
        need_drawn(kept.drawn, found.drawn)
        return found

    def _of(self, layout: Sequence[int]) -> LayoutKey:
        for kept in self.key.layouts:
            if kept.layout == tuple(layout):
                return kept
        raise AnswerKeyError(f"the assignment's file holds no answers for images of shape {tuple(layout)}")


def parameters_of(model: torch.nn.Module) -> tuple[BuiltParameter, ...]:
    """Return the parameters of a model on this side, as the probe describes a student's."""
    return tuple(
        BuiltParameter(name, tuple(p.shape), p.requires_grad, name.rpartition(".")[0])
        for name, p in model.named_parameters()
    )


def _images(rng: np.random.Generator, layout: Sequence[int]) -> NDArray[np.float32]:
    from grader.in_kernel.probes.arrays import image_tensor

    images: NDArray[np.float32] = (
        image_tensor(draw_images(rng, draw_labels(rng, COMPARED))).reshape(COMPARED, *layout).numpy()
    )
    return images


def _forward(model: torch.nn.Module, images: NDArray[np.float32], training: bool) -> NDArray[np.float32]:
    import torch

    model.train(training)
    with torch.no_grad():
        outputs: NDArray[np.float32] = model(torch.from_numpy(images)).numpy()
    return outputs


def spread_raw(model: torch.nn.Module, rng: np.random.Generator, images: torch.Tensor) -> int:
    """Draw weights until the model's own outputs do not look squashed by an activation, at most MAX_DRAWS times.

    Return how often they were drawn. One draw in 15,000 gives a CNN, after its pooling, no negative output at all, as
    an activation would.
    """
    import torch

    for draws in range(1, MAX_DRAWS + 1):
        _spread(model, rng)
        with torch.no_grad():
            if squashing(model.eval()(images).numpy()) is None:
                return draws
    return MAX_DRAWS


def _spread(model: torch.nn.Module, rng: np.random.Generator) -> None:
    import torch

    weights = draw_weights(parameters_of(model), rng)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights[name]))


def draw_weights(parameters: Sequence[BuiltParameter], rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """Draw weights that spread outputs well over both signs, with twice the variance that preserves activations."""
    import numpy as np

    weights: dict[str, NDArray[np.float32]] = {}
    for parameter in parameters:
        shape = parameter.shape
        scale = math.sqrt(4 / math.prod(shape[1:])) if len(shape) > 1 else 0.3
        weights[parameter.name] = rng.normal(0, scale, shape).astype(np.float32)
    return weights
