"""Run a training or test function of the notebook on the grader's own model, loaders, optimizer and criterion.

Only the arguments and globals that the payload names are replaced, and everything is restored afterwards.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

from torch import Tensor, is_grad_enabled, nn

from grader.in_kernel.probes.arrays import array
from grader.in_kernel.probes.callees import SELF, find, places
from grader.in_kernel.probes.holders import HolderCopy, holder_of
from grader.in_kernel.probes.lists import (
    MAX_NUMBERS,
    Growth,
    columns,
    flattened,
    returned_lists,
    row,
    sequences,
    type_of,
)
from grader.in_kernel.probes.namespace import kind, number, reads, signature
from grader.in_kernel.probes.ownership import home, inner_functions
from grader.in_kernel.probes.placement import Meter
from grader.in_kernel.probes.stand_ins import MISSING, StandIns


def run_loop(
    payload: Mapping[str, Any], namespace: dict[str, Any], describe_error: Callable[[BaseException], dict[str, Any]]
) -> dict[str, Any]:
    """Call payload['function'] once and return the fields of a `grader.evidence.probes.LoopRun`, or its error.

    payload: function, purpose ('train', 'test'), bindings {parameters, globals, values}, model, weights, train and test
    {images, labels, batch_size}, optimizer {lr, momentum}, device, current_step, epoch. `frozen` keeps weights and
    running statistics unchanged, for a function that trains and tests when only its test is probed.
    """
    callee = find(payload["function"], namespace)
    stand_ins = StandIns(payload, namespace, callee.owner)
    if isinstance(callee.owner, nn.Module):  # the model's own method trains it: that of the grader's model does
        callee = stand_ins.method(callee)
    bindings = payload["bindings"]
    watched = _globals_of(callee.function, namespace)
    used = reads(callee, namespace)
    read = {name: watched[name] for name in used.names if name in watched}
    attributes = places(callee.owner, used.own, read, used.attributes | used.keys, namespace)

    def everything() -> dict[str, Any]:
        return {**watched, **{name: held[key] for name, (held, key) in attributes.items() if key in held}}

    start = _state(stand_ins.model.named_parameters())
    forwards: list[dict[str, Any]] = []
    meter = Meter() if stand_ins.device.type != "cpu" else None
    error, result = None, None
    lists: dict[str, Any] = {}
    changed: dict[str, float] = {}
    arguments: dict[str, Any] = {}
    holders = {
        name: HolderCopy.of(holder_of(name, callee, namespace))
        for name, role in bindings.get("parameters", {}).items()
        if role == "holder"
    }
    with ExitStack() as stack:
        stack.enter_context(_forwards(stand_ins, forwards, meter))
        stack.enter_context(stand_ins.counting_steps())
        for names in {id(held): held for held in (watched, *(held for held, _ in attributes.values()))}.values():
            stack.enter_context(_restored(names))
        for name, role in bindings.get("globals", {}).items():
            held, key = attributes.get(name, (watched, name))
            holder, _, entry = name.partition(".")
            if holder in holders and name not in attributes:
                held, key = holders[holder].held, entry
            if name != SELF:
                held[key] = stand_ins.value(role, held.get(key, MISSING))
        grown = Growth(everything(), [*used.names, *attributes, *bindings.get("globals", {})])
        values = bindings.get("values", {})
        arguments = {
            name: values[name] if role == "same" else stand_ins.value(role, namespace.get(name, MISSING))
            for name, role in bindings.get("parameters", {}).items()
            if name not in holders
        } | {name: holder.value() for name, holder in holders.items()}
        before = {**_numbers(everything()), **_inner_numbers(arguments)}
        try:
            with meter or nullcontext():
                result = _call(callee.call, arguments)
        except (Exception, SystemExit) as problem:
            error = describe_error(problem)
        lists = grown.ended(everything())
        after = {**_numbers(everything()), **_inner_numbers(arguments)}
        changed = {name: value for name, value in after.items() if value is not None and before.get(name) != value}
    for name, value in arguments.items():
        lists.update(sequences(name, value, set()))
    lists.update(returned_lists(result))
    lists = columns(lists)
    return {
        "start": start,
        "weights": _state(stand_ins.model.named_parameters()),
        "buffers": _state(stand_ins.model.named_buffers()),
        "lists": {name: [number(v) for v in values[:MAX_NUMBERS]] for name, values in lists.items()},
        "list_types": {name: type_of(values) for name, values in lists.items() if len(values)},
        "returned": [] if error else flattened(result),
        "returned_nothing": result is None and not error,
        "numbers": dict(list(changed.items())[:100]),
        "forwards": forwards[:MAX_NUMBERS],
        "batches": stand_ins.batches,
        "steps": stand_ins.steps,
        "backwards": stand_ins.backwards,
        "training_after": stand_ins.model.training,
        "placement": meter.answer() if meter else None,
        "error": error,
        "losses": stand_ins.criterion.losses,
        "sizes": stand_ins.criterion.sizes,
        "correct": stand_ins.criterion.correct,
    }


def _numbers(names: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: number(value) for name, value in names.items() if kind(value) in ("int", "float")}


def _inner_numbers(arguments: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the numbers in dicts and plain objects that are passed, such as the step in a history, by name."""
    found: dict[str, float | None] = {}
    for name, value in arguments.items():
        entries = _numbers({f"{name}.{key}": inner for key, inner in row(value).items()})
        found.update(entries)
    return found


def _state(named: Iterator[tuple[str, Tensor]]) -> dict[str, Any]:
    return {name: array(value) for name, value in named}


def _call(function: Any, arguments: Mapping[str, Any]) -> Any:
    """Call the function with keyword arguments, or positional ones where it is positional-only or takes only *args."""
    kinds = {p.kind for p in inspect.signature(function).parameters.values()}
    positional, named = [], dict(arguments)
    for parameter in signature(function):
        only = kinds == {parameter.VAR_POSITIONAL}
        if parameter.name in named and (only or parameter.kind is parameter.POSITIONAL_ONLY):
            positional.append(named.pop(parameter.name))
    result = function(*positional, **named)
    return list(result) if inspect.isgenerator(result) else result


def _globals_of(function: Any, namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the globals of the function itself, not those of a library's decorator around it."""
    found = home(function, namespace)
    own = any(inner.__globals__ is found for inner in inner_functions(function))
    return found if own else getattr(function, "__globals__", namespace)  # type: ignore[return-value]


@contextmanager
def _restored(names: dict[str, Any]) -> Iterator[None]:
    """Restore every name's binding at exit."""
    before = dict(names)
    try:
        yield
    finally:
        for name in [n for n in names if n not in before]:
            del names[name]
        for name, value in before.items():
            if names.get(name, MISSING) is not value:
                names[name] = value


@contextmanager
def _forwards(stand_ins: StandIns, found: list[dict[str, Any]], meter: Meter | None) -> Iterator[None]:
    """Record each call of the model, at its first layer, so that a direct call of `forward` is recorded too."""
    model = stand_ins.model
    first = next((m for m in model.modules() if not any(True for _ in m.children())), model)

    def note(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        x = next((value for value in inputs if isinstance(value, Tensor)), None)
        if x is not None and len(found) < MAX_NUMBERS and stand_ins.counts:
            facts = {"batch": x.shape[0] if x.dim() else 1, "training": model.training}
            # As the outputs would say: nothing is recorded for frozen parameters either.
            recorded = is_grad_enabled() and (x.requires_grad or any(p.requires_grad for p in model.parameters()))
            found.append({**facts, "grad_enabled": recorded, "device": str(x.device)})
            if meter is not None:
                meter.forward(model, x)

    handle = first.register_forward_pre_hook(note)
    try:
        yield
    finally:
        handle.remove()
