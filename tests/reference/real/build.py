"""Make a notebook of the solution's text and of code in another style.

A style is a file in this folder: `# %% NAME` begins the code of one of the solution's cells (`CELLS`), which may be
empty; the cells that it does not name stay as they are. Its other lines, such as `curves(...)`, may use `CURVES`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
SOLUTION = HERE.parents[2] / "reference" / "solution.ipynb"
CELLS = [
    "imports",
    "version",
    "tour",
    "tour_use",
    "tour_grad",
    "mlp",
    "data",
    "q1",
    "setup",
    "loops",
    "train",
    "q2",
    "q3",
    "gpu_setup",
    "gpu_loops",
    "q5",
    "cnn",
    "cnn_setup",
    "q7",
    "q8",
    "flops",
]
CURVES = """
import torch.nn.functional as F


def curves(train_steps, train_losses, test_steps, test_losses, title):
    fig, ax = plt.subplots()
    ax.semilogy(train_steps, train_losses, label="training loss")
    ax.semilogy(test_steps, test_losses, "o-", label="validation loss")
    ax.set(xlabel="step", ylabel="loss", title=title)
    ax.legend()
    plt.show()
"""
STYLES = tuple(sorted(path.stem for path in HERE.glob("*.txt")))


def cells_of(style: str) -> dict[str, str]:
    """Return the code of a style by the name of the cell."""
    parts = re.split(r"^# %% (\w+)\n", (HERE / f"{style}.txt").read_text(), flags=re.MULTILINE)
    return {name: code.strip("\n") for name, code in zip(parts[1::2], parts[2::2], strict=True)}


def notebook(style: str) -> bytes:
    """Return the notebook of a style."""
    document = json.loads(SOLUTION.read_text())
    own = cells_of(style)
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    for name, cell in zip(CELLS, code, strict=True):
        source = own.get(name, "".join(cell["source"]))
        if name == "imports" and name not in own:
            source += CURVES
        cell.update(source=source, outputs=[], execution_count=None)
    return json.dumps(document).encode()
