"""The grader's objects that replace the notebook's while one of its loops is probed, by role."""

from __future__ import annotations

import types
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from grader.in_kernel.optimizer_steps import is_inner
from grader.in_kernel.probes.arrays import image_tensor, repeated, tensor
from grader.in_kernel.probes.callees import Callee, methods
from grader.in_kernel.probes.fixtures import Images, KeepingCrossEntropy, Served, SmallModel
from grader.in_kernel.probes.kept_batches import KeptBatches, are_batches
from grader.in_kernel.probes.models import load, make
from grader.in_kernel.probes.namespace import kind, split
from grader.in_kernel.probes.ownership import is_own_model, visible
from grader.in_kernel.probes.wrapped import loader_in, with_loader, wrappers
from grader.in_kernel.recorder import describe as seen

LOG_EVERY = 100


class Slot(list[Any]):
    """An entry of a history of which nobody knows whether it is a list or a counter: it becomes what is made of it."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self._start = start

    def __add__(self, other: Any) -> Any:
        """Count on from the global step, or from 0 with a loss."""
        if isinstance(other, (int, float)):
            return (self._start if isinstance(other, int) else 0.0) + other
        return super().__add__(other)

    def __iadd__(self, other: Any) -> Any:
        """Do the same as `+` for a number, and extend the list by anything else."""
        return self + other if isinstance(other, (int, float)) else super().__iadd__(other)


MISSING = object()  # the notebook does not define the name


class StandIns:
    """The grader's model, optimizer, loaders and other values for one run of a loop; `value` gives them by role."""

    def __init__(self, payload: Mapping[str, Any], namespace: dict[str, Any], owner: Any = None) -> None:
        self.payload = payload
        self.device = torch.device(payload["device"])
        self.testing = payload["purpose"] == "test"
        self.frozen = bool(payload.get("frozen"))
        self.batches: dict[str, int] = {}
        self.steps = self.backwards = 0
        self.passing = ""  # the loader that served last
        self.model = self._model(payload["weights"], namespace)
        self.optimizer = self._optimizer(self.model)
        self.criterion = KeepingCrossEntropy()
        self.own_criterion = _criterion_of(namespace)
        self.namespace = namespace
        self.data = {part: self._images(part) for part in ("train", "test")}
        list(self.model.parameters())[-1].register_hook(self._count_backward)
        _adopt(self.model, _with_methods(namespace, owner), namespace)
        self._others: dict[str, Any] = {}

    @property
    def counts(self) -> bool:
        """True if a forward pass now belongs to what is probed: not the training of a function that also tests."""
        return not (self.frozen and "train" in self.passing)

    def _model(self, weights: Mapping[str, Any], namespace: dict[str, Any]) -> nn.Module:
        """Return the model in the mode that the function should change: evaluation to train, training to test."""
        spec = self.payload.get("model") or {"small": True}
        small = "small" in spec
        model = SmallModel(bool(spec.get("log_probabilities"))) if small else make(spec, namespace)
        load(model, weights)
        if self.frozen:
            for module in model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.momentum = 0.0
        return model.to(self.device).train(self.testing)

    def method(self, callee: Callee) -> Callee:
        """Return the method of the notebook's model as one of the grader's model."""
        call = types.MethodType(callee.function, self.model)
        return Callee(call, callee.function, self.model)

    def _optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        settings = self.payload["optimizer"]
        return torch.optim.SGD(model.parameters(), lr=self._lr(), momentum=settings["momentum"])

    def _lr(self) -> float:
        return 0.0 if self.frozen else float(self.payload["optimizer"]["lr"])

    def _images(self, part: str) -> Images:
        given = self.payload[part]
        there = self.device if str(self.payload.get("batch_device")).startswith("cuda") else torch.device("cpu")
        images, labels = image_tensor(given["images"]), tensor(given["labels"]).long()
        return Images(repeated(images, len(labels)).to(there), labels.to(there), train=part == "train")

    def _loader(self, part: str, name: str, data: Images, tally: dict[str, int] | None = None) -> Served:
        batches = self.batches if tally is None else tally
        return Served(data, int(self.payload[part]["batch_size"]), name, batches, self._serving)

    def _serving(self, name: str) -> None:
        self.passing = name

    @contextmanager
    def counting_steps(self) -> Iterator[None]:
        """Count the steps of every optimizer, including one that the function creates."""

        def count(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            self.steps += not is_inner(optimizer)

        def freeze(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            for group in optimizer.param_groups if self.frozen else ():
                group["lr"] = 0.0

        handles = register_optimizer_step_post_hook(count), register_optimizer_step_pre_hook(freeze)
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _count_backward(self, _: Tensor) -> None:
        self.backwards += 1

    def value(self, role: str, current: Any) -> Any:
        """Return the value for a parameter or global of this role; `current` is the notebook's value, or MISSING."""
        if role == "criterion":
            return self._criterion(current)
        if role == "model_class":
            return lambda *_, **__: self.model
        if role == "loaders":
            return self._data_like(current)
        if role == "scheduler":
            return torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda _: 1.0)
        if role == "scaler":
            return torch.amp.GradScaler(self.device.type, enabled=False)
        if role == "settings":
            return self._settings() if current is MISSING else current
        if role.startswith("wrapped_"):
            return self._wrapped(role.removeprefix("wrapped_"), current)
        if role.startswith("other_"):
            return self._other(role.removeprefix("other_"))
        if role in ("losses", "steps", "accuracies", "list"):
            return []
        if role == "history":
            start = int(self.payload["current_step"])
            return defaultdict(lambda: Slot(start))
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
        if what == "loader" and are_batches(current):
            uncounted = self._loader(part, part, self.data[part], {})
            served = self._loader(part, part, self.data[part])
            return KeptBatches(uncounted, served, current[0][0].device)
        if what == "loader":
            served = self._others.setdefault(role, self._loader(part, part, self.data[part]))
            return served if loader_in(current) is None else self._in_wrapper(current, served)
        data = self.data[part]
        return len(data) if what == "images" else -(-len(data) // int(self.payload[part]["batch_size"]))

    def _data_like(self, current: Any) -> Any:
        """Return a collection like the notebook's, with a loader or dataset of the same part for each of its own."""
        if isinstance(current, (list, tuple)):
            parts = [split(one) or ("test" if at else "train") for at, one in enumerate(current)]
            made = [self._in_place_of(one, part) for one, part in zip(current, parts, strict=True)]
            return made if isinstance(current, list) else tuple(made)
        names = current if isinstance(current, dict) and current else ("train", "test", "val", "valid")
        held = current if isinstance(current, dict) else {}
        return {name: self._in_place_of(held.get(name), split(held.get(name)) or _part(name)) for name in names}

    def _in_place_of(self, one: Any, part: str) -> Any:
        return self.value(f"{part}_{'dataset' if kind(one) == 'dataset' else 'loader'}", MISSING)

    def _wrapped(self, role: str, current: Any) -> Any:
        """Return the loader of this role in the notebook's wrapper for it, for a function that was given a wrapper."""
        part = role.partition("_")[0]
        known = [value for _, value, inner in wrappers(visible(self.namespace)) if split(inner) == part]
        return self.value(role, current if loader_in(current) is not None or not known else known[-1])

    def _in_wrapper(self, wrapper: Any, served: Served) -> Any:
        """Return a copy of the notebook's wrapper that goes over `served`.

        A wrapper that moves batches to the GPU is not for a function on the CPU: the name stood for a loader then.
        """
        with suppress(Exception):
            tried = self._loader(served.name, served.name, self.data[served.name], {})
            batch = next(iter(with_loader(wrapper, tried)))
            if self.device.type != "cpu" or all(one.device.type == "cpu" for one in seen.tensors(batch)):
                return with_loader(wrapper, served)
        return served

    def _settings(self) -> types.SimpleNamespace:
        """Return settings such as argparse gives the loops of PyTorch's MNIST example."""
        numbers = {"lr": self._lr(), "momentum": self.payload["optimizer"]["momentum"], "log_interval": LOG_EVERY}
        return types.SimpleNamespace(**numbers, epochs=1, dry_run=False, device=self.device)

    def _criterion(self, current: Any) -> Any:
        """Return cross-entropy, reduced as the notebook's criterion is, on which its loop relies.

        Which criterion a model was trained with is seen in the run; here the name may stand for that of another
        question. A function of the notebook is taken as it is, because nothing else has its parameters.
        """
        chosen = (
            current if kind(current) in ("criterion", "callable") and current is not MISSING else self.own_criterion
        )
        if chosen is None:
            return self.criterion
        if not isinstance(chosen, nn.modules.loss._Loss):
            return chosen
        if chosen.reduction in ("sum", "none"):
            return nn.CrossEntropyLoss(reduction=chosen.reduction)
        return self.criterion

    def _other(self, role: str) -> Any:
        """Return a decoy for a global: it works like the argument, but a loop that uses its argument ignores it."""
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


def _with_methods(namespace: dict[str, Any], owner: Any) -> Any:
    """Return a model of the notebook, or a class, whose methods its loops may call; None if no model has any."""
    if isinstance(owner, nn.Module):
        return owner
    shown = [value for value in visible(namespace).values() if is_own_model(_class_of(value), namespace)]
    named = [value for name, value in namespace.items() if name in ("model", "net") and isinstance(value, nn.Module)]
    for value in (*named, *reversed(shown)):
        if any(True for _ in methods(_class_of(value), namespace)):
            return value
    return None


def _class_of(value: Any) -> type:
    return value if isinstance(value, type) else type(value)


def _adopt(model: nn.Module, other: Any, namespace: dict[str, Any]) -> None:
    """Give the grader's small model the methods and plain attributes of a model of the notebook, beside its own."""
    if other is None or not isinstance(model, SmallModel):
        return
    cls = _class_of(other)
    own = {name: function for name, function in methods(cls, namespace) if not hasattr(SmallModel, name)}
    model.__class__ = type(cls.__name__, (SmallModel,), own)
    if isinstance(other, type):  # its methods may use what its constructor makes
        with suppress(Exception):
            other = other()
    if isinstance(other, nn.Module):
        for name, value in {**vars(other), **vars(other).get("_modules", {})}.items():
            keeps = not isinstance(value, nn.Module) or kind(value) == "criterion"
            if not name.startswith("_") and keeps and not hasattr(model, name):
                vars(model)[name] = value


def _part(name: Any) -> str:
    """Return 'train' or 'test' for a key of a dict of loaders."""
    return "train" if "train" in str(name).lower() else "test"


def _criterion_of(namespace: Mapping[str, Any]) -> Any:
    """Return the notebook's loss module; None if it has none or several kinds."""
    found = {
        f"{type(value).__name__} {value.reduction}": value for value in namespace.values() if kind(value) == "criterion"
    }
    return next(iter(found.values())) if len(found) == 1 else None
