"""Describe loaders, models, optimizers and arguments as plain data for `grader.evidence.run`.

Nothing here changes its arguments or keeps references to them.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from types import FrameType
from typing import TYPE_CHECKING, Any

from grader.in_kernel.datasets import registry

if TYPE_CHECKING:
    import torch
    from torch import nn

_SHUFFLING = ("RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler")
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # the folder of in_kernel
_TEXT = 200


# --- data --------------------------------------------------------------------------------------------------------


def loader(loader: Any, key: str) -> dict[str, object]:
    """Return a loader as a LoaderSeen."""
    batches = loader.batch_sampler if loader.batch_sampler is not None else loader
    sampler = getattr(batches, "sampler", loader.sampler)
    batch_size = loader.batch_size if loader.batch_size is not None else getattr(batches, "batch_size", None)
    kinds = {cls.__name__ for cls in type(sampler).__mro__}
    return {
        "key": key,
        "dataset": type(loader.dataset).__name__,
        "split": registry.split_of(loader.dataset),
        "images": size(loader.dataset) or 0,
        "batch_size": batch_size if isinstance(batch_size, int) else None,
        "shuffled": bool(kinds & set(_SHUFFLING) or getattr(sampler, "shuffle", False) is True),
        "drop_last": bool(getattr(batches, "drop_last", False)),
        "workers": int(loader.num_workers),
    }


def size(thing: Any) -> int | None:
    """Return the length of an object; None if it has none."""
    try:
        return len(thing)
    except Exception:  # a student's __len__ may raise anything
        return None


def tensors(value: Any, depth: int = 4) -> Iterator[torch.Tensor]:
    """Yield the tensors in a batch, in order, from nested tuples, lists and values of dicts."""
    if isinstance(value, sys.modules["torch"].Tensor):
        yield value
    elif depth and isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors(item, depth - 1)


def target_of(batch: Any) -> torch.Tensor | None:
    """Return the labels of a batch: the first (B,) integer tensor after a first tensor of B items; None without one."""
    found = list(tensors(batch))
    for tensor in found[1:]:
        if tensor.dim() == 1 and len(tensor) == len(found[0]) and not tensor.is_floating_point():
            return tensor
    return None


# --- models and optimizers ---------------------------------------------------------------------------------------


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the student's model inside a wrapper of DataParallel or torch.compile, or the model itself."""
    name = type(model).__name__
    inner = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}.get(name)
    return getattr(model, inner, model) if inner else model


def is_model(module: nn.Module) -> bool:
    """Return whether a module is a model: it has parameters and is not a loss."""
    losses = sys.modules["torch"].nn.modules.loss._Loss
    return not isinstance(module, losses) and next(module.parameters(), None) is not None


def model(model: nn.Module, key: str, names: tuple[str, ...] = ()) -> dict[str, object]:
    """Return a model as a ModelSeen, with the global `names` that it is bound to."""
    parameters = list(model.parameters())
    return {
        "key": key,
        "class_name": type(model).__name__,
        "shapes": [list(p.shape) for p in parameters][:2000],
        "layers": [type(m).__name__ for m in model.modules() if next(m.children(), None) is None][:2000],
        "trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "names": list(names),
    }


def device(model: nn.Module) -> str:
    """Return the device of a model's first parameter: 'cpu', 'cuda:0', …; 'cpu' if it has none."""
    first = next(model.parameters(), None)
    return "cpu" if first is None else str(first.device)


def optimizer(optimizer: Any, model: nn.Module | None) -> dict[str, object]:
    """Return an optimizer as an OptimizerSeen, compared with the parameters of `model` if there is one."""
    held = {id(p): p.numel() for group in optimizer.param_groups for p in group["params"]}
    wanted = {id(p): p.numel() for p in model.parameters()} if model is not None else {}
    group = optimizer.param_groups[0]
    shared = sum(count for key, count in wanted.items() if key in held)
    rates = _rates(optimizer)
    kind, base = _kind(type(optimizer))
    return {
        "kind": kind,
        "base": base,
        "lr": number(group.get("lr")),
        "momentum": number(group.get("momentum")),
        "weight_decay": number(group.get("weight_decay")),
        "nesterov": bool(group.get("nesterov", False)),
        "model_share": shared / max(1, sum(wanted.values())),
        "foreign": sum(count for key, count in held.items() if key not in wanted) if wanted else 0,
        "dampening": number(group.get("dampening")),
        "maximize": bool(group.get("maximize", False)),
        "lowest_lr": min(rates, default=None),
        "highest_lr": max(rates, default=None),
    }


def _kind(own: type) -> tuple[str, str]:
    """Return the class that says how an optimizer works, and torch's class below one that overrides that, or ''."""
    above: list[type] = []
    for cls in own.__mro__:
        if cls.__module__.startswith("torch.optim.") and cls.__name__ != "Optimizer":
            names = [(mine, name) for mine in above for name in ("step", "zero_grad") if name in vars(mine)]
            same = all(inspect.unwrap(vars(mine)[name]) is inspect.unwrap(getattr(cls, name)) for mine, name in names)
            return (cls.__name__, "") if same else (own.__name__, cls.__name__)
        above.append(cls)
    return own.__name__, ""


def update_rates(seen: dict[str, Any], optimizer: Any) -> None:
    """Update the learning rates of an OptimizerSeen after another step."""
    seen["lr"] = number(optimizer.param_groups[0].get("lr"))
    rates = [seen["lowest_lr"], seen["highest_lr"], *_rates(optimizer)]
    known = [rate for rate in rates if rate is not None]
    seen["lowest_lr"], seen["highest_lr"] = min(known, default=None), max(known, default=None)


def _rates(optimizer: Any) -> list[float]:
    """Return the learning rates of an optimizer's groups."""
    found = (number(group.get("lr")) for group in optimizer.param_groups)
    return [rate for rate in found if rate is not None]


def number(value: Any) -> float | None:
    """Return a value as a finite float; None for anything else."""
    try:
        result = float(value)
    except Exception:  # a student's object may raise anything
        return None
    return result if result - result == 0 else None


# --- the student's functions -------------------------------------------------------------------------------------


def student_functions(frame: FrameType | None) -> list[FrameType]:
    """Return the frames of the student's functions, from `frame` outward, without generators and lambdas."""
    found = []
    here = os.getcwd() + os.sep
    while frame is not None:
        code = frame.f_code
        plain = not code.co_name.startswith("<") and not code.co_flags & inspect.CO_GENERATOR
        if plain and _is_students(code.co_filename, here):
            found.append(frame)
        frame = frame.f_back
    return found


def is_students_file(file: object) -> bool:
    """Return whether a module has no file or one in the working directory, where only the notebook writes."""
    return not isinstance(file, str) or os.path.abspath(file).startswith(os.getcwd() + os.sep)


def _is_students(filename: str, here: str) -> bool:
    if "ipykernel_" in filename or filename.startswith("<ipython-input"):
        return True
    return filename.startswith(here) and "site-packages" not in filename and not filename.startswith(_HERE)


def function_name(frame: FrameType) -> str:
    """Return the name of a frame's function: 'train', or 'Trainer.fit' for a method."""
    code = frame.f_code
    if code.co_argcount and code.co_varnames[0] in ("self", "cls"):
        owner = frame.f_locals.get(code.co_varnames[0])
        cls = owner if isinstance(owner, type) else type(owner)
        return f"{cls.__name__}.{code.co_name}"
    return code.co_name


def arguments(frame: FrameType) -> list[dict[str, object]]:
    """Return an Argument for each named parameter of the function except self, with the value bound to it now."""
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    bound = frame.f_locals
    return [argument(name, bound[name]) for name in names if name in bound and name not in ("self", "cls")]


def argument(name: str, value: Any) -> dict[str, object]:
    """Return a named value as an Argument."""
    role = _role(value)
    kept: float | str | None = None
    if role in ("int", "float", "bool"):
        kept = number(value)
    elif role in ("str", "device"):
        kept = str(value)[:_TEXT]
    return {"name": name, "role": role, "value": kept, "length": size(value) if role == "list" else None}


def _role(value: Any) -> str:
    torch = sys.modules["torch"]
    if isinstance(value, torch.nn.Module):
        if is_model(value):
            return "model"
        loss = isinstance(value, torch.nn.modules.loss._Loss) or "loss" in type(value).__name__.lower()
        return "criterion" if loss else "callable"
    if isinstance(value, torch.optim.Optimizer):
        return "optimizer"
    inner = getattr(value, "iterable", None)  # tqdm(loader)
    for candidate in (value, inner):
        if isinstance(candidate, torch.utils.data.DataLoader):
            split = registry.split_of(candidate.dataset)
            return f"{split}_loader" if split else "loader"
    if isinstance(value, torch.device) or (isinstance(value, str) and value.split(":")[0] in ("cpu", "cuda", "mps")):
        return "device"
    for kind, role in ((bool, "bool"), (Integral, "int"), (Real, "float"), (str, "str"), (list, "list")):
        if isinstance(value, kind):
            return role
    if value is None:
        return "none"
    if isinstance(value, type) and issubclass(value, torch.nn.Module):
        return "model_class"
    if callable(value):
        return "criterion" if _is_loss_function(value) else "callable"
    return "other"


def _is_loss_function(value: Callable[..., object]) -> bool:
    name = getattr(value, "__name__", "")
    losses = ("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "binary_cross_entropy", "kl_div")
    return name in losses or (name.endswith("_loss") and getattr(value, "__module__", "") == "torch.nn.functional")
