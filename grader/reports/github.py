"""Say what was found as GitHub's workflow commands, and keep a log from giving commands.

Whatever a step prints, GitHub reads for commands: `::error ...::` at the beginning of a line, the older `##[error]`
anywhere in one. Texts of a submission must not give any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from grader.formatting import clean

if TYPE_CHECKING:
    from grader.reports.findings import Finding

MOST_OF_A_KIND = 10  # GitHub shows ten errors, ten warnings and ten notices of a step
MOST_TEXT = 4000  # characters of an annotation; GitHub takes 64 kB
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}
_OLD = re.compile(r"##(?=\[)")
_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)


def annotated(findings: Sequence[Finding]) -> str:
    """Return the commands that put the findings beside the notebook's lines, ten of a kind, in their order."""
    return "".join(f"{line}\n" for line in _commands(findings))


def _commands(findings: Iterable[Finding]) -> Iterator[str]:
    left = {"error": MOST_OF_A_KIND, "warning": MOST_OF_A_KIND, "notice": MOST_OF_A_KIND}
    for one in findings:
        left[one.severity] -= 1
        if left[one.severity] >= 0:
            place = f"file={escape_property(one.path)},line={one.line},title={escape_property(one.title)}"
            yield f"::{one.severity} {place}::{escape_data(one.message[:MOST_TEXT])}"


def escape_data(text: str) -> str:
    r"""Return text as it stands behind a command.

    >>> escape_data("100 %\n::error::x")
    '100 %25%0A::error::x'
    """
    return _escaped(text, _DATA)


def escape_property(text: str) -> str:
    """Return text as the value of a command's property.

    >>> escape_property("q1, shapes: 2")
    'q1%2C shapes%3A 2'
    """
    return _escaped(text, _PROPERTY)


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in clean(text))


def harmless_log(text: str) -> str:
    """Return lines for a log in which nothing is read as a command; a reader sees the same but for a blank.

    >>> harmless_log("  ::error::x  ##[error]y")
    '  : :error::x  # #[error]y'
    """
    return _OLD.sub("# #", _COMMAND.sub(r"\1: ", text.replace("\r", "\n")))
