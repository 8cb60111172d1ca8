"""The assignment: its rubric of 15 items, whose ids, order and points are the contract of the result files."""

from __future__ import annotations

import json
from collections.abc import Mapping

from grader.assignment import Assignment, Check, FullLength, Item, LoopRole, ModelRole, Rubric, Threshold, data_file
from grader.calibration.calibrate import thresholds as stored_thresholds
from grader.evidence.run import RunEvidence
from grader.evidence.trainings import assemble, select
from grader.notebook.sizes import Sizes
from reference import loops as reference_loops
from reference.checks.epochs import (
    converges,
    gpu_placement,
    mlp_converges,
    optimizer,
    ten_epochs,
    twenty_epochs,
)
from reference.checks.figures import plot_checks, q2_plot, q3_plot
from reference.checks.new_models import cnn_epochs, gpu_epochs
from reference.checks.observed import (
    epoch_seconds,
    flops_printed,
    flops_profiled,
    q1_text,
    q3_total,
)
from reference.checks.probed import (
    loop_checks,
    model_item,
    test_loader,
    test_normalised,
    train_loader,
    train_normalised,
)
from reference.checks.sections import begun
from reference.checks.written import written_item
from reference.contract import BATCH_SIZE, RECOGNISE, TEST_IMAGES, TRAIN_IMAGES, is_cnn, is_mlp, relied_on, transform
from reference.models import CNN, MLP
from reference.program import PROGRAM
from reference.prompts import PROMPTS, template

CPU_POINTS = {
    "train": 0.5,
    "learns": 2.5,
    "records": 1.5,
    "returns": 0.5,
    "train_mode": 0.5,
    "test": 0.5,
    "whole": 0.5,
    "eval_mode": 0.75,
    "no_grad": 0.5,
    "average": 0.75,
    "accuracy": 0.75,
}
GPU_POINTS = {name: round(points * 0.4, 2) for name, points in CPU_POINTS.items()}  # 3.7 of the 10 points of q5

RUBRIC = Rubric(
    "mnist-mlp-cnn",
    (
        model_item("mlp", "The MLP"),
        begun(
            Item(
                "data",
                "MNIST loaders",
                5,
                (
                    Check("data.train", 1.5, train_loader),
                    Check("data.test", 1.5, test_loader),
                    Check("data.train_pixels", 1, train_normalised),
                    Check("data.test_pixels", 1, test_normalised),
                ),
            )
        ),
        Item(
            "cpu_loops",
            "Training and testing on the CPU",
            10,
            (
                *loop_checks("cpu_loops", "cpu_train", "cpu_test", CPU_POINTS),
                Check("cpu_loops.optimizer", 0.75, optimizer),
            ),
        ),
        begun(Item("q1", "The first test batch", 5, (Check("q1.text", 5, q1_text),))),
        Item(
            "q2",
            "Plot of the first 10 epochs",
            10,
            (
                Check("q2.trained", 1.5, ten_epochs),
                Check("q2.converges", 1, mlp_converges, ("q2.trained",)),
                *plot_checks("q2", q2_plot, (3, 1.5, 1.5, 1, 0.5), "q2.trained"),
            ),
        ),
        begun(
            Item(
                "q3",
                "Timing, and 10 epochs more",
                10,
                (
                    Check("q3.epoch_time", 2, epoch_seconds("mlp", "cpu", 10, "q3", tested=True)),
                    Check("q3.total_time", 2, q3_total),
                    Check("q3.trained", 2, twenty_epochs),
                    *plot_checks("q3", q3_plot, (1, 1.5, 0.5, 0.5, 0.5), "q3.trained"),
                ),
            )
        ),
        written_item("q4", "Should it train longer?"),
        begun(
            Item(
                "q5",
                "Training on the GPU",
                10,
                (
                    *loop_checks("q5", "gpu_train", "gpu_test", GPU_POINTS, gpu=True),
                    Check("q5.placed", 2.3, gpu_placement, needs_gpu=True),
                    Check("q5.trained", 3, gpu_epochs, needs_gpu=True),
                    Check("q5.converges", 1, converges("q5", "mlp", "cuda", 10), ("q5.trained",), needs_gpu=True),
                ),
            )
        ),
        written_item("q6", "Is the MLP faster on the GPU?"),
        model_item("cnn", "The CNN"),
        begun(
            Item(
                "q7",
                "The CNN on the CPU",
                7,
                (
                    Check("q7.trained", 3.5, cnn_epochs("q7", "cpu")),
                    Check("q7.converges", 1, converges("q7", "cnn", "cpu", 2), ("q7.trained",)),
                    Check("q7.time", 2.5, epoch_seconds("cnn", "cpu", 2, "q7", each=True, tested=True)),
                ),
            )
        ),
        begun(
            Item(
                "q8",
                "The CNN on the GPU",
                8,
                (
                    Check("q8.trained", 4.5, cnn_epochs("q8", "cuda"), needs_gpu=True),
                    Check("q8.converges", 1, converges("q8", "cnn", "cuda", 2), ("q8.trained",), needs_gpu=True),
                    Check("q8.time", 2.5, epoch_seconds("cnn", "cuda", 2, "q8", each=True), needs_gpu=True),
                ),
            )
        ),
        written_item("q9", "CPU against GPU for the CNN"),
        begun(
            Item(
                "flops",
                "FLOPs of both models",
                5,
                (Check("flops.profiled", 2.5, flops_profiled), Check("flops.printed", 2.5, flops_printed)),
            )
        ),
        written_item("q10", "Do the counts explain the times?"),
    ),
)


def anchors(run: RunEvidence) -> dict[str, int]:
    """Return, by item, the cell that belongs to it because of what ran there: the item's training or profile."""
    found: dict[str, int] = {}
    all_trainings = assemble(run)
    mlp = max(select(all_trainings, is_mlp), key=lambda t: len(t.epochs), default=None)
    if mlp is not None:
        found["q2"] = mlp.epochs[0].cell
        if len(mlp.epochs) > 10:
            found["q3"] = mlp.epochs[10].cell
    for item, role, device in (("q5", "mlp", "cuda"), ("q7", "cnn", "cpu"), ("q8", "cnn", "cuda")):
        training = next(iter(select(all_trainings, RECOGNISE[role], device)), None)
        if training is not None:
            found[item] = training.cells[0]
    if run.profiles:
        found["flops"] = run.profiles[0].cell
    return found


def thresholds(train_size: int) -> Mapping[str, Threshold]:
    """Return the thresholds that were measured on data with this many training images."""
    stored = json.loads(data_file(__package__, "thresholds.json"))
    return stored_thresholds(stored, train_size)


ASSIGNMENT = Assignment(
    name=RUBRIC.name,
    rubric=RUBRIC,
    prompts=PROMPTS,
    template=template,
    models=(
        ModelRole("mlp", ("MLP",), MLP, ((1, 28, 28), (28, 28), (784,)), is_mlp),
        ModelRole("cnn", ("CNN",), CNN, ((1, 28, 28),), is_cnn),
    ),
    loops=(
        LoopRole("cpu_train", ("cpu_train",), "train", "cpu", reference_loops.cpu_train),
        LoopRole("cpu_test", ("cpu_test",), "test", "cpu", reference_loops.cpu_test),
        LoopRole("gpu_train", ("gpu_train",), "train", "cuda", reference_loops.cpu_train),
        LoopRole("gpu_test", ("gpu_test",), "test", "cuda", reference_loops.cpu_test),
    ),
    transform=transform,
    program=PROGRAM,
    anchors=anchors,
    thresholds=thresholds,
    full_length=FullLength(
        TRAIN_IMAGES, TEST_IMAGES, BATCH_SIZE, Sizes(*relied_on()), ("cpu_loops", "q2", "q3", "q5")
    ),  # of a few seconds each; an epoch of the CNN takes a minute
)
