"""Record what the cells of a live notebook do, from `import grader` on: their text, errors, times, passes and figures.

Only inside an IPython kernel, and without a change of what the student computes: no random number is drawn or replaced.
Importing this module imports neither torch nor anything slow.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from grader.in_kernel import events

MOST_TEXT = 1 << 20  # characters that are kept of one cell's output, as in a graded kernel
MOST_PIECES = 2000  # outputs of one cell
MOST_EXECUTIONS = 5000


@dataclass
class Output:
    """A piece of a cell's output. `kind` is 'stdout', 'stderr', 'display', 'update' or 'clear'."""

    kind: str
    text: list[str]
    display_id: str | None = None


@dataclass
class Execution:
    """One execution of a cell. `number` counts executions from 0; events name it as their cell.

    `watched` is False for a cell that ran before the recorder was there: nothing but its source is known.
    `failure` is what the kernel would report of an exception.
    """

    number: int
    source: str
    count: int
    cell_id: str | None = None
    watched: bool = True
    began: float = 0.0
    seconds: float = 0.0
    over: bool = False
    outputs: list[Output] = field(default_factory=list)
    length: int = 0
    failure: dict[str, object] | None = None

    def add(self, kind: str, text: str, display_id: str | None = None) -> None:
        """Keep a piece of output, or as much of it as the cell may still print."""
        kept = text[: max(0, MOST_TEXT - self.length)]
        self.length += len(kept)
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last.kind == kind and kind in ("stdout", "stderr"):
            last.text.append(kept)
        elif len(self.outputs) < MOST_PIECES:
            self.outputs.append(Output(kind, [kept], display_id))


class Recording:
    """The record of this kernel. `events` are the recorder's lines, as JSON; `executions` are in order."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.executions: list[Execution] = []
        self.events: list[bytes] = []
        self._running: Execution | None = None
        self._heard: list[tuple[Any, Any, Any]] = []  # streams, with our `write` and the one before it

    @property
    def running(self) -> Execution | None:
        """The execution that is going on; None between two cells."""
        return self._running

    def start(self) -> None:
        """Note the cells that ran before, and watch from now on."""
        past = [str(source) for source in self.shell.user_ns.get("In", [])][1:]
        for count, source in enumerate(past, 1):
            if source.strip():
                self.executions.append(Execution(len(self.executions), source, count, watched=False, over=True))
        if past and past[-1].strip():  # the cell that imports grader
            self._running = self.executions[-1]
            self._running.watched, self._running.over, self._running.began = True, False, time.perf_counter()
            self._running.cell_id = self._cell_id()
        self._record()
        if self._running is not None:
            self._listen()
            events.begin_cell(self._running.number)
        self.shell.events.register("pre_run_cell", self._begin)
        self.shell.events.register("post_run_cell", self._end)
        self._tee()

    def _record(self) -> None:
        from grader.in_kernel.datasets import registry
        from grader.in_kernel.datasets.mnist import Mnist
        from grader.in_kernel.recorder import figures
        from grader.in_kernel.recorder import install as recorder

        registry.watch(Mnist(""))
        recorder.install({"sink": self.events.append, "weights": False})
        figures.install({})

    def flush(self) -> None:
        """Let the recorder write what the running cell has done so far."""
        if self._running is not None:
            events.end_cell()

    # --- cells -------------------------------------------------------------------------------------------------------

    def _begin(self, info: Any) -> None:
        if info.silent or not info.store_history or len(self.executions) >= MOST_EXECUTIONS:
            self._running = None
            return
        cell_id = getattr(info, "cell_id", None) or self._cell_id()
        execution = Execution(len(self.executions), info.raw_cell or "", self.shell.execution_count, cell_id)
        execution.began = time.perf_counter()
        self.executions.append(execution)
        self._running = execution
        self._listen()
        events.begin_cell(execution.number)

    def _end(self, result: Any) -> None:
        execution, self._running = self._running, None
        self._stop_listening()
        if execution is None:
            return
        execution.seconds = time.perf_counter() - execution.began
        events.end_cell()
        execution.over = True
        count = getattr(result, "execution_count", None)
        execution.count = count if isinstance(count, int) else execution.count
        error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
        if error is not None:
            execution.failure = self._failure(error, execution.count)

    def _failure(self, error: BaseException, count: int) -> dict[str, object]:
        try:
            message = str(error)
        except Exception:  # a student's exception whose __str__ raises
            message = ""
        lines = getattr(self.shell, "_last_traceback", None)
        return {
            "status": "error",
            "ename": type(error).__name__,
            "evalue": message[:20_000],
            "traceback": [str(line) for line in lines] if isinstance(lines, list) else [],
            "execution_count": count,
        }

    def _cell_id(self) -> str | None:
        try:
            found = self.shell.kernel.get_parent("shell")["metadata"].get("cellId")
        except Exception:  # other kernels keep the request elsewhere, or not at all
            return None
        return found if isinstance(found, str) else None

    # --- output ------------------------------------------------------------------------------------------------------

    def _tee(self) -> None:
        _after(self.shell.display_pub, "publish", self._published)
        _after(self.shell.display_pub, "clear_output", self._cleared)
        _after(self.shell.displayhook, "write_format_data", self._result)

    def _listen(self) -> None:
        """Hear what the cell that begins prints. Only for one cell: IPython puts its own `write` there for each."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            with suppress(AttributeError, TypeError):  # a stream of the student's own
                before = vars(stream).get("write")
                _after(stream, "write", functools.partial(self._printed, name))
                self._heard.append((stream, stream.write, before))

    def _stop_listening(self) -> None:
        for stream, ours, before in self._heard:
            if vars(stream).get("write") is ours and before is None:
                del stream.write
            elif vars(stream).get("write") is ours:
                stream.write = before
        self._heard.clear()

    def _printed(self, name: str, text: object = "", *_: object) -> None:
        if self._running is not None and isinstance(text, str):
            self._running.add(name, text)

    def _published(self, data: object = None, *_: object, **options: Any) -> None:
        plain = data.get("text/plain") if isinstance(data, dict) else None
        if self._running is not None and isinstance(plain, str):
            shown = (options.get("transient") or {}).get("display_id")
            self._running.add("update" if options.get("update") else "display", plain, shown)

    def _cleared(self, wait: object = False, *_: object) -> None:
        if self._running is not None:
            self._running.add("clear", "wait" if wait else "")

    def _result(self, data: object = None, *_: object) -> None:
        self._published(data)


def _after(owner: Any, name: str, told: Callable[..., None]) -> None:
    """Let `told` know the arguments of each call of a method of an object or a class."""
    original = getattr(owner, name, None)
    if original is None:
        return

    @functools.wraps(original)
    def method(*args: Any, **kwargs: Any) -> Any:
        if not events.is_paused():
            with suppress(Exception):  # the student must not see an error of ours
                told(*args, **kwargs)
        return original(*args, **kwargs)

    setattr(owner, name, method)


_recording: Recording | None = None


def current() -> Recording | None:
    """Return the recording of this kernel; None if nothing is recorded."""
    return _recording


def start() -> None:
    """Begin to record, if this is an IPython kernel and not one in which a notebook is graded. Never raises."""
    global _recording
    if _recording is not None or "grader.in_kernel.launcher" in sys.modules:
        return
    try:
        from IPython import get_ipython

        shell = get_ipython()
        if shell is None or getattr(shell, "kernel", None) is None:
            return
        recording = Recording(shell)
        recording.start()
        _recording = recording
    except Exception as error:  # the student's notebook must run without it
        print(f"grader could not begin to record: {type(error).__name__}: {error}", file=sys.stderr)
