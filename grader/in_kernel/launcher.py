"""Run an ipykernel, adapted to graded notebooks, with the harness installed.

`grader.sandbox.confinement.in_child` confines the process and then calls `main(config)`:

- 'sockets': {port: descriptor of a listening Unix socket}; 'key' signs the messages;
- 'harness': 'install' is a list of [module, settings]; each module's `install(settings)` is called in this order before
  the kernel serves, with 'events_fd' (a descriptor for JSON lines) added to its settings; 'hide_gpu' hides the
  machine's GPU from the notebook; 'threads' (1 if absent) is torch's number of threads;
- 'requests_fd': the descriptor that the agent reads requests from;
- 'output_chars': the most characters that a cell may print; 'answer_chars': the most in an answer of the agent.
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
    with open(os.devnull, "wb") as devnull:  # ipykernel captures what cells write; the log is for a failed start only
        os.dup2(devnull.fileno(), 2)
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
    """Return a kernel application, ready to serve, with the harness installed. Installers' exceptions propagate."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # no debugger: importing it takes 0.1 s
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    from grader.in_kernel import agent, not_checked
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
    app.parse_command_line = lambda argv=None: None  # there is no command line, and building its parser takes 8 ms
    app.session.key = config["key"].encode()
    app.initialize([])
    when_imported("torch", functools.partial(set_threads, threads=config["harness"].get("threads", 1)))
    install(config["harness"])
    not_checked.install()
    sys.argv[:] = ["ipykernel_launcher.py"]
    return app


def listen_on(sockets: dict[int, int]) -> None:
    """Make ipykernel serve on these listening sockets (descriptors by port) instead of binding new ones."""
    import zmq
    from ipykernel import heartbeat, iostream, kernelapp

    def take(target: Any, port: int) -> int:
        target.setsockopt(zmq.USE_FD, sockets[port])
        target.bind(f"ipc://k-{port}")
        return port

    kernelapp.IPKernelApp._try_bind_socket = lambda self, target, port: take(target, port)
    heartbeat.Heartbeat._bind_socket = lambda self: take(self.socket, self.port)
    # A forked child would send its output over TCP, which has no socket here; so it writes to its file descriptors.
    original = iostream.IOPubThread.__init__

    @functools.wraps(original)
    def without_pipe(self: Any, socket: Any, pipe: bool = False, **options: Any) -> None:
        original(self, socket, pipe=False, **options)

    iostream.IOPubThread.__init__ = without_pipe


def install(harness: dict[str, Any]) -> None:
    """Call `install` of each module that the harness names, with its settings; hide the GPU if the harness says so."""
    if harness.get("hide_gpu"):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    for name, settings in harness.get("install", ()):
        module = importlib.import_module(name)
        module.install({"events_fd": harness.get("events_fd"), **settings})


def set_threads(torch: ModuleType, threads: int) -> None:
    """Set torch's number of threads: other cores stay free, and results do not depend on the machine's count."""
    torch.set_num_threads(threads)
