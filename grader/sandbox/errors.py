"""The exception of a cell, from the reply that a kernel sent."""

from __future__ import annotations

import re
from collections.abc import Mapping

from grader.evidence import CellError
from grader.sandbox.transcript import strip_ansi

MESSAGE_CHARS = 4000
TRACEBACK_CHARS = 20_000

_FRAME = re.compile(r"^\s*(?:Cell|Input) In ?\[(\d+)\], (?:line |in <cell line: )(\d+)", re.MULTILINE)
_TIMED_FRAME = re.compile(r"<timed (?:exec|eval)>(?:\", line |:)(\d+)")  # under %%time, which is the cell's first line
_MISSING = re.compile(r"No module named '?([\w.]+)'?")


def cell_error(reply: Mapping[str, object]) -> CellError | None:
    """The exception that an execute_reply tells of, None if it tells of none. Everything in it is taken as text."""
    if reply.get("status") == "ok":
        return None
    name, message = str(reply.get("ename") or "Error")[:200], str(reply.get("evalue") or "")
    lines = reply.get("traceback")
    traceback = strip_ansi("\n".join(str(line) for line in lines) if isinstance(lines, list) else "")
    missing = _MISSING.match(message) if name == "ModuleNotFoundError" else None
    return CellError(
        name=name,
        message=strip_ansi(message)[:MESSAGE_CHARS],
        line=_line(traceback, reply.get("execution_count")),
        traceback=traceback[-TRACEBACK_CHARS:],
        missing_module=missing[1] if missing else None,
    )


def _line(traceback: str, execution_count: object) -> int | None:
    """The innermost line of the cell with this execution count that the exception passed."""
    here = [int(line) for count, line in _FRAME.findall(traceback) if int(count) == execution_count]
    timed = [int(line) + 1 for line in _TIMED_FRAME.findall(traceback)]
    return (timed or here or [None])[-1]
