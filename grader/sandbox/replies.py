"""What a kernel answered, parsed as data: the outcome of a cell, the answer to a request, how the process ended."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Mapping
from typing import Any

from grader.evidence import CellError
from grader.sandbox.transcript import printable, strip_ansi

NAME_CHARS = 200
MESSAGE_CHARS = 4000
TRACEBACK_CHARS = 20_000

_FRAME = re.compile(r"^\s*(?:Cell|Input) In ?\[(\d+)\], (?:line |in <cell line: )(\d+)", re.MULTILINE)
_TIMED_FRAME = re.compile(r"<timed (?:exec|eval)>(?:\", line |:)(\d+)")  # under %%time, which is the cell's first line
_MISSING = re.compile(r"No module named '?([\w.]+)'?")


class RequestFailed(Exception):
    """The harness in the kernel did not answer: too late, dead, or not in the agreed form. The message says which."""


def cell_error(reply: Mapping[str, object], blank: int = 0) -> CellError | None:
    """The exception that an execute_reply tells of, None if it tells of none. Everything in it is taken as text.

    `blank` is the number of empty lines at the start of the cell, which IPython does not count.
    """
    if reply.get("status") == "ok":
        return None
    name, message = (printable(str(reply.get(key) or "")) for key in ("ename", "evalue"))
    lines = reply.get("traceback")
    traceback = printable(strip_ansi("\n".join(str(line) for line in lines) if isinstance(lines, list) else ""))
    line = _line(traceback, reply.get("execution_count"))
    missing = _MISSING.match(message) if name == "ModuleNotFoundError" else None
    return CellError(
        name=name[:NAME_CHARS] or "Error",
        message=strip_ansi(message)[:MESSAGE_CHARS],
        line=None if line is None else line + blank,
        traceback=traceback[-TRACEBACK_CHARS:],
        missing_module=missing[1] if missing else None,
    )


def blank_lines(source: str) -> int:
    """How many lines at the start of a cell are empty."""
    lines = source.splitlines()
    return next((n for n, line in enumerate(lines) if line.strip()), 0)


def _line(traceback: str, execution_count: object) -> int | None:
    """The innermost line of the cell with this execution count that the exception passed."""
    here = [int(line) for count, line in _FRAME.findall(traceback) if int(count) == execution_count]
    timed = [int(line) + 1 for line in _TIMED_FRAME.findall(traceback)]
    lines = timed or here
    return lines[-1] if lines else None


def parse_answer(name: str, reply: Mapping[str, Any], max_chars: int) -> dict[str, Any]:
    """The JSON object in the reply to a request. Raises RequestFailed when there is none."""
    try:
        text = reply["user_expressions"]["answer"]["data"]["text/plain"]
    except (KeyError, TypeError):
        raise RequestFailed(f"{name}: the kernel's reply holds no answer") from None
    if not isinstance(text, str) or len(text) > max_chars:
        raise RequestFailed(f"{name}: the answer is no text, or longer than {max_chars} characters")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise RequestFailed(f"{name}: the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise RequestFailed(f"{name}: the answer is no object")
    return answer


def exit_words(status: int | None) -> str:
    """How a process ended, in words, with what usually causes it."""
    if status is None:
        return "it no longer answers"
    if status >= 0:
        return f"exit status {status}: os._exit or a crash"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    cause = {"SIGKILL": "out of memory, or killed by its own code", "SIGSEGV": "a crash in native code"}.get(name)
    return f"{name}: {cause}" if cause else name
