"""What a fork server does so that no kernel has to: imports, one tiny training step, and memory that is quick to fork.

Optimizers, data loaders, autograd and pyplot import much only when they are first used. Nothing here may start a thread or
touch CUDA: neither outlives a fork.
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

# What a kernel imports until its first cells have run, found by comparing sys.modules of a warm kernel before and after.
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
    *("grader.in_kernel.recorder.install", "grader.in_kernel.recorder.passes", "grader.in_kernel.recorder.models"),
    *("grader.in_kernel.recorder.figures", "grader.in_kernel.randomness.install", "grader.in_kernel.datasets.mnist"),
    *("grader.in_kernel.datasets.batches", "grader.in_kernel.colab.install", "grader.in_kernel.probes.handlers"),
    *("grader.in_kernel.virtual_cuda.install", "grader.in_kernel.virtual_cuda.activation"),
    *("grader.in_kernel.virtual_cuda.runtime", "grader.in_kernel.virtual_cuda.operators"),
    *("grader.in_kernel.virtual_cuda.tensors", "grader.in_kernel.virtual_cuda.autocast"),
)


def warm_up() -> None:
    """Import and train. A package that is not there is left out; what a warning says is for nobody."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # as the launcher has it
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # CUDA cannot be forked: who gets the machine's GPU is not started here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (*_KERNEL, *_NOTEBOOK, *_HARNESS):
            with contextlib.suppress(Exception):  # also of a torch that the virtual GPU was not made for
                importlib.import_module(name)
        _train()
        _draw()
    gc.collect()
    gc.freeze()  # a collection in a child would copy the pages of all that lies here
    gc.disable()


def after_fork() -> None:
    """In the child: what a process that has just begun does not share with another."""
    gc.enable()
    random.seed()
    tempfile.tempdir = None
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()
    if (torch := sys.modules.get("torch")) is not None:
        torch.default_generator.seed()


def huge_pages() -> Iterator[int]:
    """Put memory into pages of 2 MiB where Linux can, one a step: a fork copies the table of pages, 100,000 entries else.

    What is refused stays as it is. A step is short on a quiet machine, and on a busy one waits for every core.
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
    torch.set_num_threads(1)  # OpenMP's threads would be missing in the child, which would wait for them
    nn, data = torch.nn, torch.utils.data
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 13 * 13, 10))
    images = data.TensorDataset(torch.zeros(4, 1, 28, 28), torch.zeros(4, dtype=torch.long))
    for optimizer in (torch.optim.SGD(model.parameters(), 0.1, momentum=0.5), torch.optim.Adam(model.parameters())):
        for batch, labels in data.DataLoader(images, 2):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(batch), labels).backward()
            optimizer.step()


def _draw() -> None:
    """Nothing is rendered: fonts are files that stay open, and children would move each other's place in them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    _, axes = pyplot.subplots()
    axes.plot([1, 2], label="loss")
    axes.set_yscale("log")
    axes.legend()
    pyplot.close("all")
