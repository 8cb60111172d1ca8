"""Records of a notebook's global names: the answer of `probe.describe`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from grader.evidence.decode import Shape
from grader.evidence.run import LoaderSeen

__all__ = [
    "ClassFacts",
    "FunctionFacts",
    "GlobalFacts",
    "InstanceFacts",
    "LoaderFacts",
    "NamespaceFacts",
    "OptimizerFacts",
    "ParameterFacts",
]


@dataclass(frozen=True)
class GlobalFacts:
    """A global name that a function reads. `type` is its value's kind, 'missing' when the name is not defined.

    `direct` says that the function itself reads it, not only a function that it calls. `equals` names the size of a
    loader that a number equals, such as 'train_batches'.
    """

    name: str
    type: str
    direct: bool = True
    split: Literal["train", "test"] | None = None
    value: float | str | None = None
    equals: str | None = None


@dataclass(frozen=True)
class ParameterFacts:
    """A parameter of a function; `default_type` is the kind of its default value, '' without one.

    `holds` describes an object of the notebook that can be passed and holds a model, an optimizer or loaders; what a
    parameter `run` holds is named 'run.model', 'run.step', …
    """

    name: str
    kind: Literal["positional", "keyword", "args", "kwargs"] = "positional"
    required: bool = True
    default: bool | float | str | None = None
    default_type: str = ""
    annotation: str = ""
    holds: tuple[GlobalFacts, ...] = ()


@dataclass(frozen=True)
class FunctionFacts:
    """A function of the notebook, or a method: 'Class.method'. Of its own object, 'self.model' is a global.

    `attributes` are those that it or a function that it calls uses, `writes` the globals and the
    attributes that it assigns.
    """

    name: str
    parameters: tuple[ParameterFacts, ...] = ()
    globals: tuple[GlobalFacts, ...] = ()
    attributes: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The name without the class."""
        return self.name.rpartition(".")[2]

    @property
    def trains(self) -> bool:
        """True if the function, or one that it calls, computes gradients."""
        return "backward" in self.attributes


@dataclass(frozen=True)
class ClassFacts:
    """A module class of the notebook and the parameters of its constructor."""

    name: str
    bases: tuple[str, ...] = ()
    parameters: tuple[ParameterFacts, ...] = ()


@dataclass(frozen=True)
class InstanceFacts:
    """A global variable that holds a module."""

    name: str
    class_name: str
    shapes: tuple[Shape, ...] = ()
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoaderFacts:
    """A global variable that holds a DataLoader."""

    name: str
    seen: LoaderSeen


@dataclass(frozen=True)
class OptimizerFacts:
    """A global variable that holds an optimizer."""

    name: str
    class_name: str
    lr: float | None = None


@dataclass(frozen=True)
class NamespaceFacts:
    """The answer of `probe.describe`: the notebook's global names by kind."""

    classes: tuple[ClassFacts, ...] = ()
    instances: tuple[InstanceFacts, ...] = ()
    functions: tuple[FunctionFacts, ...] = ()
    loaders: tuple[LoaderFacts, ...] = ()
    optimizers: tuple[OptimizerFacts, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)

    def function(self, name: str) -> FunctionFacts | None:
        """Return the function of this name, or the method if no function has it; None if there is none."""
        return self._by_name.get(name)

    @functools.cached_property
    def _by_name(self) -> dict[str, FunctionFacts]:
        methods = {function.short: function for function in reversed(self.functions)}
        return {**methods, **{function.name: function for function in reversed(self.functions)}}
