"""The rubric of the assignment: its 15 items, what must hold for each, and the points.

The ids and their points are the contract of the result files. Numbers without a source here are the assignment's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from grader.checks import answers, loops, models, plots, profile, text, timing, trainings
from grader.evidence import LoopProbe, RunEvidence
from grader.questions import Prompt
from grader.rubric import (
    Assignment,
    Check,
    Evidence,
    Fail,
    Item,
    LoopRole,
    ModelRole,
    NotGraded,
    Review,
    Rubric,
    Threshold,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARAMETERS = {"mlp": 109_386, "cnn": 101_578}
MACS = {"mlp": 109_184, "cnn": 7_459_968}
BATCH_SIZE = 64
MEAN, STD = 0.1307, 0.3081
LEARNING_RATE, MOMENTUM = 0.01, 0.5
LOG_EVERY = 100
CLASSES = 10


# --- the models ---------------------------------------------------------------------------------------------------


def is_mlp(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether parameters of these shapes are meant to be the MLP: matrices only, from 784 inputs to 10 classes."""
    matrices = [shape for shape in shapes if len(shape) == 2]
    return (
        bool(matrices)
        and max(map(len, shapes)) == 2
        and 784 in matrices[0]
        and CLASSES in matrices[-1]
    )


def is_cnn(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether parameters of these shapes are meant to be the CNN: a convolution of grey images first, 10 classes last."""
    kernels = [shape for shape in shapes if len(shape) == 4]
    return bool(kernels) and kernels[0][1] == 1 and any(CLASSES in shape for shape in shapes[-2:])


RECOGNISE = {"mlp": is_mlp, "cnn": is_cnn}


def model_item(role: str, title: str) -> Item:
    """The item for one model: 5 points."""
    name = role.upper()

    def found(e: Evidence) -> str:
        return models.exists(e.models[role], name)

    def shapes(e: Evidence) -> str:
        return models.output_shapes(e.models[role], CLASSES)

    def parameters(e: Evidence) -> str:
        return models.parameter_count(e.models[role], PARAMETERS[role])

    def macs(e: Evidence) -> str:
        return models.mac_count(e.models[role], MACS[role])

    def logits(e: Evidence) -> str:
        return models.raw_logits(e.models[role])

    def outputs(e: Evidence) -> str:
        return models.same_outputs(e.models[role])

    found.__doc__ = f"The notebook defines the {name} and it can be built."
    shapes.__doc__ = (
        "(B, 1, 28, 28), (B, 28, 28) and (B, 784) give (B, 10) for any batch size B ≥ 1."
        if role == "mlp"
        else "(B, 1, 28, 28) gives (B, 10) for any batch size B ≥ 1."
    )
    parameters.__doc__ = f"The {name} has {PARAMETERS[role]:,} parameters."
    macs.__doc__ = f"One image costs {MACS[role]:,} multiply-accumulates, which thop calls FLOPs."
    logits.__doc__ = "The outputs are raw logits."
    outputs.__doc__ = f"With the same weights the {name} gives the same outputs as the reference."
    exists = f"{role}.exists"
    return Item(
        role,
        title,
        5,
        (
            Check(exists, 0.5, found),
            Check(f"{role}.shapes", 1, shapes, (exists,)),
            Check(f"{role}.parameters", 1, parameters, (exists,)),
            Check(f"{role}.macs", 0.5, macs, (exists,)),
            Check(f"{role}.logits", 0.5, logits, (exists,)),
            Check(f"{role}.outputs", 1.5, outputs, (exists, f"{role}.logits", f"{role}.parameters")),
        ),
    )
