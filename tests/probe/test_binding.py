from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.evidence.namespace import FunctionFacts, GlobalFacts, ParameterFacts
from grader.evidence.run import Argument
from grader.probe.binding import Bindings, bind, part_by_name, role_by_name, words


def function(*parameters: str, globals_: tuple[GlobalFacts, ...] = (), **defaults: str) -> FunctionFacts:
    """Return facts of a function with these parameters, by name; defaults by the type of their value."""
    given = [ParameterFacts(name) for name in parameters]
    given += [ParameterFacts(name, required=False, default_type=kind) for name, kind in defaults.items()]
    return FunctionFacts("f", tuple(given), globals_)


def reads(**types: str) -> tuple[GlobalFacts, ...]:
    return tuple(GlobalFacts(name, kind) for name, kind in types.items())


MLP_GLOBALS = reads(model="model", train_loader="loader", optimizer="optimizer", criterion="criterion")


def bound(facts: FunctionFacts, purpose: str = "train", *observed: Argument) -> Bindings:
    result = bind(facts, observed, purpose)  # type: ignore[arg-type]
    assert isinstance(result, Bindings), result
    return result


def test_words() -> None:
    assert words("trainLoader_2") == ["train", "loader"]
    assert words("CNNModel") == ["cnn", "model"]


def test_the_assignments_signatures() -> None:
    train = function("epoch", "train_losses", "steps", "current_step", globals_=MLP_GLOBALS)
    assert bound(train).parameters == {
        "epoch": "epoch",
        "train_losses": "losses",
        "steps": "steps",
        "current_step": "current_step",
    }
    test = function(
        "test_losses", "test_accuracy", "steps", "current_step", globals_=reads(model="model", test_loader="loader")
    )
    assert bound(test, "test").parameters == {
        "test_losses": "losses",
        "test_accuracy": "accuracies",
        "steps": "steps",
        "current_step": "current_step",
    }


def test_four_unknown_names_play_the_assignments_roles() -> None:
    assert list(bound(function("a", "b", "c", "d", globals_=MLP_GLOBALS)).parameters.values()) == [
        "epoch",
        "losses",
        "steps",
        "current_step",
    ]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("model", "model"),
        ("net", "model"),
        ("mlp_model", "model"),
        ("optimizer", "optimizer"),
        ("opt", "optimizer"),
        ("criterion", "criterion"),
        ("loss_fn", "criterion"),
        ("loss_func", "criterion"),
        ("loss_function", "criterion"),
        ("train_loader", "train_loader"),
        ("trainloader", "train_loader"),
        ("dataloader", "train_loader"),
        ("val_dl", "test_loader"),
        ("testloader", "test_loader"),
        ("train_losses", "losses"),
        ("losses", "losses"),
        ("test_acc", "accuracies"),
        ("accuracies", "accuracies"),
        ("train_steps", "steps"),
        ("train_counter", "steps"),
        ("current_step", "current_step"),
        ("global_step", "current_step"),
        ("total_steps", "current_step"),
        ("epoch", "epoch"),
        ("num_epochs", "epochs"),
        ("epochs", "epochs"),
        ("log_interval", "log_interval"),
        ("print_every", "log_interval"),
        ("learning_rate", "lr"),
        ("device", "device"),
        ("use_cuda", "use_cuda"),
        ("batch_size", "batch_size"),
        ("train_dataset", "train_dataset"),
        ("wibble", None),
    ],
)
def test_names(name: str, role: str | None) -> None:
    assert role_by_name(name, "train") == role


def test_observation_comes_before_the_name() -> None:
    facts = function("a", "b", "c", "data")
    observed = (
        Argument("a", "model"),
        Argument("b", "optimizer"),
        Argument("c", "callable"),
        Argument("data", "train_loader"),
    )
    result = bind(facts, observed, "train")
    assert isinstance(result, str)
    assert "'c'" in result
    named = function("a", "b", "loss", "data")
    roles = bound(named, "train", *observed[:2], Argument("loss", "callable"), observed[3]).parameters
    assert roles == {"a": "model", "b": "optimizer", "loss": "criterion", "data": "train_loader"}


def test_one_loader_serves_the_functions_purpose_and_two_are_told_apart() -> None:
    one = function("model", "loader")
    assert bound(one, "test", Argument("model", "model"), Argument("loader", "train_loader")).parameters["loader"] == (
        "test_loader"
    )
    two = function("model", "train_dl", "valid_dl")
    roles = bound(two, "test").parameters
    assert (roles["train_dl"], roles["valid_dl"]) == ("train_loader", "test_loader")
    seen = function("model", "a", "b")
    roles = bound(seen, "train", Argument("a", "train_loader"), Argument("b", "test_loader")).parameters
    assert (roles["a"], roles["b"]) == ("train_loader", "test_loader")


def test_defaults_are_kept_unless_they_play_a_role() -> None:
    facts = function(
        "model", "loader", epochs="int", lr="float", verbose="bool", device="str", losses="none", note="str"
    )
    assert bound(facts).parameters == {
        "model": "model",
        "loader": "train_loader",
        "epochs": "epochs",
        "device": "device_name",
        "losses": "losses",
    }
    objects = function(model="model", loader="loader", device="device")
    assert bound(objects, "test").parameters == {"model": "model", "loader": "test_loader", "device": "device"}


def test_numbers_and_strings_without_a_role_are_what_the_notebook_passed() -> None:
    facts = function("model", "loader", "clip", "tag", "flag", "nothing")
    observed = (
        Argument("clip", "float", 0.5),
        Argument("tag", "str", "run"),
        Argument("flag", "bool"),
        Argument("nothing", "none"),
    )
    result = bound(facts, "train", *observed)
    assert result.values == {"clip": 0.5, "tag": "run", "nothing": None}
    assert result.parameters["flag"] == "no"


def test_lists_are_told_apart_by_name_and_unknown_ones_are_still_lists() -> None:
    facts = function("model", "loader", "losses", "acc_list", "stuff")
    observed = tuple(Argument(name, "list", length=0) for name in ("losses", "acc_list", "stuff"))
    roles = bound(facts, "train", *observed).parameters
    assert (roles["losses"], roles["acc_list"], roles["stuff"]) == ("losses", "accuracies", "list")


def test_a_global_that_doubles_an_argument_gets_another_object() -> None:
    facts = function("net", "loader", globals_=reads(model="model", train_loader="loader", optimizer="optimizer"))
    assert bound(facts).globals == {
        "model": "other_model",
        "train_loader": "other_train_loader",
        "optimizer": "optimizer",
    }
    helper = FunctionFacts(
        "f", (ParameterFacts("net"), ParameterFacts("loader")), (GlobalFacts("model", "model", direct=False),)
    )
    assert bound(helper).globals == {"model": "model"}


def test_globals_by_type_split_value_and_name() -> None:
    globals_ = (
        GlobalFacts("m", "model"),
        GlobalFacts("dl", "loader", split="test"),
        GlobalFacts("val_ds", "dataset", split="train"),
        GlobalFacts("where", "device"),
        GlobalFacts("dev", "str", value="cuda"),
        GlobalFacts("n_test", "int", value=1024, equals="test_images"),
        GlobalFacts("width", "int", value=128, equals="train_batches"),
        GlobalFacts("log_interval", "int", value=10),
        GlobalFacts("criterion", "missing"),
        GlobalFacts("helper", "callable"),
        GlobalFacts("classes", "list"),
        GlobalFacts("zorp", "missing"),
    )
    assert bound(FunctionFacts("f", (), globals_)).globals == {
        "m": "model",
        "dl": "test_loader",
        "val_ds": "test_dataset",
        "where": "device",
        "dev": "device_name",
        "n_test": "test_images",
        "criterion": "criterion",
    }


def test_reasons() -> None:
    assert "no model" in str(bind(function("loader"), (), "train"))
    assert "no data loader" in str(bind(function("model"), (), "train"))
    assert "'xyz'" in str(bind(function("model", "loader", "xyz"), (), "train"))


def test_variable_arguments_are_left_alone() -> None:
    facts = FunctionFacts("f", (ParameterFacts("args", "args"), ParameterFacts("kw", "kwargs")), MLP_GLOBALS)
    assert bound(facts).parameters == {}


def test_part_by_name() -> None:
    assert part_by_name("validation_loader") == "test"
    assert part_by_name("trainloader") == "train"
    assert part_by_name("loader") is None


@given(
    st.lists(st.text("abcdefglmnop_", min_size=1, max_size=12), max_size=6, unique=True),
    st.lists(
        st.sampled_from(["model", "loader", "int", "float", "list", "str", "none", "other", "callable", "bool"]),
        max_size=6,
    ),
    st.sampled_from(["train", "test"]),
)
def test_bind_answers_for_every_function(names: list[str], roles: list[str], purpose: str) -> None:
    observed = [Argument(name, role) for name, role in zip(names, roles, strict=False)]
    result = bind(function(*names, globals_=MLP_GLOBALS), observed, purpose)  # type: ignore[arg-type]
    assert isinstance(result, str) or set(result.parameters) == set(names)
    assert not isinstance(result, str) or result.endswith(("is", "grader's"))
