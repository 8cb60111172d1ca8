"""A kernel that runs a student's cells one by one and answers requests about them.

The kernel is never trusted: outcomes come from replies and clocks on this side, and everything that it sends is limited
in size and parsed as data. Each `Kernel` has its own thread and event loop, so that several can run at once, also
inside Jupyter.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import threading
import time
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Any, Literal, TypeVar

from grader.errors import GraderError
from grader.evidence.run import CellRun
from grader.notebook.helper_files import NO_FILES, HelperFiles
from grader.notebook.places import quoted
from grader.sandbox.budget import Budget
from grader.sandbox.channel.cells import CellClient
from grader.sandbox.channel.client import KernelClient
from grader.sandbox.channel.replies import (
    RequestFailed,
    blank_lines,
    cell_error,
    exit_words,
    is_out_of_memory,
    parse_answer,
    without_file,
)
from grader.sandbox.confinement.backends import Backend, IsolationError, find_backend
from grader.sandbox.limits import Limits, in_words
from grader.sandbox.process import KernelProcess
from grader.sandbox.warm_start import NotWarm

RECORDER = "grader.in_kernel.recorder.install"
T = TypeVar("T")
Ending = Literal["done", "interrupted", "killed", "dead"]
Status = Literal["ok", "error", "timeout", "killed", "dead"]

__all__ = ["Kernel", "KernelStartError", "RequestFailed"]

FLUSH_SECONDS = 0.3  # output that a dead kernel sent arrives within this time
OUTPUT_SECONDS = 4.0  # after a reply: longer than the cell client waits for outputs
FLOOD_SECONDS = 0.5  # a cell that printed too much may be about to end
INTERRUPT_EVERY_SECONDS = 1.0  # a cell may catch the first interrupt and end at the second
WATCHDOG_SECONDS = 10.0  # beyond all other limits: then the event loop itself is stuck


class KernelStartError(GraderError):
    """No kernel could be started; the message is one sentence."""


class Kernel:
    """A new kernel, as a context manager; entering it may raise KernelStartError.

    `harness` says what to install in the kernel (see `grader.sandbox.process`), `backend` how to confine it: by default
    as strongly as this machine can. `budget` is the time left to the notebook, which its kernels share; cells in a
    kernel without a recorder count as questions then. By default the kernel has its own, for all cells. Copies of the
    files `beside` the notebook are in its working folder. Only one thread at a time may use an instance.
    """

    def __init__(
        self,
        harness: Mapping[str, object],
        limits: Limits,
        backend: Backend | None = None,
        budget: Budget | None = None,
        beside: HelperFiles = NO_FILES,
    ) -> None:
        self._harness = harness
        self._beside = beside
        self._limits = limits
        self._backend = backend
        install = harness.get("install")
        self._recording = isinstance(install, (list, tuple)) and any(entry[0] == RECORDER for entry in install)
        self._budget = budget or Budget(limits)
        self._probing = budget is not None and not self._recording
        self._process: KernelProcess | None = None
        self._client: KernelClient | None = None
        self._cells: CellClient | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="grader-kernel", daemon=True)
        self._died = asyncio.Event()
        self._died_at: float | None = None
        self._over = ""  # why no more cells run
        self._counts: dict[int, tuple[int, int]] = {}  # execution count -> notebook index, lines that IPython skips
        self._sources: dict[int, list[str]] = {}  # execution count -> the lines that ran

    # --- life ------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Kernel:
        try:
            backend = self._backend or find_backend("none")
            self._process = KernelProcess(self._harness, self._limits, backend, beside=self._beside)
            try:
                self._process.start()
            except NotWarm:
                self._process.close()
                self._process = KernelProcess(self._harness, self._limits, backend, False, self._beside)
                self._process.start()
        except (OSError, IsolationError) as error:
            self._close()
            raise KernelStartError(f"the kernel could not be started: {error}") from None
        try:
            self._thread.start()
            threading.Thread(target=self._watch, name="grader-kernel-watch", daemon=True).start()
            self._call(self._connect(), self._limits.startup_seconds)
        except concurrent.futures.TimeoutError:
            self._close()
            raise KernelStartError("the kernel could not be reached") from None
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def alive(self) -> bool:
        """True while the kernel's process runs."""
        return self._process is not None and self._process.alive

    @property
    def exit_status(self) -> int | None:
        """The exit status of the process, the negative signal number if a signal ended it; None while it runs."""
        return None if self._process is None else self._process.exit_status

    @property
    def _running(self) -> KernelProcess:
        if self._process is None:
            raise RuntimeError("a Kernel is used as a context manager")
        return self._process

    def _watch(self) -> None:
        self._running.wait()
        self._died_at = time.monotonic()
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(self._died.set)

    def _close(self) -> None:
        if self._process is not None:
            self._process.close()
        if self._thread.is_alive():
            with contextlib.suppress(concurrent.futures.TimeoutError):
                asyncio.run_coroutine_threadsafe(self._disconnect(), self._loop).result(timeout=5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()

    async def _disconnect(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            self._client.close()

    def _call(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Run `work` in the loop's thread and return its result.

        If it does not end within `seconds` and the grace periods, the kernel is killed. Raises
        concurrent.futures.TimeoutError if it does not end even then.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout=seconds + self._limits.interrupt_grace_seconds + WATCHDOG_SECONDS)
        except concurrent.futures.TimeoutError:
            self._running.kill()
            return future.result(timeout=WATCHDOG_SECONDS)

    # --- start -----------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        process, deadline = self._running, time.monotonic() + self._limits.startup_seconds
        self._client = KernelClient(process, self._limits.evidence_bytes + (1 << 20))
        self._client.open()
        self._cells = CellClient(self._client, self._limits)
        while not await self._client.is_ready():
            self._check_start(deadline)
        process.unlink_sockets()

    def _check_start(self, deadline: float) -> None:
        if self._died.is_set():
            log = self._running.log().splitlines()
            raise KernelStartError(f"the kernel ended before it was ready: {log[-1] if log else self.exit_status}")
        if time.monotonic() > deadline:
            raise KernelStartError(f"the kernel was not ready within {self._limits.startup_seconds:g} s")

    # --- cells -----------------------------------------------------------------------------------------------------

    def run_cell(self, index: int, source: str, seconds: float | None = None) -> CellRun:
        """Run one cell, within `seconds` (default: the limits' `cell_seconds`) and the time left to the notebook.

        `index` is the cell's place in the notebook, for messages and the recorder. Student code never makes this raise.
        """
        own, left = seconds or self._limits.cell_seconds, self._budget.left(self._probing)
        if not self._over and left <= 0:
            self._over = self._budget.used_up(self._probing)
        if not self._over and not self.alive:
            used_up = self._running.used_up
            self._over = f"the kernel was ended after it used {used_up}" if used_up else "the kernel had already died"
        if self._over:
            return CellRun(index, "not_run", reason=f"not run: {self._over}")
        overrun = f"cell {index} ran longer than {own:g} s"
        if left < own and self._probing:
            overrun = f"cell {index} was still running when {self._budget.used_up(asking=True)}"
        elif left < own:
            overrun = (
                f"cell {index} was still running when all cells together had taken {self._limits.total_seconds:g} s"
            )
        started = time.monotonic()
        try:
            run = self._call(self._run_cell(index, source, min(own, left), overrun), min(own, left))
        except concurrent.futures.TimeoutError:
            self._over = f"the grader lost contact with the kernel in cell {index}"
            run = CellRun(
                index, "killed", time.monotonic() - started, reason=f"cell {index} made the kernel unreachable"
            )
        self._budget.spend(run.seconds, self._probing)
        return run

    async def _run_cell(self, index: int, source: str, limit: float, overrun: str) -> CellRun:
        assert self._cells is not None
        cells, started = self._cells, time.monotonic()
        text, recorded = source.encode(errors="replace").decode(), index if self._recording else None
        task = asyncio.create_task(cells.run(text, recorded))
        ending = await self._supervise(task, limit, cells)
        seconds = (cells.replied or self._died_at or time.monotonic()) - started
        reply, broken = _outcome(task)
        (text, stdout), pictures = cells.text(), cells.pictures()
        if reply is not None and isinstance(count := reply.get("execution_count"), int):
            self._counts[count], self._sources[count] = (index, blank_lines(source)), source.splitlines()
        error = cell_error(reply, blank_lines(source), self._counts) if reply is not None else None
        if ending == "done" and broken:
            self._running.kill()
            self._over = f"the connection to the kernel broke in cell {index}"
            status: Status = "killed"
            reason = f"the connection to the kernel broke in cell {index} ({broken})"
        elif ending == "done":
            status, reason = "error" if error else "ok", ""
            if error and is_out_of_memory(error):
                reason = f"cell {index} used more than {in_words(self._limits.memory_bytes)} of memory"
        elif ending in ("dead", "killed") and (used_up := self._running.used_up):
            self._over = f"the kernel was ended in cell {index}"
            status, reason = "killed", f"cell {index} used {used_up}"
        elif ending == "dead":
            self._over = f"the kernel died in cell {index}"
            status, reason = "dead", f"the kernel died while cell {index} ran ({exit_words(self.exit_status)})"
        else:
            why = f"cell {index} printed more than anyone can read" if cells.flooded.is_set() else overrun
            if ending == "interrupted":
                status, reason = "timeout", f"{why}, and was interrupted"
            else:
                self._over = f"the kernel was killed in cell {index}"
                status, reason = "killed", f"{why}, ignored the interrupt, and was killed"
        return CellRun(index, status, seconds, text, stdout, error, cells.truncated, reason, pictures)

    async def _supervise(self, task: asyncio.Task[Any], seconds: float, cells: CellClient | None = None) -> Ending:
        """Wait until `task` ends, at most `seconds`; then interrupt the kernel, and kill it if that does not help.

        `cells` is the client that runs the task if it is a cell. Whatever is left of the task is cancelled.
        """
        died = asyncio.ensure_future(self._died.wait())
        flooded = asyncio.ensure_future(cells.flooded.wait() if cells else self._died.wait())

        async def wait(*others: asyncio.Future[Any], seconds: float) -> bool:
            await asyncio.wait({task, died, *others}, timeout=max(0, seconds), return_when=asyncio.FIRST_COMPLETED)
            return task.done() or died.done()

        try:
            over = await wait(flooded, seconds=seconds)
            if not over and flooded.done():
                over = await wait(seconds=FLOOD_SECONDS)
            if not over and cells and cells.replied:  # only outputs are still missing
                over = await wait(seconds=OUTPUT_SECONDS)
            if over:
                if not task.done():
                    await asyncio.wait({task}, timeout=FLUSH_SECONDS)
                    return "dead"
                return "done"
            grace = time.monotonic() + self._limits.interrupt_grace_seconds
            while not over and (left := grace - time.monotonic()) > 0:
                self._running.interrupt()
                over = await wait(seconds=min(left, INTERRUPT_EVERY_SECONDS))
            if not over and cells and cells.replied:
                over = await wait(seconds=OUTPUT_SECONDS)
            if task.done():
                return "interrupted"
            await asyncio.to_thread(self._running.kill)
            await asyncio.wait({task}, timeout=FLUSH_SECONDS)
            return "killed"
        finally:
            for pending in (task, died, flooded):
                pending.cancel()
            await asyncio.wait({task, died, flooded}, timeout=FLUSH_SECONDS)

    # --- requests --------------------------------------------------------------------------------------------------

    def request(self, name: str, payload: Mapping[str, object], seconds: float | None = None) -> dict[str, object]:
        """Send a request to the harness and return the handler's answer.

        If the handler raised, the answer is {"error": {"type", "message", "line", "cell"}}, the last two None if
        unknown. `payload` is JSON data, with arrays in the form of `grader.evidence.run.encode_array`. The time counts
        against the notebook's. Raises RequestFailed, also if no time is left.
        """
        limit, left = seconds or self._limits.request_seconds, self._budget.left(asking=True)
        if not self.alive:
            raise RequestFailed(f"{name}: the kernel is dead")
        if left <= 0:
            raise RequestFailed(f"{name}: not asked: {self._budget.used_up(asking=True)}")
        limit, began = min(limit, left), time.monotonic()
        try:
            answer = self._call(self._request(name, payload, limit), limit)
        except concurrent.futures.TimeoutError:
            self._over = f"the grader lost contact with the kernel in {name}"
            raise RequestFailed(f"{name}: the kernel became unreachable") from None
        finally:
            self._budget.spend(time.monotonic() - began, asking=True)
        error = answer.get("error")
        if isinstance(error, dict):
            execution, line = error.pop("execution", None), error.get("line")
            known = self._counts.get(execution) if isinstance(execution, int) else None
            error["cell"], blank = known or (None, 0)
            error["line"] = line + blank if isinstance(line, int) else None
            ran = self._sources.get(execution, []) if isinstance(execution, int) else []
            at = error["line"]
            error["code"] = quoted(ran[at - 1]) if isinstance(at, int) and 0 < at <= len(ran) else ""
            error["message"] = without_file(message) if isinstance(message := error.get("message"), str) else ""
        return answer

    async def _request(self, name: str, payload: Mapping[str, object], limit: float) -> dict[str, Any]:
        request = json.dumps({"name": name, "payload": payload}).encode()
        self._running.ask(request)
        task = asyncio.create_task(self._ask(len(request)))
        ending = await self._supervise(task, limit)
        self._running.ask(b"")
        reply, broken = _outcome(task)
        if ending == "done" and reply is not None:
            return parse_answer(name, reply, self._limits.evidence_bytes)
        if ending == "done":
            raise RequestFailed(f"{name}: the connection to the kernel broke ({broken})")
        if ending == "dead":
            self._over = self._over or f"the kernel died in {name}"
            used_up = self._running.used_up
            how = f"it used {used_up}" if used_up else exit_words(self.exit_status)
            raise RequestFailed(f"{name}: the kernel died ({how})")
        if ending == "killed":
            self._over = self._over or f"the kernel was killed in {name}"
        raise RequestFailed(f"{name}: no answer within {limit:.3g} s")

    async def _ask(self, size: int) -> dict[str, Any]:
        assert self._client is not None
        question = f"__import__('grader.in_kernel.agent', fromlist=['_']).handle({size})"
        return (await self._client.ask(question)).as_content()

    # --- events ----------------------------------------------------------------------------------------------------

    def events(self) -> list[dict[str, object]]:
        """Return the recorder's events since the last call, also after the kernel has died."""
        return self._running.events.read()


def _outcome(task: asyncio.Task[dict[str, Any] | None]) -> tuple[dict[str, Any] | None, str]:
    """Return a task's result (None if it has none) and the exception that it raised, in words ('' if none)."""
    if not task.done() or task.cancelled():
        return None, ""
    error = task.exception()
    return (task.result(), "") if error is None else (None, f"{type(error).__name__}: {error}"[:200])
