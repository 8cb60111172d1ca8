"""The written answers: what they are about, and the measured facts that are laid beside them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping

from grader.checks import answers, models, trainings
from grader.rubric import Check, CheckFunction, Evidence, Item, Review
from reference.contract import RECOGNISE
from reference.observed import cpu_trainings
from reference.prompts import PROMPTS_BY_ITEM, template

TOPICS: Mapping[str, tuple[str, ...]] = {
    "q4": ("loss", "curve", "epoch", "train", "overfit", "converg", "plateau", "test", "validation", "accura", "learn"),
    "q6": ("gpu", "cpu", "cuda", "fast", "slow", "speed", "time", "transfer", "parallel", "overhead", "batch"),
    "q9": ("gpu", "cpu", "cnn", "conv", "mlp", "fast", "slow", "speed", "time", "parallel"),
    "q10": ("flop", "mac", "operation", "param", "conv", "mlp", "cnn", "expect", "compute", "memory", "time"),
}


def written(item: str) -> CheckFunction:
    """A check that there is an answer in the student's own words; a person decides what it is worth."""

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
        )

    check.__doc__ = "The question is answered in the student's own words."
    return check


def loss_facts(e: Evidence) -> list[str]:
    """The MLP's own losses after 1, 10 and 20 epochs, and where the test loss was lowest."""
    epochs = max((t.epochs for t in cpu_trainings(e)), key=len, default=())
    tested = [(n, epoch.test.mean_loss) for n, epoch in enumerate(epochs, 1) if epoch.test and epoch.test.mean_loss]
    facts = [
        f"after epoch {n}: training loss {mean(epochs[n - 1]):.3f}, test loss {loss:.3f}"
        for n, loss in tested
        if n in (1, 10, 20, len(epochs))
    ]
    if tested:
        best = min(tested, key=lambda pair: pair[1])
        facts.append(f"the test loss was lowest after epoch {best[0]}: {best[1]:.3f}")
    return facts


def mean(epoch: trainings.Epoch) -> float:
    """The mean training loss of an epoch."""
    return sum(loss or 0.0 for loss in epoch.train.losses) / max(1, len(epoch.train.losses))


def seconds(e: Evidence, role: str, device: str) -> float | None:
    """Median seconds of an epoch of training on the device; None when there was none."""
    found = [epoch.train.seconds for t in trainings.trainings(e.run, RECOGNISE[role], device) for epoch in t.epochs]
    return statistics.median(found) if found else None


def speed_facts(role: str) -> Callable[[Evidence], list[str]]:
    """Facts on the time of an epoch on both devices."""

    def facts(e: Evidence) -> list[str]:
        name, found = role.upper(), {device: seconds(e, role, device) for device in ("cpu", "cuda")}
        cpu, gpu = found["cpu"], found["cuda"]
        said = [f"an epoch of the {name} on the CPU took {cpu:.2f} s here"] if cpu else []
        if gpu:
            said.append(f"an epoch of the {name} on the GPU took {gpu:.2f} s here")
        else:
            said.append(f"no epoch of the {name} on a GPU was seen here: the student's own figures are not known")
        if cpu and gpu:
            said.append(f"so the GPU was {cpu / gpu:.1f} times as fast")
        return said

    return facts


def cnn_facts(e: Evidence) -> list[str]:
    """Facts on both models' times."""
    return [*speed_facts("cnn")(e), *speed_facts("mlp")(e)]


def flops_facts(e: Evidence) -> list[str]:
    """Both models' counts, and their times on the CPU."""
    counted = {role: models.count_macs(e.models[role].operations) for role in ("mlp", "cnn")}
    said = [f"{role.upper()}: {count:,} MACs for one image" for role, count in counted.items() if count]
    if all(counted.values()):
        said.append(f"the CNN needs {counted['cnn'] / counted['mlp']:.0f} times as many")
    mlp, cnn = seconds(e, "mlp", "cpu"), seconds(e, "cnn", "cpu")
    if mlp and cnn:
        said.append(f"an epoch of the CNN on the CPU took {cnn / mlp:.0f} times as long as one of the MLP here")
    return said


FACTS: Mapping[str, Callable[[Evidence], list[str]]] = {
    "q4": loss_facts,
    "q6": speed_facts("mlp"),
    "q9": cnn_facts,
    "q10": flops_facts,
}


def written_item(item: str, title: str) -> Item:
    """The item for a written answer: 5 points."""
    return Item(item, title, 5, (Check(f"{item}.answer", 5, written(item)),))
