"""Items, checks and points: how an assignment says what must hold, and how evidence becomes scored items.

A check is a function from `Evidence` to a verdict. Its docstring is the sentence a student reads; its points and the checks
that it depends on are declared where it is registered. It returns None or a sentence saying what was found, returns a
`Review` when a person must decide, raises `Fail` when something is wrong and `NotGraded` when the grader cannot tell.
A check whose dependency did not pass is skipped: a student does not pay for one mistake with two messages.
`grader.grading.judge` runs them.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from grader.errors import GraderError
from grader.evidence.probes import LoaderProbe, LoopProbe, ModelProbe
from grader.evidence.run import Pass, RunEvidence
from grader.evidence.trainings import Recognise, Training, assemble, select

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.notebook.cells import Notebook
    from grader.notebook.questions import Prompt, Section


class Fail(Exception):
    """A check found something wrong: what was seen, what was expected, a hint that does not give the answer.

    `credit` is the fraction of the check's points that is kept all the same.
    """

    def __init__(self, seen: str, expected: str = "", hint: str = "", credit: float = 0.0) -> None:
        super().__init__(seen)
        self.seen, self.expected, self.hint, self.credit = seen, expected, hint, credit


class UnknownItem(KeyError):
    """There is no item with such an id; the message names those that there are."""


class NotGraded(Exception):
    """The grader cannot tell, through no fault of the student's: no GPU, a package that is missing here."""


@dataclass(frozen=True)
class Advice:
    """What holds, with a hint that costs nothing."""

    message: str
    hint: str


@dataclass(frozen=True)
class Review:
    """A person decides. `facts` are measured figures laid beside the answer; `credit` is the provisional fraction."""

    message: str
    facts: tuple[str, ...] = ()
    remark: str = ""
    credit: float = 1.0


@dataclass(frozen=True)
class Threshold:
    """A limit measured from many seeds of the reference. `low`/`high` bound the value; `source` says how it was measured."""

    low: float | None
    high: float | None
    source: str


@dataclass(frozen=True)
class Reference:
    """What the reference did on the same data: its passes by role ('mlp', 'cnn') and the calibrated thresholds.

    `weights` are those that it had after some of its training passes, by role and number of the pass.
    """

    trajectories: Mapping[str, tuple[Pass, ...]] = field(default_factory=dict)
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    unavailable: str = ""
    weights: Mapping[str, Mapping[int, Mapping[str, NDArray[Any]]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """Everything that is known about one submission. `gpu` names the device that GPU cells ran on, '' when there was none.

    `virtual_gpu` says that it was simulated: what ran there ran on the CPU, and how long it took says nothing about a GPU.
    `train_size` and `test_size` are the numbers of images in the data that was served.
    """

    notebook: Notebook
    sections: Mapping[str, Section]
    run: RunEvidence
    models: Mapping[str, ModelProbe]
    loops: Mapping[str, LoopProbe]
    loaders: Mapping[str, LoaderProbe]
    reference: Reference
    train_size: int
    test_size: int
    gpu: str = ""
    virtual_gpu: bool = False

    @functools.cached_property
    def all_trainings(self) -> tuple[Training, ...]:
        """All trainings of all models on all devices, by the start of their first epoch; assembled once."""
        return assemble(self.run)

    def trainings(self, recognise: Recognise, device: str = "cpu") -> tuple[Training, ...]:
        """Return the trainings on `device` of the models that `recognise` accepts by their parameters' shapes, in order."""
        return select(self.all_trainings, recognise, device)


CheckFunction = Callable[[Evidence], "str | Advice | Review | None"]


@dataclass(frozen=True)
class Check:
    """One check. `points` is its share of the item's points."""

    id: str
    points: float
    run: CheckFunction
    requires: tuple[str, ...] = ()
    needs_gpu: bool = False

    @property
    def text(self) -> str:
        """What must hold, as the student reads it."""
        return inspect.getdoc(self.run) or self.id


@dataclass(frozen=True)
class Item:
    """A gradable item of the assignment; its points are the sum of its checks'."""

    id: str
    title: str
    points: float
    checks: tuple[Check, ...]

    def __post_init__(self) -> None:
        total = sum(check.points for check in self.checks)
        if abs(total - self.points) > 1e-9:
            raise ValueError(f"item {self.id} has {self.points} points but its checks have {total}")


@dataclass(frozen=True)
class Rubric:
    """The items of an assignment, in the contract's order."""

    name: str
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        known: set[str] = set()
        for item in self.items:
            for check in item.checks:
                missing = set(check.requires) - known
                if missing:
                    raise ValueError(f"check {check.id} requires {sorted(missing)}, which come later or do not exist")
                known.add(check.id)

    @property
    def points(self) -> float:
        """The points of all items."""
        return sum(item.points for item in self.items)

    def item(self, item_id: str) -> Item:
        """The item with this id. Raises UnknownItem naming the ids that exist."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise UnknownItem(f"no item {item_id!r}; there are {', '.join(item.id for item in self.items)}")


@dataclass(frozen=True)
class ModelRole:
    """A model that the assignment asks for.

    `build` makes the reference's model; `layouts` are the input shapes after the batch; `recognise` tells from the shapes of
    its parameters whether a model seen in the run is meant to be this one, rightly built or not.
    """

    role: str
    class_names: tuple[str, ...]
    build: Callable[[], object]
    layouts: tuple[tuple[int, ...], ...]
    recognise: Recognise


@dataclass(frozen=True)
class LoopRole:
    """A training or test function that the assignment asks for, and the reference's, which always runs on the CPU."""

    role: str
    function_names: tuple[str, ...]
    purpose: Literal["train", "test"]
    device: Literal["cpu", "cuda"]
    reference: Callable[..., object]


@dataclass(frozen=True)
class Assignment:
    """All that a course hands to the grader. `transform` turns uint8 images (N, 28, 28) into what the loaders must serve;
    None: the assignment has no loaders of MNIST.

    `program` is the reference's own training as notebook cells; its recorded passes are the trajectories. `anchors` finds,
    by behaviour, a cell that belongs to an item. `thresholds` gives the stored calibrations for a number of training images.
    """

    name: str
    rubric: Rubric
    prompts: tuple[Prompt, ...]
    template: Callable[[], tuple[str, ...]]
    models: tuple[ModelRole, ...]
    loops: tuple[LoopRole, ...]
    transform: Callable[..., object] | None
    program: tuple[str, ...]
    anchors: Callable[[RunEvidence], Mapping[str, int]]
    thresholds: Callable[[int], Mapping[str, Threshold]]

    @property
    def folder(self) -> Path:
        """The folder of the package that it is made in: with the solution, and not for students' eyes."""
        return Path(inspect.getfile(self.models[0].build if self.models else self.template)).parent

    @property
    def probes(self) -> bool:
        """Whether anything is asked of the notebook's definitions, apart from what its run shows."""
        return bool(self.models or self.loops or self.transform)


class AssignmentError(GraderError):
    """The assignment that was asked for cannot be loaded; the message is one sentence."""


def load_assignment(name: str) -> Assignment:
    """Load the assignment of the package `name`, which has a module `rubric` with an `ASSIGNMENT`.

    Raises AssignmentError when there is no such package or it is not an assignment.
    """
    try:
        module = importlib.import_module(f"{name}.rubric")
    except ModuleNotFoundError as error:
        if error.name and f"{name}.rubric".startswith(error.name):
            raise AssignmentError(
                f"no assignment {name!r}: a package with a module '{name}.rubric' must be importable from here"
            ) from None
        raise AssignmentError(
            f"the assignment {name!r} needs the package {error.name!r}, which is not installed"
        ) from None
    assignment = getattr(module, "ASSIGNMENT", None)
    if not isinstance(assignment, Assignment):
        raise AssignmentError(f"{name}.rubric defines no ASSIGNMENT of type grader.assignment.Assignment")
    return assignment
