"""Faults around the loops: the optimizer, the number of epochs, and changes of the model between them."""

from __future__ import annotations

import ast
import random

from grader.notebook.syntax import parse
from grader.prove.draft import Draft
from grader.prove.faults.edits import swap
from grader.prove.faults.naming import Training
from grader.prove.mutation import Apply, Mutation, fault

SGD = "optim.SGD(_1, lr=0.01, momentum=0.5)"
NEW_OPTIMIZER = "optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)"


def optimizer_faults(names: Training) -> tuple[Mutation, ...]:
    """Return faults of wrong settings or of another model's parameters."""
    section, group, costs = names.setup, names.group, names.settings
    converges = f"{names.item} {names.learns}"  # of steps that cannot be taken again, or that are too small
    what = f"of {names.model} in '{section}'"

    def setting(name: str, words: str, code: str, kinds: tuple[str, ...], may: str = "") -> Mutation:
        return fault(f"{group}.{name}", words, swap(SGD, code, section=section), costs, kinds, may)

    return (
        setting(
            "lr_zero",
            f"The learning rate {what} is 0.",
            "optim.SGD(_1, lr=0.0, momentum=0.5)",
            ("learning rate is 0", "loss is"),
            converges,
        ),
        setting(
            "lr_huge",
            f"The learning rate {what} is 100.",
            "optim.SGD(_1, lr=100.0, momentum=0.5)",
            ("learning rate is 100", "stops being a number", "loss is"),
            f"{converges} {names.follows}",
        ),
        setting(
            "lr_tenfold",
            f"The learning rate {what} is 0.1.",
            "optim.SGD(_1, lr=0.1, momentum=0.5)",
            ("learning rate is 0.1",),
        ),
        setting(
            "momentum_large",
            f"The momentum {what} is 0.9.",
            "optim.SGD(_1, lr=0.01, momentum=0.9)",
            ("momentum is 0.9",),
        ),
        setting(
            "momentum_missing", f"The optimizer {what} has no momentum.", "optim.SGD(_1, lr=0.01)", ("momentum is 0",)
        ),
        setting("adam", f"The optimizer {what} is Adam.", "optim.Adam(_1, lr=0.01)", ("optimizer is Adam",), converges),
        setting(
            "weight_decay",
            f"The optimizer {what} has weight decay.",
            "optim.SGD(_1, lr=0.01, momentum=0.5, weight_decay=0.01)",
            ("weight decay",),
        ),
        fault(
            f"{group}.optimizer_of_another_model",
            f"The optimizer {what} is created for another model than the one that is trained.",
            swap(SGD, f"optim.SGD({names.model}().parameters(), lr=0.01, momentum=0.5)", section=section),
            f"{names.item} {names.follows}",
            ("another model",),
            names.learns if names.settings == names.item else f"{names.learns} {names.settings}",
        ),
        fault(
            f"{group}.optimizer_of_last_layer",
            f"The optimizer {what} gets only the last two parameters.",
            swap(SGD, "optim.SGD(list(_1)[-2:], lr=0.01, momentum=0.5)", section=section),
            names.item,
            ("holds \\d+% of the model's parameters",),
            f"{names.learns} {names.settings} {names.follows}",
        ),
    )


def stale_optimizer(names: Training, words: str) -> Mutation:
    """Return a fault in which a new model gets no new optimizer: the old one still updates the previous model."""
    return fault(
        f"{names.group}.stale_optimizer",
        words,
        swap("optimizer = _1", "", section=names.setup),
        names.item,
        ("another model",),
        f"{names.learns} {names.follows}",
    )


def epoch_faults(names: Training, fewer: int = 1) -> tuple[Mutation, ...]:
    """Return faults of too few epochs, `fewer` than required, or none, and of a new model for each."""
    section, group, count = names.section, names.group, names.epochs
    where = " = next(model.parameters()).device\n"
    return (
        fault(
            f"{group}.epochs_too_few",
            f"'{section}' trains for {count - fewer} epochs instead of {count}.",
            swap(f"range({count})", f"range({count - fewer})", section=section),
            names.item,
            (f"{count - fewer} (?:epochs? )?instead of {count}|trained for {count - fewer} epoch", "epoch"),
            names.follows,
        ),
        fault(
            f"{group}.no_training",
            f"'{section}' trains for no epochs at all.",
            swap(f"range({count})", "range(0)", section=section),
            names.item,
            ("no training|epoch",),
            f"{names.learns} {names.settings}",
        ),
        fault(
            f"{group}.new_model_each_epoch",
            f"'{section}' creates a new model and optimizer before each epoch.",
            _before_call(names.train, section, f"device{where}model = {names.model}().to(device)\n{NEW_OPTIMIZER}"),
            names.item,
            ("1 epoch\\b", "epoch"),
            f"{names.follows} {names.learns}",
        ),
    )


def untested(names: Training) -> Mutation:
    """Return a fault in which the epochs are not tested."""
    return fault(
        f"{names.group}.no_test",
        f"'{names.section}' trains and does not test.",
        swap(f"{names.test}(_1, _2, _3, _4)", "", section=names.section),
        names.item,
        ("not tested", "validation"),
        f"{names.follows} {names.learns}",
    )


def optimizer_each_epoch(names: Training) -> Mutation:
    """Return a fault in which each epoch gets a new optimizer, which loses the momentum of one batch per epoch."""
    return fault(
        f"{names.group}.new_optimizer_each_epoch",
        f"'{names.section}' creates a new optimizer before each epoch.",
        _before_call(names.train, names.section, NEW_OPTIMIZER),
        names.item,
        ("optimizer",),
        unseen="only the momentum of each epoch's last batch is lost: the losses stay those of the reference",
    )


def _before_call(function: str, section: str, code: str) -> Apply:
    """Insert statements at the beginning of the loop that calls the function."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        def change(tree: ast.Module) -> ast.Module:
            for node in ast.walk(tree):
                if isinstance(node, ast.For) and any(
                    isinstance(inner, ast.Name) and inner.id == function for inner in ast.walk(node)
                ):
                    node.body[:0] = parse(code).body
            return tree

        changed = draft.map(change, draft.section(section))
        return changed if changed != draft else None

    return apply
