"""The four cases: notebooks, made of numbered copies that differ, and the tests that otter and nbgrader run on them.

grader has its own checks of the same content: `plain/rubric.py`, `small/rubric.py`, and for the last two the whole rubric of
the assignment in `reference/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SOLUTION = ROOT / "reference" / "solution.ipynb"
MNIST_VARIABLE = "BENCH_MNIST"  # where the peers' notebooks find MNIST; grader serves its own whatever they name

Cells = list[tuple[str, str]]  # ('code' or 'markdown', source)


@dataclass(frozen=True)
class Test:
    """A test of the peers: assertions on these global names of the notebook."""

    name: str
    names: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class Case:
    """One case. `cells(number)` are those of copy `number`, `checked` says what grader and the peers check.

    `points` is what a copy must score with grader, None where only the numbers of epochs keep it from full marks. `data` is
    'none', 'sample' or 'mnist'. A `long` case is timed by whole notebooks: its start-up is lost in its training.
    """

    number: int
    title: str
    assignment: str
    cells: Callable[[int], Cells]
    tests: tuple[Test, ...]
    checked: str
    points: float | None
    data: str = "none"
    long: bool = False
    seeded: Callable[[int], Cells] | None = None  # seeds itself; its last cell prints every loss in hexadecimal
    goal: float = 1.0  # how many times the throughput of the best peer is wanted

    def write(self, folder: Path, count: int, seeded: bool = False) -> list[Path]:
        """Write `count` copies into a new folder, or `seeded` ones."""
        folder.mkdir(parents=True)
        make = self.seeded if seeded and self.seeded is not None else self.cells
        paths = [folder / f"student{number:04}.ipynb" for number in range(1, count + 1)]
        for number, path in enumerate(paths, 1):
            path.write_text(json.dumps(as_notebook([cell(kind, source) for kind, source in make(number)])))
        return paths


def cell(kind: str, source: str, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A notebook's cell."""
    more = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": dict(metadata or {}), "source": source, **more}


def as_notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """A notebook of these cells."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    named = [{**each, "id": f"cell-{place}"} for place, each in enumerate(cells)]
    language = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    return {
        "cells": named,
        "metadata": {"kernelspec": kernel, "language_info": language},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


# --- 1: without torch ---------------------------------------------------------------------------------------------

PLAIN = (
    "import math\nimport statistics\nfrom collections import Counter\n# copy {number}",
    "def mean(values):\n    return sum(values) / len(values)",
    "print('mean', mean([3, 1, 4, 1, 5]))",
    "def distance(a, b):\n    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b)))",
    "print('distance', distance((0, 0), (3, 4)))",
    "def word_counts(text):\n    return dict(Counter(text.lower().split()))",
    "print('words', word_counts('the cat and the hat'))",
    "def primes(limit):\n    return [n for n in range(2, limit) if all(n % d for d in range(2, math.isqrt(n) + 1))]",
    "print('primes', primes(20))",
    "print('median', statistics.median(primes(100)))",
)
PRINTED = {
    "mean": "mean 2.8",
    "distance": "distance 5.0",
    "words": "words {'the': 2, 'cat': 1, 'and': 1, 'hat': 1}",
    "primes": "primes [2, 3, 5, 7, 11, 13, 17, 19]",
}
PLAIN_TESTS = (
    Test("mean", ("mean",), "assert mean([3, 1, 4, 1, 5]) == 2.8"),
    Test("distance", ("distance",), "assert distance((0, 0), (3, 4)) == 5.0"),
    Test("words", ("word_counts",), "assert word_counts('the cat and the hat')['the'] == 2"),
    Test("primes", ("primes",), "assert primes(20) == [2, 3, 5, 7, 11, 13, 17, 19]"),
)


# --- 2: a small torch notebook ------------------------------------------------------------------------------------

SMALL = (
    "import matplotlib.pyplot as plt\nimport torch\nfrom torch import nn\n"
    "from torch.utils.data import DataLoader, TensorDataset",
    "torch.manual_seed({number})\nlabels = torch.randint(0, 10, (512,))\n"
    "images = torch.randn(10, 1, 28, 28)[labels] + torch.randn(512, 1, 28, 28)\n"
    "loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)",
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))\n\n"
    "    def forward(self, x):\n        return self.layers(x)",
    "model = Net()\noptimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5)\n"
    "criterion = nn.CrossEntropyLoss()",
    "losses = []\nfor epoch in range(2):\n    for data, target in loader:\n        optimizer.zero_grad()\n"
    "        loss = criterion(model(data), target)\n        loss.backward()\n        optimizer.step()\n"
    "        losses.append(loss.item())\n    print(f'epoch {epoch + 1}: loss {losses[-1]:.4f}')",
    "fig, ax = plt.subplots()\nax.plot(losses, label='training loss')\nax.set_xlabel('step')\nax.set_ylabel('loss')\n"
    "ax.legend()\nplt.show()",
)
SMALL_TESTS = (
    Test("shapes", ("model", "images"), "assert tuple(model(images[:5]).shape) == (5, 10)"),
    Test("parameters", ("model",), "assert sum(p.numel() for p in model.parameters()) == 50890"),
    Test("learns", ("losses",), "assert len(losses) == 16 and losses[-1] < losses[0]"),
    Test("plot", ("ax",), "assert any(len(line.get_ydata()) == 16 for line in ax.lines)"),
)


# --- 3 and 4: the assignment --------------------------------------------------------------------------------------

# So that every tool, with a GPU, a simulated one or none, does the same arithmetic, and tests can look at each training.
EDITS = (
    ("!pip install -q ultralytics-thop\n\n", ""),
    ("import time\n", "import os\nimport time\n"),
    (
        "from tqdm import tqdm",
        'from tqdm import tqdm\n\ndevice = "cuda" if torch.cuda.is_available() else "cpu"\nkept = {}',
    ),
    ('"./data"', f'os.environ.get("{MNIST_VARIABLE}", "./data")'),
    ("model.cuda()", "model.to(device)"),
    ("CNN().cuda()", "CNN().to(device)"),
    ("data.cuda(), target.cuda()", "data.to(device), target.to(device)"),
    ("    plt.show()\n", "    plt.show()\n    kept[title] = ax\n"),
)
KEEP = "\nkept[{name!r}] = list(train_losses), list(test_losses)"
# Those of the CPU: on a GPU the harness serves the images in another order.
HEX = "for name in ('q2', 'q3', 'q7'):\n    print(name, *(loss.hex() for losses in kept[name] for loss in losses))"
SEED = "\ntorch.manual_seed({number})\ntorch.set_num_threads(1)"


def assignment_cells(number: int, mlp: int, cnn: int, seeded: bool) -> Cells:
    """The solution, with `mlp` epochs in each of its three trainings of the MLP and `cnn` in both of the CNN.

    A seeded copy draws from the seed `number`, on one thread. Raises ValueError when the solution no longer has the lines
    that are changed here.
    """
    source = json.loads(SOLUTION.read_text(encoding="utf-8"))["cells"]
    cells: Cells = [(one["cell_type"], "".join(one["source"])) for one in source]
    code = "\0".join(text for kind, text in cells if kind == "code")
    for old, new in EDITS:
        if old not in code:
            raise ValueError(f"the solution has no {old!r} any more")
        code = code.replace(old, new)
    if code.count("range(10)") != 3 or code.count("range(2)") != 2:
        raise ValueError("the solution has other trainings than five")
    code = code.replace("range(10)", f"range({mlp})").replace("range(2)", f"range({cnn})")
    parts = iter(code.split("\0"))
    cells = [(kind, next(parts) if kind == "code" else text) for kind, text in cells]
    trains = [place for place, (kind, text) in enumerate(cells) if kind == "code" and "for _ in range(" in text]
    for place, name in zip(trains, ("q2", "q3", "q5", "q7", "q8"), strict=True):
        cells[place] = ("code", cells[place][1] + KEEP.format(name=name))
    first = next(place for place, (kind, _) in enumerate(cells) if kind == "code")
    more = SEED.format(number=number) if seeded else ""
    cells[first] = ("code", f"{cells[first][1]}{more}\n# copy {number}")
    return [*cells, ("code", HEX)]


def assignment_tests(mlp: int, cnn: int, images: int, tested: int) -> tuple[Test, ...]:
    """Shapes, parameters, data, the number of epochs and finite losses, for the MLP falling ones, plots and FLOPs."""

    def trained(name: str, epochs: int, falls: bool) -> Test:
        batches = -(-images // 64)
        logged = epochs * -(-batches // 100)
        code = f"train, test = kept['{name}']\nassert len(train) == {logged} and len(test) == {epochs}"
        code += "\nassert all(loss == loss for loss in train + test)"
        return Test(name, ("kept",), code + ("\nassert test[-1] < train[0]" if falls else ""))

    def built(name: str, role: str, shapes: tuple[tuple[int, ...], ...], parameters: int) -> Test:
        code = f"import torch\nfor shape in {shapes}:\n    assert tuple({role}()(torch.zeros(shape)).shape) == (3, 10)"
        return Test(name, (role,), f"{code}\nassert sum(p.numel() for p in {role}().parameters()) == {parameters}")

    plots = "\n".join(
        f"assert len(kept['{title}'].lines) == 2 and kept['{title}'].get_yscale() == 'log'"
        for title in ("MLP, first 10 epochs", "MLP, all 20 epochs")
    )
    loaders = f"assert len(train_loader.dataset) == {images} and len(test_loader.dataset) == {tested}"
    return (
        built("mlp", "MLP", ((3, 1, 28, 28), (3, 28, 28), (3, 784)), 109_386),
        Test("data", ("train_loader", "test_loader"), f"{loaders}\nassert train_loader.batch_size == 64"),
        trained("q2", mlp, True),
        trained("q3", 2 * mlp, True),
        Test("plots", ("kept",), plots),
        trained("q5", mlp, True),
        built("cnn", "CNN", ((3, 1, 28, 28),), 101_578),
        trained("q7", cnn, False),
        trained("q8", cnn, False),
        Test("flops", ("flops", "params"), "assert int(flops) == 7459968 and int(params) == 101578"),
    )


def cases(epochs: tuple[int, int], short: bool) -> tuple[Case, ...]:
    """The cases; `epochs` are those of each training of the MLP and of the CNN on full MNIST. `short`: the first two."""

    def numbered(texts: tuple[str, ...]) -> Callable[[int], Cells]:
        return lambda number: [("code", text.replace("{number}", str(number))) for text in texts]

    first = Case(
        1,
        "ten cells without torch",
        "tests.benchmarks.peers.plain",
        numbered(PLAIN),
        PLAIN_TESTS,
        "four functions give the right value (the peers call them; grader reads the printed value)",
        4,
        goal=5,
    )
    second = Case(
        2,
        "a small torch notebook: 512 images, 2 epochs, one plot",
        "tests.benchmarks.peers.small",
        numbered(SMALL),
        SMALL_TESTS,
        "shape of the output, number of parameters, 2 epochs with a loss that falls, a plot of all losses",
        4,
        seeded=numbered((*SMALL, "print('losses', *(loss.hex() for loss in losses))")),
        goal=15,
    )
    whole = (
        "the peers: shapes, parameters, sizes of the data, epochs, finite losses (falling for the MLP), plots, FLOPs; "
    )
    whole += "grader: the assignment's whole rubric"
    third = Case(
        3,
        "the assignment on the sample: 8,192 images, 3 times 10 epochs of the MLP, 2 times 2 of the CNN",
        "reference",
        lambda number: assignment_cells(number, 10, 2, seeded=False),
        assignment_tests(10, 2, 8192, 1024),
        whole,
        100,
        "sample",
        True,
        lambda number: assignment_cells(number, 10, 2, seeded=True),
        goal=2,
    )
    mlp, cnn = epochs
    fourth = Case(
        4,
        f"the assignment on all of MNIST: 60,000 images, 3 times {mlp} epochs of the MLP, 2 times {cnn} of the CNN",
        "reference",
        lambda number: assignment_cells(number, mlp, cnn, seeded=False),
        assignment_tests(mlp, cnn, 60_000, 10_000),
        whole,
        None,
        "mnist",
        True,
        lambda number: assignment_cells(number, mlp, cnn, seeded=True),
        goal=2,
    )
    return (first, second) if short else (first, second, third, fourth)
