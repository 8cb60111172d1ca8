from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from grader.assignment import LoopRole, ModelRole
from grader.evidence.namespace import (
    ClassFacts,
    FunctionFacts,
    GlobalFacts,
    InstanceFacts,
    NamespaceFacts,
    ParameterFacts,
)
from grader.evidence.run import Argument, LoaderSeen, ModelSeen, Pass
from grader.probe.matching import FoundFunction, find_function, model_sources

MODEL = ParameterFacts("model")
LOADER = ParameterFacts("loader")


def role(name: str) -> LoopRole:
    device, _, purpose = name.partition("_")
    return LoopRole(name, (name,), purpose, "cuda" if device == "gpu" else "cpu", print)  # type: ignore[arg-type]


def trainer(name: str, *more: ParameterFacts, globals_: tuple[GlobalFacts, ...] = ()) -> FunctionFacts:
    return FunctionFacts(name, (MODEL, LOADER, *more), globals_, ("backward", "step"))


def checker(name: str, *more: ParameterFacts) -> FunctionFacts:
    return FunctionFacts(name, (MODEL, LOADER, *more), (), ("eval",))


def seen(function: str, split: str, steps: int, device: str = "cpu", arguments: tuple[Argument, ...] = ()) -> Pass:
    loader = LoaderSeen("l", "MNIST", split, 64, 8, split == "train")  # type: ignore[arg-type]
    return Pass(
        0, loader, 0.0, 1.0, 8, 64, True, steps=steps, model_device=device, function=function, arguments=arguments
    )


def name_of(found: FoundFunction | str) -> str:
    assert isinstance(found, FoundFunction), found
    return found.function.name


def test_the_exact_name_comes_first_with_the_arguments_of_its_own_calls() -> None:
    facts = NamespaceFacts(functions=(trainer("train"), trainer("cpu_train")))
    arguments = (Argument("model", "model"),)
    passes = [seen("train", "train", 8), seen("cpu_train", "train", 8, arguments=arguments)]
    found = find_function(role("cpu_train"), facts, passes)
    assert name_of(found) == "cpu_train"
    assert isinstance(found, FoundFunction)
    assert found.how == "name"
    assert found.observed == arguments


def test_then_what_it_did_in_the_run() -> None:
    facts = NamespaceFacts(functions=(trainer("go"), checker("look"), trainer("go_there"), checker("train_accuracy")))
    passes = [
        seen("go", "train", 8),
        seen("train_accuracy", "train", 0),
        seen("look", "test", 0),
        seen("go_there", "train", 8, "cuda:0"),
    ]
    assert name_of(find_function(role("cpu_train"), facts, passes)) == "go"
    assert name_of(find_function(role("cpu_test"), facts, passes)) == "look"
    assert name_of(find_function(role("gpu_train"), facts, passes)) == "go_there"


def test_inside_a_function_that_trains_and_tests_the_ones_for_one_purpose_count() -> None:
    facts = NamespaceFacts(functions=(trainer("one"), checker("other"), trainer("both"), trainer("whole")))
    net = (Argument("net", "model"),)

    def inside(outer: str, inner: str, split: str, steps: int) -> Pass:
        return replace(seen(outer, split, steps), inner_function=inner, inner_arguments=net)

    passes = [inside("both", "one", "train", 8), inside("both", "other", "test", 0)]
    for name, wanted in (("cpu_train", "one"), ("cpu_test", "other")):
        found = find_function(role(name), facts, passes)
        assert name_of(found) == wanted
        assert isinstance(found, FoundFunction)
        assert found.observed == net
    # An outer function with one purpose is the answer, and so is one whose helper does both.
    assert name_of(find_function(role("cpu_train"), facts, [inside("whole", "one", "train", 8)])) == "whole"
    shared = [inside("whole", "both", "train", 8), inside("other", "both", "test", 0)]
    assert name_of(find_function(role("cpu_train"), facts, shared)) == "whole"


def test_where_its_loader_served_the_batches_is_told() -> None:
    facts = NamespaceFacts(functions=(trainer("gpu_train"),))
    there = replace(seen("gpu_train", "train", 8, "cuda:0"), batch_device="cuda:0")
    for passes, device in (([there], "cuda:0"), ([], "cpu")):
        found = find_function(role("gpu_train"), facts, passes)
        assert isinstance(found, FoundFunction)
        assert found.batch_device == device


def test_a_function_that_was_never_called_borrows_arguments_by_name() -> None:
    test = FunctionFacts("gpu_test", (ParameterFacts("net"), ParameterFacts("feed")), (), ("eval",))
    facts = NamespaceFacts(functions=(trainer("gpu_train"), test))
    arguments = (Argument("net", "model"), Argument("feed", "train_loader"), Argument("n", "int"))
    found = find_function(role("gpu_test"), facts, [seen("gpu_train", "train", 8, "cuda:0", arguments)])
    assert isinstance(found, FoundFunction)
    assert [(a.name, a.role) for a in found.observed] == [("net", "model"), ("feed", "test_loader")]


def test_then_a_similar_name_with_the_same_purpose() -> None:
    facts = NamespaceFacts(
        functions=(checker("train_epoch"), trainer("train_one_epoch"), checker("evaluate"), trainer("test_it"))
    )
    assert name_of(find_function(role("cpu_train"), facts, ())) == "train_one_epoch"
    assert name_of(find_function(role("cpu_test"), facts, ())) == "evaluate"


def test_one_function_serves_both_devices_when_it_knows_devices() -> None:
    device = ParameterFacts("device")
    facts = NamespaceFacts(functions=(trainer("train", device), checker("test", device)))
    for name, wanted in (("cpu_train", "train"), ("gpu_train", "train"), ("gpu_test", "test")):
        assert name_of(find_function(role(name), facts, ())) == wanted
    reading = trainer("train", globals_=(GlobalFacts("device", "device"),))
    assert name_of(find_function(role("gpu_train"), NamespaceFacts(functions=(reading,)), ())) == "train"
    plain = NamespaceFacts(functions=(trainer("train"),))
    assert "GPU" in str(find_function(role("gpu_train"), plain, ()))


def test_the_gpu_function_is_not_taken_for_the_cpu() -> None:
    facts = NamespaceFacts(functions=(trainer("train_gpu"), trainer("train_on_cpu")))
    assert name_of(find_function(role("cpu_train"), facts, ())) == "train_on_cpu"
    assert name_of(find_function(role("gpu_train"), facts, ())) == "train_gpu"


def test_the_gpu_function_is_not_taken_for_the_cpu_although_it_is_all_that_ran() -> None:
    facts = NamespaceFacts(functions=(trainer("gpu_train"), trainer("go")))
    found = find_function(role("cpu_train"), facts, [seen("gpu_train", "train", 8, "cuda:0")])
    assert isinstance(found, str)
    assert "no function 'cpu_train'" in found
    assert name_of(find_function(role("cpu_train"), facts, [seen("go", "train", 8, "cuda:0")])) == "go"


def test_a_test_inside_a_function_that_trains_is_its_helper() -> None:
    fit = trainer("fit", globals_=(GlobalFacts("evaluate", "callable"),))
    facts = NamespaceFacts(functions=(fit, checker("evaluate")))
    passes = [seen("fit", "train", 8), seen("fit", "test", 0)]
    assert name_of(find_function(role("cpu_train"), facts, passes)) == "fit"
    assert name_of(find_function(role("cpu_test"), facts, passes)) == "evaluate"
    alone = NamespaceFacts(functions=(trainer("fit"),))
    assert name_of(find_function(role("cpu_test"), alone, passes)) == "fit"


def test_nothing_found_is_a_sentence() -> None:
    assert "'cpu_test'" in str(find_function(role("cpu_test"), NamespaceFacts(functions=(trainer("f"),)), ()))


def is_mlp(shapes: Sequence[tuple[int, ...]]) -> bool:
    return bool(shapes) and 784 in shapes[0]


MLP = ModelRole("mlp", ("MLP",), object, ((1, 28, 28),), is_mlp)
SHAPES = ((128, 784), (128,))


def test_model_sources() -> None:
    facts = NamespaceFacts(
        classes=(ClassFacts("Demo"), ClassFacts("Net"), ClassFacts("mlp")),
        instances=(InstanceFacts("net", "Net", SHAPES), InstanceFacts("other", "Sequential", SHAPES)),
        functions=(FunctionFacts("make_mlp"), FunctionFacts("mlp_of", (ParameterFacts("n"),)), FunctionFacts("train")),
    )
    models = [
        ModelSeen("model-1", "Net", SHAPES, ("Linear",), 1, ("net",)),
        ModelSeen("model-2", "Demo", ((3, 3),), (), 1),
    ]
    found = model_sources(MLP, facts, models)
    assert found[0].exact
    assert found[0].spec == {"class": "mlp"}
    specs = [source.spec for source in found]
    assert specs == [
        {"class": "mlp"},
        {"class": "Net"},
        {"instance": "net"},
        {"instance": "other"},
        {"class": "Demo"},
        {"function": "make_mlp"},
    ]


def test_no_model_no_sources() -> None:
    assert model_sources(MLP, NamespaceFacts(), ()) == ()


@pytest.mark.parametrize(
    ("values", "role"), [((0, 128, 256), "current_step"), ((0, 1, 2), "epoch"), ((5, 5, 5), "int"), ((3,), "int")]
)
def test_a_number_is_told_by_how_it_grows_from_call_to_call(values, role):
    loader = LoaderSeen("l", "MNIST", "train", 8192, 64, True)
    passes = [
        Pass(1, loader, i, 1.0, 128, 8192, True, steps=128, backwards=128, function="lerne",
             arguments=(Argument("schritt", "int", value),))
        for i, value in enumerate(values)
    ]  # fmt: skip
    wanted = LoopRole("cpu_train", ("cpu_train",), "train", "cpu", print)
    found = find_function(wanted, NamespaceFacts(functions=(FunctionFacts("lerne"),)), passes)
    assert isinstance(found, FoundFunction)
    assert found.observed[0].role == role


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("current_step", (0, 1, 2), "current_step"),
        ("epoch", (0, 1, 2), "epoch"),
        ("schritt", (0, 1, 2), "epoch"),
        ("current_step", (128, 256, 384), "current_step"),  # a test in one batch
    ],
)
def test_with_one_batch_a_pass_the_name_tells_a_number(name, values, role):
    loader = LoaderSeen("l", "MNIST", "train", 64, 64, True)
    passes = [
        Pass(1, loader, i, 1.0, 1, 64, True, steps=1, backwards=1, function="lerne",
             arguments=(Argument(name, "int", value),))
        for i, value in enumerate(values)
    ]  # fmt: skip
    wanted = LoopRole("cpu_train", ("cpu_train",), "train", "cpu", print)
    found = find_function(wanted, NamespaceFacts(functions=(FunctionFacts("lerne"),)), passes)
    assert isinstance(found, FoundFunction)
    assert found.observed[0].role == role
