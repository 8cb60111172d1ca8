"""Faults in printed times: missing, invented, of another interval, or in another unit than stated."""

from __future__ import annotations

import ast
import random
from dataclasses import dataclass

from grader.notebook.syntax import parse
from grader.prove.draft import Draft
from grader.prove.faults.edits import swap
from grader.prove.mutation import Apply, FaultGroup, Mutation, all_of
from grader.prove.patterns import contains


@dataclass(frozen=True)
class Timed:
    """A cell that times epochs: its section's heading, its item, and its expressions for the times.

    `epoch` is the expression for the seconds of an epoch, `begin` the statement that starts its clock, `test` a call
    between the training and the end of the epoch, and `epochs` their number. `total` is the expression for the seconds
    of all epochs, '' if they are not required. `tested` says that the time of an epoch must include its test.
    """

    section: str
    item: str
    epoch: str
    begin: str
    test: str
    epochs: int
    total: str = ""
    tested: bool = True


_WRONG = (
    r"printed .* (?:for an epoch that|while)|no time per epoch|times? (?:is|are) printed for|no total|keep growing",
)


def timing_faults(names: Timed) -> tuple[Mutation, ...]:
    """Return the faults in the time of each epoch, and in the total if there is one."""
    section, one = names.section, FaultGroup(f"time.{names.item}", names.item).fault
    return (
        one(
            "missing",
            "The time of an epoch is not printed.",
            _without(names.epoch, section),
            (r"no time per epoch",),
        ),
        one(
            "not_printed",
            "The time of an epoch is measured and kept, and never printed.",
            _without(names.epoch, section, f"kept = {names.epoch}"),
            (r"no time per epoch",),
        ),
        one(
            "constant",
            "A typed number is printed as the time of each epoch.",
            swap(names.epoch, "417.25", section=section),
            (r"printed .*417\.25",),
        ),
        one(
            "invented",
            "Invented numbers, slightly different for each epoch, are printed as times.",
            swap(names.epoch, "435.2 + (7 * current_epoch) % 3", section=section),
            (r"printed .*43[567]\.2",),
        ),
        one(
            "milliseconds",
            "Milliseconds are printed as seconds.",
            swap(names.epoch, f"1000 * ({names.epoch})", section=section),
            _WRONG,
        ),
        one(
            "clock_late",
            "The clock starts when the epoch is over.",
            all_of(
                swap(names.begin, "", section=section),
                swap(names.test, f"{names.test}\n{names.begin}", section=section),
            ),
            _WRONG,
        ),
        one(
            "only_test",
            "Only the test is timed.",
            all_of(
                swap(names.begin, "", section=section),
                swap(names.test, f"{names.begin}\n{names.test}", section=section),
            ),
            _WRONG,
        ),
        one(
            "never_restarted",
            "The clock of the epochs starts once, before the first of them, so that the times grow.",
            _out_of_loop(names.begin, section, behind=False),
            (r"keep growing|times? (?:is|are) printed for",),
        ),
        one(
            "only_last",
            "Only the time of the last epoch is printed.",
            _out_of_loop(names.epoch, section, behind=True),
            (r"1 time is printed|no time per epoch",),
        ),
        *(_untested_faults(names) if names.tested else ()),
        *(_total_faults(names) if names.total else ()),
    )


def _untested_faults(names: Timed) -> tuple[Mutation, ...]:
    section, one = names.section, FaultGroup(f"time.{names.item}", names.item).fault
    stopped = swap(names.test, f"stopped = time.time()\n{names.test}", section=section)
    return (
        one(
            "untested",
            "The clock of each epoch stops before its test.",
            all_of(stopped, swap(names.epoch, "stopped - epoch_start", section=section)),
            (r"training alone took",),
        ),
        one(
            "test_subtracted",
            "The seconds of the test are subtracted from those of the epoch.",
            all_of(
                swap(
                    names.test,
                    f"stopped = time.time()\n{names.test}\npaused = time.time() - stopped",
                    section=section,
                ),
                swap(names.epoch, f"{names.epoch} - paused", section=section),
            ),
            (r"training alone took",),
        ),
    )


def _total_faults(names: Timed) -> tuple[Mutation, ...]:
    section, one = names.section, FaultGroup(f"time.{names.item}", names.item).fault
    total_wrong = (r"no total|printed .* while|is that of",)
    return (
        one(
            "total_missing",
            "The total time is not printed.",
            _without(names.total, section),
            (r"no total",),
        ),
        one(
            "total_constant",
            "A typed number is printed as the total time.",
            swap(names.total, "417.25", section=section),
            (r"417\.25",),
        ),
        one(
            "total_of_last",
            "The time of the last epoch is printed as the total.",
            swap(names.total, names.epoch, section=section),
            total_wrong,
        ),
        one(
            "total_in_minutes",
            "Minutes are printed as seconds.",
            swap(names.total, f"({names.total}) / 60", section=section),
            total_wrong,
        ),
        one(
            "total_untested",
            "The total leaves the tests out.",
            all_of(
                swap(names.test, f"paused = time.time()\n{names.test}\nstart += time.time() - paused", section=section)
            ),
            (r"leaves out testing",),
        ),
    )


# --- edits --------------------------------------------------------------------------------------------------------


class _Statements(ast.NodeTransformer):
    """Replaces the expression statements that contain a pattern."""

    def __init__(self, pattern: str, instead: str) -> None:
        self.pattern, self.instead, self.done = pattern, parse(instead).body, 0

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        if not contains(node, self.pattern):
            return node
        self.done += 1
        return self.instead or [ast.Pass()]


def _without(pattern: str, section: str, instead: str = "") -> Apply:
    """Remove the statements of the section that contain the pattern, or replace them by `instead`."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        changed, done = draft, 0
        for index, tree in draft.trees(draft.section(section)):
            statements = _Statements(pattern, instead)
            new = ast.fix_missing_locations(statements.visit(tree))
            if statements.done:
                changed, done = changed.with_tree(index, new), done + statements.done
        return changed if done else None

    return apply


def _out_of_loop(pattern: str, section: str, behind: bool) -> Apply:
    """Move the statement that contains the pattern before its loop, or behind it."""

    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        for index, tree in draft.trees(draft.section(section)):
            for at, loop in enumerate(tree.body):
                if not isinstance(loop, ast.For):
                    continue
                moved = [inner for inner in loop.body if contains(inner, pattern)]
                if moved:
                    loop.body = [inner for inner in loop.body if inner not in moved] or [ast.Pass()]
                    place = at + 1 if behind else at
                    tree.body[place:place] = moved
                    return draft.with_tree(index, tree)
        return None

    return apply
