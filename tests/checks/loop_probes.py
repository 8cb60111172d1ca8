"""Made-up probes of a right training and test function, for the tests of the checks on them."""

import dataclasses

import numpy as np

from grader.evidence.probes import Forward, LoopProbe, LoopRun
from grader.evidence.run import LoaderSeen, OptimizerSeen, Pass

BATCHES = 230

START = {"w": np.zeros((4, 3), np.float32)}

AFTER = {"w": np.ones((4, 3), np.float32)}

PILED_UP = {"w": np.full((4, 3), 3, np.float32)}

LOSSES = tuple(2.3 * 0.99**i for i in range(BATCHES))

STEPS_BEFORE = 640

TRAIN = tuple(Forward(4, True, True) for _ in range(BATCHES))

TEST_LOSSES, TEST_SIZES, TEST_CORRECT = (0.5, 0.7, 1.5), (32, 32, 7), (30, 25, 2)

TEST = tuple(Forward(size, False, False) for size in TEST_SIZES)

MEAN = sum(TEST_LOSSES) / 3


def recorded(indices, shift=1, start=STEPS_BEFORE):
    return {
        "train_losses": tuple(LOSSES[i] for i in indices),
        "steps": tuple(float(start + i + shift) for i in indices),
    }


def run(**changes) -> LoopRun:
    right = LoopRun(
        start=START,
        weights=AFTER,
        lists=recorded((0, 100, 200)),
        returned=(float(STEPS_BEFORE + BATCHES),),
        forwards=TRAIN,
        batches={"train": BATCHES},
    )
    return dataclasses.replace(right, **changes)


def train(**changes) -> LoopProbe:
    return LoopProbe(
        "cpu_train",
        source="cpu_train in cell 5",
        student=run(**changes),
        reference=run(),
        losses=LOSSES,
        current_step=STEPS_BEFORE,
        batch_sizes=(4,) * BATCHES,
        faults={"no_zero_grad": PILED_UP, "no_step": START},
    )


def evaluation(**changes) -> LoopProbe:
    base = LoopRun(
        start=START,
        weights=START,
        lists={"test_losses": (MEAN,), "test_accuracy": (57 / 71,), "steps": (640.0,)},
        forwards=TEST,
        batches={"test": 3},
        returned_nothing=True,
    )
    return LoopProbe(
        "cpu_test",
        student=dataclasses.replace(base, **changes),
        reference=base,
        losses=TEST_LOSSES,
        batch_sizes=TEST_SIZES,
        correct=TEST_CORRECT,
    )


LOADER = LoaderSeen("loader-1", "MNIST", "train", 8192, 64, True)


def seen(optimizer: OptimizerSeen | None) -> list[Pass]:
    return [Pass(4, LOADER, 0.0, 1.0, 128, 8192, True, steps=128, optimizer=optimizer)]
