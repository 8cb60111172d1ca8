"""Whole gradings of notebooks that grow: the solution, with more cells, output, figures or models at its end."""

from __future__ import annotations

import gzip
import json
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import grader
from grader.data.sources import find_data
from tests.benchmarks.growth.stages import forget

SOLUTION = Path(__file__).parents[3] / "reference" / "solution.ipynb"
TRAIN, TEST = 128, 64  # images

_FIGURE = (
    "import matplotlib.pyplot as plt\nfor i in range({n}):\n    fig, ax = plt.subplots(figsize=(2, 2))\n"
    "    ax.plot([1.0 + (7 * j + i) % 13 for j in range(40)], label='train loss')\n"
    "    ax.plot([1.0 + (5 * j + i) % 11 for j in range(40)], label='test loss')\n    ax.legend()\n    plt.show()"
)
_PASSES = (
    "import torch\nfor i in range({n}):\n    other = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))\n"
    "    for x, y in test_loader:\n        torch.nn.functional.cross_entropy(other(x), y)"
)


def _cells(n: int) -> Iterator[tuple[str, str]]:
    for i in range(n):
        yield "markdown", f"## More about it, part {i}\n\nThe loss of this part falls to {i} and stays there."
        yield (
            "code",
            f"def helper{i}(x):\n    return helper{max(0, i - 1)}(x) + x if x else {i}\nvalue{i} = helper{i}(0)",
        )


GROWN: Mapping[str, tuple[int, Callable[[int], Iterator[tuple[str, str]]]]] = {
    "cells": (100, _cells),
    "lines of output": (
        1_000,
        lambda n: iter(
            [("code", f"for i in range({n}):\n    print(f'Batch {{i}}: loss {{i / 7:.4f}}, {{i % 9}}.5 s')")]
        ),
    ),
    "figures": (2, lambda n: iter([("code", _FIGURE.format(n=n))])),
    "models, and a pass of each": (5, lambda n: iter([("code", _PASSES.format(n=n))])),
}
"""By what grows: how much of it there is at size 1, and the cells that are added for so much of it."""


def notebook(added: Iterator[tuple[str, str]], path: Path) -> Path:
    """Write the solution with these cells at its end, and return the path."""
    content: dict[str, Any] = json.loads(SOLUTION.read_text(encoding="utf-8"))
    for at, (kind, source) in enumerate(added):
        more = {"outputs": [], "execution_count": None} if kind == "code" else {}
        content["cells"].append({"id": f"g{at}", "cell_type": kind, "metadata": {}, "source": source} | more)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def a_megabyte(path: Path) -> Path:
    """Write the solution with a million characters of text and comments, and return the path."""
    words = " ".join(f"The loss of step {i} is lower than that of step {i - 1}." for i in range(1, 200))
    return notebook(
        ((kind, mark + words) for _ in range(1_000_000 // (2 * len(words))) for kind, mark in _KINDS.items()), path
    )


_KINDS = {"markdown": "", "code": "# "}


def small_data(folder: Path) -> Path:
    """Write the first images of the sample to a folder, so that training takes no time, and return the folder."""
    folder.mkdir(exist_ok=True)
    for file in find_data(sample=True).folder.glob("*.gz"):
        content = gzip.decompress(file.read_bytes())
        images = TRAIN if file.name.startswith("train") else TEST
        head, each = (16, 784) if "images" in file.name else (8, 1)
        cut = content[:4] + struct.pack(">I", images) + content[8:head] + content[head : head + images * each]
        (folder / file.stem).write_bytes(cut)
    return folder


def graded(path: Path, data: Path) -> tuple[float, float]:
    """Grade a notebook, and return the CPU seconds of the driver and the seconds that passed."""
    forget()
    cpu, wall = time.process_time(), time.monotonic()
    grader.grade(path, data=data, device="virtual", isolation="none", cores=1)
    return time.process_time() - cpu, time.monotonic() - wall
