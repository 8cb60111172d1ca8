"""Turn the results of checks on a live state into verdicts for the student: pure functions.

An item is right, wrong, not attempted, not run yet, or not judged here. It is not attempted if its checks fail in the
words that they have for an empty notebook: there is nothing yet that could be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from grader.result import CheckResult, ItemResult

State = Literal["right", "wrong", "not attempted", "not run yet", "not judged"]

NOT_REPEATED = "not judged here: `grader check` decides this by taking steps of the training again"
NOT_READ = "a person reads your answer; it cannot be judged from the cells that ran"
UNSEEN = (
    "cells that ran before `import grader` were not seen: if something that you did is missing here, run them again"
)
NOT_STARTED = "not started"


@dataclass(frozen=True)
class Verdict:
    """The verdict on one item: its state, one sentence, and its checks with their findings."""

    item: str
    title: str
    state: State
    sentence: str
    checks: tuple[CheckResult, ...]

    @property
    def lost(self) -> tuple[CheckResult, ...]:
        """The checks that found something wrong or missing, without those that are skipped because of others."""
        return tuple(check for check in self.checks if check.status in ("fail", "partial"))


def unrepeated(result: ItemResult, if_repeated: ItemResult) -> ItemResult:
    """Return the result without the verdicts that would be others if the training's steps had been repeated."""
    checks = tuple(
        one
        if one.status == other.status
        else replace(one, status="not_graded", score=0.0, message=NOT_REPEATED, hint="")
        for one, other in zip(result.checks, if_repeated.checks, strict=True)
    )
    return replace(result, checks=checks)


def verdict(
    result: ItemResult, empty: ItemResult, *, ran: bool | None, written: bool = False, readable: bool = True
) -> Verdict:
    """Return the verdict on an item. `empty` is its result for a notebook without cells.

    `ran` says whether a code cell of its section has run, None if its section is not known. `written`: the answer is
    prose, which is known only if it is `readable`.
    """

    def told(state: State, sentence: str, checks: tuple[CheckResult, ...] = result.checks) -> Verdict:
        return Verdict(result.id, result.title, state, sentence, checks)

    if written and not readable:
        return told("not judged", NOT_READ, ())
    lost = [check for check in result.checks if check.status in ("fail", "partial")]
    if not lost:
        return _nothing_lost(result)
    begun = [check for check in lost if check.message.startswith(NOT_STARTED)]
    passed = any(check.status == "pass" and check.max_score for check in result.checks)
    if begun and len(begun) == len(lost) and not passed:
        return told("not attempted", f"complete this cell first: {begun[0].message}")
    missing = _as_empty(lost, empty)
    if len(missing) < len(lost) or (ran and not passed):
        return told("wrong", _counted(result))
    if passed:
        return told("not run yet", f"right so far; not run yet: {lost[0].message}")
    if ran is False:
        return told("not attempted", f"no cell of this question has been run yet: {lost[0].message}")
    return told("not attempted", f"not attempted or not run yet: {lost[0].message}")


def _nothing_lost(result: ItemResult) -> Verdict:
    unjudged = [check for check in result.checks if check.status in ("not_graded", "error")]
    read = [check for check in result.checks if check.status == "review"]
    passed = [check for check in result.checks if check.status == "pass"]
    state: State = "right"
    if not passed or (unjudged and all(check.max_score == 0 for check in passed)):
        state = "not judged"
    sentence = "all that is asked for is right"
    if unjudged or read:
        why = (unjudged or read)[0].message
        sentence = "right as far as it can be judged here" if state == "right" else why
    return Verdict(result.id, result.title, state, sentence, result.checks)


def _as_empty(lost: Sequence[CheckResult], empty: ItemResult) -> list[CheckResult]:
    """Return the checks that fail as they do for an empty notebook."""
    words = {check.id: check.message for check in empty.checks}
    every = {check.message for check in empty.checks if check.status == "fail"}
    return [check for check in lost if check.score == 0 and (check.message in (words[check.id], *every))]


def _counted(result: ItemResult) -> str:
    lost = sum(check.status in ("fail", "partial") for check in result.checks)
    passed = sum(check.status == "pass" for check in result.checks)
    what = "one thing is" if lost == 1 else f"{lost} things are"
    return f"{what} not as asked for" + (f", {passed} {'is' if passed == 1 else 'are'} right" if passed else "")


# --- hints ----------------------------------------------------------------------------------------------------------


def hints(check: CheckResult, text: str) -> tuple[str, ...]:
    """Return the hints on a failed check, each more telling than the one before; none is the solution.

    First where to look, then what was expected, then what the check itself says. `text` is what the check asks for.
    """
    steps = [f"Look at this again: {text}"]
    if check.expected and check.expected != text:
        steps.append(f"Found was: {check.message}. Expected was: {check.expected}")
    if check.hint:
        steps.append(check.hint)
    return tuple(dict.fromkeys(steps))


@dataclass(frozen=True)
class Hint:
    """A hint that is given, with its number among those that there are."""

    item: str
    text: str
    number: int
    count: int


def next_hint(found: Verdict, texts: Mapping[str, str], given: Mapping[str, int]) -> tuple[Hint, str] | None:
    """Return the next hint on an item, and the name under which it counts; None if nothing is lost.

    `texts` says what each check asks for, `given` how many hints were given, by such a name. The last hint stays.
    """
    if not found.lost:
        return None
    check = found.lost[0]
    steps, key = hints(check, texts.get(check.id, check.expected)), f"{check.id}: {check.message}"
    number = min(given.get(key, 0) + 1, len(steps))
    return Hint(found.item, steps[number - 1], number, len(steps)), key
