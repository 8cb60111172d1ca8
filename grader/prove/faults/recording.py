"""Faults in what a training function counts, records and returns, and in the batches that it leaves out."""

from __future__ import annotations

from grader.prove.faults.edits import swap, swap_lines
from grader.prove.faults.naming import Loops
from grader.prove.faults.training import RECORD
from grader.prove.mutation import Mutation, all_of, fault

APPEND_LOSS = "_1.append(_2.item())"
STEPS = (r"global steps? |steps? recorded|steps? are|returns",)


def step_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in the step: when and by how much it grows, and what is returned."""
    f, item, group = names.train, names.item, names.group
    count = "current_step += 1"
    return (
        fault(
            f"{group}.step_counted_late",
            "The step is recorded before it is counted, so that the steps are 0, 100, 200.",
            swap_lines(count, RECORD, f),
            item,
            STEPS,
            unseen="the curves are the same but for one step; only the text's numbers 1, 101, 201 differ",
        ),
        fault(
            f"{group}.step_counts_images",
            "The step grows by the number of images of each batch.",
            swap(count, "current_step += len(data)", within=f),
            item,
            STEPS,
        ),
        fault(
            f"{group}.step_counts_records",
            "The step grows only when a loss is recorded.",
            all_of(
                swap(count, "", within=f),
                swap("_1.append(_2.item())", "current_step += 1\n_1.append(_2.item())", within=f),
            ),
            item,
            STEPS,
            names.plots,
        ),
        fault(
            f"{group}.returns_batches",
            "The function returns the number of batches of the epoch, not the step.",
            swap("return _1", "return batch_idx + 1", within=f),
            item,
            (r"returns",),
            names.plots,
        ),
        fault(
            f"{group}.returns_pair",
            "The function returns the step and the last loss, and the caller takes both for the step.",
            swap("return _1", "return _1, loss.item()", within=f),
            names.runs,
            (r"returns|tuple",),
            item,
        ),
    )


def loss_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in the recorded loss: of other batches, of another moment, in another form."""
    f, item, group = names.train, names.item, names.group
    return (
        fault(
            f"{group}.records_last_of_hundred",
            "The loss of the batches 99, 199, ... is recorded.",
            swap("_1 % 100 == 0", "(_1 + 1) % 100 == 0", within=f),
            item,
            (r"batch|nothing was appended",),
            names.plots,  # an epoch of fewer than 100 batches records nothing
            unseen="one loss per 100 batches with its step, so that the curve tells the same",
        ),
        fault(
            f"{group}.records_text",
            "The loss is recorded as text.",
            swap(APPEND_LOSS, "_1.append(f'{_2.item():.4f}')", within=f),
            item,
            (r"text|string|\bstr\b|not a (?:float|number)|not numbers",),
            names.plots,  # matplotlib takes texts for categories
        ),
        fault(
            f"{group}.records_after_update",
            "The loss is computed again after the update, and that one is recorded.",
            swap(APPEND_LOSS, "_1.append(criterion(model(data), target).item())", within=f),
            item,
            (r"loss",),
        ),
        fault(
            f"{group}.records_sum_of_images",
            "The loss is recorded times the number of images.",
            swap(APPEND_LOSS, "_1.append(_2.item() * len(data))", within=f),
            item,
            (r"loss",),
        ),
    )


def batch_faults(names: Loops) -> tuple[Mutation, ...]:
    """Return faults in the batches: some are left out, trained on together, or clipped."""
    f, item, group = names.train, names.item, names.group
    return (
        fault(
            f"{group}.skips_small_batch",
            "The last, smaller batch is skipped.",
            swap("_1.zero_grad()", "if len(data) < 64:\n    continue\n_1.zero_grad()", within=f),
            item,
            (r"batch|steps?\b",),
        ),
        fault(
            f"{group}.step_every_second",
            "The optimizer takes a step after every second batch, with the gradients of both.",
            all_of(
                swap("_1.zero_grad()", "if batch_idx % 2 == 0:\n    _1.zero_grad()", within=f),
                swap("_1.step()", "if batch_idx % 2 == 1:\n    _1.step()", within=f),
            ),
            item,
            (r"step|update|pile up|accumulat",),
            names.learns,
        ),
        fault(
            f"{group}.passes_by_number",
            "The number of the epoch is taken for a number of passes: epoch 1 goes over the data once, epoch 2 twice.",
            swap("enumerate(_1)", "enumerate(batch for _ in range(epoch + 1) for batch in train_loader)", within=f),
            item,
            (r"twice|times|pass|batches",),
            f"{names.learns} {names.runs} {names.plots}",
        ),
        fault(
            f"{group}.gradients_clipped",
            "The gradients are clipped to a small norm before the step.",
            swap("_1.step()", "nn.utils.clip_grad_norm_(model.parameters(), 0.01)\n_1.step()", within=f),
            item,
            (r"gradient|weights|clip|update|step",),
            names.learns,
        ),
        fault(
            f"{group}.weights_decayed",
            "Each step also shrinks the weights.",
            swap(
                "_1.step()",
                "_1.step()\nwith torch.no_grad():\n    for weight in model.parameters():\n        weight.mul_(0.99)",
                within=f,
            ),
            item,
            (r"weights|update|step",),
            names.learns,
        ),
    )
