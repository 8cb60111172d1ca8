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


# --- data ---------------------------------------------------------------------------------------------------------


def transform(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the loaders must serve for images (N, 28, 28): (N, 1, 28, 28), scaled to [0, 1] and then normalised."""
    import numpy as np

    scaled = images.astype(np.float32)[:, None] / np.float32(255)
    return ((scaled - np.float32(MEAN)) / np.float32(STD)).astype(np.float32)


def train_loader(e: Evidence) -> str:
    """The training loader serves all of MNIST's training images, 64 at a time, shuffled."""
    return data.loader(e.loaders["train"], e.train_size, BATCH_SIZE, shuffled=True)


def test_loader(e: Evidence) -> str:
    """The test loader serves all of MNIST's test images, 64 at a time, in order."""
    return data.loader(e.loaders["test"], e.test_size, BATCH_SIZE, shuffled=False)


def train_normalised(e: Evidence) -> str:
    """Training images are scaled by ToTensor and normalised with mean 0.1307 and deviation 0.3081."""
    return data.pixels(e.loaders["train"])


def test_normalised(e: Evidence) -> str:
    """Test images are scaled and normalised in the same way."""
    return data.pixels(e.loaders["test"])


# --- the loops ----------------------------------------------------------------------------------------------------

START_STEP = 640  # where the probes let the global step begin


def loop_checks(item: str, train: str, test: str, points: Mapping[str, float], gpu: bool = False) -> tuple[Check, ...]:
    """The checks on a pair of training and test functions; `points` by the last part of their ids."""

    def train_found(e: Evidence) -> str:
        return loops.exists(e.loops[train], train)

    def trains(e: Evidence) -> str:
        """One call trains for one epoch: afterwards the weights are those of the reference."""
        return loops.trains(e.loops[train])

    def records(e: Evidence) -> str:
        """The loss of every 100th batch is recorded, with the global step."""
        return loops.records_losses(e.loops[train], LOG_EVERY, START_STEP)

    def returns(e: Evidence) -> str:
        """The training function returns the global step."""
        return loops.returns_step(e.loops[train], START_STEP)

    def train_mode(e: Evidence) -> str:
        """The model is in training mode while it is trained."""
        return loops.mode_in_training(e.loops[train])

    def test_found(e: Evidence) -> str:
        return loops.exists(e.loops[test], test)

    def whole(e: Evidence) -> str:
        """The test goes once over the test loader and leaves the model as it is."""
        return loops.leaves_model_alone(e.loops[test])

    def eval_mode(e: Evidence) -> str:
        """The model is in evaluation mode while it is tested."""
        return loops.mode_in_test(e.loops[test])

    def no_grad(e: Evidence) -> str:
        """No gradients are recorded during the test."""
        return loops.gradients_off(e.loops[test])

    def average(e: Evidence) -> str:
        """The test loss is the average over the batches."""
        return loops.averages_loss(e.loops[test])

    def accuracy(e: Evidence) -> str:
        """The accuracy is the fraction of the test images that are classified correctly."""
        return loops.accuracy(e.loops[test])

    train_found.__doc__ = f"{train} exists and runs."
    test_found.__doc__ = f"{test} exists and runs."
    first, second = (f"{item}.train",), (f"{item}.test",)
    table = (
        ("train", train_found, ()),
        ("learns", trains, first),
        ("records", records, first),
        ("returns", returns, first),
        ("train_mode", train_mode, first),
        ("test", test_found, ()),
        ("whole", whole, second),
        ("eval_mode", eval_mode, second),
        ("no_grad", no_grad, second),
        ("average", average, second),
        ("accuracy", accuracy, second),
    )
    return tuple(Check(f"{item}.{name}", points[name], run, needs, gpu) for name, run, needs in table)


def optimizer(e: Evidence) -> str:
    """Training uses SGD with learning rate 0.01 and momentum 0.5."""
    passes = [epoch.train for training in cpu_trainings(e) for epoch in training.epochs]
    return loops.optimizer_settings(passes, "SGD", LEARNING_RATE, MOMENTUM)


# --- the trainings in the run -------------------------------------------------------------------------------------


def cpu_trainings(e: Evidence) -> tuple[trainings.Training, ...]:
    """The trainings of the MLP on the CPU, in order."""
    return trainings.trainings(e.run, is_mlp)


def trained(e: Evidence, role: str, device: str, epochs: int) -> trainings.Training:
    """The training of the model on the device: the first with at least `epochs` epochs. Raises Fail with what there is."""
    name = role.upper()
    place = "GPU" if device == "cuda" else "CPU"
    found = trainings.trainings(e.run, RECOGNISE[role], device)
    for training in found:
        if len(training.epochs) >= epochs:
            return training
    expected = f"{epochs} epochs of the {name} on the {place}"
    if found:
        longest = max(found, key=lambda training: len(training.epochs))
        why = trouble(e, longest.cells)
        raise Fail(f"the {name} was trained for {len(longest.epochs)} epochs on the {place}{why}", expected)
    raise Fail(f"no training of the {name} on the {place} was seen in the run{trouble(e, ())}", expected)


def trouble(e: Evidence, cells: Sequence[int]) -> str:
    """Why cells did not do what they should: the error of the last of `cells`, or of the first cell that broke."""
    broken = [cell for cell in e.run.cells if cell.status != "ok" and (not cells or cell.index in cells)]
    if not broken:
        return ""
    cell = broken[-1] if cells else broken[0]
    if cell.error is not None and cell.error.missing_module is not None:
        raise NotGraded(f"the notebook needs the package {cell.error.missing_module!r}, which this grader does not have")
    if cell.error is not None:
        return f"; cell {cell.index} ended with {cell.error.name}: {cell.error.message[:200]}"
    return f"; {cell.reason}"


def first_ten(e: Evidence) -> tuple[trainings.Epoch, ...]:
    """The first ten epochs of the MLP on the CPU. Raises Fail when there are fewer."""
    return trained(e, "mlp", "cpu", 10).epochs[:10]


def all_epochs(e: Evidence) -> tuple[trainings.Epoch, ...]:
    """All epochs of the longest training of the MLP on the CPU; () when there is none."""
    return max((t.epochs for t in cpu_trainings(e)), key=len, default=())


def ten_epochs(e: Evidence) -> str:
    """The MLP is trained for 10 epochs on the CPU, with a test after each."""
    epochs = first_ten(e)
    said = trainings.stepped(epochs, "the first 10 epochs")
    untested = sum(epoch.test is None for epoch in epochs)
    if untested:
        raise Fail(f"{untested} of the 10 epochs were not tested", "a test after each epoch", credit=0.5)
    return said


def mlp_converges(e: Evidence) -> str:
    """The loss falls as the reference's does."""
    return trainings.converges(first_ten(e), e.reference, "mlp")


def twenty_epochs(e: Evidence) -> str:
    """The same model is trained for another 10 epochs."""
    training = trained(e, "mlp", "cpu", 20)
    return trainings.stepped(training.epochs[:20], "the 20 epochs")


def section_cells(e: Evidence, item: str, cells: Sequence[int] = ()) -> tuple[int, ...]:
    """The cells in which the answer to an item is looked for first: those of its section and those named."""
    section = e.sections.get(item)
    return tuple(sorted({*(section.cells if section else ()), *cells}))


def q2_figure(e: Evidence) -> plots.LossCurves:
    """The figure that shows the first ten epochs best."""
    return plots.loss_curves(e.run.figures, _windows(e, 10), section_cells(e, "q2"))


def q3_figure(e: Evidence) -> plots.LossCurves:
    """The figure that shows twenty epochs best."""
    return plots.loss_curves(e.run.figures, _windows(e, 20), section_cells(e, "q3"))
