"""Parse a kernel's replies as data: the outcome of a cell, the answer to a request, how the process ended."""

from __future__ import annotations

import re
import signal
from collections import deque
from collections.abc import Iterable, Mapping
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
_AT_FILE = re.compile(r" \((?:<ipython-input-[^>()\n]{1,80}>|\d{1,20}\.py|<unknown>), line \d{1,9}\)$")
_CELL_FILE = re.compile(r"(?:/[\w.-]{1,100}){0,20}/?ipykernel_\d{1,9}/\d{1,20}\.py|<ipython-input-[^>\s]{1,80}>")
_NO_MEMORY = re.compile(r"can't allocate memory|Cannot allocate memory|std::bad_alloc")
_MISSING = re.compile(r"No module named '?([\w.]+)'?")


class RequestFailed(Exception):
    """The harness in the kernel gave no usable answer: too late, dead, or malformed. The message says which."""


Counts = Mapping[int, tuple[int, int]]
"""The place of a cell in the notebook, and the empty lines at its start, by its execution count."""


def cell_error(reply: Mapping[str, object], blank: int = 0, counts: Counts | None = None) -> CellError | None:
    """Return the exception that an execute_reply reports, None if it reports none. All its fields are treated as text.

    `blank` is the number of empty lines at the start of the cell, which IPython does not count. `counts` tells which
    cells ran before, whose functions may have raised it.
    """
    if reply.get("status") == "ok":
        return None
    name, message = (printable(_text(reply.get(key))[: 2 * MESSAGE_CHARS]) for key in ("ename", "evalue"))
    lines = reply.get("traceback")
    joined = "\n".join(map(_text, lines)) if isinstance(lines, list) else ""
    traceback = printable(strip_ansi(joined[-SCANNED_CHARS:]))
    passed = _lines(traceback, reply.get("execution_count"))
    raised = _raised_elsewhere(traceback, reply.get("execution_count"), counts or {})
    missing = _MISSING.match(message) if name == "ModuleNotFoundError" else None
    return CellError(
        name=name[:NAME_CHARS] or "Error",
        message=without_file(strip_ansi(message))[:MESSAGE_CHARS],
        line=passed[-1] + blank if passed else None,
        traceback=traceback[-TRACEBACK_CHARS:],
        missing_module=missing[1] if missing else None,
        statement=passed[0] + blank if passed else None,
        raised=raised,
    )


def without_file(message: str) -> str:
    """Return an exception's message without the name of the file that a kernel compiles a cell under.

    >>> without_file("invalid syntax (794894347.py, line 5)")
    'invalid syntax'
    """
    return _CELL_FILE.sub("a cell", _AT_FILE.sub("", message))


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


def _raised_elsewhere(traceback: str, execution_count: object, counts: Counts) -> tuple[int, int] | None:
    """Return the cell and line of the innermost frame in a cell, None if it is the cell that ran or is unknown."""
    frame = _last(_FRAME.finditer(traceback))
    timed = _last(_TIMED_FRAME.finditer(traceback))
    if frame is None or (timed is not None and timed.start() > frame.start()):
        return None
    count = int(frame[1])
    if count == execution_count or count not in counts:
        return None
    index, blank = counts[count]
    return index, int(frame[2]) + blank


def _last(found: Iterable[re.Match[str]]) -> re.Match[str] | None:
    last = deque(found, maxlen=1)
    return last[0] if last else None


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
