"""Find the wanted function or model of a notebook: by exact name, by its use in the run, by similarity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from grader.assignment import LoopRole, ModelRole
from grader.evidence.namespace import FunctionFacts, NamespaceFacts
from grader.evidence.run import Argument, ModelSeen, Pass
from grader.probe.binding import bind, part_by_name, role_by_name, words


@dataclass(frozen=True)
class FoundFunction:
    """A function taken for a wanted one. `how` says by what it was found; `observed` are the notebook's arguments."""

    function: FunctionFacts
    how: Literal["name", "run", "similar name"]
    observed: tuple[Argument, ...] = ()
    batch_device: str = "cpu"  # of the batches in its recorded passes


def find_function(role: LoopRole, facts: NamespaceFacts, passes: Sequence[Pass]) -> FoundFunction | str:
    """Return the function that plays `role`, or a sentence saying that there is none."""
    found = _find(role, facts, passes)
    if isinstance(found, str):
        return found
    own = [p for p in passes if found.function.name in (p.function, p.inner_function) and _fits(p, role)]
    return replace(found, batch_device=own[0].batch_device or "cpu") if own else found


def _find(role: LoopRole, facts: NamespaceFacts, passes: Sequence[Pass]) -> FoundFunction | str:
    """Find the function by its exact name, else by its training or test passes on this device, else by a similar name.

    A function that takes or reads the device serves both the CPU and the GPU.
    """
    passes = _by_purpose(passes, facts)
    for name in role.function_names:
        exact = facts.function(name)
        if exact is not None:
            observed = _observed(exact.name, passes, role) or _borrowed(exact, passes, role)
            return FoundFunction(exact, "name", observed)
    fitting = [p for p in passes if p.function and _fits(p, role)]
    on_device = [p for p in fitting if (p.model_device or "cpu").startswith(role.device)]
    found = _most_used(on_device, facts, role)
    if found is not None:
        return found
    similar = [function for function in facts.functions if _is_similar(function, role)]
    if similar:
        best = max(similar, key=lambda function: _likeness(function, role))
        observed = _observed(best.name, passes, role) or _borrowed(best, passes, role)
        return FoundFunction(best, "similar name", observed)
    found = _most_used(fitting, facts, role)
    if found is not None and (
        _knows_devices(found.function) if role.device == "cuda" else not _for_gpu(found.function)
    ):
        return found
    wanted = " or ".join(f"'{name}'" for name in role.function_names)
    device = _device_words(role.device)
    if role.purpose == "train":
        return f"there is no function {wanted}, and no other that trains a model on the {device}"
    return f"there is no function {wanted}, and no other that tests a model on the {device}"


def _by_purpose(passes: Sequence[Pass], facts: NamespaceFacts) -> tuple[Pass, ...]:
    """Attribute each pass to the inner function if the outer one both trains and tests and the inner does only one."""
    purposes: dict[str | None, set[bool]] = {}
    for seen in passes:
        for name in {seen.function, seen.inner_function}:
            purposes.setdefault(name, set()).add(seen.trains)
    return tuple(
        replace(seen, function=seen.inner_function, arguments=seen.inner_arguments)
        if seen.inner_function is not None
        and facts.function(seen.inner_function) is not None
        and len(purposes[seen.function]) > 1
        and len(purposes[seen.inner_function]) == 1
        else seen
        for seen in passes
    )


def _borrowed(function: FunctionFacts, passes: Sequence[Pass], role: LoopRole) -> tuple[Argument, ...]:
    """Return arguments for a function that was never called, borrowed by name from calls to others."""
    objects = ("model", "optimizer", "criterion", "device", "train_loader", "test_loader", "loader")
    given: dict[str, Argument] = {}
    for argument in (a for seen in passes for a in (*seen.arguments, *seen.inner_arguments) if a.role in objects):
        given.setdefault(argument.name, argument)
    names = [parameter.name for parameter in function.parameters if parameter.name in given]
    return tuple(
        replace(given[name], role=f"{role.purpose}_loader") if given[name].role.endswith("loader") else given[name]
        for name in names
    )


def _device_words(device: str) -> str:
    return "GPU" if device == "cuda" else "CPU"


def _fits(seen: Pass, role: LoopRole) -> bool:
    if role.purpose == "train":
        return seen.trains
    return not seen.trains and seen.loader.split != "train"


def _most_used(passes: Sequence[Pass], facts: NamespaceFacts, role: LoopRole) -> FoundFunction | None:
    counts = Counter(p.function for p in passes if p.function and facts.function(p.function) is not None)
    if role.purpose == "test":  # prefer a function that only tests to one that also trains
        pure = {name: count for name, count in counts.items() if not _function(facts, name).trains}
        if not pure:
            called = [f for name in counts for f in _called_tests(_function(facts, name), facts)]
            if called:
                return FoundFunction(called[0], "run", _observed(called[0].name, passes, role))
        counts = Counter(pure) if pure else counts
    if not counts:
        return None
    name = counts.most_common(1)[0][0]
    return FoundFunction(_function(facts, name), "run", _observed(name, passes, role))


def _function(facts: NamespaceFacts, name: str | None) -> FunctionFacts:
    found = facts.function(name or "")
    assert found is not None
    return found


def _called_tests(function: FunctionFacts, facts: NamespaceFacts) -> list[FunctionFacts]:
    """Return the functions that a function calls, are named like tests, and do not train."""
    called = [facts.function(fact.name) for fact in function.globals]
    return [f for f in called if f is not None and not f.trains and part_by_name(f.short) == "test"]


def _observed(name: str | None, passes: Sequence[Pass], role: LoopRole) -> tuple[Argument, ...]:
    """Return the arguments of the first pass in this function, of the wanted purpose if there is one.

    An integer that grows from call to call by the number of training batches is the global step, one that grows by 1 is
    the epoch, whatever their names. With one batch a pass the name decides.
    """
    inner = [replace(p, function=p.inner_function, arguments=p.inner_arguments) for p in passes]
    own = [p for p in (*passes, *inner) if p.function == name and p.arguments]
    fitting = [p for p in own if _fits(p, role)] or own
    if not fitting:
        return ()
    return tuple(_counted(argument, fitting) for argument in fitting[0].arguments)


def _counted(argument: Argument, calls: Sequence[Pass]) -> Argument:
    if argument.role != "int":
        return argument
    if _counts_passes(argument, calls) and role_by_name(argument.name, "train") in (None, "epochs"):
        return replace(argument, role="epochs")
    values = [next((a.value for a in call.arguments if a.name == argument.name), None) for call in calls]
    grown = [
        (after - before, call.batches)
        for before, after, call in zip(values, values[1:], calls, strict=False)
        if isinstance(before, (int, float)) and isinstance(after, (int, float)) and after > before
    ]
    many = [by for by, batches in grown if batches > 1]
    if many and all(by == 1 for by in many):
        return replace(argument, role="epoch")
    if grown and all(by == 1 for by, _ in grown):
        named = role_by_name(argument.name, "train")
        return replace(argument, role=named if named == "current_step" else "epoch")
    # A test's global step grows by the batches of the training between two tests, not by its own.
    if grown and all(by >= max(2, batches) for by, batches in grown):
        return replace(argument, role="current_step")
    return argument


def _counts_passes(argument: Argument, calls: Sequence[Pass]) -> bool:
    """Return whether an argument is the number of passes in the first cell that calls, so that one call makes all."""
    here = [call for call in calls if call.cell == calls[0].cell]
    values = {one.value for call in here for one in call.arguments if one.name == argument.name}
    return len(here) > 1 and values == {len(here)}


_SIMILAR = {
    "train": frozenset(("train", "training", "trainer", "fit", "learn", "trn", "epoch")),
    "test": frozenset(
        (
            "test",
            "testing",
            "eval",
            "evaluate",
            "evaluation",
            "validate",
            "validation",
            "val",
            "valid",
            "tst",
            "accuracy",
        )
    ),
}


def _is_similar(function: FunctionFacts, role: LoopRole) -> bool:
    said = set(words(function.short))
    if not said & _SIMILAR[role.purpose] or function.trains != (role.purpose == "train"):
        return False
    if isinstance(bind(function, (), role.purpose), str) and not function.globals:
        return False
    named = "cuda" if said & {"gpu", "cuda"} else "cpu" if "cpu" in said else None
    if role.device == "cuda":
        return named == "cuda" or (named is None and _knows_devices(function))
    return named != "cuda"


def _for_gpu(function: FunctionFacts) -> bool:
    """Return whether a function's name says that it is for the GPU, so that it cannot be the one for the CPU."""
    return bool(set(words(function.short)) & {"gpu", "cuda"})


def _likeness(function: FunctionFacts, role: LoopRole) -> int:
    said = set(words(function.short))
    device = {"cuda": {"gpu", "cuda"}, "cpu": {"cpu"}}[role.device]
    return 4 * bool(said & device) + 2 * (len(said) <= 2) + ("epochs" not in said)


def _knows_devices(function: FunctionFacts) -> bool:
    """Return whether a function takes a device, reads one, or moves its data to one."""
    named = [role_by_name(p.name, "train") for p in function.parameters]
    return (
        bool({"device", "use_cuda"} & set(named))
        or any(fact.type == "device" or role_by_name(fact.name, "train") == "device" for fact in function.globals)
        or "cuda" in function.attributes
    )


@dataclass(frozen=True)
class ModelSource:
    """A possible source of a model: `spec` for the probes, `text` for a report."""

    spec: Mapping[str, str]
    text: str
    exact: bool = False


def model_sources(role: ModelRole, facts: NamespaceFacts, seen: Sequence[ModelSeen]) -> tuple[ModelSource, ...]:
    """Return candidates for a wanted model, best first: by class name, by use in the run, by shapes, then any class.

    An `exact` one is taken whatever its parameters are; of the others the first whose parameters are recognised.
    """
    classes = {fact.name: fact for fact in facts.classes}
    folded = {name.casefold() for name in role.class_names}
    found = [ModelSource({"class": name}, f"class {name}", True) for name in role.class_names if name in classes]
    found += [ModelSource({"class": name}, f"class {name}", True) for name in classes if name.casefold() in folded]
    places = {fact.name: at for at, fact in enumerate(facts.instances)}
    for model in seen:
        if not role.recognise(model.shapes):
            continue
        if model.class_name in classes:
            found.append(ModelSource({"class": model.class_name}, f"class {model.class_name}, trained in the run"))
        named = sorted(places[name] for name in set(model.names) & places.keys())
        bound = [fact for fact in (facts.instances[at] for at in named) if role.recognise(fact.shapes)]
        found += [ModelSource({"instance": fact.name}, f"the model '{fact.name}'") for fact in bound]
    for fact in facts.instances:
        if role.recognise(fact.shapes):
            found.append(ModelSource({"instance": fact.name}, f"the model '{fact.name}'"))
    found += [ModelSource({"class": name}, f"class {name}") for name in classes]
    for function in facts.functions:
        if set(words(function.name)) & folded and not any(p.required for p in function.parameters):
            found.append(ModelSource({"function": function.name}, f"what {function.name}() returns"))
    unique: dict[str, ModelSource] = {}
    for source in found:
        unique.setdefault(repr(sorted(source.spec.items())), source)
    return tuple(unique.values())
