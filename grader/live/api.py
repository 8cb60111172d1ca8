"""The functions for a notebook: `grader.check`, `grader.hint`, `grader.status` and the magic `%grade`."""

from __future__ import annotations

from typing import Any

from grader.assignment import Assignment, UnknownItem
from grader.errors import GraderError
from grader.grading.wanted import wanted_items
from grader.language import chosen, use
from grader.live.session import Session, session
from grader.live.shown import ADVICE, Shown, ShownText, hint_shown
from grader.live.verdicts import UNSEEN, next_hint

__all__ = ["check", "hint", "load_ipython_extension", "status", "use_language"]


def check(*items: str, assignment: str | Assignment | None = None) -> Shown | ShownText:
    """Check items of the assignment on the live state of this notebook, all items if none is named.

    `assignment` is an assignment, its name or its file; by default the one that was named last. The result shows
    itself. Nothing that the notebook defines changes. No mistake in a name or in the student's code raises.
    """
    return _judged(items, assignment, short=False)


def status(*, assignment: str | Assignment | None = None) -> Shown | ShownText:
    """Show the state of all items, one line each."""
    return _judged((), assignment, short=True)


def hint(item: str, *, assignment: str | Assignment | None = None) -> ShownText:
    """Give a hint on an item, of several on the first that is wrong.

    Each call gives a more telling hint, and none gives the solution.
    """
    here = _session(assignment)
    if isinstance(here, ShownText):
        return here
    wanted = _items(here, (item,))
    if isinstance(wanted, ShownText):
        return wanted
    judged = here.judge(wanted)
    found = next((one for one in judged if one.lost), judged[0])
    texts = {one.id: one.text for one in here.assignment.rubric.item(found.item).checks}
    chosen = next_hint(found, texts, here.given)
    if chosen is None:
        return ShownText(found.item, f"there is nothing to hint at: {found.sentence}")
    here.given[chosen[1]] += 1
    return hint_shown(chosen[0])


def use_language(name: str | None = None) -> None:
    """Show all that grader says from now on in this language, such as 'de'; without a name, in the environment's.

    Raises LanguageError for a language that there is not.
    """
    use(chosen(name))


def load_ipython_extension(shell: Any) -> None:
    """Define the magic `%grade` for `%load_ext grader`."""

    def grade(line: str) -> Shown | ShownText:
        """Check items of the assignment: `%grade q5`, `%grade q3 q8`, or `%grade` for all."""
        return check(line)

    shell.register_magic_function(grade, "line", "grade")


def _judged(items: tuple[str, ...], assignment: str | Assignment | None, short: bool) -> Shown | ShownText:
    here = _session(assignment)
    if isinstance(here, ShownText):
        return here
    wanted = _items(here, items)
    if isinstance(wanted, ShownText):
        return wanted
    found = here.judge(wanted)
    open_ones = any(one.state not in ("right", "not judged") for one in found)
    notes = [UNSEEN] if open_ones and here.unseen else []
    lost = next((one.item for one in found if one.lost), None)
    if lost and not short:
        notes.append(f'grader.hint("{lost}") gives a hint.')
    return Shown(found, (*notes, ADVICE), short)


def _session(assignment: str | Assignment | None) -> Session | ShownText:
    try:
        return session(assignment)
    except GraderError as error:
        return ShownText("grader", str(error))


def _items(here: Session, wanted: tuple[str, ...]) -> tuple[str, ...] | ShownText:
    """Return the ids of the wanted items, of all if none is named; a sentence if one does not exist."""
    rubric = here.assignment.rubric
    try:
        return wanted_items(rubric, wanted) or tuple(item.id for item in rubric.items)
    except UnknownItem as error:
        return ShownText("grader", str(error.args[0]))
