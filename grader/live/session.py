"""One student's session: judge items on the live state, and remember probes, hints and the last verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from grader.assignment import Assignment, Evidence, default_assignment, load_assignment
from grader.evidence.run import RunEvidence
from grader.grading.judge import Judge
from grader.in_kernel import events
from grader.live import recording
from grader.live.cells import Ran, arrange, evidence_of, find_file, only_grader
from grader.live.guard import guarded
from grader.live.live_evidence import Probing
from grader.live.recording import Recording
from grader.live.verdicts import Verdict, unrepeated, verdict
from grader.reports.visibility import shown_items
from grader.result import ItemResult
from grader.seeds import CANONICAL_SEED, drawn_for

if TYPE_CHECKING:
    from grader.probe.loops import LoopProber

DRAWS = "in the notebook"  # the questions of every session are the same


@dataclass
class _State:
    """A live state that was looked at: its evidence, and how many executions there had been."""

    executions: int
    ran: Ran
    evidence: Evidence


@dataclass
class Session:
    """Judges the items of one assignment in this process. `names` is the notebook's namespace."""

    assignment: Assignment
    names: dict[str, Any]
    record: Recording | None = None
    given: Counter[str] = field(default_factory=Counter)  # hints, by the failure that they are about
    _state: _State | None = None
    _empty: dict[str, ItemResult] = field(default_factory=dict)

    def judge(self, items: Iterable[str]) -> tuple[Verdict, ...]:
        """Return the verdicts on these items; nothing of the student's state changes."""
        wanted = tuple(items)
        if self.record is not None:
            self.record.flush()

        def work() -> tuple[Verdict, ...]:
            # The reference's own runs are not recorded.
            with events.pause(), _one_thread(), drawn_for(CANONICAL_SEED, DRAWS):
                state = self._current()
                return tuple(self._verdict(item, state) for item in wanted)

        return guarded(self.names, work)

    @property
    def unseen(self) -> bool:
        """True if cells that the last verdicts rest on ran before the recorder was there."""
        if self._state is None:
            return False
        return self.record is None or bool(self._state.ran.unseen)

    def _verdict(self, item: str, state: _State) -> Verdict:
        evidence = state.evidence
        result = self._judged(item, evidence)
        written = {prompt.item for prompt in self.assignment.prompts if prompt.written}
        if item not in written and any(check.status == "review" for check in result.checks):
            every = frozenset(evidence.run.models)
            result = unrepeated(
                result, self._judged(item, replace(evidence, run=replace(evidence.run, repeated=every)))
            )
        readable = state.ran.from_file or bool(evidence.sections[item].answer) if item in evidence.sections else False
        return verdict(
            result, self._for_nothing(item), ran=_has_run(item, evidence), written=item in written, readable=readable
        )

    def _judged(self, item: str, evidence: Evidence) -> ItemResult:
        judge = Judge(self.assignment.rubric, item)
        judge.look(evidence)
        return shown_items(judge.results, "visible")[0]

    def _for_nothing(self, item: str) -> ItemResult:
        """Return the result of an item for a notebook without cells."""
        if item not in self._empty:
            self._empty[item] = self._judged(item, self._nothing)
        return self._empty[item]

    @cached_property
    def _nothing(self) -> Evidence:
        probing = Probing({"__name__": "__main__"}, self.assignment, arrange(()), RunEvidence(), self._prober)
        vars(probing)["data"] = self._data
        return probing.evidence()

    def _current(self) -> _State:
        """Return the live state, looked at anew if a cell has run that may have changed it."""
        executions = self.record.executions if self.record is not None else []
        running = self.record.running if self.record is not None else None
        others = [one for one in executions if not only_grader(one.source)]
        known = self.record is not None and (running is None or only_grader(running.source))
        if known and self._state is not None and self._state.executions == len(others):
            return self._state
        ran = arrange(executions, find_file(self.names))
        run = evidence_of(ran, self.record.events if self.record is not None else ())
        probing = Probing(self.names, self.assignment, ran, run, self._prober)
        self._data = probing.data
        self._state = _State(len(others), ran, probing.evidence())
        return self._state

    def _prober(self) -> LoopProber:
        return self._loop_prober

    @cached_property
    def _loop_prober(self) -> LoopProber:
        from grader.probe.loops import prober_for
        from grader.probe.probes import loop_roles

        return prober_for(loop_roles(self.assignment, cuda=True))


def _has_run(item: str, evidence: Evidence) -> bool | None:
    """Return whether a code cell of the item's section has run; None if its section is not known."""
    section = evidence.sections.get(item)
    if section is None or section.found_by not in ("heading", "content"):
        return None
    code = {cell.index for cell in evidence.notebook.code_cells if cell.source.strip()} & set(section.cells)
    return any(run.index in code and run.status != "not_run" for run in evidence.run.cells)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread, which is fastest for models of this size; the guard puts the number back."""
    import torch

    torch.set_num_threads(1)
    yield


_sessions: dict[str, Session] = {}
_chosen = ""


def session(assignment: str | Assignment | None = None) -> Session:
    """Return this kernel's session with an assignment, by default the one that was named last, or the usual one.

    Raises AssignmentError if it cannot be loaded.
    """
    global _chosen
    if isinstance(assignment, Assignment):
        name = assignment.name
    else:
        name = assignment or _chosen or default_assignment()
    if name not in _sessions:
        loaded = assignment if isinstance(assignment, Assignment) else load_assignment(name)
        record = recording.current()
        _sessions[name] = Session(loaded, _namespace(record), record)
    _chosen = name
    return _sessions[name]


def _namespace(record: Recording | None) -> dict[str, Any]:
    """Return the notebook's names; in plain Python those of the main module."""
    if record is not None:
        names: dict[str, Any] = record.shell.user_ns
        return names
    import __main__

    return vars(__main__)
