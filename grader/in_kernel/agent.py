"""Answer the driver's requests inside the kernel: call the handler that a request names and return its result."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from grader.in_kernel.encoding import decode, encode

Handler = Callable[[dict[str, Any]], Any]

MODULES = {"probe": "grader.in_kernel.probes.handlers"}
MESSAGE_CHARS = 4000

max_answer_chars = 64 * 1024 * 1024  # set by the launcher, like the next
requests_fd = -1  # the descriptor that requests are read from
_handlers: dict[str, Handler] = {}


class Reply(str):
    """An answer whose repr is its text, so that IPython sends it without quotes and escapes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def handler(name: str) -> Callable[[Handler], Handler]:
    """Return a decorator that makes a function answer requests of this name, such as 'probe.model'.

    The function takes the payload, with arrays decoded. It returns a value for `encoding.encode`, or None for {}.
    """

    def register(function: Handler) -> Handler:
        _handlers[name] = function
        return function

    return register


def handle(size: int) -> Reply:
    """Answer the waiting request of `size` bytes, {"name", "payload"}: return the result as JSON, or {"error": …}.

    An error has 'type', 'message' and, if it passed through a cell, 'line' (1-based) and 'execution', the cell's
    execution count.
    """
    try:
        request = json.loads(_read(size))
        result = find(request["name"])(decode(request["payload"]))
        answer = json.dumps(encode({} if result is None else result), allow_nan=False)
        if len(answer) > max_answer_chars:
            raise ValueError(
                f"the answer of {request['name']} has {len(answer)} characters, more than {max_answer_chars}"
            )
    except BaseException as error:  # SystemExit too: student code runs in handlers
        answer = json.dumps({"error": describe(error)})
    return Reply(answer)


def _read(size: int) -> bytes:
    parts: list[bytes] = []
    while (read := sum(map(len, parts))) < size:
        part = os.pread(requests_fd, size - read, read)
        if not part:
            raise EOFError("the request ends too early")
        parts.append(part)
    return b"".join(parts)


def find(name: str) -> Handler:
    """Return the handler of this name, importing the module that should define it. Raises LookupError."""
    if name not in _handlers and (module := MODULES.get(name.partition(".")[0])):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
    if name not in _handlers:
        raise LookupError(f"the harness cannot answer {name!r}")
    return _handlers[name]


def describe(error: BaseException) -> dict[str, object]:
    """Return an exception as data: type, message, and the innermost line of a notebook cell in its traceback."""
    try:
        message = str(error)
    except Exception:  # a student's exception whose __str__ raises
        message = ""
    described: dict[str, object] = {"type": type(error).__name__, "message": message[:MESSAGE_CHARS]}
    if isinstance(error, SyntaxError) and error.lineno and (cell := _execution(error.filename or "")):
        return {**described, "line": error.lineno, "execution": cell}
    return {**described, **_cell_line(error.__traceback__)}


def _cell_line(trace: TracebackType | None) -> dict[str, object]:
    frames = traceback.walk_tb(trace)
    lines = [(line, _execution(frame.f_code.co_filename)) for frame, line in frames]
    for line, execution in reversed(lines):
        if execution is not None:
            return {"line": line, "execution": execution}
    return {}


def _execution(filename: str) -> int | None:
    """Return the execution count of the cell that was compiled under this file name; None for any other file."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    count = getattr(getattr(shell, "compile", None), "_filename_map", {}).get(filename)
    return count if isinstance(count, int) else None
