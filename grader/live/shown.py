"""Show verdicts in a notebook: HTML that needs no script and no style sheet, and plain text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.formatting import one_line, render_html
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


@dataclass(frozen=True)
class Shown:
    """Verdicts as a notebook shows them. `short` leaves out the checks, `notes` stand below."""

    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    short: bool = False

    def __repr__(self) -> str:
        lines: list[str] = []
        for found in self.verdicts:
            lines.append(f"{MARKS[found.state]} {one_line(found.item)} ({one_line(found.title)}): {found.state}")
            if not self.short:
                lines.append(f"    {one_line(found.sentence)}")
                lines += [f"    {line}" for check in told(found) for line in check]
        return "\n".join([*lines, *map(one_line, self.notes)])

    def _repr_html_(self) -> str:
        return render_html(
            "live.html",
            verdicts=self.verdicts,
            notes=self.notes,
            short=self.short,
            marks=MARKS,
            colours=COLOURS,
            check_marks=CHECK_MARKS,
        )


def told(found: Verdict) -> Sequence[tuple[str, ...]]:
    """Return the lines of text for each check that found something wrong, or cannot tell."""
    lines: list[tuple[str, ...]] = []
    for check in found.checks:
        if check.status in ("fail", "partial") and found.state != "not attempted":
            expected = (f"  expected: {one_line(check.expected)}",) if check.expected else ()
            lines.append((f"{CHECK_MARKS[check.status]} {one_line(check.message)}", *expected))
        elif check.status in ("not_graded", "error", "review"):
            lines.append((f"{CHECK_MARKS[check.status]} {one_line(check.message)}",))
    return tuple(dict.fromkeys(lines))


@dataclass(frozen=True)
class ShownText:
    """A sentence with a heading, such as a hint."""

    heading: str
    text: str

    def __repr__(self) -> str:
        return f"{one_line(self.heading)}: {one_line(self.text)}"

    def _repr_html_(self) -> str:
        return render_html("live_text.html", heading=self.heading, text=self.text)


def hint_shown(hint: Hint) -> ShownText:
    """Return a hint as it is shown, with the way to the next."""
    last = hint.number == hint.count
    rest = "" if last else f' Call grader.hint("{hint.item}") again for a clearer one.'
    return ShownText(f"{hint.item}, hint {hint.number} of {hint.count}", hint.text + rest)
