"""The worker process: it reads, probes and checks the notebooks that it is told to grade, one after the other.

`grader.grading.supervisor` starts it with the number of a socket, gives orders on it, and ends it if it takes too long.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

from grader.assignment import Assignment, UnknownItem, load_assignment
from grader.errors import GraderError
from grader.grading.again import Memory
from grader.grading.messages import MAX_RESULT, Inbox, MalformedMessage, Order, Report, Terms, as_text, pack
from grader.grading.patience import out_of_memory, too_large
from grader.result import ItemResult, Result

_PDEATHSIG = 1  # of prctl
CHUNK = 1 << 16
EXPENDABLE = 500  # of oom_score_adj: if memory runs out, the system ends this process rather than the one above it
DATA_ROOM = 2 << 30  # address space that threads and libraries reserve beside what is used


def main() -> NoReturn:
    """Grade what is ordered on the socket whose number is the last argument, until the other end hangs up.

    With 'many' as the argument before, import all that a grading needs at once, also before the terms are known.
    """
    channel = socket.socket(fileno=int(sys.argv[-1]))
    _end_with_parent()
    warnings.simplefilter("ignore", SyntaxWarning)  # these are about students' code, and quote it
    orders: SimpleQueue[tuple[Terms | Order, list[int]]] = SimpleQueue()
    threading.Thread(target=_listen, args=(channel, orders), name="grader-orders", daemon=True).start()
    if sys.argv[-2] == "many":
        _import_all()
    terms, _ = orders.get()
    assert isinstance(terms, Terms)
    _adopt(terms.tried)
    _limit_memory(terms.limits.grading_memory_bytes)
    teller = _Teller(channel)
    assignment = load_assignment(terms.assignment) if terms.many else terms.assignment
    memory = Memory()
    while True:
        order, descriptors = orders.get()
        assert isinstance(order, Order)
        teller.tell(Report("began"))
        if order.server is not None and descriptors:
            _borrow(terms, order, descriptors[0])
        teller.tell(_report(terms, assignment, order, teller, memory))


def _listen(channel: socket.socket, orders: SimpleQueue[tuple[Terms | Order, list[int]]]) -> None:
    """Pass on what arrives; when the other end hangs up, nobody wants the result any more: exit at once."""
    inbox = Inbox()
    wanted: type[Terms] | type[Order] = Terms
    descriptors: list[int] = []
    with contextlib.suppress(OSError, MalformedMessage):
        while True:
            data, more, _, _ = socket.recv_fds(channel, CHUNK, 4)
            if not data:
                break
            descriptors += more
            inbox.add(data)
            while (message := inbox.take(wanted)) is not None:
                orders.put((message, descriptors))
                wanted, descriptors = Order, []
    os._exit(0)


class _Teller:
    """Sends reports; several threads may use it."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._lock, self.phase = channel, threading.Lock(), "read"

    def tell(self, report: Report) -> None:
        """Send a report."""
        if report.kind in ("began", "step"):
            self.phase = report.phase
        with self._lock, contextlib.suppress(OSError):  # nobody listens any more: this process is about to end
            self._channel.sendall(pack(report))


def _grade(
    terms: Terms, assignment: str | Assignment, order: Order, teller: _Teller, only: Sequence[str] | None
) -> Result:
    from grader.grading.grade import grade
    from grader.grading.progress import Progress

    def step(progress: Progress) -> None:
        teller.tell(Report("step", as_text(progress.detail), progress.phase, progress.done, progress.total))

    def verdict(item: ItemResult) -> None:
        teller.tell(Report("verdict", as_text(json.dumps(asdict(item)))))

    def so_far(item: ItemResult, why: str) -> None:
        teller.tell(Report("so_far", as_text(json.dumps(asdict(item))), why=as_text(why)))

    return grade(
        order.notebook,
        assignment,
        data=Path(terms.data) if terms.data else None,
        sample=terms.sample,
        device=terms.device,
        limits=terms.limits,
        only=only,
        progress=step,
        verdict=None if terms.many else verdict,
        so_far=None if terms.many else so_far,
        seed=terms.seed,
        isolation=terms.isolation,
        cores=terms.cores,
        beside=order.beside,
    )


def _again(terms: Terms, order: Order, teller: _Teller, memory: Memory) -> Result:
    """Grade what changed in a notebook that is watched, with kernels that start from a fork server."""
    from grader.grading.wanted import wanted_items
    from grader.sandbox.warm_start import many_kernels

    many_kernels(memory.result is not None)
    assignment = load_assignment(terms.assignment)
    wanted = wanted_items(assignment.rubric, order.only) or tuple(item.id for item in assignment.rubric.items)
    every = len(wanted) == len(assignment.rubric.items)

    def grade(items: Sequence[str]) -> Result:
        only = None if every and len(items) == len(wanted) else items
        return _grade(terms, assignment, order, teller, only)

    def tell(items: Sequence[str]) -> None:
        teller.tell(Report("again", " ".join(items)))

    return memory.recheck(order.notebook, order.beside, assignment, wanted, grade, tell)


def _report(terms: Terms, assignment: str | Assignment, order: Order, teller: _Teller, memory: Memory) -> Report:
    """Carry out an order and return the last report on it, after the kept evidence was sent."""
    try:
        if order.watch:
            result = _again(terms, order, teller, memory)
        else:
            result = _grade(terms, assignment, order, teller, order.only)
    except UnknownItem as error:
        return Report("refused", as_text(str(error.args[0])))
    except GraderError as error:
        return Report("refused", as_text(str(error)))
    except MemoryError:
        return Report("gave_up", out_of_memory(terms.limits, teller.phase))
    except Exception as error:
        traceback.print_exc()  # the supervisor keeps the end of what is printed
        return Report("failed", as_text(f"{type(error).__name__}: {error}"[:2000]))
    if result.kept:
        teller.tell(Report("evidence", base64.b64encode(result.kept).decode("ascii"), "check"))
    document = result.document()
    if len(document.encode()) > MAX_RESULT:
        return Report("gave_up", too_large())
    return Report("result", document)


def _import_all() -> None:
    import torch

    import grader.authenticity.weights
    import grader.grading.grade
    import grader.probe.stage  # noqa: F401

    torch.set_num_threads(1)


def _borrow(terms: Terms, order: Order, descriptor: int) -> None:
    from grader.sandbox.confinement.backends import find_backend
    from grader.sandbox.warm_start import Kind, borrow

    if order.server is not None:
        kind = Kind(order.server.level, order.server.readable, order.server.hidden)
        borrow(kind, socket.socket(fileno=descriptor), find_backend(terms.isolation))


def _end_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(EXPENDABLE))


def _limit_memory(size: int) -> None:
    """Let an allocation far beyond the limit fail at once; the supervisor notices what grows step by step."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = size + DATA_ROOM
    with contextlib.suppress(ValueError, OSError):  # only the soft limit: kernels set their own
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))


def _adopt(tried: str) -> None:
    """Use the back end that the starting process has tried."""
    from grader.sandbox.confinement.backends import LEVELS, adopt

    for level in LEVELS:
        if level == tried:
            adopt(level)
