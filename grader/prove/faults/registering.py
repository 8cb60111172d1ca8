"""Faults in how a model is declared: what nn.Module needs to know, how it is built, what its forward takes."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable

from grader.prove.draft import Draft
from grader.prove.faults.edits import swap
from grader.prove.faults.naming import Model
from grader.prove.mutation import Apply, Mutation, all_of, fault

FLATTEN = "_1 = _1.reshape(-1, 28 * 28)"


def module_faults(names: Model) -> tuple[Mutation, ...]:
    """Return faults in the declaration of a model with `fc1`, `fc2` and `fc3`."""
    name, group = names.name, names.group
    untrained = f"{names.item} {names.runs}"  # the operations of such a model can still be counted
    useless = f"{untrained} {names.counts}"
    return (
        fault(
            f"{group}.super_missing",
            "The constructor does not call that of nn.Module.",
            swap("super().__init__()", "", within=name),
            useless,
            (r"super|__init__|before Module|not be built|profiled",),
            f"{names.settings} {names.learns}",
        ),
        fault(
            f"{group}.forward_misspelt",
            "The method is called `foward`.",
            _method_renamed(name, "forward", "foward"),
            useless,
            (r"forward|profiled",),
            f"{names.settings} {names.learns}",
        ),
        fault(
            f"{group}.not_registered",
            "The layers are in a plain list, so that the model has no parameters.",
            all_of(
                *(swap(f"self.fc{i} = _1", f"self.layers{i} = [_1]", within=name) for i in (1, 2, 3)),
                *(swap(f"self.fc{i}", f"self.layers{i}[0]", within=name) for i in (1, 2, 3)),
            ),
            untrained,
            (r"parameters?\b|empty|regist",),
            f"{names.settings} {names.learns}",
        ),
        fault(
            f"{group}.needs_arguments",
            "The class cannot be built without arguments.",
            all_of(
                _parameters(name, "hidden", "classes"),
                swap("nn.Linear(28 * 28, 128)", "nn.Linear(28 * 28, hidden)", within=name),
                swap("nn.Linear(64, 10)", "nn.Linear(64, classes)", within=name),
                swap(f"{name}()", f"{name}(128, 10)"),
            ),
            names.item,
            (r"argument",),
            unseen="the model is the same; values for required arguments are found as the notebook gives them",
        ),
        fault(
            f"{group}.nothing_returned",
            "The forward returns nothing.",
            swap("return self.fc3(_1)", "self.fc3(_1)", within=name),
            untrained,
            (r"None|nothing|return",),
            f"{names.settings} {names.learns}",
        ),
    )


def batch_of_one_faults(names: Model) -> tuple[Mutation, ...]:
    """Return faults that only a batch of one image shows, or another layout."""
    name, group = names.name, names.group
    return (
        fault(
            f"{group}.squeezes_batch",
            "The forward squeezes all dimensions of size 1, also that of a batch of one image.",
            swap(FLATTEN, "_1 = _1.squeeze().flatten(1)", within=name),
            f"{names.item} {names.counts}",
            (r"shape|one image|profiled|B = 1",),
        ),
        fault(
            f"{group}.squeezes_output",
            "The forward squeezes its output, so that one image gives a vector.",
            swap("return self.fc3(_1)", "return self.fc3(_1).squeeze()", within=name),
            names.item,
            (r"shape|one image|B = 1",),
        ),
        fault(
            f"{group}.channel_required",
            "The forward takes the number of images from a shape of four dimensions.",
            swap(FLATTEN, "b, c, h, w = _1.shape\n_1 = _1.reshape(b, c * h * w)", within=name),
            names.item,
            (r"shape|unpack",),
        ),
    )


def _method_renamed(class_name: str, old: str, new: str) -> Apply:
    def change(tree: ast.Module) -> ast.Module:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == class_name:
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and method.name == old:
                        method.name = new
        return tree

    return _changed(change)


def _parameters(class_name: str, *parameters: str) -> Apply:
    """Add parameters to the constructor."""

    def change(tree: ast.Module) -> ast.Module:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == class_name:
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                        method.args.args += [ast.arg(parameter) for parameter in parameters]
        return tree

    return _changed(change)


def _changed(change: Callable[[ast.Module], ast.Module]) -> Apply:
    def apply(draft: Draft, rng: random.Random) -> Draft | None:
        changed = draft.map(change)
        return changed if changed != draft else None

    return apply
