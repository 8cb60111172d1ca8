"""Faults in what a test function measures: part of the images, other means, other denominators, nothing shown."""

from __future__ import annotations

from grader.prove.faults.edits import swap
from grader.prove.faults.naming import Loops
from grader.prove.faults.training_test import ADD_CORRECT, ADD_LOSS, MEAN_LOSS, SHARE
from grader.prove.mutation import Mutation, all_of, fault


def coverage_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in which not all test images count."""
    f, item, group = names.test, names.item, names.group
    return (
        fault(
            f"{group}.tests_first_batch_only",
            "The test stops after its first batch.",
            swap(ADD_CORRECT, "_1 += (_2.argmax(dim=1) == _3).sum().item()\nbreak", within=f),
            item,
            (r"batch|images|whole",),
            names.runs,  # they ask for a test after each epoch, and none is complete
        ),
        fault(
            f"{group}.test_skips_small_batch",
            "The test skips the last, smaller batch.",
            swap("_1 = model(_2)", "if len(target) < 64:\n    continue\n_1 = model(_2)", within=f),
            item,
            (r"batch|images|average loss|accuracy",),
        ),
    )


def mean_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in the mean loss and in the accuracy."""
    f, item, group = names.test, names.item, names.group
    return (
        fault(
            f"{group}.loss_mean_over_images",
            "The loss is the mean over the images, not over the batches.",
            all_of(
                swap(ADD_LOSS, "_1 += _2(_3, _4).item() * len(_4)", within=f),
                swap(MEAN_LOSS, "_1.append(_2 / len(test_loader.dataset))", within=f),
            ),
            item,
            (r"images|weighted|average loss",),
            unseen="the same number but for the weight of the last, smaller batch, and a sound average",
        ),
        fault(
            f"{group}.accuracy_mean_of_batches",
            "The accuracy is the mean of the batches' accuracies, in which the last, smaller batch counts as much.",
            all_of(
                swap(ADD_CORRECT, "_1 += (_2.argmax(dim=1) == _3).float().mean().item()", within=f),
                swap(SHARE, "_1.append(_2 / len(test_loader))", within=f),
            ),
            item,
            (r"accurac",),
        ),
        fault(
            f"{group}.accuracy_by_full_batches",
            "The number of correct images is divided by 64 for each batch, although the last one is smaller.",
            swap(SHARE, "_1.append(_2 / (64 * len(test_loader)))", within=f),
            item,
            (r"accurac",),
        ),
        fault(
            f"{group}.accuracy_is_error",
            "The share of wrong images is recorded as the accuracy.",
            swap(SHARE, "_1.append(1 - _2 / len(test_loader.dataset))", within=f),
            item,
            (r"accurac|wrong",),
        ),
        fault(
            f"{group}.accuracy_of_training_size",
            "The number of correct images is divided by the number of training images.",
            swap(SHARE, "_1.append(_2 / len(train_loader.dataset))", within=f),
            item,
            (r"accurac|training",),
        ),
        fault(
            f"{group}.accuracy_after_softmax_threshold",
            "An image counts as correct if its class has a probability above one half.",
            swap(
                ADD_CORRECT,
                "_1 += (torch.softmax(_2, 1).gather(1, _3[:, None]) > 0.5).sum().item()",
                within=f,
            ),
            item,
            (r"accurac",),
        ),
    )


def shown_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in which the test keeps no step or prints nothing."""
    f, item, group = names.test, names.item, names.group
    return (
        fault(
            f"{group}.test_step_missing",
            "The test does not record its step.",
            swap("steps.append(current_step)", "", within=f),
            item,
            (r"steps?\b",),
            names.plots,  # a curve without x
        ),
        fault(
            f"{group}.test_step_by_epoch",
            "The test records the number of its epoch as the step.",
            swap("steps.append(current_step)", "steps.append(len(steps) + 1)", within=f),
            item,
            (r"steps?\b",),
            names.plots,  # the x of one curve are epochs
        ),
        fault(
            f"{group}.test_prints_nothing",
            "The test prints neither number.",
            swap("print(_1)", "", within=f),
            item,
            (r"print",),
            unseen="nobody needs the line: both numbers are in the lists, from which the curves are drawn",
        ),
    )
