"""What is known of a notebook's names: the answer of `probe.describe`, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from grader.evidence.decode import Shape
from grader.evidence.run import LoaderSeen


@dataclass(frozen=True)
class ParameterFacts:
    """A parameter of a function; `default_type` is the kind of its default value, '' when it has none."""

    name: str
    kind: Literal["positional", "keyword", "args", "kwargs"] = "positional"
    required: bool = True
    default: bool | float | str | None = None
    default_type: str = ""
    annotation: str = ""


@dataclass(frozen=True)
class GlobalFacts:
    """A global name that a function reads. `type` is its value's kind, 'missing' when the name is not defined.

    `direct`: read by the function itself, not only by what it calls. `equals` names the size of a loader that a number
    equals, such as 'train_batches'.
    """

    name: str
    type: str
    direct: bool = True
    split: Literal["train", "test"] | None = None
    value: float | str | None = None
    equals: str | None = None


@dataclass(frozen=True)
class FunctionFacts:
    """A function of the notebook; `attributes` are those that it or what it calls uses, `writes` the globals it assigns."""

    name: str
    parameters: tuple[ParameterFacts, ...] = ()
    globals: tuple[GlobalFacts, ...] = ()
    attributes: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether it, or something that it calls, computes gradients."""
        return "backward" in self.attributes


@dataclass(frozen=True)
class ClassFacts:
    """A module class of the notebook and the parameters of its constructor."""

    name: str
    bases: tuple[str, ...] = ()
    parameters: tuple[ParameterFacts, ...] = ()


@dataclass(frozen=True)
class InstanceFacts:
    """A module that a global name stands for."""

    name: str
    class_name: str
    shapes: tuple[Shape, ...] = ()
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoaderFacts:
    """A DataLoader that a global name stands for."""

    name: str
    seen: LoaderSeen


@dataclass(frozen=True)
class OptimizerFacts:
    """An optimizer that a global name stands for."""

    name: str
    class_name: str
    lr: float | None = None


@dataclass(frozen=True)
class NamespaceFacts:
    """What `probe.describe` answers."""

    classes: tuple[ClassFacts, ...] = ()
    instances: tuple[InstanceFacts, ...] = ()
    functions: tuple[FunctionFacts, ...] = ()
    loaders: tuple[LoaderFacts, ...] = ()
    optimizers: tuple[OptimizerFacts, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)
    callables: tuple[str, ...] = ()  # the notebook's own objects and methods that can be called and are no functions

    def function(self, name: str) -> FunctionFacts | None:
        """The function of this name."""
        return next((function for function in self.functions if function.name == name), None)
