"""Output and plots of a notebook's cells with simulated training: invented losses and a simulated clock.

So the assignment's checks judge the output of hundreds of mutations in seconds, without any training.
"""

from __future__ import annotations

import math
import random
import re
import statistics
from dataclasses import dataclass
from functools import cache

from grader.assignment import Fail
from grader.checks import timing, total_time
from grader.evidence.run import CellRun, Figure, LoaderSeen, Pass
from grader.evidence.trainings import Epoch
from grader.prove.draft import Draft
from tests.in_kernel.watched import watch

TRAIN = LoaderSeen("train", "MNIST", "train", 8192, 64, True)
TEST = LoaderSeen("test", "MNIST", "test", 1024, 64, False)
BATCHES = 128
COUNTS = {"train": 10, "q3": 10, "q7": 2, "q8": 2}

STUBS = """
import datetime, io, sys, time, timeit
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from tqdm import tqdm

_out, _now, _texts = io.StringIO(), [1.7e9], {{}}
_played = {played!r}
_at = [0]
sys.stderr = _out
for _name in ("time", "perf_counter", "monotonic"):
    setattr(time, _name, lambda: _now[0])
time.time_ns = lambda: int(_now[0] * 1e9)
timeit.default_timer = time.perf_counter

_of = lambda values, place: values[min(place, len(values) - 1)]


def cpu_train(epoch, train_losses, steps, current_step):
    seconds, losses = _of(_played, _at[0])[:2]
    _now[0] += seconds
    for place in range(0, len(losses), 100):
        train_losses.append(losses[place])
        steps.append(current_step + place + 1)
    return current_step + len(losses)


def cpu_test(test_losses, test_accuracy, steps, current_step):
    seconds, loss, accuracy = _of(_played, _at[0])[2:]
    _now[0] += seconds
    _at[0] += 1
    test_losses.append(loss)
    test_accuracy.append(accuracy)
    steps.append(current_step)
    print(f"step {{current_step}}: test loss {{test_losses[-1]:.4f}}, accuracy {{test_accuracy[-1]:.2%}}")


gpu_train, gpu_test = cpu_train, cpu_test
train_loader = range(128)
model = nn.Linear(1, 1)


class CNN(nn.Linear):
    def __init__(self):
        super().__init__(1, 1)

    def cuda(self):
        return self
"""

CLOCK = """
class _Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_now[0])


datetime.datetime = _Clock
"""


@dataclass(frozen=True)
class Shown:
    """The printed texts of 'train', 'q2', 'q3', …, the figures and the errors."""

    texts: dict[str, str]
    figures: tuple[Figure, ...]
    errors: tuple[str, ...]


@cache
def epochs(count: int = 20) -> tuple[Epoch, ...]:
    """Return the simulated epochs as the recorder would have recorded them."""
    draw, clock, found = random.Random(5), 100.0, []
    for e in range(count):
        losses = tuple(
            (0.08 + 2.2 / (1 + 1.1 * (e + b / BATCHES) * 3)) * math.exp(draw.gauss(0, 0.25)) for b in range(BATCHES)
        )
        took, tested = draw.uniform(2.8, 3.4), draw.uniform(1.0, 1.2)
        train = Pass(5, TRAIN, clock, took, BATCHES, 8192, True, e, losses=losses, steps=BATCHES, backwards=BATCHES)
        loss, accuracy = (0.1 + 1.4 / (1 + 2 * (e + 0.7))) * math.exp(draw.gauss(0, 0.03)), 0.97 - 0.3 / (e + 1.3)
        test = Pass(5, TEST, clock + took, tested, 16, 1024, True, mean_loss=loss, sample_loss=loss, accuracy=accuracy)
        clock += took + tested
        found.append(Epoch(train, test))
    return tuple(found)


def played() -> list[tuple[float, list[float], float, float, float]]:
    """Return what an epoch plays back: seconds and losses of its training; seconds, loss and accuracy of its test."""
    return [
        (
            epoch.train.seconds,
            [loss or 0.0 for loss in epoch.train.losses],
            epoch.test.seconds if epoch.test else 0.0,
            epoch.test.mean_loss or 0.0 if epoch.test else 0.0,
            epoch.test.accuracy or 0.0 if epoch.test else 0.0,
        )
        for epoch in epochs()
    ]


def show(draft: Draft, *sections: str) -> Shown:
    """Run the first training and the cells of these questions ('q2', 'q3', …) with simulated training."""
    begin = next(i for i, cell in draft.code if "current_step = 0  # optimizer updates so far" in cell.source)
    imported = re.findall(r"^(?:import|from) .*", draft.cells[begin - 2].source, re.MULTILINE)
    parts = [("train", "\n".join([*imported, draft.cells[begin].source]))]
    for item in sections:
        indices = draft.section(rf"^Question {item[1:]}$")
        if item in ("q7", "q8"):
            parts.append((item, "_at[0] = 0"))
        parts += [(item, draft.cells[i].source) for i in indices if draft.cells[i].kind == "code"]
    cells = [STUBS.format(played=played())]
    if any("datetime" in source for _, source in parts):
        cells.append(CLOCK)  # only where it is needed: pandas fails if datetime is replaced
    for item, source in parts:
        source = re.sub(r"^%.*$", "", source, flags=re.MULTILINE)
        cells.append(f"sys.stdout = _out\n{source}\n_texts[{item!r}] = _texts.get({item!r}, '') + _out.getvalue()")
        cells.append("_out.truncate(0)\n_out.seek(0)")
    run = watch(*cells, "report(texts=_texts)", setting=False)
    return Shown(run.reported["texts"], run.figures, tuple(run.errors))


def time_faults(shown: Shown, item: str) -> list[Fail]:
    """Return the failures of the checks of printed times in the cells of a question."""
    cells = [CellRun(5, "ok", 60.0, shown.texts.get(item, ""), shown.texts.get(item, ""))]
    trained, found = (epochs()[:2], []) if item in ("q7", "q8") else (epochs(), [])
    try:
        timing.epoch_times(cells, trained, min(10, len(trained)), mean_counts=item == "q3", tested=item != "q8")
    except Fail as fail:
        found.append(fail)
    if item == "q3":
        try:
            total_time.total_time(cells, trained, 10)
        except Fail as fail:
            found.append(fail)
    return found


def mean_loss(epoch: Epoch) -> float:
    """Return the mean of an epoch's losses."""
    return statistics.fmean(loss or 0.0 for loss in epoch.train.losses)
