"""Faults in the training function: gradients, steps, modes, data, records and the model."""

from __future__ import annotations

from grader.prove.faults.edits import hoist, prepend, swap, swap_lines, wrap_loop
from grader.prove.faults.naming import Loops
from grader.prove.mutation import Mutation, all_of, fault

LOSS = "_1 = _2(_3(_4), _5)"  # loss = criterion(model(data), target)
RECORD = "if _1 % 100 == 0:\n    _2.append(_3)\n    _4.append(_5)\n    _6.set_postfix(loss=_7)"


def gradient_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in the update for a batch."""
    f, item, group = names.train, names.item, names.group
    unchanged = (r"did not change|changes? nothing", r"no step|no gradients", r"the loss is")
    return (
        fault(
            f"{group}.zero_grad_missing",
            "The gradients are never set to zero.",
            swap("_1.zero_grad()", "", within=f),
            item,
            ("pile up",),
        ),
        fault(
            f"{group}.zero_grad_once",
            "The gradients are set to zero once per epoch, before the loop.",
            hoist("_1.zero_grad()", f),
            item,
            ("pile up",),
        ),
        fault(
            f"{group}.zero_grad_late",
            "The gradients are set to zero after backward and before the step.",
            all_of(swap("_1.zero_grad()", "", within=f), swap("_1.step()", "_1.zero_grad()\n_1.step()", within=f)),
            item,
            ("cleared between", "the loss is", "change"),
            f"{names.learns} {names.runs}",
        ),
        fault(
            f"{group}.no_step",
            "The optimizer never takes a step.",
            swap("_1.step()", "", within=f),
            f"{item} {names.runs}",
            ("no step",),
        ),
        fault(
            f"{group}.no_backward",
            "The loss is not propagated backward.",
            swap("_1.backward()", "", within=f),
            item,
            unchanged,
            f"{names.learns} {names.runs}",
        ),
        fault(
            f"{group}.step_before_backward",
            "The step is taken before backward, with gradients that were just cleared.",
            swap_lines("_1.backward()", "_1.step()", f),
            item,
            (*unchanged, "order"),
            f"{names.learns} {names.runs}",
        ),
        fault(
            f"{group}.detached",
            "The outputs are detached before the loss, so that backward fails.",
            swap(LOSS, "_1 = _2(_3(_4).detach(), _5)", within=f),
            f"{item} {names.runs}",
            ("require grad",),
        ),
        fault(
            f"{group}.detached_silently",
            "The outputs are detached and made leaves, so that the gradients never reach the model.",
            swap(LOSS, "_1 = _2(_3(_4).detach().requires_grad_(), _5)", within=f),
            item,
            unchanged,
            f"{names.learns} {names.runs}",
        ),
        fault(
            f"{group}.no_grad_in_training",
            "The training loop is inside torch.no_grad().",
            wrap_loop("torch.no_grad()", f),
            f"{item} {names.runs}",
            ("require grad",),
        ),
        fault(
            f"{group}.two_steps",
            "Two steps are taken for each batch.",
            swap("_1.step()", "_1.step()\n_1.step()", within=f),
            item,
            ("two optimizer steps",),
        ),
        fault(
            f"{group}.sum_loss",
            "The loss is multiplied by the batch size before backward.",
            swap(LOSS, "_1 = _2(_3(_4), _5) * len(_5)", within=f),
            item,
            ("summed over the batch",),
            names.plots,  # losses that are no numbers cannot be seen
        ),
        fault(
            f"{group}.softmax_before_loss",
            "There is a softmax between the model and the cross-entropy.",
            swap(LOSS, "_1 = _2(torch.softmax(_3(_4), dim=1), _5)", within=f),
            item,
            ("softmax",),
        ),
        fault(
            f"{group}.optimizer_every_batch",
            "A new optimizer is created for every batch, so that the momentum is lost.",
            swap(
                "_1.zero_grad()", "_1 = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)\n_1.zero_grad()", within=f
            ),
            item,
            ("momentum",),
        ),
    )


def course_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults of the wrong model, data or mode, or of too few or too many batches."""
    f, item, group = names.train, names.item, names.group
    return (
        fault(
            f"{group}.train_mode_missing",
            "The model is not put into training mode.",
            swap("_1.train()", "", within=f),
            item,
            ("evaluation mode",),
        ),
        fault(
            f"{group}.eval_in_training",
            "The model is put into evaluation mode for the training.",
            swap("_1.train()", "_1.eval()", within=f),
            item,
            ("evaluation mode",),
        ),
        fault(
            f"{group}.trains_on_test",
            "The training iterates over the test loader.",
            swap("train_loader", "test_loader", within=f),
            f"{item} {names.runs}",
            ("test data", "no training", "test images"),
        ),
        fault(
            f"{group}.labels_shifted_in_training",
            "The labels of the training are shifted by one class.",
            swap(LOSS, "_1 = _2(_3(_4), (_5 + 1) % 10)", within=f),
            item,
            ("weights differ", "labels"),
        ),
        fault(
            f"{group}.first_batch_only",
            "The loop returns after its first batch.",
            swap(
                RECORD,
                "_2.append(_3)\n_4.append(_5)\nbreak",
                within=f,
            ),
            f"{item} {names.runs}",
            ("first batch", "no training", "batch"),
        ),
        fault(
            f"{group}.new_model_in_function",
            "Each call creates and trains a new local model that hides the global one.",
            prepend("model = MLP().to(next(globals()['model'].parameters()).device)", f),
            f"{item} {names.runs}",
            ("did not change|no step|never called|reads no global", "no training", "another model", "epoch"),
        ),
        fault(
            f"{group}.two_passes",
            "One call iterates over the data twice.",
            swap("enumerate(_1)", "enumerate(batch for _ in range(2) for batch in _1)", within=f),
            item,
            ("twice",),
            f"{names.learns} {names.runs} {names.plots}",
        ),
        fault(
            f"{group}.model_forgotten_global",
            "Each call creates an optimizer for a new model, not for the one that is trained.",
            prepend("optimizer = optim.SGD(MLP().parameters(), lr=0.01, momentum=0.5)", f),
            f"{item} {names.runs}",
            ("did not change|no step", "another model"),
        ),
    )


def record_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in the values that the training records and returns."""
    f, item, group = names.train, names.item, names.group
    append_loss, append_step = "_1.append(_2.item())", "steps.append(_1)"
    return (
        fault(
            f"{group}.records_every_batch",
            "The loss of every batch is recorded.",
            swap("_1 % 100", "_1 % 1", within=f),
            item,
            (r"every 1 batch\b",),
        ),
        fault(
            f"{group}.records_every_tenth",
            "The loss of every tenth batch is recorded.",
            swap("_1 % 100", "_1 % 10", within=f),
            item,
            ("every 10 batches",),
        ),
        fault(
            f"{group}.records_nothing",
            "No training loss is recorded.",
            all_of(swap(append_loss, "", within=f), swap(append_step, "", within=f)),
            f"{item} {names.plots}",
            ("nothing was appended", "training loss"),
        ),
        fault(
            f"{group}.records_into_own_list",
            "The function creates local lists that hide its arguments.",
            prepend("train_losses, steps = [], []", f),
            f"{item} {names.plots}",
            ("nothing was appended", "training loss"),
        ),
        fault(
            f"{group}.records_tensors",
            "The loss is recorded as a tensor, with its graph.",
            swap(append_loss, "_1.append(_2)", within=f),
            f"{item} {names.plots}",
            ("tensor", "requires? grad"),
        ),
        fault(
            f"{group}.records_local_step",
            "The number of the batch within the epoch is recorded as its step.",
            swap(append_step, "steps.append(batch_idx + 1)", within=f),
            item,
            ("global steps? ",),
        ),
        fault(
            f"{group}.records_epoch_for_step",
            "The number of the epoch is recorded as the step.",
            swap(append_step, "steps.append(epoch)", within=f),
            item,
            ("global steps? ",),
        ),
        fault(
            f"{group}.records_running_mean",
            "The mean of all losses so far is recorded.",
            all_of(
                prepend("seen_losses = []", f),
                swap("_1.backward()", "_1.backward()\nseen_losses.append(_1.item())", within=f),
                swap(
                    RECORD,
                    "if _1 % 100 == 0:\n    _2.append(sum(seen_losses) / len(seen_losses))\n    _4.append(_5)",
                    within=f,
                ),
            ),
            item,
            ("averages over several batches",),
            names.plots,
        ),
        fault(
            f"{group}.step_counted_twice",
            "The step increases by two with each batch.",
            swap("_1 += 1", "_1 += 2", within=f),
            item,
            ("global steps?", "returns"),
            names.plots,
        ),
        fault(
            f"{group}.step_starts_anew",
            "The function counts its steps from zero.",
            prepend("current_step = 0", f),
            item,
            ("global steps? ",),
        ),
        fault(
            f"{group}.returns_one_more",
            "The function returns one step too many.",
            swap("return _1", "return _1 + 1", within=f),
            item,
            ("returns \\[",),
        ),
        fault(
            f"{group}.returns_nothing",
            "The function does not return the step.",
            swap("return _1", "", within=f),
            f"{item} {names.runs}",
            ("returns nothing", "NoneType"),
        ),
    )
