"""Probe the live objects for what a check reads, and only for that."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from grader.assignment import Assignment, Evidence, Reference
from grader.evidence.namespace import NamespaceFacts
from grader.evidence.probes import LoaderProbe, LoopProbe, ModelProbe
from grader.evidence.run import RunEvidence
from grader.live.cells import Ran
from grader.live.guard import files_untouched
from grader.notebook.places import quoted
from grader.notebook.questions import locate
from grader.sandbox.channel.replies import RequestFailed, blank_lines, without_file

if TYPE_CHECKING:
    from grader.probe.loops import LoopProber
    from grader.probe.probes import Data

V = TypeVar("V")
MOST_SECONDS = 10.0  # for one probe


class TooSlow(BaseException):
    """Raised in student code that takes too long. No `Exception`, so that it is not taken for the student's."""


class Here:
    """Answers probes in this process, on the notebook's own namespace, as a kernel does."""

    alive = True

    def __init__(self, names: dict[str, Any], cells: Mapping[int, tuple[int, int, str]] | None = None) -> None:
        self._names = names
        self._cells = cells or {}  # execution count -> cell, empty lines at its start, source

    def request(self, name: str, payload: Mapping[str, object], seconds: float | None = None) -> dict[str, object]:
        """Return the probe's answer, or its error. Raises RequestFailed if it takes longer than MOST_SECONDS."""
        from grader.in_kernel import agent, encoding
        from grader.in_kernel.probes import handlers

        try:
            with _deadline(min(seconds or MOST_SECONDS, MOST_SECONDS)), files_untouched(self._names):
                answer = handlers.probe(name, encoding.decode(payload), self._names)
            found: dict[str, object] = json.loads(json.dumps(encoding.encode(answer), allow_nan=False))
            return found
        except TooSlow:
            raise RequestFailed(f"{name}: no answer within {MOST_SECONDS:g} s") from None
        except (Exception, SystemExit) as error:
            return {"error": self._placed(agent.describe(error))}

    def _placed(self, error: dict[str, object]) -> dict[str, object]:
        """Return an error with the cell of the notebook and the line in it, as a kernel's answer has them."""
        execution, line = error.pop("execution", None), error.get("line")
        cell, blank, source = self._cells.get(execution, (None, 0, "")) if isinstance(execution, int) else (None, 0, "")
        at = line + blank if isinstance(line, int) else None
        lines = source.splitlines()
        code = quoted(lines[at - 1]) if at is not None and 0 < at <= len(lines) else ""
        return {**error, "cell": cell, "line": at, "code": code, "message": without_file(str(error.get("message", "")))}


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TooSlow in this thread after so many seconds, where signals can do that."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, late)
    left, each = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left, each)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)


class Lazily(Mapping[str, V], Generic[V]):
    """A mapping whose values are made when they are read."""

    def __init__(self, keys: tuple[str, ...], make: Callable[[str], V]) -> None:
        self._keys, self._make = keys, make
        self._made: dict[str, V] = {}

    def __getitem__(self, key: str) -> V:
        if key not in self._keys:
            raise KeyError(key)
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class Probing:
    """The probes of one live state; each is made when it is first read."""

    def __init__(
        self,
        names: dict[str, Any],
        assignment: Assignment,
        notebook: Ran,
        run: RunEvidence,
        prober: Callable[[], LoopProber],
    ) -> None:
        from grader.probe.probes import SPLITS, loop_roles

        self._assignment, self._ran, self._run, self._prober = assignment, notebook, run, prober
        self._names, self._here = names, Here(names, _by_count(notebook))
        self.gpu = gpu_name()
        self._models = {role.role: role for role in assignment.models}
        self._loops = {role.role: role for role in loop_roles(assignment, bool(self.gpu))}
        self.models: Lazily[ModelProbe] = Lazily(tuple(self._models), self._model)
        self.loops: Lazily[LoopProbe] = Lazily(tuple(self._loops), self._loop)
        splits = SPLITS if assignment.transform is not None else ()
        self.loaders: Lazily[LoaderProbe] = Lazily(splits, self._loader)

    def evidence(self) -> Evidence:
        """Return the evidence of the live state, of which the probes are made as they are read."""
        assignment, run = self._assignment, self._run
        train, test = (len(self.data[split][1]) for split in ("train", "test"))
        sections = locate(self._ran.notebook, assignment.prompts, assignment.template(), assignment.anchors(run))
        return Evidence(
            notebook=self._ran.notebook,
            sections=sections,
            run=run,
            models=self.models,
            loops=self.loops,
            loaders=self.loaders,
            reference=Reference(assignment.thresholds(train)),
            train_size=train,
            test_size=test,
            gpu=self.gpu,
        )

    @cached_property
    def data(self) -> Data:
        """The images and labels of the student's MNIST, by split; of the sample if there is none."""
        return own_data(self._names) or _sample()

    @cached_property
    def _facts(self) -> NamespaceFacts:
        from grader.probe.client import Refused, describe

        self._define_inline_loops()
        try:
            return describe(self._here)
        except Refused:
            return NamespaceFacts()

    def _define_inline_loops(self) -> None:
        """Define loops that stand in no function as functions, which the guard removes again."""
        from grader.probe.definitions import inline_functions

        for cell, source in inline_functions(self._ran.notebook, self._run):
            with suppress(Exception):
                exec(compile(source, f"<cell {cell}>", "exec"), self._names)

    def _model(self, role: str) -> ModelProbe:
        from grader.probe.matching import model_sources
        from grader.probe.models import probe_model

        wanted = self._models[role]
        return probe_model(self._here, wanted, model_sources(wanted, self._facts, tuple(self._run.models.values())))

    def _loop(self, role: str) -> LoopProbe:
        from grader.probe.matching import find_function
        from grader.probe.probes import log_probabilities

        wanted = self._loops[role]
        found = find_function(wanted, self._facts, self._run.passes)
        return self._prober().probe(
            self._here, wanted, found, log_probabilities=log_probabilities(self.models), seconds=MOST_SECONDS
        )

    def _loader(self, split: str) -> LoaderProbe:
        from grader.probe.loaders import find_loader, probe_loader

        assert self._assignment.transform is not None
        which: Any = split
        loader = find_loader(which, self._facts)
        return probe_loader(self._here, which, loader, *self.data[split], self._assignment.transform)


def _by_count(ran: Ran) -> dict[int, tuple[int, int, str]]:
    return {one.count: (ran.places[one.number], blank_lines(one.source), one.source) for one in ran.executions}


def gpu_name() -> str:
    """Return the name of the GPU that this process can use, '' without one."""
    torch = sys.modules.get("torch")
    return str(torch.cuda.get_device_name(0)) if torch is not None and torch.cuda.is_available() else ""


_read: dict[str, Data] = {}


def own_data(names: Mapping[str, Any]) -> Data | None:
    """Return the images and labels in the files that the notebook's MNIST was read from; None if none is found."""
    from grader.in_kernel.datasets import idx

    for folder in _raw_folders(names):
        try:
            if folder not in _read:
                files = idx.locate(Path(folder))
                _read[folder] = {split: _arrays(idx.read_split(files, split == "train")) for split in ("train", "test")}
            return _read[folder]
        except (OSError, ValueError, idx.IdxError):
            continue
    return None


def _raw_folders(names: Mapping[str, Any]) -> Iterator[str]:
    """Yield the folders of the MNIST that loaders and datasets among the names hold."""
    data = sys.modules.get("torch.utils.data")
    if data is None:
        return
    waiting = [v for v in names.values() if isinstance(v, (data.DataLoader, data.Dataset))]
    for _ in range(1000):
        if not waiting:
            return
        value = waiting.pop(0)
        if isinstance(value, data.DataLoader):
            waiting.append(value.dataset)
            continue
        folder = getattr(value, "raw_folder", None)
        if isinstance(folder, str):
            yield folder
        waiting += [held for held in getattr(value, "__dict__", {}).values() if isinstance(held, data.Dataset)]


def _arrays(split: Any) -> tuple[Any, Any]:
    import numpy as np

    from grader.in_kernel.datasets.idx import IMAGES_HEADER, LABELS_HEADER, SIDE

    images = np.frombuffer(split.images, np.uint8, offset=IMAGES_HEADER).reshape(-1, SIDE, SIDE)
    return images, np.frombuffer(split.labels, np.uint8, offset=LABELS_HEADER).astype(np.int64)


def _sample() -> Data:
    from grader.data.sources import find_data, load_arrays

    arrays = load_arrays(find_data(sample=True))
    return {
        "train": (arrays.train_images, arrays.train_labels),
        "test": (arrays.test_images, arrays.test_labels),
    }
