"""Show a result as Markdown: for a comment on a pull request, a job's summary, and course systems.

Nothing that a student wrote acts there: no markup, HTML, link, picture, mention, reference or command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from grader.formatting import number
from grader.reports.audience import for_students
from grader.reports.executed import plain_markdown, state_words
from grader.reports.priorities import priorities, untold
from grader.reports.terminal import MARKS, total_line

if TYPE_CHECKING:
    from grader.reports.visibility import Level
    from grader.result import CheckResult, ItemResult, Result

MOST_TEXT = 2000  # characters of one message
SUMMARY_BYTES = 1 << 20  # GitHub refuses a larger summary of a step
COMMENT_BYTES = 60_000  # GitHub refuses a comment of more than 65,536 characters
LEFT_OUT = "\n*The rest is left out: it is too long for this place. The report holds all of it.*\n"
MARKER = "<!-- grader -->"  # by which a workflow finds its own comment again

# What a platform makes of text after Markdown was read, also of entities: mentions and references to issues, merge
# requests, labels, milestones. A zero-width space behind the sign ends them.
_SIGIL = re.compile(r"(&#(?:64|35|126|38);|[!%])(?=[\w\"'&-])")


def text(words: str) -> str:
    """Return text, on one line, as Markdown that shows just this text and does nothing.

    >>> text("@anna closes #12")
    '&#64;&#8203;anna closes &#35;&#8203;12'
    """
    cut = words if len(words) <= MOST_TEXT else words[: MOST_TEXT - 1] + "…"
    return _SIGIL.sub(r"\1&#8203;", plain_markdown(cut)).replace("=", "&#61;")


def report(result: Result, level: Level = "visible", limit: int = COMMENT_BYTES) -> str:
    """Return the report for students, in at most `limit` bytes: the most important first, the rest is left out.

    `level` says which checks they may see.
    """
    result = for_students(result, level)
    parts = [MARKER, f"## {text(result.submission.name)}: {text(total_line(result))}", ""]
    if result.status != "failed":
        parts += _body(result)
    return _within("\n".join(parts) + "\n", limit)


def summary(result: Result, level: Level = "visible") -> str:
    """Return the report as the summary of a step of a GitHub workflow, which takes 1 MiB."""
    return report(result, level, SUMMARY_BYTES)


def check_details(check: CheckResult) -> str:
    """Return what was seen, what was expected and the hint of a check, as Markdown; nothing else of it."""
    parts = [text(check.message)]
    if check.status in ("fail", "partial") and check.expected:
        parts.append(f"**Expected:** {text(check.expected)}")
    if check.hint and check.status != "review":
        parts.append(f"**Hint:** {text(check.hint)}")
    parts += [text(fact) for fact in check.evidence]
    return "\n\n".join(parts)


def _body(result: Result) -> Iterator[str]:
    found = priorities(result.items)
    yield from _table(result.items)
    if found.mendings:
        yield from ("", "### What to mend, the most important first", "")
    for mending in found.mendings:
        item = mending.item
        yield f"**{text(item.id)}, {text(item.title)}** (−{number(mending.lost)} points)"
        yield ""
        for check in mending.checks:
            yield f"- {MARKS[check.status][0]} {text(check.message)}"
            if check.expected:
                yield f"  - expected: {text(check.expected)}"
            if check.hint:
                yield f"  - hint: {text(check.hint)}"
        if mending.skipped:
            names = ", ".join(text(check.id.removeprefix(f"{item.id}.")) for check in mending.skipped)
            yield f"- · skipped, because of another fault: {names}"
        yield ""
    if found.not_started:
        yield f"Not started: {', '.join(text(item.id) for item in found.not_started)}."
        yield ""
    notes = untold(result.notes, found)
    if notes:
        yield from ("### Remarks on the run", "", *(f"- {text(note)}" for note in notes), "")


def _table(items: Sequence[ItemResult]) -> Iterator[str]:
    yield "| | item | points | |"
    yield "| --- | --- | ---: | --- |"
    for item in items:
        points = "–" if item.status == "not_graded" else number(item.confirmed)
        name = f"{text(item.id)}: {text(item.title)}"
        said = f"{points} of {number(item.max_score)} | {state_words(item.status)}"
        yield f"| {MARKS[item.status][0]} | {name} | {said} |"


def _within(document: str, limit: int) -> str:
    """Return the document, without its last lines where it takes more bytes than that."""
    if len(document.encode("utf-8", "replace")) <= limit:
        return document
    room, kept = limit - len(LEFT_OUT.encode()), []
    for line in document.splitlines(keepends=True):
        room -= len(line.encode("utf-8", "replace"))
        if room < 0:
            break
        kept.append(line)
    return "".join(kept) + LEFT_OUT
