"""Run the cells of a small notebook in a separate process, watched by the recorder, and return the evidence.

The processes are forked from a server that has imported torch once, so that a run costs tens of milliseconds; nothing
is patched in the process of the tests.
"""

import contextlib
import json
import multiprocessing
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from grader.evidence.run import Figure, Note, Pass, Profile, RunEvidence, run_evidence

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["torch", "torch.utils.data", "torchvision", "thop", "matplotlib.pyplot"])

SETTING = """
import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, Subset, random_split
torch.set_num_threads(1)
_g = torch.Generator().manual_seed(0)
images = torch.randn(512, 1, 28, 28, generator=_g)
labels = torch.randint(0, 10, (512,), generator=_g)
train_loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
test_loader = DataLoader(TensorDataset(images[:100], labels[:100]), batch_size=64)
criterion = nn.CrossEntropyLoss()

class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )
    def forward(self, x):
        return self.layers(x)

def fit(model, optimizer, loader=train_loader):
    model.train()
    losses = []
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

def evaluate(model, loader=test_loader):
    model.eval()
    with torch.no_grad():
        return sum(criterion(model(x), y).item() for x, y in loader) / len(loader)

def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
"""


@dataclass(frozen=True)
class Watched:
    """The results of a run: the recorder's evidence, and the values that the cells passed to `report(name=value)`."""

    evidence: RunEvidence
    reported: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def passes(self) -> tuple[Pass, ...]:
        return self.evidence.passes

    @property
    def figures(self) -> tuple[Figure, ...]:
        return self.evidence.figures

    @property
    def profiles(self) -> tuple[Profile, ...]:
        return self.evidence.profiles

    @property
    def notes(self) -> tuple[Note, ...]:
        return self.evidence.notes


def watch(*cells: str, seed: int = 3, hooks: bool = True, setting: bool = True, end_cells: bool = True) -> Watched:
    """Run the cells (numbered from 0) after `SETTING`; `hooks=False` runs them in plain PyTorch, unwatched."""
    with TemporaryDirectory() as folder:
        arguments = (folder, [SETTING, *cells] if setting else ["", *cells], seed, hooks, end_cells)
        process = _context.Process(target=_run, args=arguments)
        process.start()
        process.join(120)
        assert process.exitcode == 0, f"the run ended with {process.exitcode}"
        events = [json.loads(line) for line in (Path(folder) / "events").read_text().splitlines()]
        found = json.loads((Path(folder) / "reported").read_text())
    evidence = run_evidence((), events)
    assert evidence.refused == 0
    assert not [n.text for n in evidence.notes if "failed" in n.text]
    return Watched(evidence, found["reported"], found["errors"])


def _run(folder: str, cells: list[str], seed: int, hooks: bool, end_cells: bool) -> None:
    import matplotlib

    matplotlib.use("agg")
    os.chdir(folder)
    descriptor = os.open("events", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    reported: dict[str, Any] = {}
    errors: list[str] = []
    if hooks:
        from grader.in_kernel import events as recorder
        from grader.in_kernel.randomness import install as randomness_install
        from grader.in_kernel.recorder import figures
        from grader.in_kernel.recorder import install as recorder_install

        for module in (randomness_install, recorder_install, figures):
            module.install({"events_fd": descriptor, "seed": seed})
    names = vars(sys.modules["__main__"])
    names["report"] = reported.update
    for index, source in enumerate(cells, start=-1):
        if hooks:
            recorder.begin_cell(index)
        with contextlib.redirect_stdout(open(os.devnull, "w")):
            try:
                exec(compile(source, f"/tmp/ipykernel_1/{index}.py", "exec"), names)
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
        if hooks and end_cells:
            recorder.end_cell()
    Path("reported").write_text(json.dumps({"reported": reported, "errors": errors}))
    os._exit(0)
