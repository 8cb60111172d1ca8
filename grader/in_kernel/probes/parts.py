"""Recognize objects that hold others: settings, a history, or the parts of a training loop."""

from __future__ import annotations

import argparse
import types
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset

from grader.in_kernel.probes.ownership import is_own_class

MAX_ENTRIES = 100


def is_plain_object(value: Any, namespace: Mapping[str, Any]) -> bool:
    """Return whether a value is an object that only holds others: settings or a history."""
    if isinstance(value, (nn.Module, type, Dataset)) or not isinstance(getattr(value, "__dict__", None), dict):
        return False
    return isinstance(value, (types.SimpleNamespace, argparse.Namespace)) or is_own_class(type(value), namespace)


def holds_parts(value: Any, namespace: Mapping[str, Any]) -> bool:
    """Return whether a plain object, a named tuple or a dict holds a model, an optimizer or a loader."""
    if not (type(value) is dict or is_named_tuple(value) or is_plain_object(value, namespace)):
        return False
    return any(isinstance(one, (nn.Module, Optimizer, DataLoader)) for one in entries(value).values())


def entries(value: Any) -> dict[str, Any]:
    """Return what an object, a named tuple or a dict holds, by name."""
    held = value if isinstance(value, dict) else value._asdict() if is_named_tuple(value) else vars(value)
    return {key: one for key, one in list(held.items())[:MAX_ENTRIES] if isinstance(key, str) and key[:1] != "_"}


def is_named_tuple(value: Any) -> bool:
    """Return whether a value is a tuple with named fields."""
    return isinstance(value, tuple) and hasattr(type(value), "_fields")


def holds_objects(value: Any) -> bool:
    """Return whether a value is a list of objects, such as callbacks, and not of numbers, rows or tensors."""
    plain = (bool, int, float, complex, str, bytes, list, tuple, dict, set, Tensor, np.generic, np.ndarray, type(None))
    return type(value) is list and bool(value) and not any(isinstance(one, plain) for one in value)
