"""Check a notebook again after a change: only the items that it touches, with the other verdicts kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.assignment import Assignment
from grader.notebook.beside import named_beside
from grader.notebook.cells import Notebook
from grader.notebook.helper_files import Beside, read_helper_files
from grader.notebook.reader import UnreadableNotebook, read_notebook
from grader.result import Result, total
from grader.slicing.item_keys import Key, changed, item_keys

_LOST = ("fail", "partial", "error")


@dataclass
class Memory:
    """The last check of a notebook: its result, each item's key, and where items without a heading were found."""

    result: Result | None = None
    keys: Mapping[str, Key] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)

    def recheck(
        self,
        path: Path,
        beside: Beside | None,
        assignment: Assignment,
        wanted: Sequence[str],
        grade: Callable[[Sequence[str]], Result],
        tell: Callable[[Sequence[str]], None],
    ) -> Result:
        """Return the result of the notebook as it is now, with `grade` called for the items that have to be graded.

        `tell` is called with these first, all of `wanted` the first time and possibly none later. A file that cannot
        be graded at all gives a failed result, and what was seen before stays known.
        """
        try:
            notebook = read_notebook(path)
        except UnreadableNotebook:
            return grade(wanted)  # it says why
        helpers = read_helper_files(named_beside(notebook) if beside is None else beside)
        notebook = replace(notebook, beside=helpers)
        keys = item_keys(notebook, assignment, self.found)
        old = self.result
        lost = [item.id for item in old.items if item.status in _LOST] if old is not None else []
        stale = changed(self.keys, keys, lost) if old is not None else frozenset(wanted)
        again = [item for item in wanted if item in stale]
        tell(again)
        if old is not None and not again:
            return old
        result = grade(again)
        if result.status == "failed" or result.submission.sha256 != notebook.sha256:
            return result  # it changed once more meanwhile
        result = merged(old, result, wanted) if old is not None else result
        self.found |= _found(notebook, assignment, result)
        self.result, self.keys = result, item_keys(notebook, assignment, self.found)
        return result


def merged(old: Result, new: Result, wanted: Sequence[str]) -> Result:
    """Return the new result of some items with the old result of the others, in the order of `wanted`."""
    items = {item.id: item for result in (old, new) for item in result.items}
    chosen = tuple(items[item] for item in wanted if item in items)
    together = total(new.assignment, new.submission, chosen, new.environment, new.notes, new.digests)
    return replace(together, evidence=new.evidence, kept=new.kept)


def _found(notebook: Notebook, assignment: Assignment, result: Result) -> dict[str, str]:
    """Return the sources of the cells in which the run found the answers to items, as far as it did."""
    from grader.reports.evidence import kept_evidence

    evidence = kept_evidence(result)
    run = evidence.run if evidence is not None else None
    sources = {cell.index: cell.source for cell in notebook.code_cells}
    return {item: sources[at] for item, at in assignment.anchors(run).items() if at in sources} if run else {}
