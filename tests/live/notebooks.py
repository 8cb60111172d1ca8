"""Live kernels for the tests: plain ipykernels beside MNIST's files, and the cells of the assignment's notebooks."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOLUTION, ASSIGNMENT = (ROOT / "reference" / f"{name}.ipynb" for name in ("solution", "assignment"))
IMPORTS = """
import time
import matplotlib.pyplot as plt
import numpy as np
import thop
import torch
import torch.nn as nn
import torch.optim as optim
from torchvision import datasets, transforms
from tqdm import tqdm
"""


def cells(path: Path) -> dict[str, str]:
    """The code cells of a notebook by id; the one that installs packages only imports."""
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = {cell["id"]: "".join(cell["source"]) for cell in stored if cell["cell_type"] == "code"}
    return {**found, "imports": IMPORTS} if "imports" in found else found


def small_mnist(folder: Path, train: int = 256, test: int = 128) -> None:
    """Put the first images of the sample where torchvision looks for MNIST below `folder`."""
    from grader.data.sources import find_data, load_arrays

    arrays = load_arrays(find_data(sample=True))
    raw = folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, images, labels, count in (
        ("train", arrays.train_images, arrays.train_labels, train),
        ("t10k", arrays.test_images, arrays.test_labels, test),
    ):
        head = struct.pack(">IIII", 2051, count, 28, 28)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(head + images[:count].tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 2049, count) + labels[:count].astype("uint8").tobytes()
        )


class Kernel:
    """A plain ipykernel, as Jupyter starts it."""

    def __init__(self, client: Any, manager: Any) -> None:
        self.client, self.manager = client, manager

    def run(self, source: str, cell_id: str | None = None, seconds: float = 120) -> dict[str, Any]:
        """Run a cell, with its id if there is one. Return its status, text, HTML and error."""
        found: dict[str, Any] = {"text": "", "html": "", "plain": "", "error": ""}
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell_id} if cell_id else {})
        self.client.shell_channel.send(message)
        while True:
            got = self.client.get_iopub_msg(timeout=seconds)
            if got["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = got["msg_type"], got["content"]
            if kind == "stream":
                found["text"] += content["text"]
            elif kind in ("execute_result", "display_data"):
                found["plain"] += content["data"].get("text/plain", "")
                found["html"] += content["data"].get("text/html", "")
            elif kind == "error":
                found["error"] = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                break
        return found

    def value(self, expression: str) -> Any:
        """The value of an expression that JSON can hold."""
        found = self.run(f"import json as _j; print('\\x02' + _j.dumps({expression}))")
        assert not found["error"], found["error"]
        return json.loads(found["text"].partition("\x02")[2])

    def states(self, *items: str) -> dict[str, str]:
        """The state of each item by `grader.check`."""
        named = ", ".join(map(repr, items))
        return self.value(f"{{v.item: v.state for v in __import__('grader').check({named}).verdicts}}")  # type: ignore[no-any-return]


@contextmanager
def live_kernel(folder: Path, environment: dict[str, str] | None = None) -> Iterator[Kernel]:
    """Start a plain ipykernel in `folder` that finds this checkout's grader."""
    from jupyter_client.manager import start_new_kernel

    known = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "2",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder), env={**known, **(environment or {})})
    try:
        yield Kernel(client, manager)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
