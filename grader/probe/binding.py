"""Decide which role each parameter and each global of a student's function plays.

Pure functions of the records of `probe.describe` and the recorder. The notebook's own use decides first, then the type,
then the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal

from grader.evidence.namespace import FunctionFacts, GlobalFacts, ParameterFacts
from grader.evidence.run import Argument

Purpose = Literal["train", "test"]


@dataclass(frozen=True)
class Bindings:
    """The role of each parameter and global of a function. `values` are the literals for the role 'same'."""

    parameters: Mapping[str, str]
    globals: Mapping[str, str]
    values: Mapping[str, bool | float | str | None] = field(default_factory=dict)

    def payload(self) -> dict[str, object]:
        """Return the bindings as JSON data, as the probe takes them."""
        return {"parameters": dict(self.parameters), "globals": dict(self.globals), "values": dict(self.values)}

    @property
    def shown(self) -> dict[str, str]:
        """The roles of all parameters and globals by name, for a report."""
        return {**self.globals, **self.parameters}


# --- names -------------------------------------------------------------------------------------------------------


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MODEL = _set("model net network mlp cnn classifier convnet nn neuralnet module mdl")
_OPTIMIZER = _set("optimizer optimiser optim opt sgd")
_CRITERION = _set("criterion criteria crit critierion objective lossfn lossfunc ce")
_FUNCTION = _set("fn func function f fun criterion module object")
_LOADER = _set("loader dataloader dl iterator generator batches")
_DATASET = _set("dataset set ds")
_TRAIN = _set("train training tr trn trainloader traindataloader")
_TEST = _set("test testing te tst val valid validation eval evaluate evaluation holdout testloader valloader")
_EPOCHS = _set("epochs nepochs numepochs nepoch maxepochs")
_EPOCH = _set("epoch ep e epo")
_COUNTED = _set("num n max total number count no nb")
_STEP_LISTS = _set("steps iters iterations counters counter xs")
_STEP = _set("step iteration iter it")
_ONE = _set("current cur global total start initial last step")
_INTERVAL = _set("interval every freq frequency period")
_HISTORY = _set("history hist metrics results stats records tracker logs log recorder")
_OFF = _set("verbose debug quiet silent plot save show progress profile dry print")
_SETTINGS = _set("args cfg config conf params hparams hyperparams settings options flags hyperparameters")
_TEXT = _set("name title desc description prefix label phase mode tag msg")
_SIZES = _set("n num len length total size batches steps samples images count train test iterations amount")


def words(name: str) -> list[str]:
    """Return the words of an identifier, in lower case: 'trainLoader_2' -> ['train', 'loader']."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def part_by_name(name: str) -> Purpose | None:
    """Return the split that a name refers to, None if it refers to neither."""
    said = words(name)
    lower = name.lower()
    if set(said) & _TEST or lower.startswith(("test", "val")):
        return "test"
    return "train" if set(said) & _TRAIN or lower.startswith("train") else None


def role_by_name(name: str, purpose: Purpose) -> str | None:
    """Return the role that a name suggests in a function of this purpose, None if it suggests none."""
    said = words(name)
    of = frozenset(said)
    lower = name.lower()
    rules: tuple[tuple[bool, str], ...] = (
        (bool(of & _INTERVAL), "log_interval"),
        (lower in ("lr", "eta") or "lr" in of or {"learning", "rate"} <= of, "lr"),
        ("momentum" in of, "momentum"),
        ({"batch", "size"} <= of or lower in ("bs", "batchsize"), "batch_size"),
        (bool(of & _CRITERION) or ("loss" in of and bool(of & _FUNCTION)) or lower == "loss", "criterion"),
        (any(word.startswith("acc") for word in said) or "correct" in of, "accuracies"),
        ("losses" in of or "loss" in of, "losses"),
        (bool(of & _OPTIMIZER) or lower.startswith("optim"), "optimizer"),
        (bool(of & {"scheduler", "sched"}), "scheduler"),
        (bool(of & {"scaler", "gradscaler"}), "scaler"),
        (bool(of & {"loaders", "dataloaders", "dls"}) or lower.endswith("loaders"), "loaders"),
        (bool(of & _LOADER) or lower.endswith("loader"), f"{part_by_name(name) or purpose}_loader"),
        (bool(of & _EPOCHS) or ("epoch" in of and bool(of & _COUNTED)), "epochs"),
        (bool(of & _EPOCH), "epoch"),
        (bool(of & _STEP_LISTS) and not of & _ONE, "steps"),
        (bool(of & (_STEP | _STEP_LISTS)), "current_step"),
        (lower in ("device", "dev") or "device" in of, "device"),
        (bool(of & {"cuda", "gpu"}), "use_cuda"),
        (bool(of & _DATASET) or "dataset" in lower, f"{part_by_name(name) or purpose}_dataset"),
        (bool(of & _MODEL) or lower.endswith(("model", "net")), "model"),
        ("data" in of, f"{part_by_name(name) or purpose}_loader"),
        (bool(of & _HISTORY), "history"),
        (bool(of & _SETTINGS), "settings"),
        (bool(of & _OFF), "no"),
        (bool(of & _TEXT), "text"),
    )
    return next((role for matches, role in rules if matches), None)


# --- the arguments of one call -----------------------------------------------------------------------------------

_SIGNATURES: Mapping[Purpose, tuple[str, ...]] = {
    "train": ("epoch", "losses", "steps", "current_step"),
    "test": ("losses", "accuracies", "steps", "current_step"),
}
_OBJECTS = _set("model optimizer criterion device")
_COUNTERS = _set("epoch current_step")
_LISTS = _set("losses steps accuracies list")
_NUMBERS = _set(
    "epoch epochs current_step log_interval lr momentum batch_size zero train_batches test_batches train_images"
)
_OF_DEFAULT = {"model": "model", "optimizer": "optimizer", "criterion": "criterion", "list": "list", "dict": "history"}
_KEPT = _set("lr momentum log_interval batch_size no text use_cuda history")


def bind(function: FunctionFacts, observed: Sequence[Argument], purpose: Purpose) -> Bindings | str:
    """Return the role of each parameter and global of `function`, or a sentence saying why it cannot be called.

    `observed` are the arguments with which the notebook called it. A parameter that has a default and no role is left
    out. A global with the same role as a parameter gets the role 'other_…' and thus a different object: this reveals a
    loop that ignores its argument and uses the global instead.
    """
    seen = {argument.name: argument for argument in observed}
    ordinary = [p for p in function.parameters if p.kind in ("positional", "keyword")]
    roles: dict[str, str] = {}
    values: dict[str, bool | float | str | None] = {}
    held: list[GlobalFacts] = []
    loaders = [p for p in ordinary if _is_loader(p, seen.get(p.name), purpose)]
    for position, parameter in enumerate(ordinary):
        argument = seen.get(parameter.name)
        if _is_holder(parameter, argument, purpose):
            roles[parameter.name] = "holder"
            held += parameter.holds
            continue
        role = _parameter_role(parameter, argument, purpose, len(loaders))
        if role is None and len(ordinary) == 4 and parameter.required:
            place = _SIGNATURES[purpose][position]
            role = place if _may_be(argument, place) else None
        if role is None and argument is not None and argument.role in ("int", "float", "str", "none", "bool"):
            if argument.role == "none" or argument.value is not None:
                role, values[parameter.name] = "same", _literal(argument)
            elif argument.role == "bool":
                role = "no"
        if role is None and argument is not None and argument.role == "list" and parameter.default_type != "objects":
            role = "list"
        if role is None and parameter.required:
            return (
                f"the grader does not know what to pass for the parameter '{parameter.name}' of {function.name}: "
                "neither its name nor the notebook's own calls tell what it is"
            )
        if role is not None:
            roles[parameter.name] = role
            if role == "same" and parameter.name not in values and argument is not None:
                values[parameter.name] = _literal(argument)
    # A parameter that the notebook leaves at None stands for the global, which then is no decoy.
    unused = {
        p.name for p in ordinary if p.default_type == "none" and (p.name not in seen or seen[p.name].role == "none")
    }
    taken = {role for name, role in roles.items() if name not in unused}
    globals_ = _global_roles((*function.globals, *held), function.writes, taken, purpose)
    have = {*roles.values(), *globals_.values()}
    if not have & {"model", "model_class"}:
        return f"{function.name} takes no model and reads no global one, so the grader cannot run it on its own"
    if not any(role.endswith(("_loader", "_dataset")) or role == "loaders" for role in have):
        return f"{function.name} takes no data loader and reads no global one, so the grader cannot run it on its own"
    return Bindings(roles, globals_, values)


def _is_holder(parameter: ParameterFacts, argument: Argument | None, purpose: Purpose) -> bool:
    """Return whether one object with the parts of the loop is passed for a parameter."""
    if not parameter.holds:
        return False
    return role_by_name(parameter.name, purpose) is None if argument is None else argument.role in ("other", "callable")


def _may_be(argument: Argument | None, role: str) -> bool:
    """Return whether an argument that the notebook passed can play this one of the assignment's four roles."""
    return argument is None or argument.role in (("list",) if role in _LISTS else ("int", "float", *_COUNTERS))


def _literal(argument: Argument) -> bool | float | str | None:
    value = argument.value
    return int(value) if argument.role == "int" and isinstance(value, (int, float)) else value


def _is_loader(parameter: ParameterFacts, argument: Argument | None, purpose: Purpose) -> bool:
    if argument is not None:
        return argument.role.endswith("loader")
    return (role_by_name(parameter.name, purpose) or "").endswith("loader") or parameter.default_type == "loader"


def _parameter_role(parameter: ParameterFacts, argument: Argument | None, purpose: Purpose, loaders: int) -> str | None:
    named = role_by_name(parameter.name, purpose)
    if argument is not None:
        role = _observed_role(parameter, argument, named, purpose, loaders)
        if role is not None:
            return role
        if argument.role not in ("callable", "other", "none"):
            return None
        if argument.role == "other" and named is not None and named.endswith("_loader"):
            return f"wrapped_{named}"
    kind = parameter.default_type
    if kind == "loader" or (kind == "dataset" and named is not None):
        what = "loader" if kind == "loader" else "dataset"
        return f"{part_by_name(parameter.name) or purpose}_{what}"
    if kind in _OF_DEFAULT:
        return named if kind == "list" and named in _LISTS else _OF_DEFAULT[kind]
    annotated = _by_annotation(parameter.annotation, named, purpose)
    if annotated is not None:
        return annotated
    if kind == "bool":
        return named if named == "use_cuda" else None
    if not parameter.required and (named is None or (named in _KEPT and kind != "none")):
        return None
    if kind == "str":
        return "device_name" if named == "device" or parameter.default in ("cpu", "cuda", "cuda:0") else None
    if kind in ("int", "float") and named not in _NUMBERS:
        return None
    return named


def _observed_role(
    parameter: ParameterFacts, argument: Argument, named: str | None, purpose: Purpose, loaders: int
) -> str | None:
    """Return the role by the argument that the notebook passed; the name decides between roles of the same type."""
    role = argument.role
    if role in _OBJECTS or role in _COUNTERS or role in ("model_class", "epochs"):
        return role
    if role.endswith("loader"):
        if loaders == 1:
            return f"{purpose}_loader"
        said = part_by_name(parameter.name)
        return f"{said}_loader" if said else (role if role != "loader" else f"{purpose}_loader")
    if role == "list":
        return named if named in _LISTS else None
    if role in ("int", "float"):
        if named == "log_interval":
            return "same" if argument.value is not None else named
        return named if named in _NUMBERS else None
    if role == "bool":
        return "use_cuda" if named == "use_cuda" else None
    if role == "str":
        return "device_name" if named == "device" or argument.value in ("cpu", "cuda", "cuda:0") else None
    if role == "callable":
        return "criterion" if named in ("criterion", "losses") else None
    return None


def _by_annotation(annotation: str, named: str | None, purpose: Purpose) -> str | None:
    last = annotation.rsplit(".", 1)[-1].strip("'\"")
    if last == "Module":
        return "criterion" if named == "criterion" else "model"
    if last in ("Optimizer", "SGD"):
        return "optimizer"
    if last == "DataLoader":
        return named if named is not None and named.endswith("loader") else f"{purpose}_loader"
    if last in ("CrossEntropyLoss", "_Loss", "NLLLoss"):
        return "criterion"
    if annotation.lower().startswith("list"):
        return named if named in _LISTS else "list"
    return None


def _global_roles(
    facts: Sequence[GlobalFacts], writes: Sequence[str], taken: Set[str], purpose: Purpose
) -> dict[str, str]:
    """Return the roles of globals and of what is held by an argument, without those that need nothing from the grader.

    `writes` are the names that the function assigns, `taken` the roles of the parameters.
    """
    found: dict[str, str] = {}
    for fact in facts:
        role = _global_role(fact, purpose)
        if role is None and fact.type == "int" and fact.name in writes:
            role = "current_step"  # whatever its name: it must count on from where it was
        if role is None:
            continue
        decoy = role in taken and fact.direct and role in ("model", "optimizer", "train_loader", "test_loader")
        found[fact.name] = f"other_{role}" if decoy else role
    return found


def _global_role(fact: GlobalFacts, purpose: Purpose) -> str | None:
    named = role_by_name(fact.name, purpose)
    kind = fact.type
    if kind in ("model", "optimizer", "criterion", "device", "scaler"):
        return kind
    if kind in ("loader", "dataset"):
        return f"{part_by_name(fact.name) or fact.split or purpose}_{kind}"
    if kind == "bool":
        return named if named == "use_cuda" else None
    if kind == "str":
        return "device_name" if named == "device" or fact.value in ("cpu", "cuda", "cuda:0") else None
    if kind in ("int", "float"):
        if named in ("epoch", "epochs", "current_step", "batch_size"):
            return named
        return fact.equals if fact.equals and set(words(fact.name)) & _SIZES else None
    if kind == "batches":  # training images in a list are shuffled no more: that is for the checks to see
        return "test_loader" if fact.split == "test" else None
    if kind == "dict":
        return named if named == "loaders" else None
    if kind == "loaders":
        return kind
    if kind == "other":  # a loader or model wrapped in a class of the notebook
        return named if named in ("model", "optimizer", "criterion", "train_loader", "test_loader") else None
    if kind in ("missing", "none"):
        return named if named not in ("text", "no") else None
    return None
