"""Parse a kernel's replies as data: the outcome of a cell, the answer to a request, how the process ended."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from typing import Any

from grader.evidence.decode import Malformed, decode_json
from grader.evidence.run import CellError
from grader.sandbox.channel.transcript import printable, strip_ansi

NAME_CHARS = 200
# The longest answer to a request, in characters; requests not listed have the limit of the kernel's `Limits`.
ANSWER_CHARS: Mapping[str, int] = {
    "probe.describe": 8_000_000,
    "probe.build": 1_000_000,
    "probe.shape": 100_000,
    "probe.shapes": 100_000,
    "probe.forward": 24_000_000,
    "probe.trace": 1_000_000,
    "probe.loop": 16_000_000,
    "probe.loader": 48_000_000,
}
MESSAGE_CHARS = 4000
TRACEBACK_CHARS = 20_000
SCANNED_CHARS = 200_000  # of a traceback with its colours

_FRAME = re.compile(r"^[ \t]*(?:Cell|Input) In ?\[(\d{1,9})\], (?:line |in <cell line: )(\d{1,9})\b", re.MULTILINE)
# A frame under %%time, which is the cell's first line.
_TIMED_FRAME = re.compile(r"<timed (?:exec|eval)>(?:\", line |:)(\d{1,9})\b")
_NO_MEMORY = re.compile(r"can't allocate memory|Cannot allocate memory|std::bad_alloc")
_MISSING = re.compile(r"No module named '?([\w.]+)'?")


class RequestFailed(Exception):
    """The harness in the kernel gave no usable answer: too late, dead, or malformed. The message says which."""


def cell_error(reply: Mapping[str, object], blank: int = 0) -> CellError | None:
    """Return the exception that an execute_reply reports, None if it reports none. All its fields are treated as text.

    `blank` is the number of empty lines at the start of the cell, which IPython does not count.
    """
    if reply.get("status") == "ok":
        return None
    name, message = (printable(_text(reply.get(key))[: 2 * MESSAGE_CHARS]) for key in ("ename", "evalue"))
    lines = reply.get("traceback")
    joined = "\n".join(map(_text, lines)) if isinstance(lines, list) else ""
    traceback = printable(strip_ansi(joined[-SCANNED_CHARS:]))
    passed = _lines(traceback, reply.get("execution_count"))
    missing = _MISSING.match(message) if name == "ModuleNotFoundError" else None
    return CellError(
        name=name[:NAME_CHARS] or "Error",
        message=strip_ansi(message)[:MESSAGE_CHARS],
        line=passed[-1] + blank if passed else None,
        traceback=traceback[-TRACEBACK_CHARS:],
        missing_module=missing[1] if missing else None,
        statement=passed[0] + blank if passed else None,
    )


def is_out_of_memory(error: CellError) -> bool:
    """Return whether an exception means that memory ran out: Python's, numpy's, or torch's."""
    return error.name in ("MemoryError", "_ArrayMemoryError", "OutOfMemoryError") or bool(
        _NO_MEMORY.search(error.message)
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def blank_lines(source: str) -> int:
    """Return the number of empty lines at the start of a cell."""
    lines = source.splitlines()
    return next((n for n, line in enumerate(lines) if line.strip()), 0)


def _lines(traceback: str, execution_count: object) -> list[int]:
    """Return the lines that the exception passed in the cell with this execution count, the innermost last."""
    here = [int(line) for count, line in _FRAME.findall(traceback) if int(count) == execution_count]
    timed = [int(line) + 1 for line in _TIMED_FRAME.findall(traceback)]
    return timed or here


def parse_answer(name: str, reply: Mapping[str, Any], max_chars: int) -> dict[str, Any]:
    """Return the JSON object in the reply to a request; `grader.evidence.answers` makes a record of it.

    Raises RequestFailed if there is none, or if it has too many characters or values.
    """
    try:
        text = reply["user_expressions"]["answer"]["data"]["text/plain"]
    except (KeyError, TypeError):
        raise RequestFailed(f"{name}: the kernel's reply contains no answer") from None
    limit = min(max_chars, ANSWER_CHARS.get(name, max_chars))
    if not isinstance(text, str) or len(text) > limit:
        raise RequestFailed(f"{name}: the answer is not text, or is longer than {limit} characters")
    try:
        answer = decode_json(text)
    except Malformed as problem:
        raise RequestFailed(f"{name}: the answer is not JSON, or {problem}") from None
    if not isinstance(answer, dict):
        raise RequestFailed(f"{name}: the answer is not an object")
    return answer


def exit_words(status: int | None) -> str:
    """Return how a process ended, in words, with the usual cause."""
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
