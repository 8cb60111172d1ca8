"""Run a training or test function of the notebook's on the grader's own model, loaders, optimizer and criterion.

Only what the payload names is replaced, in the arguments and in the globals that the function reads, and everything is put
back afterwards.
"""

from __future__ import annotations

import inspect
import types
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from grader.inside.probe_arrays import array, image_tensor, tensor
from grader.inside.probe_models import load, make
from grader.inside.probe_names import inner_functions, kind, number, reads
from grader.inside.probe_small import Images, KeepingCrossEntropy, Served, SmallModel

MAX_NUMBERS = 20_000
LOG_EVERY = 100
_MISSING = object()


def run_loop(
    payload: Mapping[str, Any], namespace: dict[str, Any], describe_error: Callable[[BaseException], dict[str, Any]]
) -> dict[str, Any]:
    """Call payload['function'] once and return what `grader.evidence.LoopRun` holds, with the error if it raised.

    payload: function, purpose ('train', 'test'), bindings {parameters, globals, values}, model, weights, train and test
    {images, labels, batch_size}, optimizer {lr, momentum}, device, current_step, epoch. `frozen` keeps weights and running
    statistics as they are, for a function that trains and tests when only its test is of interest.
    """
    function = namespace[payload["function"]]
    stage = _Stage(payload, namespace)
    bindings = payload["bindings"]
    watched = _globals_of(function, namespace)
    start = _state(stage.model.named_parameters())
    forwards: list[dict[str, Any]] = []
    error, result = None, None
    lists: dict[str, Any] = {}
    changed: dict[str, float] = {}
    arguments: dict[str, Any] = {}
    with _forwards(stage.model, forwards), stage.counting_steps(), _restored(watched):
        for name, role in bindings.get("globals", {}).items():
            watched[name] = stage.value(role, watched.get(name, _MISSING))
        grown = _Growth(watched, [*reads(function, namespace).names, *bindings.get("globals", {})])
        values = bindings.get("values", {})
        arguments = {
            name: values[name] if role == "same" else stage.value(role, namespace.get(name, _MISSING))
            for name, role in bindings.get("parameters", {}).items()
        }
        before = {name: number(value) for name, value in watched.items() if kind(value) in ("int", "float")}
        try:
            result = _call(function, arguments)
        except (Exception, SystemExit) as problem:
            error = describe_error(problem)
        lists = grown.ended(watched)
        after = {name: number(value) for name, value in watched.items() if kind(value) in ("int", "float")}
        changed = {name: value for name, value in after.items() if value is not None and before.get(name) != value}
    for name, value in arguments.items():
        lists.update(_sequences(name, value, set()))
    return {
        "start": start,
        "weights": _state(stage.model.named_parameters()),
        "buffers": _state(stage.model.named_buffers()),
        "lists": {name: [number(v) for v in values[:MAX_NUMBERS]] for name, values in lists.items()},
        "list_types": {name: _type_of(values) for name, values in lists.items() if len(values)},
        "returned": [] if error else _flattened(result),
        "returned_nothing": result is None and not error,
        "numbers": dict(list(changed.items())[:100]),
        "forwards": forwards[:MAX_NUMBERS],
        "batches": stage.batches,
        "steps": stage.steps,
        "backwards": stage.backwards,
        "training_after": stage.model.training,
        "data_devices": list(dict.fromkeys(f["device"] for f in forwards)),
        "error": error,
        "losses": stage.criterion.losses,
        "sizes": stage.criterion.sizes,
        "correct": stage.criterion.correct,
    }


class _Stage:
    """What stands in for the notebook's objects, by role."""

    def __init__(self, payload: Mapping[str, Any], namespace: dict[str, Any]) -> None:
        self.payload = payload
        self.device = torch.device(payload["device"])
        self.testing = payload["purpose"] == "test"
        self.frozen = bool(payload.get("frozen"))
        self.batches: dict[str, int] = {}
        self.steps = self.backwards = 0
        self.model = self._model(payload["weights"], namespace)
        self.optimizer = self._optimizer(self.model)
        self.criterion = KeepingCrossEntropy()
        self.own_criterion = _criterion_of(namespace)
        self.data = {part: self._images(part) for part in ("train", "test")}
        list(self.model.parameters())[-1].register_hook(self._count_backward)
        self._others: dict[str, Any] = {}

    def _model(self, weights: Mapping[str, Any], namespace: dict[str, Any]) -> nn.Module:
        """The model in the mode that the function ought to change: evaluation before training, training before a test."""
        spec = self.payload.get("model") or {"small": True}
        small = "small" in spec
        model = SmallModel(bool(spec.get("log_probabilities"))) if small else make(spec, namespace)
        load(model, weights)
        if self.frozen:
            for module in model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.momentum = 0.0
        return model.to(self.device).train(self.testing)

    def _optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        settings = self.payload["optimizer"]
        return torch.optim.SGD(model.parameters(), lr=self._lr(), momentum=settings["momentum"])

    def _lr(self) -> float:
        return 0.0 if self.frozen else float(self.payload["optimizer"]["lr"])

    def _images(self, part: str) -> Images:
        given = self.payload[part]
        return Images(image_tensor(given["images"]), tensor(given["labels"]).long(), train=part == "train")

    def _loader(self, part: str, name: str, data: Images) -> Served:
        return Served(data, int(self.payload[part]["batch_size"]), name, self.batches)

    @contextmanager
    def counting_steps(self) -> Iterator[None]:
        """Count the steps of every optimizer, also of one that the function makes for itself."""

        def count(*_: Any) -> None:
            self.steps += 1

        handle = register_optimizer_step_post_hook(count)
        try:
            yield
        finally:
            handle.remove()

    def _count_backward(self, _: Tensor) -> None:
        self.backwards += 1

    def value(self, role: str, current: Any) -> Any:
        """What a parameter or global of this role gets; `current` is what the notebook has there."""
        if role == "criterion":
            return self._criterion(current)
        if role == "loaders":
            names = current if isinstance(current, dict) and current else ("train", "test", "val", "valid")
            return {name: self.value(f"{_part(name)}_loader", _MISSING) for name in names}
        if role == "scheduler":
            return torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda _: 1.0)
        if role == "scaler":
            return torch.amp.GradScaler(self.device.type, enabled=False)
        if role == "settings":
            return self._settings() if current is _MISSING else current
        if role.startswith("other_"):
            return self._other(role.removeprefix("other_"))
        if role in ("losses", "steps", "accuracies", "list"):
            return []
        if role == "history":
            return defaultdict(list)
        simple: dict[str, Any] = {
            "model": self.model,
            "optimizer": self.optimizer,
            "epoch": int(self.payload["epoch"]),
            "epochs": 1,
            "current_step": int(self.payload["current_step"]),
            "log_interval": LOG_EVERY,
            "lr": self._lr(),
            "momentum": self.payload["optimizer"]["momentum"],
            "batch_size": int(self.payload["test" if self.testing else "train"]["batch_size"]),
            "device": self.device,
            "device_name": self.device.type,
            "use_cuda": self.device.type == "cuda",
            "zero": 0,
            "yes": True,
            "no": False,
            "nothing": None,
            "text": "probe",
        }
        if role in simple:
            return simple[role]
        part, _, what = role.partition("_")
        if what == "dataset":
            return self.data[part]
        if what == "loader":
            return self._others.setdefault(role, self._loader(part, part, self.data[part]))
        data = self.data[part]
        return len(data) if what == "images" else -(-len(data) // int(self.payload[part]["batch_size"]))

    def _settings(self) -> types.SimpleNamespace:
        """What argparse gives the loops of PyTorch's own example."""
        numbers = {"lr": self._lr(), "momentum": self.payload["optimizer"]["momentum"], "log_interval": LOG_EVERY}
        return types.SimpleNamespace(**numbers, epochs=1, dry_run=False, device=self.device)

    def _criterion(self, current: Any) -> Any:
        """The notebook's own where it has one that is not the plain one, because its loop counts on it."""
        chosen = (
            current if kind(current) in ("criterion", "callable") and current is not _MISSING else self.own_criterion
        )
        return self.criterion if chosen is None or _is_plain(chosen) else chosen

    def _other(self, role: str) -> Any:
        """An object as good as the one handed in as an argument, which a loop that uses its argument never touches."""
        key = f"other_{role}"
        if key not in self._others:
            if role == "model":
                model = SmallModel() if isinstance(self.model, SmallModel) else type(self.model)()
                self._others[key] = model.to(self.device).train(self.testing)
            elif role == "optimizer":
                self._others[key] = self._optimizer(self._other("model"))
            else:
                part = role.partition("_")[0]
                data = self.data[part]
                turned = Images(data.tensors[0].flip(0), data.tensors[1].roll(1), data.train)
                self._others[key] = self._loader(part, key.removesuffix("_loader"), turned)
        return self._others[key]


def _part(name: Any) -> str:
    """'train' or 'test' for a key of a dict of loaders."""
    return "train" if "train" in str(name).lower() else "test"


def _is_plain(criterion: Any) -> bool:
    return (
        isinstance(criterion, nn.CrossEntropyLoss)
        and criterion.reduction == "mean"
        and criterion.weight is None
        and criterion.label_smoothing == 0
    )


def _criterion_of(namespace: Mapping[str, Any]) -> Any:
    """The one loss module that the notebook has, None when it has none or several kinds."""
    found = {
        f"{type(value).__name__} {value.reduction}": value for value in namespace.values() if kind(value) == "criterion"
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _state(named: Iterator[tuple[str, Tensor]]) -> dict[str, Any]:
    return {name: array(value) for name, value in named}


def _call(function: Any, arguments: Mapping[str, Any]) -> Any:
    positional, named = [], dict(arguments)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in named:
            positional.append(named.pop(parameter.name))
    result = function(*positional, **named)
    return list(result) if inspect.isgenerator(result) else result


def _globals_of(function: Any, namespace: dict[str, Any]) -> dict[str, Any]:
    """The globals of the function itself, which a decorator's wrapper from a library does not share."""
    for inner in inner_functions(function):
        if inner.__globals__ is namespace:
            return namespace
    found: dict[str, Any] = getattr(function, "__globals__", namespace)
    return found


@contextmanager
def _restored(names: dict[str, Any]) -> Iterator[None]:
    """Put every name back to what it was bound to."""
    before = dict(names)
    try:
        yield
    finally:
        for name in [n for n in names if n not in before]:
            del names[name]
        for name, value in before.items():
            if names.get(name, _MISSING) is not value:
                names[name] = value


@contextmanager
def _forwards(model: nn.Module, found: list[dict[str, Any]]) -> Iterator[None]:
    """Note each call of the model, at its first layer, so that a direct call of `forward` is seen as well."""
    first = next((m for m in model.modules() if not any(True for _ in m.children())), model)

    def note(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        x = next((value for value in inputs if isinstance(value, Tensor)), None)
        if x is not None and len(found) < MAX_NUMBERS:
            facts = {"batch": x.shape[0] if x.dim() else 1, "training": model.training}
            found.append({**facts, "grad_enabled": torch.is_grad_enabled(), "device": str(x.device)})

    handle = first.register_forward_pre_hook(note)
    try:
        yield
    finally:
        handle.remove()


class _Growth:
    """The lists among some globals, also inside dicts: what a call appended to them. They are emptied of it again."""

    def __init__(self, names: dict[str, Any], wanted: list[str]) -> None:
        self.before: dict[str, tuple[list[Any], list[Any]]] = {}
        for name in dict.fromkeys(wanted):
            for key, values in _sequences(name, names.get(name), set()).items():
                self.before[key] = (values, list(values))
        self.wanted = wanted

    def ended(self, names: Mapping[str, Any]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for name in dict.fromkeys(self.wanted):
            for key, values in _sequences(name, names.get(name), set()).items():
                old = self.before.get(key, (None, []))[1]
                if len(values) > len(old):
                    found[key] = list(values[len(old) :])
        for values, old in self.before.values():
            values[:] = old
        return found


def _sequences(name: str, value: Any, seen: set[int]) -> dict[str, list[Any]]:
    """The lists in a value by name: itself, or those in a dict ('history.loss')."""
    if isinstance(value, list):
        return {name: value}
    if isinstance(value, dict) and id(value) not in seen and len(value) < 100:
        seen.add(id(value))
        found: dict[str, list[Any]] = {}
        for key, item in value.items():
            if isinstance(key, str):
                found.update(_sequences(f"{name}.{key}", item, seen))
        return found
    return {}


def _type_of(values: list[Any]) -> str:
    types = {"Tensor" if isinstance(v, Tensor) else _plain_type(v) for v in values}
    return types.pop() if len(types) == 1 else "mixed"


def _plain_type(value: Any) -> str:
    word = kind(value)
    if word in ("int", "float"):
        return word
    if type(value).__module__ == "numpy":
        return "float" if "float" in type(value).__name__ else "int"
    return word


def _flattened(value: Any, depth: int = 0) -> list[float | None]:
    """The numbers in what a function returned, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and depth < 4:
        found: list[float | None] = []
        for item in value[:MAX_NUMBERS]:
            found.extend(_flattened(item, depth + 1))
        return found[:MAX_NUMBERS]
    is_number = isinstance(value, (bool, int, float, np.number)) or (isinstance(value, Tensor) and value.numel() == 1)
    return [number(value)] if is_number else []
