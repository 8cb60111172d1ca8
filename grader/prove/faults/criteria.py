"""Faults in the criterion and in the optimizer: close relatives of cross-entropy and of plain SGD with momentum."""

from __future__ import annotations

from grader.prove.faults.edits import swap
from grader.prove.faults.naming import Training
from grader.prove.mutation import Mutation, all_of, fault

SGD = "optim.SGD(_1, lr=0.01, momentum=0.5)"
CROSS_ENTROPY = "nn.CrossEntropyLoss()"


def criterion_faults(names: Training) -> tuple[Mutation, ...]:
    """Return faults in which the criterion of a training is not the mean cross-entropy."""
    what = f"The criterion of {names.model} in '{names.setup}'"
    spoiled = f"{names.item} {names.follows} {names.learns}"

    def one(name: str, words: str, code: str, keywords: tuple[str, ...], may: str = "") -> Mutation:
        edit = swap(CROSS_ENTROPY, code, section=names.setup)
        return fault(f"{names.group}.{name}", f"{what} {words}", edit, names.settings, keywords, may)

    general = r"cross.entrop|criterion"
    return (
        one(
            "criterion_smoothed",
            "smooths the labels.",
            "nn.CrossEntropyLoss(label_smoothing=0.1)",
            (general, r"smooth"),
        ),
        one(
            "criterion_summed",
            "is the sum over the batch.",
            "nn.CrossEntropyLoss(reduction='sum')",
            (general, r"summed|\bsum\b"),
            spoiled,  # it may diverge
        ),
        one(
            "criterion_nll",
            "is NLLLoss, which gets raw logits.",
            "nn.NLLLoss()",
            (general, r"NLL|log.softmax"),
            spoiled,  # it falls below zero, without end
        ),
        one(
            "criterion_margin",
            "is a margin loss.",
            "nn.MultiMarginLoss()",
            (general, r"margin|MultiMargin"),
        ),
        one(
            "criterion_weighted",
            "weights the classes.",
            "nn.CrossEntropyLoss(weight=torch.arange(1.0, 11.0))",
            (general, r"weight"),
        ),
    )


def sgd_faults(names: Training) -> tuple[Mutation, ...]:
    """Return faults in the optimizer: other variants of SGD, and a learning rate that changes with the epochs."""
    what = f"The optimizer of {names.model} in '{names.setup}'"

    def one(name: str, words: str, code: str, keywords: tuple[str, ...], may: str = "") -> Mutation:
        edit = swap(SGD, code, section=names.setup)
        return fault(f"{names.group}.{name}", f"{what} {words}", edit, names.settings, keywords, may)

    return (
        one("nesterov", "uses Nesterov's momentum.", "optim.SGD(_1, 0.01, 0.5, nesterov=True)", (r"nesterov",)),
        one("dampening", "dampens the momentum.", "optim.SGD(_1, 0.01, 0.5, 0.5)", (r"dampening",)),
        one(
            "maximized",
            "climbs instead of descending.",
            "optim.SGD(_1, lr=0.01, momentum=0.5, maximize=True)",
            (r"maximi[sz]|the loss is|grows|upwards?",),
            f"{names.item} {names.follows} {names.learns}",
        ),
        one("rmsprop", "is RMSprop.", "optim.RMSprop(_1, lr=0.01, momentum=0.5)", (r"RMSprop",)),
        one(
            "lr_of_two_groups",
            "has another learning rate for the biases.",
            "optim.SGD([{'params': [p for p in model.parameters() if p.dim() > 1]}, "
            "{'params': [p for p in model.parameters() if p.dim() == 1], 'lr': 0.1}], lr=0.01, momentum=0.5)",
            (r"learning rate",),
        ),
        fault(
            f"{names.group}.lr_halved_each_epoch",
            f"A scheduler halves the learning rate after each epoch of '{names.section}'.",
            all_of(
                swap(
                    "current_epoch = 0",
                    "current_epoch = 0\nscheduler = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)",
                    section=names.section,
                ),
                swap("current_epoch += 1", "current_epoch += 1\nscheduler.step()", section=names.section),
            ),
            names.settings,
            (r"learning rate",),
            f"{names.item} {names.follows}",
        ),
    )
