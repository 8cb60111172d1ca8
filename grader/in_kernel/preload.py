"""Prepare a fork server, so that its kernels start quickly: imports, tiny training steps, and memory that forks fast.

Optimizers, data loaders, autograd and pyplot import a lot when they are first used. Nothing here may start a thread or
touch CUDA: neither survives a fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

_HUGE = 1 << 21
_COLLAPSE = 25  # of madvise, since Linux 6.1

# Modules that a kernel imports before its first cells have run: the difference in sys.modules of a warm kernel.
_KERNEL = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.heartbeat", "ipykernel.iostream", "ipykernel.zmqshell"),
    *("ipykernel.datapub", "ipykernel.serialize", "ipykernel.comm", "ipykernel.control", "ipykernel.shellchannel"),
    *("IPython.core.completer", "IPython.core.magics", "IPython.core.pylabtools", "IPython.core.async_helpers"),
    *("IPython.core.ultratb", "IPython.utils.capture", "IPython.extensions.storemagic", "IPython.core.completerlib"),
    *("jedi", "matplotlib_inline.backend_inline", "matplotlib_inline.config", "tornado.platform.asyncio"),
    *("zmq.asyncio", "zmq.eventloop.zmqstream", "stack_data", "executing", "asttokens", "pure_eval", "sqlite3"),
    *("traitlets.config.loader", "jupyter_client.session", "jupyter_client.jsonutil", "psutil", "appnope"),
    *("ipykernel.debugger", "IPython.core.oinspect", "IPython.core.debugger", "IPython.core.debugger_backport"),
    *("IPython.core.magics.pylab", "IPython.core.magics.extension", "IPython.core.logger", "pdb", "faulthandler"),
    *("multiprocessing.connection", "multiprocessing.popen_fork", "multiprocessing.synchronize"),
    "concurrent.futures.thread",
)
_NOTEBOOK = (
    *("numpy", "torch", "torchvision", "torchvision.transforms", "torchvision.datasets", "torch.utils.data"),
    *("torch.nn.functional", "torch.optim.lr_scheduler", "torchvision.transforms.v2", "torchvision.utils", "tqdm.auto"),
    *("matplotlib", "matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib._mathtext", "pandas"),
    *("thop", "datetime", "PIL.Image"),
)
_HARNESS = (
    *("grader.in_kernel.agent", "grader.in_kernel.ipython", "grader.in_kernel.launcher", "grader.in_kernel.events"),
    *(
        "grader.in_kernel.recorder.install",
        "grader.in_kernel.recorder.passes",
        "grader.in_kernel.recorder.models",
        "grader.in_kernel.recorder.profilers",
    ),
    *("grader.in_kernel.recorder.figures", "grader.in_kernel.randomness.install", "grader.in_kernel.datasets.mnist"),
    *("grader.in_kernel.datasets.batches", "grader.in_kernel.colab.install", "grader.in_kernel.probes.handlers"),
    *("grader.in_kernel.virtual_cuda.install", "grader.in_kernel.virtual_cuda.activation"),
    *("grader.in_kernel.virtual_cuda.runtime", "grader.in_kernel.virtual_cuda.operators"),
    *("grader.in_kernel.virtual_cuda.tensors", "grader.in_kernel.virtual_cuda.autocast"),
)


def warm_up() -> None:
    """Import the modules and run the training steps. Missing packages are skipped, and warnings are suppressed."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # as in the launcher
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # CUDA cannot be forked: kernels with a GPU are not forked from here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (*_KERNEL, *_NOTEBOOK, *_HARNESS):
            with contextlib.suppress(Exception):  # the virtual GPU, for instance, may not support this torch
                importlib.import_module(name)
        _train()
        _draw()
    gc.collect()
    gc.freeze()  # or a collection in a child would copy all of these pages
    gc.disable()


def after_fork() -> None:
    """Reset in the child what a new process does not share with others: random states, the temporary folder, gc."""
    gc.enable()
    random.seed()
    tempfile.tempdir = None
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()
    if (torch := sys.modules.get("torch")) is not None:
        torch.default_generator.seed()


def huge_pages() -> Iterator[int]:
    """Move memory into pages of 2 MiB where Linux can; yield after each page.

    A fork copies the page table, which has 100,000 entries with small pages. A page that Linux refuses stays as it is.
    A step is short on a quiet machine; on a busy one it waits for every core.
    """
    libc = ctypes.CDLL(None)
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        where, rights, _, _, file, *name = line.split(maxsplit=5)
        begin, end = (int(part, 16) for part in where.split("-"))
        if rights == "rw-p" and file == "0" and name in ([], ["[heap]"]):
            for page in range(-(-begin // _HUGE), end // _HUGE):
                libc.madvise(ctypes.c_void_p(page * _HUGE), ctypes.c_size_t(_HUGE), _COLLAPSE)
                yield page


def _train() -> None:
    torch = sys.modules.get("torch")
    if torch is None:
        return
    torch.set_num_threads(1)  # a child would wait for OpenMP's threads, which a fork does not copy
    nn, data = torch.nn, torch.utils.data
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 13 * 13, 10))
    images = data.TensorDataset(torch.zeros(4, 1, 28, 28), torch.zeros(4, dtype=torch.long))
    for optimizer in (torch.optim.SGD(model.parameters(), 0.1, momentum=0.5), torch.optim.Adam(model.parameters())):
        for batch, labels in data.DataLoader(images, 2):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(batch), labels).backward()
            optimizer.step()


def _draw() -> None:
    """Make a figure without rendering it: fonts are files that stay open, and children would share their positions."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    _, axes = pyplot.subplots()
    axes.plot([1, 2], label="loss")
    axes.set_yscale("log")
    axes.legend()
    pyplot.close("all")
