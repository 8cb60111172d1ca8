"""Build a model of the notebook, load weights into it, and call it on the grader's inputs."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from grader.in_kernel.probes.arrays import array, tensor
from grader.in_kernel.probes.arrays import shape as shape_of
from grader.in_kernel.probes.namespace import kind, leaves, parameters
from grader.in_kernel.probes.operations import trace

IMAGE = (1, 1, 28, 28)


class CannotBuild(Exception):
    """Raised when the model cannot be built; the message says why."""


def build(payload: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters (name, shape, trainable, owner) and leaf layers of the model payload['model']."""
    model = make(payload["model"], namespace)
    return {
        "class_name": type(model).__name__,
        "parameters": [_parameter(name, p) for name, p in nn.Module.named_parameters(model)],
        "layers": leaves(model),
    }


def shape(payload: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the output's shape for an input of payload['shape'] in evaluation mode."""
    model = make(payload["model"], namespace).eval()
    with torch.no_grad():
        return {"output": shape_of(_output(model(torch.rand(payload["shape"]) * 2 - 0.5)))}


def shapes(payload: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the output's shape for each of payload['shapes'], up to the first input that raises."""
    found: list[Any] = []
    for size in payload["shapes"]:
        try:
            found.append(shape({"model": payload["model"], "shape": size}, namespace)["output"])
        except (Exception, SystemExit):  # the grader then requests this shape alone, to get the error
            break
    return {"outputs": found}


def forward(payload: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the output for payload['inputs'] with payload['weights'], in training mode if payload['training']."""
    model = make(payload["model"], namespace)
    load(model, payload["weights"])
    model.train(bool(payload["training"]))
    with torch.no_grad():
        return {"output": array(_output(model(tensor(payload["inputs"]))))}


def operations(payload: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the operations of one forward pass for an input of payload['shape']."""
    return {"operations": trace(make(payload["model"], namespace), torch.randn(payload["shape"]))}


def _output(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"the model returns a {type(value).__name__}, not a tensor")
    return value


def _parameter(name: str, parameter: nn.Parameter) -> dict[str, Any]:
    return {
        "name": name,
        "shape": shape_of(parameter),
        "trainable": parameter.requires_grad,
        "owner": name.rpartition(".")[0],
    }


def load(model: nn.Module, weights: Mapping[str, Any]) -> None:
    """Copy the arrays into the parameters and buffers of these names. Raises KeyError for an unknown name."""
    places: dict[str, torch.Tensor] = {
        **dict(nn.Module.named_buffers(model)),
        **dict(nn.Module.named_parameters(model)),
    }
    with torch.no_grad():
        for name, value in weights.items():
            places[name].copy_(tensor(value))


def make(spec: Mapping[str, Any], namespace: dict[str, Any]) -> nn.Module:
    """Return a new model on the CPU from {"class": name}, {"instance": name} or {"function": name}.

    "sizes" in the spec, {"in": 784, "hidden": [128, 64], "out": 10}, fills in the arguments that a constructor needs.
    """
    if "instance" in spec:
        model = _copied(namespace[spec["instance"]])
    elif "class" in spec:
        model = _from_class(namespace[spec["class"]], spec.get("sizes") or {}, namespace)
    else:
        model = _first_that_works(namespace[spec["function"]], spec.get("sizes") or {}, namespace)
    model = model.cpu()
    if any(isinstance(p, nn.parameter.UninitializedParameter) for p in model.parameters()):
        model.eval()(torch.zeros(IMAGE))
    return model


def _copied(value: Any) -> nn.Module:
    if not isinstance(value, nn.Module):
        raise CannotBuild(f"it is a {type(value).__name__}, not a model")
    return copy.deepcopy(value).cpu()


def _from_class(cls: Any, sizes: Mapping[str, Any], namespace: Mapping[str, Any]) -> nn.Module:
    """Build a class: without arguments, as a copy of the notebook's own instance, or with arguments that fit."""
    takes = [p for p in parameters(cls) if p["kind"] in ("positional", "keyword")]
    if takes:
        instances = [value for value in namespace.values() if type(value) is cls]
        if instances:
            try:
                return _copied(instances[-1])
            except (RuntimeError, TypeError):  # holds something that cannot be copied
                pass
    return _first_that_works(cls, sizes, namespace)


def _first_that_works(make_it: Any, sizes: Mapping[str, Any], namespace: Mapping[str, Any]) -> nn.Module:
    """Call with each set of arguments until the model accepts an image; else return the first model that was built."""
    built: nn.Module | None = None
    error: Exception | None = None
    for positional, named in itertools.islice(_arguments(make_it, sizes, namespace), 12):
        try:
            model = make_it(*positional, **named)
        except Exception as problem:
            error = error or problem
            continue
        if not isinstance(model, nn.Module):
            error = error or CannotBuild(f"calling it gives a {type(model).__name__}, not a model")
            continue
        built = built or model
        if not positional and not named:
            return model
        try:
            with torch.no_grad():
                copy.deepcopy(model).cpu().eval()(torch.zeros(IMAGE))
        except Exception:
            continue
        return model
    if built is not None:
        return built
    raise error or CannotBuild("its constructor needs arguments that the grader cannot guess")


def _arguments(
    make_it: Any, sizes: Mapping[str, Any], namespace: Mapping[str, Any]
) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Yield arguments to try: none, values guessed from names, globals of the same names, the sizes in order."""
    needed = [p for p in parameters(make_it) if p["required"] and p["kind"] in ("positional", "keyword")]
    if not needed:
        yield [], {}
        return
    names = [p["name"] for p in needed]
    guess = {name: value for name in names if (value := _by_name(name, sizes)) is not None}
    same = {
        name: namespace[name] for name in names if kind(namespace.get(name)) in ("int", "float", "str", "list", "bool")
    }
    for chosen in ({**guess, **same}, {**same, **guess}):
        if chosen.keys() == set(names):
            yield [], chosen
    if not sizes:
        return
    chain = [sizes["in"], *sizes["hidden"], sizes["out"]]
    if len(names) == len(chain):
        yield list(chain), {}
    if len(names) == 1:
        yield [chain], {}
        yield [list(sizes["hidden"])], {}
        yield [sizes["out"]], {}
        yield [sizes["in"]], {}
    if len(names) == 2:
        yield [sizes["in"], sizes["out"]], {}
    if len(names) == 3:
        yield [sizes["in"], list(sizes["hidden"]), sizes["out"]], {}
    yield [chain[min(i, len(chain) - 1)] for i in range(len(names))], {}


def _by_name(name: str, sizes: Mapping[str, Any]) -> Any:
    """Guess a constructor argument from the parameter's name; None if the name is unknown."""
    if not sizes:
        return None
    lower = name.lower().strip("_")
    digits = "".join(c for c in lower if c.isdigit())
    hidden = list(sizes["hidden"])
    chain = [sizes["in"], *hidden, sizes["out"]]
    rules: Sequence[tuple[Callable[[str], bool], Any]] = (
        (lambda n: "drop" in n or n == "p", 0.5),
        (lambda n: "activ" in n, nn.ReLU()),
        (lambda n: "device" in n, "cpu"),
        (lambda n: "channel" in n and "out" not in n, 1),
        (lambda n: "class" in n or "label" in n or n.startswith("out") or n.endswith("out"), sizes["out"]),
        (lambda n: n.startswith(("in", "n_in", "num_in", "d_in")) or "features" in n or "pixels" in n, sizes["in"]),
        (lambda n: n in ("layers", "sizes", "dims", "layer_sizes", "layer_dims"), chain),
        (lambda n: n.startswith("hid") and n.endswith(("s", "list")) and not digits, hidden),
    )
    for matches, value in rules:
        if matches(lower):
            return value
    if lower.startswith(("h", "n_h", "num_h", "d_h", "dim_h", "fc", "layer")) and hidden:
        place = int(digits) - 1 if digits else 0
        return hidden[max(0, min(place, len(hidden) - 1))]
    return None
