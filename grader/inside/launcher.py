"""What runs in the child: an ipykernel that behaves as graded notebooks need, with the harness installed.

Started by `grader.sandbox.process` as `main()` with the path of a JSON file:

- 'connection': traits of IPKernelApp that say where its sockets are; 'key' signs the messages;
- 'harness': 'install' is a list of [module, settings]; each module's `install(settings)` is called in this order before the
  kernel serves, with 'events_fd' (a descriptor for JSON lines) added to its settings; a module that does not exist is left
  out; 'hide_gpu' leaves notebooks without one;
- 'output_chars': the most that a cell may print; 'answer_chars': the most that an answer of the agent may hold.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

FAILED_TO_START = 3  # exit status


def main() -> None:
    """Run a kernel until it is killed. The configuration is the file named by the last argument, which is removed."""
    path = Path(sys.argv.pop())
    config = json.loads(path.read_text())
    path.unlink()
    log = os.dup(2)
    with open(os.devnull, "wb") as devnull:
        os.dup2(
            devnull.fileno(), 2
        )  # what cells write to it is caught by ipykernel: the log is for a failed start only
    try:
        app = start(config)
    except BaseException:
        os.write(log, traceback.format_exc().encode(errors="replace"))
        os._exit(FAILED_TO_START)
    os.close(log)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # from here on: our own modules may be cached
    sys.dont_write_bytecode = True
    app.start()


def start(config: dict[str, Any]) -> Any:
    """A kernel application that is ready to serve, with the harness installed. Raises what an installer raises."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # no debugger: its import takes 0.1 s
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    from grader.inside import agent
    from grader.inside.imports import when_imported
    from grader.inside.kernel import CappedStream

    CappedStream.limit = config["output_chars"]
    agent.max_answer_chars = config["answer_chars"]
    settings = Config()
    settings.IPKernelApp.kernel_class = "grader.inside.kernel.GradedKernel"
    settings.IPKernelApp.outstream_class = "grader.inside.kernel.CappedStream"
    settings.Session.packer = "grader.inside.kernel.pack"
    settings.HistoryManager.enabled = False
    app = IPKernelApp.instance(config=settings, **config["connection"])
    app.session.key = config["key"].encode()
    app.initialize([])
    when_imported("torch", one_thread)
    install(config["harness"])
    sys.argv[:] = ["ipykernel_launcher.py"]
    return app


def install(harness: dict[str, Any]) -> None:
    """Install the modules that the harness names, each with its settings; hide the GPU if it says so."""
    if harness.get("hide_gpu"):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    for name, settings in harness.get("install", ()):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            continue
        module.install({"events_fd": harness.get("events_fd"), **settings})


def one_thread(torch: ModuleType) -> None:
    """Leave the other cores to other submissions; results do not depend on the machine's cores either."""
    torch.set_num_threads(1)
