"""What runs in the child: an ipykernel that behaves as graded notebooks need, with the harness installed.

Started by `grader.sandbox.confinement.in_child`, after it has confined the process, as `main(config)`:

- 'sockets': {port: descriptor of a Unix socket that listens}; 'key' signs the messages;
- 'harness': 'install' is a list of [module, settings]; each module's `install(settings)` is called in this order before the
  kernel serves, with 'events_fd' (a descriptor for JSON lines) added to its settings; 'hide_gpu' leaves
  notebooks without one; 'threads' (1 if absent) is how many torch computes with;
- 'requests_fd': where the agent reads its requests;
- 'output_chars': the most that a cell may print; 'answer_chars': the most that an answer of the agent may hold.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import traceback
from types import ModuleType
from typing import Any

FAILED_TO_START = 3  # exit status
PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "hb_port": 4, "control_port": 5}


def main(config: dict[str, Any]) -> None:
    """Run a kernel until it is killed."""
    log = os.dup(2)
    with open(os.devnull, "wb") as devnull:
        os.dup2(
            devnull.fileno(), 2
        )  # what cells write to it is caught by ipykernel: the log is for a failed start only
    try:
        for descriptor in (config["requests_fd"], config["harness"]["events_fd"], *config["sockets"].values()):
            os.set_inheritable(descriptor, False)
        app = start(config)
    except BaseException:
        os.write(log, traceback.format_exc().encode(errors="replace"))
        os._exit(FAILED_TO_START)
    os.close(log)
    app.start()


def start(config: dict[str, Any]) -> Any:
    """A kernel application that is ready to serve, with the harness installed. Raises what an installer raises."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # no debugger: its import takes 0.1 s
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    from grader.in_kernel import agent
    from grader.in_kernel.ipython import CappedStream
    from grader.in_kernel.patching import when_imported

    CappedStream.limit = config["output_chars"]
    agent.max_answer_chars = config["answer_chars"]
    agent.requests_fd = config["requests_fd"]
    listen_on({int(port): descriptor for port, descriptor in config["sockets"].items()})
    settings = Config()
    settings.IPKernelApp.kernel_class = "grader.in_kernel.ipython.GradedKernel"
    settings.IPKernelApp.outstream_class = "grader.in_kernel.ipython.CappedStream"
    settings.Session.packer = "grader.in_kernel.ipython.pack"
    settings.HistoryManager.enabled = False
    app = IPKernelApp.instance(config=settings, transport="ipc", ip="k", **PORTS)
    app.parse_command_line = lambda argv=None: None  # there is none, and to make its parser takes 8 ms
    app.session.key = config["key"].encode()
    app.initialize([])
    when_imported("torch", functools.partial(set_threads, threads=config["harness"].get("threads", 1)))
    install(config["harness"])
    sys.argv[:] = ["ipykernel_launcher.py"]
    return app


def listen_on(sockets: dict[int, int]) -> None:
    """Let ipykernel serve on sockets that listen already, by port, where it would bind some of its own."""
    import zmq
    from ipykernel import heartbeat, iostream, kernelapp

    def take(target: Any, port: int) -> int:
        target.setsockopt(zmq.USE_FD, sockets[port])
        target.bind(f"ipc://k-{port}")
        return port

    kernelapp.IPKernelApp._try_bind_socket = lambda self, target, port: take(target, port)
    heartbeat.Heartbeat._bind_socket = lambda self: take(self.socket, self.port)
    # A forked child would send its output over TCP, for which there is no socket here: it writes to its descriptors.
    original = iostream.IOPubThread.__init__

    @functools.wraps(original)
    def without_pipe(self: Any, socket: Any, pipe: bool = False, **options: Any) -> None:
        original(self, socket, pipe=False, **options)

    iostream.IOPubThread.__init__ = without_pipe


def install(harness: dict[str, Any]) -> None:
    """Install the modules that the harness names, each with its settings; hide the GPU if it says so."""
    if harness.get("hide_gpu"):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    for name, settings in harness.get("install", ()):
        module = importlib.import_module(name)
        module.install({"events_fd": harness.get("events_fd"), **settings})


def set_threads(torch: ModuleType, threads: int) -> None:
    """Leave the other cores to other submissions; results do not depend on how many the machine has either."""
    torch.set_num_threads(threads)
