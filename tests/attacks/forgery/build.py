"""Notebooks that attack the grade: the reference's solution with something wrong in it, and an attack's cells.

An attack is a file in percent format. Its docstring says what it tries, and in lines of their own: `base`, what is wrong with
the notebook (a key of BASES); `wants`, the items that it hopes to earn; `at`, where its cells go (a key of PLACES). One that
names FORGE gets the functions for forged records. `# magic:` at the start of a cell stands for `%%`.
"""

from __future__ import annotations

import ast
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).parent / "notebooks"
Cells = dict[int, str]

_NOTEBOOK = json.loads((ROOT / "reference" / "solution.ipynb").read_text(encoding="utf-8"))
IMPORTS, MLP, DATA, MODEL, CPU_LOOPS, TEN, PLOT, TWENTY, CNN, CNN_MODEL, CNN_CPU, FLOPS = (
    2, 12, 14, 18, 20, 22, 24, 26, 36, 37, 39, 45,
)  # fmt: skip
TRAINED = (IMPORTS, MLP, DATA, MODEL, CPU_LOOPS, TEN, PLOT, TWENTY)
LOOPS = (IMPORTS, MLP, DATA, MODEL, CPU_LOOPS)

TYPED = """
train_losses = [2.3 * 0.8**i for i in range({n})]; train_steps = [8 * i + 1 for i in range({n})]
test_losses = [2.1 * 0.8**i for i in range({n})]; test_steps = [8 * i + 8 for i in range({n})]; test_accuracy = [0.9] * {n}
for i in range({n}): print(f"epoch {{i + 1}}: {{0.31 + i / 100:.2f}} s, test loss {{test_losses[i]:.4f}}")
print("10 epochs with testing: 3.60 s in all")
"""
FORGE = """
import time
from grader.in_kernel import events as recorder

SHAPES = {"MLP": [[128, 784], [128], [64, 128], [64], [10, 64], [10]]}
OPTIMIZER = {"kind": "SGD", "lr": 0.01, "momentum": 0.5, "model_share": 1.0}

def tell(kind, **fields):
    recorder.emit(kind, fields)

def model(key="model-1", name="MLP"):
    tell("model", key=key, class_name=name, shapes=SHAPES[name], layers=["Linear"] * 3, trainable=109386, names=["model"])

def loader(split):
    n = len(train_set if split == "train" else test_set)
    return {"key": "loader-" + split, "dataset": "MNIST", "split": split, "images": n, "batch_size": 64,
            "shuffled": split == "train"}

def epoch(number, losses, test_loss, accuracy=0.5, key="model-1", sleep=0.05, seconds=None, canonical=True, cell=None):
    cell, n, m = recorder.cell() if cell is None else cell, len(train_set), len(test_set)
    at = recorder.now(); time.sleep(sleep)
    took = recorder.now() - at if seconds is None else seconds
    common = {"cell": cell, "complete": True, "number": number, "model": key, "model_device": "cpu", "data_device": "cpu"}
    tell("pass", **common, loader=loader("train"), start=at, seconds=took, batches=len(losses), samples=n, training=True,
         canonical=canonical, grad_enabled=True, backwards=len(losses), steps=len(losses), losses=losses, optimizer=OPTIMIZER,
         mean_loss=sum(losses) / len(losses), sample_loss=sum(losses) / len(losses), accuracy=0.5)
    at = recorder.now(); time.sleep(sleep)
    took = recorder.now() - at if seconds is None else seconds
    tell("pass", **common, loader=loader("test"), start=at, seconds=took, batches=-(-m // 64), samples=m, training=False,
         grad_enabled=False, mean_loss=test_loss, sample_loss=test_loss, accuracy=accuracy)
    return at

def weights(start, values, key="model-1"):
    from grader.in_kernel.encoding import encode_array
    arrays = [{"name": name, "array": encode_array(value)} for name, value in values.items()]
    tell("weights", cell=recorder.cell(), model=key, start=start, values=arrays)
"""


@dataclass(frozen=True)
class Attack:
    """One attack: what it tries, on which base, which items it wants, where its cells go, and the cells."""

    name: str
    text: str
    base: str
    wants: tuple[str, ...]
    at: str
    cells: tuple[str, ...]
    metadata: dict[str, object]


PLACES = {
    "start": MLP - 1,
    "models": CPU_LOOPS - 1,
    "training": TEN - 1,
    "plot": PLOT - 1,
    "end": len(_NOTEBOOK["cells"]) - 1,
}


def _keep(cells: Cells, kept: Sequence[int]) -> None:
    for index in [index for index in cells if index not in kept]:
        del cells[index]


def right(cells: Cells) -> None:
    """Nothing is wrong; the CNN is left out."""
    _keep(cells, TRAINED)


def untrained(cells: Cells) -> None:
    """No epoch is run: losses and times are typed in."""
    _keep(cells, (*LOOPS[:-1], TEN, PLOT, TWENTY))
    cells[TEN] = TYPED.format(n=10)
    cells[TWENTY] = TYPED.format(n=20) + 'plot_losses("MLP, all 20 epochs")'


def frozen(cells: Cells) -> None:
    """Everything runs, with a learning rate that teaches nothing."""
    _keep(cells, TRAINED[:-1])
    cells[MODEL] = cells[MODEL].replace("lr=0.01", "lr=1e-9")


def untimed(cells: Cells) -> None:
    """The training is real, its times are typed in."""
    _keep(cells, TRAINED)
    cells[TWENTY] = cells[TWENTY].replace("{time.time() - epoch_start:.2f}", "{31 + current_epoch % 3}.25")
    cells[TWENTY] = cells[TWENTY].replace("{time.time() - start:.2f}", "321.25")


def no_step(cells: Cells) -> None:
    """The training function takes no step."""
    _keep(cells, TRAINED[:-1])
    cells[CPU_LOOPS] = cells[CPU_LOOPS].replace("        optimizer.step()\n", "")


def wrong_models(cells: Cells) -> None:
    """The MLP has a layer that is too small and a softmax, the CNN average pooling and a smaller head."""
    _keep(cells, (IMPORTS, MLP, CNN))
    cells[MLP] = cells[MLP].replace("128, 64)", "128, 32)").replace("Linear(64, 10)", "Linear(32, 10)")
    cells[MLP] = cells[MLP].replace("return self.fc3(x)", "return torch.softmax(self.fc3(x), 1)")
    cells[CNN] = cells[CNN].replace("AdaptiveMaxPool2d", "AdaptiveAvgPool2d").replace("128, 64)", "128, 32)")
    cells[CNN] = cells[CNN].replace("Linear(64, 10)", "Linear(32, 10)")


def few_images(cells: Cells) -> None:
    """The loaders serve 40 images, 16 at a time."""
    _keep(cells, (IMPORTS, DATA))
    cells[DATA] = cells[DATA].replace("batch_size = 64", "batch_size = 16")
    cells[DATA] = (
        cells[DATA]
        .replace("DataLoader(", "DataLoader(torch.utils.data.Subset(")
        .replace("_set, b", "_set, range(40)), b")
    )


def bad_tests(cells: Cells) -> None:
    """The test function knows no evaluation mode, divides by the images, and counts in odd units."""
    _keep(cells, LOOPS)
    cells[CPU_LOOPS] = cells[CPU_LOOPS].replace("    model.eval()\n", "    model.train()\n")
    cells[CPU_LOOPS] = cells[CPU_LOOPS].replace(
        "total_loss / len(test_loader)", "total_loss / len(test_loader.dataset)"
    )
    cells[CPU_LOOPS] = cells[CPU_LOOPS].replace("correct / len(test_loader.dataset)", "100 * correct / 777")


def unprofiled(cells: Cells) -> None:
    """The counts are typed in."""
    _keep(cells, (IMPORTS, MLP, CNN, FLOPS))
    cells[FLOPS] = "print('MLP: 109,184 MACs'); print('CNN: 7,459,968 MACs')"


def nothing(cells: Cells) -> None:
    """No code but the imports."""
    _keep(cells, (IMPORTS,))


BASES: dict[str, Callable[[Cells], None]] = {
    f.__name__: f
    for f in (right, untrained, frozen, untimed, no_step, wrong_models, few_images, bad_tests, unprofiled, nothing)
}


def attacks() -> list[Attack]:
    """All attacks, by name."""
    return [read(path) for path in sorted(FOLDER.glob("*.py"))]


def read(path: Path) -> Attack:
    """The attack in a file."""
    source = path.read_text(encoding="utf-8")
    text = ast.get_docstring(ast.parse(source.split("\n# %%")[0])) or ""
    fields = dict(re.findall(r"^(base|wants|at|metadata): (.+)$", text, re.MULTILINE))
    cells = tuple(part.split("\n", 1)[1] for part in re.split(r"^# %%", source, flags=re.MULTILINE)[1:])
    if "FORGE" in text:
        cells = (FORGE, *cells)
    wants = tuple(fields["wants"].split(", "))
    metadata = json.loads(fields.get("metadata", "{}"))
    return Attack(path.stem, text, fields["base"], wants, fields.get("at", "end"), cells, metadata)


def write(folder: Path, base: str, attack: Attack | None = None, known: Mapping[str, str] | None = None) -> Path:
    """Write the notebook of a base, with an attack in it, and return its path.

    `known` are texts that the attacker knows, which stand in for names of the form KNOWN_NAME.
    """
    sources = {i: "".join(c["source"]) for i, c in enumerate(_NOTEBOOK["cells"]) if c["cell_type"] == "code"}
    BASES[base](sources)
    sources[IMPORTS] = sources[IMPORTS].replace("!pip install -q ultralytics-thop\n", "").replace("import thop\n", "")
    cells: list[dict[str, object]] = []
    for index, cell in enumerate(_NOTEBOOK["cells"]):
        if cell["cell_type"] == "markdown":
            cells.append({**cell, "source": "".join(cell["source"])})
        elif index in sources:
            cells.append({**cell, "source": sources[index], "outputs": []})
        if attack is not None and index == PLACES[attack.at]:
            for source in attack.cells:
                for name, text in (known or {}).items():
                    source = source.replace(f"KNOWN_{name}", text)
                cells.append(_code(re.sub(r"\A# magic: ", "%%", source), attack.metadata))
    path = folder / f"{attack.name if attack else base}.ipynb"
    path.write_text(json.dumps({**_NOTEBOOK, "cells": cells}), encoding="utf-8")
    return path


def _code(source: str, metadata: dict[str, object]) -> dict[str, object]:
    outputs = metadata.get("outputs", [])
    rest = {key: value for key, value in metadata.items() if key != "outputs"}
    return {
        "cell_type": "code",
        "id": f"a{zlib.crc32(source.encode()):x}",  # the same in every process: what is drawn follows from the file
        "metadata": rest,
        "execution_count": 1,
        "outputs": outputs,
        "source": source,
    }


def write_data(folder: Path, train: int = 512, test: int = 256) -> None:
    """The first images of the sample that ships, as MNIST's own files."""
    from grader.data.sources import find_data, load_arrays

    arrays = load_arrays(find_data(None, sample=True))
    for name, images, labels, count in (
        ("train", arrays.train_images, arrays.train_labels, train),
        ("t10k", arrays.test_images, arrays.test_labels, test),
    ):
        head = b"".join(number.to_bytes(4, "big") for number in (2051, count, 28, 28))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(head + images[:count].tobytes())
        head = b"".join(number.to_bytes(4, "big") for number in (2049, count))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(head + labels[:count].astype(np.uint8).tobytes())
