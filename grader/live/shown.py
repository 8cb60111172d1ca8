"""Show verdicts in a notebook: HTML that needs no script and no style sheet, and plain text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.formatting import one_line, render_html
from grader.language import said, tr
from grader.live.verdicts import Hint, State, Verdict

MARKS: dict[State, str] = {"right": "✓", "wrong": "✗", "not attempted": "○", "not run yet": "◌", "not judged": "–"}
# Readable beside a light and a dark background; the mark and the word say the same.
COLOURS: dict[State, str] = {
    "right": "#2da44e",
    "wrong": "#e5534b",
    "not attempted": "#888",
    "not run yet": "#bf8700",
    "not judged": "#888",
}
CHECK_MARKS = {"pass": "✓", "partial": "◐", "fail": "✗", "skipped": "·", "review": "?", "not_graded": "–", "error": "!"}
ADVICE = "This is advice: only your instructor's grading counts."


def state_words() -> dict[State, str]:
    """Return each state as it is shown."""
    return {
        "right": tr("right"),
        "wrong": tr("wrong"),
        "not attempted": tr("not attempted"),
        "not run yet": tr("not run yet"),
        "not judged": tr("not judged"),
    }


@dataclass(frozen=True)
class Shown:
    """Verdicts as a notebook shows them. `short` leaves out the checks, `notes` stand below."""

    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    short: bool = False

    def __repr__(self) -> str:
        lines: list[str] = []
        states = state_words()
        for found in self.verdicts:
            what = f"{one_line(found.item)} ({one_line(said(found.title))})"
            lines.append(f"{MARKS[found.state]} {what}: {states[found.state]}")
            if not self.short:
                lines.append(f"    {one_line(said(found.sentence))}")
                lines += [f"    {line}" for check in told(found) for line in check]
        return "\n".join([*lines, *(one_line(said(note)) for note in self.notes)])

    def _repr_html_(self) -> str:
        return render_html(
            "live.html",
            verdicts=self.verdicts,
            notes=self.notes,
            short=self.short,
            marks=MARKS,
            states=state_words(),
            colours=COLOURS,
            check_marks=CHECK_MARKS,
        )


def told(found: Verdict) -> Sequence[tuple[str, ...]]:
    """Return the lines of text for each check that found something wrong, or cannot tell."""
    lines: list[tuple[str, ...]] = []
    for check in found.checks:
        if check.status in ("fail", "partial") and found.state != "not attempted":
            expected = (f"  {tr('expected:')} {one_line(said(check.expected))}",) if check.expected else ()
            lines.append((f"{CHECK_MARKS[check.status]} {one_line(said(check.message))}", *expected))
        elif check.status in ("not_graded", "error", "review"):
            lines.append((f"{CHECK_MARKS[check.status]} {one_line(said(check.message))}",))
    return tuple(dict.fromkeys(lines))


@dataclass(frozen=True)
class ShownText:
    """A sentence with a heading, such as a hint."""

    heading: str
    text: str

    def __repr__(self) -> str:
        return f"{one_line(said(self.heading))}: {one_line(said(self.text))}"

    def _repr_html_(self) -> str:
        return render_html("live_text.html", heading=said(self.heading), text=said(self.text))


def hint_shown(hint: Hint) -> ShownText:
    """Return a hint as it is shown, with the way to the next."""
    last = hint.number == hint.count
    rest = "" if last else " " + tr('Call grader.hint("{item}") again for a clearer one.', item=hint.item)
    heading = tr("{item}, hint {number} of {count}", item=hint.item, number=hint.number, count=hint.count)
    return ShownText(heading, said(hint.text) + rest)
