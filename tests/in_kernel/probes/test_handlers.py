from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from grader.in_kernel.datasets import registry
from grader.in_kernel.datasets.mnist import Mnist
from grader.in_kernel.probes import handlers
from grader.in_kernel.probes.callees import Callee
from grader.in_kernel.probes.fixtures import PatternDropout, SmallModel
from grader.in_kernel.probes.namespace import number, reads
from grader.in_kernel.probes.operations import trace
from grader.in_kernel.probes.ownership import inner_functions
from tests.in_process import InProcess

torch.set_num_threads(1)

# --- operations -----------------------------------------------------------------------------------------------------


class Written(nn.Module):
    """A model whose forward is any function of itself and x."""

    def __init__(self, forward, **parts) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.does = forward

    def forward(self, x):
        return self.does(self, x)


def names(forward, shape, **parts) -> list[str]:
    return [op["name"] for op in trace(Written(forward, **parts), torch.randn(shape))]


def linear_parts() -> dict:
    return {"fc": nn.Linear(784, 8), "w": nn.Parameter(torch.randn(784, 8)), "b": nn.Parameter(torch.randn(8))}


LINEAR = {
    "module": lambda m, x: m.fc(x.view(-1, 784)),
    "functional": lambda m, x: F.linear(x.flatten(1), m.fc.weight, m.fc.bias),
    "matmul and add": lambda m, x: x.reshape(-1, 784) @ m.w + m.b,
    "bias first": lambda m, x: m.b + torch.matmul(x.reshape(-1, 784), m.w),
    "addmm": lambda m, x: torch.addmm(m.b, x.reshape(-1, 784), m.w),
    "einsum": lambda m, x: torch.einsum("bi,io->bo", x.reshape(-1, 784), m.w) + m.b,
    "weight first": lambda m, x: (m.w.t() @ x.reshape(-1, 784).t()).t() + m.b,
    "in place": lambda m, x: (x.reshape(-1, 784) @ m.w).add_(m.b),
    "three dimensions": lambda m, x: m.fc(x.view(x.shape[0], 1, 784)).squeeze(1),
}


UNUSED = {
    "relu": (lambda m, x: [torch.relu(h := m.fc(x)), h][1], ["linear", "unused:relu"]),
    "layer": (lambda m, x: [m.fc(x), m.fc(x)][1], ["linear", "unused:linear"]),
    "a chain": (
        lambda m, x: [m.fc(x).relu().softmax(1), m.fc(x)][1],
        ["linear", *map("unused:{}".format, ("linear", "relu", "softmax"))],
    ),
    "in place": (lambda m, x: [(h := m.fc(x)).relu_(), h][1], ["linear", "relu"]),
    "a residual": (lambda m, x: (h := m.fc(x)) + torch.relu(h), ["linear", "relu", "add"]),
    "numpy": (lambda m, x: torch.from_numpy(m.fc(x).relu().numpy()), ["linear", "relu"]),
}


@pytest.mark.parametrize("style", UNUSED)
def test_operations_whose_results_are_thrown_away_are_told_apart(style: str) -> None:
    forward, found = UNUSED[style]
    assert names(forward, (1, 784), **linear_parts()) == found


@pytest.mark.parametrize("style", LINEAR)
def test_linear_layers_look_the_same_however_written(style: str) -> None:
    model = Written(LINEAR[style], **linear_parts())
    assert trace(model, torch.randn(1, 1, 28, 28)) == [
        {"name": "linear", "input": [1, 784], "output": [1, 8], "weight": [8, 784], "settings": {}}
    ]


def test_a_linear_layer_without_bias_says_so() -> None:
    found = trace(nn.Linear(4, 2, bias=False), torch.randn(1, 4))
    assert found[0]["settings"] == {"bias": "no"}


RELU = {
    "F.relu": lambda m, x: F.relu(x),
    "torch.relu_": lambda m, x: torch.relu_(x.clone()),
    "module in place": lambda m, x: nn.ReLU(inplace=True)(x.clone()),
    "clamp": lambda m, x: x.clamp(min=0),
    "clamp_": lambda m, x: x.clone().clamp_(min=0),
    "clamp_min": lambda m, x: torch.clamp_min(x, 0),
    "maximum": lambda m, x: torch.maximum(x, torch.zeros_like(x)),
    "max of two": lambda m, x: torch.max(x, torch.tensor(0.0)),
    "where": lambda m, x: torch.where(x > 0, x, torch.zeros(())),
    "mask": lambda m, x: x * (x > 0),
    "masked_fill": lambda m, x: x.masked_fill(x < 0, 0),
    "index": lambda m, x: _zero_negatives(x),
    "threshold": lambda m, x: F.threshold(x, 0, 0),
    "leaky of slope 0": lambda m, x: F.leaky_relu(x, 0.0),
}


def _zero_negatives(x):
    y = x.clone()
    y[y < 0] = 0
    return y


@pytest.mark.parametrize("style", RELU)
def test_relu_looks_the_same_however_written(style: str) -> None:
    assert names(RELU[style], (1, 6, 5)) == ["relu"]


@pytest.mark.parametrize(
    ("forward", "name"),
    [
        (lambda m, x: F.leaky_relu(x), "leaky_relu"),
        (lambda m, x: F.relu6(x), "hardtanh"),
        (lambda m, x: x.clamp(0, 1), "clamp"),
        (lambda m, x: torch.sigmoid(x), "sigmoid"),
        (lambda m, x: torch.tanh(x), "tanh"),
        (lambda m, x: F.gelu(x), "gelu"),
        (lambda m, x: x.softmax(-1), "softmax"),
        (lambda m, x: F.log_softmax(x, dim=-1), "log_softmax"),
        (lambda m, x: F.dropout(x, 0.5, training=False), "dropout"),
        (lambda m, x: nn.Dropout().eval()(x), "dropout"),
        (lambda m, x: x / 255, "div"),
    ],
)
def test_other_operations_keep_their_names(forward, name: str) -> None:
    assert names(forward, (1, 6, 5)) == [name]


MAX_POOL = {
    "adaptive": lambda m, x: F.adaptive_max_pool2d(x, 1).flatten(1),
    "module": lambda m, x: nn.AdaptiveMaxPool2d((1, 1))(x),
    "whole kernel": lambda m, x: F.max_pool2d(x, kernel_size=x.shape[2:]),
    "amax": lambda m, x: x.amax(dim=(2, 3)),
    "amax, negative": lambda m, x: torch.amax(x, (-1, -2)),
    "flattened": lambda m, x: x.flatten(2).max(dim=2).values,
    "view": lambda m, x: x.view(x.shape[0], x.shape[1], -1).max(-1)[0],
    "two steps": lambda m, x: x.max(3)[0].max(2)[0],
    "two steps, amax": lambda m, x: x.amax(2).amax(-1),
}


@pytest.mark.parametrize("style", MAX_POOL)
def test_global_max_pooling_looks_the_same_however_written(style: str) -> None:
    model = Written(lambda m, x: MAX_POOL[style](m, F.relu(x)))
    found = trace(model, torch.randn(1, 8, 7, 7))
    assert [op["name"] for op in found] == ["relu", "adaptive_max_pool2d"]
    assert found[1]["input"] == [1, 8, 7, 7]
    assert found[1]["output"] == [1, 8, 1, 1]


@pytest.mark.parametrize(
    "forward",
    [
        lambda m, x: F.adaptive_avg_pool2d(x, 1),
        lambda m, x: x.mean((2, 3)),
        lambda m, x: F.avg_pool2d(x, 7),
        lambda m, x: x.mean(3).mean(2),
    ],
)
def test_average_pooling_is_not_max_pooling(forward) -> None:
    assert names(forward, (1, 8, 7, 7)) == ["adaptive_avg_pool2d"]


def test_other_pooling_and_batch_norm() -> None:
    found = trace(nn.Sequential(nn.BatchNorm2d(3), nn.MaxPool2d(2), nn.Flatten()), torch.randn(1, 3, 8, 8))
    assert [op["name"] for op in found] == ["batch_norm", "max_pool2d"]
    assert found[1]["settings"] == {"kernel": "2", "stride": "2", "padding": "0"}


def test_convolutions_carry_their_settings() -> None:
    found = trace(nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=True), torch.randn(1, 1, 28, 28))
    assert found == [
        {
            "name": "conv2d",
            "input": [1, 1, 28, 28],
            "output": [1, 4, 14, 14],
            "weight": [4, 1, 3, 3],
            "settings": {"stride": "2", "padding": "1"},
        }
    ]


# --- names ----------------------------------------------------------------------------------------------------------


def test_describe() -> None:
    kernel = InProcess(
        """
        class MLP(nn.Module):
            def __init__(self, hidden, out=10):
                super().__init__()
                self.fc = nn.Linear(hidden, out)
        model = nn.Sequential(nn.Linear(784, 10))
        criterion = nn.CrossEntropyLoss()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        device = torch.device("cpu")
        count = 3
        log = []
        def helper():
            log.append(count)
            return missing_one
        @torch.no_grad()
        def test(net, loader, epochs=2, where="cpu", size: int = 3):
            helper()
            def inner():
                return model(torch.zeros(1))
            net.eval()
            return inner, len(loader), print
        def train(x):
            global count
            count = x
            x.backward()
        """
    )
    facts = kernel.request("probe.describe", {})
    assert [(c["name"], c["bases"]) for c in facts["classes"]] == [("MLP", ["Module"])]
    assert [p["name"] for p in facts["classes"][0]["parameters"]] == ["hidden", "out"]
    assert facts["instances"] == [
        {"name": "model", "class_name": "Sequential", "shapes": [[10, 784], [10]], "layers": ["Linear"]}
    ]
    assert facts["optimizers"] == [{"name": "optimizer", "class_name": "SGD", "lr": 0.1}]
    assert facts["numbers"] == {"count": 3}
    assert facts["devices"] == {"device": "cpu"}
    functions = {f["name"]: f for f in facts["functions"]}
    assert set(functions) == {"helper", "test", "train"}
    types = {g["name"]: (g["type"], g["direct"]) for g in functions["test"]["globals"]}
    assert types == {
        "helper": ("callable", True),
        "model": ("model", True),
        "log": ("list", False),
        "count": ("int", False),
        "missing_one": ("missing", False),
    }
    assert functions["train"]["writes"] == ["count"]
    assert "backward" in functions["train"]["attributes"]
    assert functions["test"]["parameters"][2] == {
        "name": "epochs",
        "kind": "positional",
        "required": False,
        "default_type": "int",
        "default": 2.0,
    }


def test_functions_inside_decorators_are_found() -> None:
    kernel = InProcess(
        """
        def timed(f):
            def wrapper(*args):
                return f(*args)
            return wrapper
        @timed
        @torch.inference_mode()
        def evaluate():
            return model
        """
    )
    function = kernel.namespace["evaluate"]
    assert len(inner_functions(function)) >= 2
    assert "model" in reads(Callee(function, function), kernel.namespace).names


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3.0),
        (True, 1.0),
        (torch.tensor(2.5), 2.5),
        (float("nan"), None),
        ("3", None),
        (torch.ones(2), None),
        (None, None),
    ],
)
def test_numbers(value, expected) -> None:
    assert number(value) == expected


# --- models ---------------------------------------------------------------------------------------------------------

SIZES = {"in": 784, "hidden": [128, 64], "out": 10}


@pytest.mark.parametrize(
    "init",
    [
        "self, input_size, hidden1, hidden2, num_classes",
        "self, in_features, h1, h2, out_features",
        "self, a, b, c, d",
        "self, input_dim, hidden_1, hidden_2, output_dim, dropout=0.1",
    ],
)
def test_constructors_that_need_arguments(init: str) -> None:
    first, second, third, fourth = init.split(", ")[1:5]
    kernel = InProcess(
        f"""
        class Net(nn.Module):
            def __init__({init}):
                super().__init__()
                self.layers = nn.Sequential(nn.Flatten(), nn.Linear({first}, {second}), nn.ReLU(),
                    nn.Linear({second}, {third}), nn.ReLU(), nn.Linear({third}, {fourth}))
            def forward(self, x):
                return self.layers(x)
        """
    )
    built = kernel.request("probe.build", {"model": {"class": "Net", "sizes": SIZES}})
    assert [p["shape"] for p in built["parameters"]] == [[128, 784], [128], [64, 128], [64], [10, 64], [10]]
    assert built["parameters"][0]["owner"] == "layers.1"


def test_constructors_that_take_a_list_of_sizes() -> None:
    kernel = InProcess(
        """
        class Net(nn.Module):
            def __init__(self, sizes):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
            def forward(self, x):
                x = x.flatten(1)
                for layer in self.layers:
                    x = layer(x)
                return x
        """
    )
    built = kernel.request("probe.build", {"model": {"class": "Net", "sizes": SIZES}})
    assert [p["shape"] for p in built["parameters"]][0::2] == [[128, 784], [64, 128], [10, 64]]


def test_an_instance_shows_what_a_class_with_defaults_is_built_with() -> None:
    kernel = InProcess(
        """
        class Net(nn.Module):
            def __init__(self, hidden=500):
                super().__init__()
                self.fc = nn.Linear(784, hidden)
        model = Net(128)
        """
    )
    built = kernel.request("probe.build", {"model": {"class": "Net", "sizes": SIZES}})
    assert built["parameters"][0]["shape"] == [128, 784]


def test_lazy_layers_get_their_shapes() -> None:
    kernel = InProcess("model = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))")
    built = kernel.request("probe.build", {"model": {"instance": "model"}})
    assert built["parameters"][0]["shape"] == [10, 784]


def test_forward_uses_the_weights_it_is_given_and_leaves_the_notebooks_model_alone() -> None:
    kernel = InProcess("model = nn.Linear(2, 1)")
    model = kernel.namespace["model"]
    before = model.weight.detach().clone()
    from grader.in_kernel.encoding import encode

    weights = {"weight": encode(torch.tensor([[1.0, 2.0]])), "bias": encode(torch.tensor([0.5]))}
    payload = {"model": {"instance": "model"}, "weights": weights, "inputs": encode(torch.ones(3, 2)), "training": True}
    from grader.evidence.run import decode_array

    assert decode_array(kernel.request("probe.forward", payload)["output"]).tolist() == [[3.5]] * 3
    assert torch.equal(model.weight, before)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def forward(self, x):\n        return x.foo", "foo"),
        ("def forward(self, x):\n        return (x, x)", "tuple"),
        ("def forward(self, x):\n        exit()", "SystemExit"),
    ],
)
def test_errors_of_a_model_are_answers(source: str, message: str) -> None:
    kernel = InProcess(f"class Net(nn.Module):\n    {source}\n")
    answer = kernel.request("probe.shape", {"model": {"class": "Net"}, "shape": [1, 784]})
    assert message in f"{answer['error']['type']}: {answer['error']['message']}"


def test_what_student_code_prints_is_swallowed(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = InProcess(
        """
        class Net(nn.Module):
            def forward(self, x):
                print("hello")
                for _ in tqdm(range(3)):
                    pass
                return x
        """
    )
    kernel.request("probe.shape", {"model": {"class": "Net"}, "shape": [1, 784]})
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ""


# --- the small model and loaders ------------------------------------------------------------------------------------


def test_the_small_models_output_depends_on_the_mode_only() -> None:
    model = SmallModel()
    x = torch.randn(8, 1, 28, 28)
    training = [model.train()(x) for _ in range(2)]
    evaluated = [model.eval()(x) for x in (x, x.flatten(1), x.squeeze(1))]
    assert torch.equal(training[0], training[1])
    assert not torch.allclose(training[0], evaluated[0], atol=1e-2)
    assert torch.equal(evaluated[0], evaluated[1])
    assert torch.equal(evaluated[0], evaluated[2])
    assert torch.allclose(SmallModel(True)(x).exp().sum(1), torch.ones(8))


def test_pattern_dropout_zeroes_a_quarter() -> None:
    out = PatternDropout().train()(torch.ones(8, 16))
    assert (out == 0).float().mean() == 0.25
    assert out.mean() == 1.0


class MNIST(TensorDataset):
    """Named and shaped like torchvision's, so that its split is recognised."""

    train = True


def test_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._served, "MNIST", Mnist("unread"))
    labels = torch.arange(100) % 10
    data = MNIST(torch.arange(100.0).reshape(100, 1, 1, 1).expand(-1, 1, 28, 28), labels)
    part = Subset(data, list(range(50, 100)))
    namespace = {
        "shuffled": DataLoader(part, batch_size=16, shuffle=True),
        "ordered": DataLoader(data, batch_size=16, drop_last=True),
    }
    shuffled = handlers.probe("probe.loader", {"name": "shuffled", "indices": [0, 49, 3]}, namespace)
    assert shuffled["seen"]["shuffled"]
    assert shuffled["seen"]["split"] == "train"
    assert shuffled["order_differs"]
    assert shuffled["places"] == [50, 99, 53]
    assert shuffled["items"][:, 0, 0, 0].tolist() == [50, 99, 53]
    assert shuffled["item_labels"].tolist() == [0, 9, 3]
    ordered = handlers.probe("probe.loader", {"name": "ordered"}, namespace)
    assert not ordered["order_differs"]
    assert ordered["first_batch"].shape == (16, 1, 28, 28)
    assert ordered["labels"].tolist() == labels[:16].tolist()
    assert ordered["seen"]["drop_last"]
