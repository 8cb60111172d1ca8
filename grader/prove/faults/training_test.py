"""Faults in the test function: modes, averages, accuracy and data."""

from __future__ import annotations

from grader.prove.faults.edits import swap, unwrap
from grader.prove.faults.naming import Loops
from grader.prove.mutation import Mutation, all_of, fault

ADD_LOSS = "_1 += _2(_3, _4).item()"
MEAN_LOSS = "_1.append(_2 / len(test_loader))"
ADD_CORRECT = "_1 += (_2.argmax(dim=1) == _3).sum().item()"
SHARE = "_1.append(_2 / len(test_loader.dataset))"


def mode_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in the modes, gradients and data of the test."""
    f, item, group = names.test, names.item, names.group
    return (
        fault(
            f"{group}.eval_missing",
            "The model is not put into evaluation mode for the test.",
            swap("_1.eval()", "", within=f),
            item,
            ("training mode",),
        ),
        fault(
            f"{group}.train_in_test",
            "The model is put into training mode for the test.",
            swap("_1.eval()", "_1.train()", within=f),
            item,
            ("training mode",),
        ),
        fault(
            f"{group}.gradients_in_test", "The test records gradients.", unwrap(f), item, ("gradients are recorded",)
        ),
        fault(
            f"{group}.enable_grad_in_test",
            "The test is inside torch.enable_grad().",
            swap("torch.no_grad()", "torch.enable_grad()", within=f),
            item,
            ("gradients are recorded",),
        ),
        fault(
            f"{group}.tests_on_training_data",
            "The test iterates over the training loader.",
            swap("test_loader", "train_loader", within=f),
            item,
            ("training loader",),
        ),
        fault(
            f"{group}.steps_in_test",
            "The test loop trains too.",
            all_of(
                unwrap(f),
                swap(
                    ADD_LOSS,
                    "batch_loss = _2(_3, _4)\noptimizer.zero_grad()\nbatch_loss.backward()\noptimizer.step()\n"
                    "_1 += batch_loss.item()",
                    within=f,
                ),
            ),
            item,
            ("changes the model's weights", "gradients are recorded", "trains"),
            f"{names.runs} {names.learns} {names.plots}",
        ),
        fault(
            f"{group}.labels_shifted_in_test",
            "The test compares with labels that are shifted by one class.",
            all_of(
                swap(ADD_LOSS, "_1 += _2(_3, (_4 + 1) % 10).item()", within=f),
                swap(ADD_CORRECT, "_1 += (_2.argmax(dim=1) == (_3 + 1) % 10).sum().item()", within=f),
            ),
            item,
            ("no average loss", "labels"),
        ),
    )


def figure_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in the values that the test records."""
    f, item, group = names.test, names.item, names.group
    return (
        fault(
            f"{group}.loss_by_images",
            "The batches' mean losses are divided by the number of images.",
            swap(MEAN_LOSS, "_1.append(_2 / len(test_loader.dataset))", within=f),
            item,
            ("divided by the number of images",),
        ),
        fault(
            f"{group}.loss_off_by_one",
            "The sum of the losses is divided by one batch too few.",
            swap(MEAN_LOSS, "_1.append(_2 / (len(test_loader) - 1))", within=f),
            item,
            ("average loss",),
        ),
        fault(
            f"{group}.loss_not_divided",
            "The losses are added up and not divided.",
            swap(MEAN_LOSS, "_1.append(_2)", within=f),
            item,
            ("not divided",),
        ),
        fault(
            f"{group}.loss_of_last_batch",
            "Only the last batch's loss is recorded.",
            all_of(swap(ADD_LOSS, "_1 = _2(_3, _4).item()", within=f), swap(MEAN_LOSS, "_1.append(_2)", within=f)),
            item,
            ("last batch",),
        ),
        fault(
            f"{group}.loss_of_last_batch_divided",
            "The sum is overwritten by each batch's loss: that of the last batch is divided by the number of batches.",
            swap(ADD_LOSS, "_1 = _2(_3, _4).item()", within=f),
            item,
            ("last batch",),
        ),
        fault(
            f"{group}.loss_weighted",
            "The losses are weighted by the batch size and divided by the number of batches.",
            swap(ADD_LOSS, "_1 += _2(_3, _4).item() * len(_4)", within=f),
            item,
            ("weighted by batch size",),
        ),
        fault(
            f"{group}.accuracy_wrong_axis",
            "The prediction is the argmax over the images, not over the classes.",
            swap(ADD_CORRECT, "_1 += (_2.argmax(dim=0) == _3).sum().item()", within=f),
            f"{item} {names.runs}",
            ("size of tensor", "RuntimeError"),
        ),
        fault(
            f"{group}.accuracy_by_batches",
            "The number of correct images is divided by the number of batches.",
            swap(SHARE, "_1.append(_2 / len(test_loader))", within=f),
            item,
            ("number of batches",),
        ),
        fault(
            f"{group}.accuracy_in_percent",
            "The accuracy is recorded in percent.",
            swap(SHARE, "_1.append(100 * _2 / len(test_loader.dataset))", within=f),
            item,
            ("percent",),
        ),
        fault(
            f"{group}.accuracy_of_last_batch",
            "Only the last batch's correct images are counted.",
            swap(ADD_CORRECT, "_1 = (_2.argmax(dim=1) == _3).sum().item()", within=f),
            item,
            ("last batch",),
        ),
        fault(
            f"{group}.accuracy_counts",
            "The number of correct images is recorded, not their fraction.",
            swap(SHARE, "_1.append(_2)", within=f),
            item,
            ("not their fraction",),
        ),
        fault(
            f"{group}.accuracy_of_smallest",
            "The prediction is the class with the smallest output.",
            swap(ADD_CORRECT, "_1 += (_2.argmin(dim=1) == _3).sum().item()", within=f),
            item,
            ("accuracy",),
        ),
        fault(
            f"{group}.accuracy_missing",
            "No accuracy is recorded.",
            all_of(swap(SHARE, "", within=f), swap("print(_1)", "", within=f)),
            item,
            ("accuracy",),
        ),
        fault(
            f"{group}.loss_missing",
            "No test loss is recorded.",
            all_of(swap(MEAN_LOSS, "", within=f), swap("print(_1)", "", within=f)),
            f"{item} {names.plots}",
            ("average loss|no loss", "validation loss"),
        ),
    )
