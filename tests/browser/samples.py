"""Results of every kind with evidence, made from code alone: the same on every machine, within milliseconds."""

from __future__ import annotations

import base64
import hashlib
import io
import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from grader.assignment import Evidence, Reference, Threshold
from grader.evidence.probes import LoopProbe, LoopRun, ModelProbe, Operation, Parameter, Placement
from grader.evidence.run import Axes, CellError, CellRun, Figure, Line, LoaderSeen, ModelSeen, Pass, RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import Section
from grader.reports.evidence import dump_evidence
from grader.result import CheckResult, ItemResult, Result, Submitted
from tests.reports.hostile import HOSTILE, hostile_result, with_evidence

EPOCHS, BATCHES = 10, 128
SOURCES = (
    "import torch\nfrom torch import nn",
    "class MLP(nn.Module):\n    def forward(self, x):\n        return torch.softmax(self.layers(x), 1)",
    "for epoch in range(10):\n    train(epoch)\n    test(epoch)",
    "plt.semilogy(train_losses, label='training')\nplt.semilogy(test_losses, label='test')\nplt.show()",
    "for epoch in range(2):\n    images, labels = images.cuda(), labels.cuda()\n    gpu_train(epoch)",
)


@lru_cache(maxsize=1)
def picture() -> str:
    """Return a plot as a notebook shows it: a PNG picture in base64."""
    from matplotlib.figure import Figure as Drawing

    drawing, out = Drawing(figsize=(5, 3.5), dpi=72), io.BytesIO()
    axes = drawing.subplots()
    axes.semilogy(range(1, EPOCHS + 1), [_loss(number) for number in range(1, EPOCHS + 1)])
    axes.set(xlabel="epoch", ylabel="loss", title="Losses")
    drawing.savefig(out, format="png")
    return base64.b64encode(out.getvalue()).decode()


def _loss(epoch: float) -> float:
    return 0.2 + 2.1 * math.exp(-epoch / 1.5)


def _operations(*more: Operation) -> tuple[Operation, ...]:
    return (
        Operation("linear", (1, 784), (1, 128), (128, 784)),
        Operation("relu", (1, 128), (1, 128)),
        Operation("linear", (1, 128), (1, 10), (10, 128)),
        *more,
    )


def _epochs(model: str, cell: int, start: float, device: str) -> tuple[Pass, ...]:
    train = LoaderSeen("loader-1", "MNIST", "train", 64 * BATCHES, 64, True)
    test = LoaderSeen("loader-2", "MNIST", "test", 1024, 64, False)
    passes = []
    for number in range(EPOCHS):
        losses = [_loss(number + (i + 1) / BATCHES) * (1 + 0.3 * math.sin(i * i)) for i in range(BATCHES)]
        at, common = start + 2 * number, {"complete": True, "model": model, "model_device": device}
        passes.append(
            Pass(
                cell,
                train,
                at,
                1.5,
                BATCHES,
                64 * BATCHES,
                backwards=BATCHES,
                steps=BATCHES,
                losses=tuple(losses),
                **common,
            )
        )
        passes.append(
            Pass(
                cell,
                test,
                at + 1.5,
                0.4,
                16,
                1024,
                mean_loss=_loss(number + 1),
                accuracy=1 - _loss(number + 1) / 4,
                **common,
            )
        )
    return tuple(passes)


def evidence() -> Evidence:
    """Return what was seen of a notebook with an MLP that ends in softmax and a GPU cell that stops."""
    cells = [cell for number, source in enumerate(SOURCES) for cell in (
        Cell(2 * number, "markdown", f"### Question {number}"), Cell(2 * number + 1, "code", source)
    )]  # fmt: skip
    epochs = tuple(range(1, EPOCHS + 1))
    lines = (
        Line("training", tuple(map(float, epochs)), tuple(_loss(number - 0.5) for number in epochs)),
        Line("test", tuple(map(float, epochs)), tuple(map(_loss, epochs))),
    )
    limits = {f"mlp.loss.{n}": Threshold(None, 1.4 * _loss(n), "20 seeds of the reference", _loss(n)) for n in epochs}
    parameters = (
        Parameter("fc1.weight", (128, 784)),
        Parameter("fc1.bias", (128,)),
        Parameter("fc2.weight", (10, 128)),
    )
    parameters += (Parameter("fc2.bias", (10,)),)
    softmax = Operation("softmax", (1, 10), (1, 10), (), {"dim": "1"})
    mixed = Placement(("cuda:0",), (), ("cuda:0",), ("cuda:0", "cpu"), ("cpu",), {"cuda:0": 870, "cpu": 130})
    shapes = tuple(one.shape for one in parameters)
    stop = CellError("NameError", "name 'images' is not defined", line=2)
    return Evidence(
        notebook=Notebook(Path("faulty.ipynb"), "faulty.ipynb", "ab" * 32, tuple(cells)),
        sections={f"q{number}": Section(f"q{number}", 2 * number, (2 * number + 1,)) for number in range(len(SOURCES))},
        run=RunEvidence(
            cells=(
                CellRun(1, "ok", 0.4),
                CellRun(3, "ok", 0.1),
                CellRun(5, "ok", 42.0, "epoch 1", "epoch 1"),
                CellRun(7, "ok", 0.6, pictures=(picture(),)),
                CellRun(9, "error", 3.0, error=stop),
            ),
            models={key: ModelSeen(key, "MLP", shapes, ("Linear", "Linear"), 101_770) for key in ("model-1", "model-2")},
            passes=(*_epochs("model-1", 5, 1.0, "cpu"), *_epochs("model-2", 5, 21.0, "cuda:0")),
            figures=(Figure(7, (Axes("Losses", "epoch", "loss", "linear", "log", ("training", "test"), lines),)),),
        ),
        models={"mlp": ModelProbe("mlp", "class MLP", "MLP", parameters, _operations(softmax), _operations(), parameters)},
        loops={"gpu_train": LoopProbe("gpu_train", "gpu_train", "gpu_train", LoopRun({}, {}, placement=mixed))},
        loaders={},
        reference=Reference(limits),
        train_size=64 * BATCHES,
        test_size=1024,
        gpu="virtual GPU",
        virtual_gpu=True,
    )  # fmt: skip


def faulty() -> Result:
    """Return a result with an item in each state, and with evidence."""
    where = "line 2 of the cell under 'Question 4'"
    fact, remark = "the loss was lowest after epoch 9", "it concludes nothing"
    items = (
        ItemResult("q0", "Imports", 5, 5, "pass", (
            CheckResult("q0.one", "pass", 5, 5, "torch is imported", "torch is imported"),)),
        ItemResult("q1", "The MLP", 3, 5, "partial", (
            CheckResult("q1.built", "pass", 3, 3, "found class MLP", "The MLP exists."),
            CheckResult("q1.logits", "fail", 0, 2, "the outputs look like probabilities: line 3 of the cell under 'Question 1'",
                        "The outputs are raw logits.", "Which loss is applied to them?"))),
        ItemResult("q2", "Is longer better?", 5, 5, "review", (
            CheckResult("q2.answer", "review", 5, 5, "an answer of 40 words; a person decides", "", remark, (fact,)),), 5),
        ItemResult("q3", "The plot", 1, 2, "partial", (
            CheckResult("q3.curves", "partial", 1, 2, "the test curve has 10 points", "20 points", "How many epochs ran?"),)),
        ItemResult("q4", "On the GPU", 0, 8, "fail", (
            CheckResult("q4.trained", "fail", 0, 6, f"`images` is used before it has a value, in {where}", "2 epochs on the GPU",
                        "Where does `images` get its value?"),
            CheckResult("q4.time", "skipped", 0, 2, "skipped: it depends on 'q4.trained', which did not pass", "The time is printed."))),
        ItemResult("q5", "On many GPUs", 0, 3, "not_graded", (
            CheckResult("q5.one", "not_graded", 0, 3, "not graded: no GPU here", "It runs."),)),
        ItemResult("q6", "FLOPs", 0, 2, "error", (
            CheckResult("q6.one", "error", 0, 2, "the grader failed here (ValueError); a person must look", "They are printed."),)),
    )  # fmt: skip
    result = Result(
        "tiny",
        Submitted("faulty.ipynb", "ab" * 32),
        score=14,
        max_score=30,
        status="needs_review",
        items=items,
        environment={"torch": "2.14.1", "isolation": {"level": "namespaces", "confined": True, "gaps": []}},
        provisional=5,
        ungraded=5,
        notes=(f"{where} ended with NameError: name 'images' is not defined",),
    )
    kept = dump_evidence(evidence())
    return replace(result, kept=kept, evidence=hashlib.sha256(kept).hexdigest())


def perfect() -> Result:
    """Return a result that has lost nothing."""
    whole = faulty()
    items = tuple(item for item in whole.items if item.status == "pass")
    return replace(whole, items=items, score=5, max_score=5, provisional=0, ungraded=0, status="graded", notes=())


def refused() -> Result:
    """Return the result of a file that could not be graded."""
    message = "not a notebook: it is a web page, as a server sends one that wants you to log in"
    return Result("tiny", Submitted("web_page.ipynb", "ab" * 32), 0, 30, "failed", message=message)


def hostile() -> Result:
    """Return a result with harmful text wherever a student can put some."""
    text = " ".join(HOSTILE.values())
    return with_evidence(hostile_result(text), text)


SAMPLES = {"faulty": faulty, "perfect": perfect, "refused": refused, "hostile": hostile}
