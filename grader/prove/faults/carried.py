"""Faults in what a training takes over from the one before: models, optimizers, lists and the step."""

from __future__ import annotations

import ast
import random

from grader.notebook.syntax import parse
from grader.prove.draft import Draft
from grader.prove.faults.edits import swap
from grader.prove.faults.naming import Training
from grader.prove.faults.training_settings import NEW_OPTIMIZER
from grader.prove.mutation import Apply, FaultGroup, Mutation, all_of

TRAIN_LISTS = "train_losses, train_steps = [], []"
TEST_LISTS = "test_losses, test_accuracy, test_steps = [], [], []"


def fresh_start_faults(names: Training) -> tuple[Mutation, ...]:
    """Return faults of a training that must begin with empty lists and from step 0, and does not."""
    one, section = FaultGroup(names.group, names.item).fault, names.section
    return (
        one(
            "old_lists",
            f"'{section}' goes on appending to the lists of the training before.",
            all_of(swap(TRAIN_LISTS, "", section=section), swap(TEST_LISTS, "", section=section)),
            (r"lists?\b",),
        ),
        one(
            "old_step",
            f"'{section}' goes on counting from the last step of the training before.",
            swap("current_step = 0", "", section=section),
            (r"\bsteps?\b",),
        ),
    )


def same_model_faults(names: Training) -> tuple[Mutation, ...]:
    """Return faults of a training that must go on with the model, optimizer, lists and step that there are."""
    one, section = FaultGroup(names.group, names.item).fault, names.section
    return (
        one(
            "weights_reset",
            f"'{section}' resets the weights of the model before it goes on.",
            _at_start(section, "for layer in model.children():\n    layer.reset_parameters()"),
            (r"reset|same model|anew|new|weights|epochs?",),
        ),
        one(
            "model_copied",
            f"'{section}' trains a copy of the model; the optimizer has the original.",
            _at_start(section, "import copy\nmodel = copy.deepcopy(model)"),
            (r"another model|of a new \w+|no step|did not change|same model",),
        ),
        one(
            "new_model",
            f"'{section}' begins with a new model and a new optimizer.",
            _at_start(section, f"model = {names.model}()\n{NEW_OPTIMIZER}"),
            (r"new|same model|another model|epochs?",),
        ),
        one(
            "new_optimizer",
            f"'{section}' begins with a new optimizer for the same model.",
            _at_start(section, NEW_OPTIMIZER),
            (r"optimizer",),
            unseen="only the momentum of the last batch is lost: the losses stay those of the reference",
        ),
        one(
            "optimizer_slower",
            f"'{section}' begins with a new optimizer that has a tenth of the learning rate.",
            _at_start(section, "optimizer = optim.SGD(model.parameters(), lr=0.001, momentum=0.5)"),
            (r"learning rate|optimizer",),
            names.settings,
        ),
        one(
            "lists_emptied",
            f"'{section}' begins with new, empty lists.",
            _at_start(section, f"{TRAIN_LISTS}\n{TEST_LISTS}"),
            (r"cover|lists?\b",),
        ),
        one(
            "step_reset",
            f"'{section}' counts its steps from 0 again.",
            _at_start(section, "current_step = 0"),
            (r"\bsteps?\b|cover|x axis",),
        ),
    )


def other_model_faults(names: Training, other: str, create: str, instead: str) -> tuple[Mutation, ...]:
    """Return a fault of a training of the class `other`: in the setup `create` is replaced by `instead`."""
    return (
        FaultGroup(names.group, names.item).fault(
            "other_model",
            f"'{names.setup}' creates and trains a {other} instead of a {names.model}.",
            swap(create, instead, section=names.setup),
            (rf"{names.model}\b|not trained|no training",),
        ),
    )


def too_many_epochs(names: Training, more: int = 2, unseen: str = "") -> Mutation:
    """Return a fault in which a training has more epochs than required; `unseen` says why it may cost nothing."""
    count = names.epochs
    return FaultGroup(names.group, names.item, names.follows).fault(
        "epochs_too_many",
        f"'{names.section}' trains for {count + more} epochs instead of {count}.",
        swap(f"range({count})", f"range({count + more})", section=names.section),
        (rf"\b{count + more}\b|\b{more} epochs|instead of {count}|epochs? too many|more than|covers? epochs",),
        unseen=unseen,
    )


def on_other_device(names: Training, train: str, test: str, create: str, moved: str) -> Mutation:
    """Return a fault in which a training runs on the other device, with its functions `train` and `test`."""
    return FaultGroup(names.group, names.item).fault(
        "other_device",
        f"'{names.section}' trains on the other device, with {train} and {test}.",
        all_of(
            swap(create, moved, section=names.setup),
            swap(names.train, train, section=names.section),
            swap(names.test, test, section=names.section),
        ),
        (r"CPU|GPU",),
    )


def _at_start(section: str, code: str) -> Apply:
    """Insert statements at the beginning of the section's first code cell."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        for index, tree in draft.trees(draft.section(section)):
            tree.body[:0] = parse(code).body
            return draft.with_tree(index, ast.fix_missing_locations(tree))
        return None

    return apply
