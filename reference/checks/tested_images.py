"""Find tests that go over the training images, because they are called with the training loader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from grader.assignment import Evidence, Fail
from grader.checks import loop_tests
from grader.evidence.trainings import Epoch
from reference.checks.before import fails
from reference.checks.epochs import first_training, second_training, trained

WHICH_LOADER = "Which loader is passed to the test of each epoch?"


def tested_on_training_images(e: Evidence, item: str) -> bool:
    """Return whether an item is the first whose epochs were tested on the training images: the fault costs once."""
    asked: tuple[tuple[str, str, Callable[[], Sequence[Epoch]]], ...] = (
        ("q2", "cpu_test", lambda: first_training(e).epochs[:10]),
        ("q3", "cpu_test", lambda: second_training(e).epochs[-10:]),
        ("q5", "gpu_test", lambda: trained(e, "q5", "mlp", "cuda", 10).epochs[:10]),
        ("q7", "cpu_test", lambda: trained(e, "q7", "cnn", "cpu", 2).epochs[:2]),
        ("q8", "gpu_test", lambda: trained(e, "q8", "cnn", "cuda", 2).epochs[:2]),
    )
    for asking, function, epochs in asked:
        with suppress(Fail):
            if _over_training_images(e, epochs(), function):
                return asking == item
    return False


def _over_training_images(e: Evidence, epochs: Sequence[Epoch], function: str) -> bool:
    """Return whether the tests of these epochs went over all training images although their `function` is right.

    It was then called with the training loader. One that ignores its loader cost points before, and so did a test
    loader with training images.
    """
    probe = e.loops.get(function)
    if probe is None or probe.student is None or probe.student.error is not None:
        return False
    tests = [epoch.test for epoch in epochs if epoch.test is not None]
    wanted = e.wanted_data
    over = all(wanted.holds(test.loader, "train") and not wanted.holds(test.loader, "test") for test in tests)
    return bool(tests) and over and not fails(lambda: loop_tests.leaves_model_alone(probe))
