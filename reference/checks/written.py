"""Checks on the written answers: their topics, and the measured facts that are shown beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from grader.assignment import Check, CheckFunction, Evidence, Item, Review
from grader.checks import answers, models
from grader.evidence import trainings
from reference.checks.epochs import cpu_trainings
from reference.checks.speeds import compared, speed_facts
from reference.prompts import PROMPTS_BY_ITEM, template

TOPICS: Mapping[str, tuple[str, ...]] = {
    "q4": ("loss", "curve", "epoch", "train", "overfit", "converg", "plateau", "test", "validation", "accura", "learn"),
    "q6": ("gpu", "cpu", "cuda", "fast", "slow", "speed", "time", "transfer", "parallel", "overhead", "batch"),
    "q9": ("gpu", "cpu", "cnn", "conv", "mlp", "fast", "slow", "speed", "time", "parallel"),
    "q10": ("flop", "mac", "operation", "param", "conv", "mlp", "cnn", "expect", "compute", "memory", "time"),
}


def written(item: str) -> CheckFunction:
    """Return a check that there is an answer in the student's own words; a person decides what it is worth."""

    def check(e: Evidence) -> Review:
        earlier = list(TOPICS)[: list(TOPICS).index(item)]  # of two equal answers the first counts
        others = {other: e.sections[other].answer for other in earlier if e.sections[other].answer}
        return answers.written_answer(
            e.sections[item].answer,
            PROMPTS_BY_ITEM[item].text,
            "\n".join(template()),
            others,
            TOPICS[item],
            tuple(FACTS[item](e)),
            "\n".join(cell.source for cell in e.notebook.code_cells),
            conclusion=True,
        )

    check.__doc__ = "The question is answered in the student's own words."
    return check


def loss_facts(e: Evidence) -> list[str]:
    """Return the MLP's losses after 1, 10, 20 and all epochs, and the epoch with the lowest test loss."""
    epochs = max((t.epochs for t in cpu_trainings(e)), key=len, default=())
    tested = [(n, epoch.test.mean_loss) for n, epoch in enumerate(epochs, 1) if epoch.test and epoch.test.mean_loss]
    facts = [
        f"here, after epoch {n}: training loss {mean(epochs[n - 1]):.3f}, test loss {loss:.3f}"
        for n, loss in tested
        if n in (1, 10, 20, len(epochs))
    ]
    if tested:
        best = min(tested, key=lambda pair: pair[1])
        facts.append(f"here the test loss was lowest after epoch {best[0]}: {best[1]:.3f}")
    return facts


def mean(epoch: trainings.Epoch) -> float:
    """Return the mean training loss of an epoch."""
    return sum(loss or 0.0 for loss in epoch.train.losses) / max(1, len(epoch.train.losses))


def flops_facts(e: Evidence) -> list[str]:
    """Return both models' counts, and their times on both devices."""
    counted = {role: models.count_macs(e.models[role].operations) for role in ("mlp", "cnn")}
    said = [
        f"counted here: the {role.upper()} needs {count:,} MACs for one image"
        for role, count in counted.items()
        if count
    ]
    if all(counted.values()):
        said[-1] += f", {counted['cnn'] / counted['mlp']:.0f} times as many"
    return [*said, *compared(e), *speed_facts(e, "mlp", "cnn")]


FACTS: Mapping[str, Callable[[Evidence], list[str]]] = {
    "q4": loss_facts,
    "q6": lambda e: speed_facts(e, "mlp"),
    "q9": lambda e: speed_facts(e, "cnn", "mlp"),
    "q10": flops_facts,
}


def written_item(item: str, title: str) -> Item:
    """Return the item for a written answer: 5 points."""
    return Item(item, title, 5, (Check(f"{item}.answer", 5, written(item)),))
