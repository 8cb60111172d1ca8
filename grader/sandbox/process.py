"""The kernel as an ordinary process of this user: started, interrupted and killed with all that it started.

Nothing is confined here; a back end that confines offers the same methods as `KernelProcess`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grader.sandbox.events import EventLog
from grader.sandbox.policy import FLOOD, Limits

if TYPE_CHECKING:
    import psutil

CHANNELS = {"shell": 1, "iopub": 2, "stdin": 3, "hb": 4, "control": 5}  # 'port' of each Unix socket
MARK = "GRADER_KERNEL"  # in the environment of everything that a kernel starts, to find what left its process group
SOCKET_PATH_BYTES = 100  # what macOS allows in a socket's path, less a few
LOG_BYTES = 8192

_INHERITED = (
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "SHELL",
)
# glibc's malloc gives large blocks back at once, and training faults their pages in again at every step: a fifth of the
# time of a CNN's step. Other systems ignore these.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(8 << 30)}
_INHERITED_PREFIXES = ("LC_", "CUDA_", "NVIDIA_")
# Without the working directory on the path: a student's random.py must not be imported here. IPython puts it back.
_START = "import sys; sys.path.pop(0); from grader.inside.launcher import main; main()"


class KernelProcess:
    """One kernel and its private folder, which holds its sockets, its requests, and unless one is given its `scratch`.

    `harness` is what `grader.inside.launcher` reads: 'install', a list of [module, settings]. It must be JSON data.
    """

    def __init__(self, harness: Mapping[str, object], limits: Limits, scratch: Path | None = None) -> None:
        self.folder = private_folder()
        self.scratch = scratch if scratch is not None else self.folder / "scratch"
        self.requests = self.folder / "requests"
        self.sockets = self.folder / "k"  # the sockets are k-1, k-2, …
        self.key = secrets.token_hex(32)
        self.events = EventLog(self.folder / "events", limits.evidence_bytes)
        self._harness = harness
        self._limits = limits
        self._mark = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self.folder / "log"

    def start(self) -> None:
        """Start the process; returns at once. Raises OSError when the system refuses."""
        for folder in (self.requests, self.folder / "home", self.folder / "tmp"):
            folder.mkdir(mode=0o700)
        self.scratch.mkdir(exist_ok=True)
        share_font_list(self.folder / "home" / "matplotlib")
        config = self.folder / "config.json"
        config.write_text(json.dumps(self._config()))
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(config)],
                cwd=self.scratch,
                env={**environment(os.environ, self.folder), MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=(self.events.fileno(),),
                start_new_session=True,  # a process group of its own, so that an interrupt reaches its children
            )

    def _config(self) -> dict[str, object]:
        ports = {f"{channel}_port": port for channel, port in CHANNELS.items()}
        return {
            "connection": {"transport": "ipc", "ip": str(self.sockets), **ports},
            "key": self.key,
            "harness": {**self._harness, "events_fd": self.events.fileno()},
            "output_chars": self._limits.cell_output_bytes * (FLOOD + 1),
            "answer_chars": self._limits.evidence_bytes,
        }

    @property
    def is_listening(self) -> bool:
        """Whether the kernel has opened all of its sockets."""
        return all(os.path.exists(f"{self.sockets}-{port}") for port in CHANNELS.values())

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """Its exit status, negative for the signal that ended it; None while it runs."""
        return None if self._process is None else self._process.poll()

    def wait(self) -> None:
        """Wait until it has ended, without a limit: for a thread of its own."""
        if self._process is not None:
            self._process.wait()

    def log(self) -> str:
        """The end of what it wrote to standard error outside the cells."""
        with contextlib.suppress(OSError), open(self._log, "rb") as log:
            log.seek(max(0, os.path.getsize(self._log) - LOG_BYTES))
            return log.read().decode(errors="replace").strip()
        return ""

    def interrupt(self) -> None:
        """Send SIGINT to it and its children, as the stop button does."""
        if self._process is not None and self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Kill it and everything that it started, daemons too."""
        if self._process is None:
            return
        kill_tree(self._process, self._mark)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)

    def close(self) -> None:
        """Kill it and remove its folder."""
        self.kill()
        self.events.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def private_folder() -> Path:
    """A new folder that only this user can enter, with a path short enough for Unix sockets. Raises OSError."""
    if os.name != "posix":
        raise OSError("kernels need Unix sockets and process groups: use Linux, macOS or WSL")
    folder = Path(tempfile.mkdtemp(prefix="gk-"))
    if len(os.fsencode(folder)) > SOCKET_PATH_BYTES - len("/k-1"):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="gk-", dir="/tmp"))
    return folder


def environment(outer: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a kernel: the little that it needs of ours, and its own folders."""
    kept = {name: value for name, value in outer.items() if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)}
    home, package = folder / "home", Path(__file__).resolve().parents[2]
    installed = package.name in (
        "site-packages",
        "dist-packages",
    )  # on the path already, and behind the standard library
    python_path = [*([] if installed else [str(package)]), *filter(None, [outer.get("PYTHONPATH")])]
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **KEEP_MEMORY,
        "PYTHONPATH": os.pathsep.join(python_path),
        "PYTHONHASHSEED": "0",  # the same order of sets in every run
        "PYTHONNOUSERSITE": "1",
        "PYTHONBREAKPOINT": "0",
        "PIP_DRY_RUN": "1",  # os.system('pip install …') must not change the environment of the grader
        "PIP_NO_INDEX": "1",
        "JPY_PARENT_PID": str(os.getpid()),  # ipykernel ends when this process does
    }


def share_font_list(target: Path) -> None:
    """Copy matplotlib's list of fonts, if this user has one, so that a kernel need not search for them again."""
    target.mkdir(parents=True, exist_ok=True)
    home, set_by_user = Path.home(), os.environ.get("MPLCONFIGDIR")
    caches = [Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "matplotlib", home / ".matplotlib"]
    for cache in [Path(set_by_user)] if set_by_user else caches:
        for font_list in cache.glob("fontlist-*.json"):
            with contextlib.suppress(OSError):
                shutil.copy(font_list, target)


def kill_tree(process: subprocess.Popen[bytes], mark: str) -> None:
    """Kill a process, its descendants, its process group and every process whose environment carries `mark`."""
    import psutil

    for _ in range(20):  # who forks while being killed needs another round
        victims = [other for other in psutil.process_iter() if _carries(other, mark)]
        if process.poll() is None:
            with contextlib.suppress(psutil.Error):
                victims += psutil.Process(process.pid).children(recursive=True)
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
        elif not victims:
            return
        for victim in victims:
            with contextlib.suppress(psutil.Error):
                victim.kill()
        time.sleep(0.005)


def _carries(process: psutil.Process, mark: str) -> bool:
    import psutil

    with contextlib.suppress(psutil.Error, OSError):  # gone by now, a zombie's, or another user's
        return process.environ().get(MARK) == mark
    return False
