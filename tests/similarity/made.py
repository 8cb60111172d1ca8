"""Small classes for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grader.notebook.cells import Cell, Notebook
from grader.similarity.work import Work


def notebook(*sources: str, outputs: Mapping[int, str] | None = None) -> Notebook:
    """A notebook of code cells; a source that begins with # and a blank, as a heading does, is a text cell."""
    outputs = outputs or {}
    cells = tuple(
        Cell(at, "markdown" if source.startswith("## ") else "code", source, outputs.get(at, ""))
        for at, source in enumerate(sources)
    )
    return Notebook(Path("a.ipynb"), "a.ipynb", "", cells)


def work(name: str, *sources: str, **more: object) -> Work:
    return Work(name, notebook(*sources), **more)  # type: ignore[arg-type]


TRAIN = '''def train(model, loader, optimizer, losses):
    """One epoch."""
    model.train()
    total = 0.0
    for number, (images, labels) in enumerate(loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images.view(-1, 784)), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        if number % 50 == 7:
            losses.append((number, round(total / (number + 1), 5)))
    return total / len(loader)
'''
IMPORTS = "import torch\nimport torch.nn.functional as F\nimport numpy as np"
OTHER = """def fit(epochs, rate=0.3):
    history = {"a": [], "b": []}
    parameters = [p for p in net.parameters() if p.requires_grad]
    while len(history["a"]) < epochs:
        batch = next(stream)
        with torch.enable_grad():
            out = net(batch[0].flatten(1))
            err = torch.nn.functional.nll_loss(torch.log_softmax(out, 1), batch[1])
        grads = torch.autograd.grad(err, parameters)
        with torch.no_grad():
            for p, g in zip(parameters, grads):
                p -= rate * g
        history["a"].append(float(err))
        history["b"].append((out.argmax(1) == batch[1]).float().mean().item())
    return history
"""
