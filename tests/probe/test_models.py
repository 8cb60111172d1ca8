from __future__ import annotations

import numpy as np
import pytest
import torch

from grader.assignment import Fail, ModelRole
from grader.checks.models import raw_logits
from grader.evidence.probes import ModelProbe
from grader.probe import answers
from grader.probe.client import describe
from grader.probe.matching import model_sources
from grader.probe.models import BuiltParameter, match_parameters, parameters_of, probe_model, try_batches
from grader.seeds import drawn_for
from reference.models import CNN, MLP
from tests.in_process import InProcess

torch.set_num_threads(1)


def is_mlp(shapes) -> bool:
    return bool(shapes) and 784 in shapes[0]


def is_cnn(shapes) -> bool:
    return any(len(shape) == 4 for shape in shapes)


ROLES = {
    "mlp": ModelRole("mlp", ("MLP",), MLP, ((1, 28, 28), (28, 28), (784,)), is_mlp),
    "cnn": ModelRole("cnn", ("CNN",), CNN, ((1, 28, 28),), is_cnn),
}


def probe(role: str, source: str) -> ModelProbe:
    kernel = InProcess(source)
    return probe_model(kernel, ROLES[role], model_sources(ROLES[role], describe(kernel), ()))


def errors(found: ModelProbe) -> list[float]:
    """Return the largest difference of the outputs, in evaluation and in training mode."""
    assert all(c.student is not None for c in found.comparisons), [(c.why, c.error) for c in found.comparisons]
    return [float(np.abs(c.student - c.reference).max()) for c in found.comparisons if c.student is not None]


RIGHT = {
    "attributes": """
        class MLP(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(64, 10)
                self.fc1 = nn.Linear(28 * 28, 128)
                self.fc2 = nn.Linear(128, 64)
            def forward(self, x):
                x = x.view(-1, 28 * 28)
                return self.out(torch.relu(self.fc2(F.relu(self.fc1(x)))))
    """,
    "sequential instance": """
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
        class MLP(nn.Module):
            def __init__(self, layers):
                super().__init__()
                self.layers = layers
            def forward(self, x):
                return self.layers(x.reshape(x.size(0), -1))
        model = MLP(net)
    """,
    "raw parameters": """
        class mlp(nn.Module):
            def __init__(self):
                super().__init__()
                self.w1 = nn.Parameter(torch.randn(784, 128)); self.b1 = nn.Parameter(torch.zeros(128))
                self.w2 = nn.Parameter(torch.randn(128, 64)); self.b2 = nn.Parameter(torch.zeros(64))
                self.w3 = nn.Parameter(torch.randn(64, 10)); self.b3 = nn.Parameter(torch.zeros(10))
            def forward(self, x):
                x = x.reshape(x.shape[0], -1)
                x = (x @ self.w1 + self.b1).clamp(min=0)
                x = torch.maximum(x @ self.w2 + self.b2, torch.zeros(1))
                return torch.addmm(self.b3, x, self.w3)
    """,
    "arguments": """
        class MLP(nn.Module):
            def __init__(self, in_dim, hidden_dims, num_classes):
                super().__init__()
                dims = [in_dim, *hidden_dims]
                self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims, dims[1:]))
                self.head = nn.Linear(dims[-1], num_classes)
            def forward(self, x):
                x = torch.flatten(x, 1)
                for layer in self.hidden:
                    x = F.relu(layer(x))
                return self.head(x)
    """,
}


@pytest.mark.parametrize("style", RIGHT)
def test_right_mlps(style: str) -> None:
    found = probe("mlp", RIGHT[style])
    assert found.error is None
    assert not found.missing
    assert sum(np.prod(p.shape) for p in found.parameters) == 109_386
    assert {trial.shape[1:] for trial in found.trials} == {(1, 28, 28), (28, 28), (784,)}
    assert all(trial.output == (trial.shape[0], 10) for trial in found.trials)
    assert {1, 64} <= {trial.shape[0] for trial in found.trials}
    assert [(op.name, op.weight) for op in found.operations] == [
        (op.name, op.weight) for op in found.reference_operations
    ]
    assert [c.training for c in found.comparisons] == [False, True]
    assert max(errors(found)) < 1e-4


def test_the_reference_outputs_are_spread_over_both_signs() -> None:
    with drawn_for(0, "spread"):  # of a few hundred draws one lies to one side
        found = probe("mlp", RIGHT["attributes"])
    values = found.comparisons[0].reference
    assert values.shape == (32, 10)
    assert 0.2 < (values > 0).mean() < 0.8
    assert values.std() > 0.5


CNN_SOURCE = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 32, 3, 1, 1)
            self.conv2 = nn.Conv2d(32, 64, 3, 2, 1)
            self.conv3 = nn.Conv2d(64, 128, 3, 2, 1)
            self.fc1 = nn.Linear(128, 64)
            self.fc2 = nn.Linear(64, 10)
        def forward(self, x):
            for conv in (self.conv1, self.conv2, self.conv3):
                x = F.relu(conv(x))
            x = x.amax((2, 3))
            return self.fc2(F.relu(self.fc1(x)))
"""


def test_weights_that_make_the_reference_look_squashed_are_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = [torch.full((10,), 1000.0), torch.zeros(10)]

    def spread(model: torch.nn.Module, rng: np.random.Generator) -> None:
        _spread(model, rng)
        with torch.no_grad():
            model.fc3.bias.copy_(draws.pop(0))  # type: ignore[operator, union-attr]

    _spread = answers._spread
    monkeypatch.setattr(answers, "_spread", spread)
    assert answers.spread_raw(MLP(), np.random.default_rng(1), torch.randn(32, 1, 28, 28)) == 2
    assert not draws


BEFORE_THE_OUTPUT = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
        def forward(self, x):
            x = F.relu(self.b(F.relu(self.a(x.flatten(1)))))
            return {}
"""


@pytest.mark.parametrize("offset", [0.5, 1000])
def test_outputs_that_happen_not_to_be_negative_are_raw_logits(offset: float) -> None:
    seen = []
    for sign in (1, -1):  # one of them has no negative output
        given = f"1e-6 * self.c(x) + {sign * offset} * self.c.bias.sum().sign()"
        with drawn_for(1, "the same weights"):
            found = probe("mlp", BEFORE_THE_OUTPUT.format(given))
        assert raw_logits(found) == "the outputs are raw logits"
        seen += [one.either_sign for one in found.comparisons]
    assert sorted(seen) == [False, False, True, True]


@pytest.mark.parametrize(
    "given", ["F.softplus(self.c(x))", "self.c(x).sigmoid()", "self.c(x).abs()", "self.c(x).exp()"]
)
def test_an_activation_that_leaves_no_negative_output_is_found(given: str) -> None:
    found = probe("mlp", BEFORE_THE_OUTPUT.format(given))
    assert not any(one.either_sign for one in found.comparisons)
    with pytest.raises(Fail, match="the outputs have gone through"):
        raw_logits(found)


def test_a_reference_that_squashes_by_itself_is_still_probed() -> None:
    images = torch.randn(32, 1, 28, 28)
    squashing = torch.nn.Sequential(MLP(), torch.nn.ReLU())
    assert answers.spread_raw(squashing, np.random.default_rng(1), images) == answers.MAX_DRAWS


def test_right_cnn_under_another_name() -> None:
    found = probe("cnn", CNN_SOURCE)
    assert found.source == "class Net"
    assert sum(np.prod(p.shape) for p in found.parameters) == 101_578
    assert max(errors(found)) < 1e-4
    assert [(op.name, op.settings) for op in found.operations] == [
        (op.name, op.settings) for op in found.reference_operations
    ]


@pytest.mark.parametrize(
    ("old", "new", "operation"),
    [
        ("x.amax((2, 3))", "x.mean((2, 3))", "adaptive_avg_pool2d"),
        ("return self.fc2(F.relu(self.fc1(x)))", "return self.fc2(F.relu(self.fc1(x))).softmax(1)", "softmax"),
        ("return self.fc2(F.relu(self.fc1(x)))", "return F.relu(self.fc2(F.relu(self.fc1(x))))", "relu"),
        ("self.fc2(F.relu(self.fc1(x)))", "self.fc2(torch.tanh(self.fc1(x)))", "tanh"),
    ],
)
def test_functional_faults_show_in_outputs_and_operations(old: str, new: str, operation: str) -> None:
    found = probe("cnn", CNN_SOURCE.replace(old, new))
    assert min(errors(found)) > 1e-2
    assert [op.name for op in found.operations] != [op.name for op in found.reference_operations]
    assert operation in [op.name for op in found.operations]


def test_dropout_shows_in_training_mode_only() -> None:
    found = probe(
        "cnn", CNN_SOURCE.replace("F.relu(self.fc1(x))", "F.dropout(F.relu(self.fc1(x)), 0.5, self.training)")
    )
    evaluation, training = errors(found)
    assert evaluation < 1e-4
    assert training > 1e-2


def test_a_batch_size_that_fails_is_shrunk() -> None:
    source = RIGHT["attributes"].replace(
        "x = x.view(-1, 28 * 28)", "x = x.view(-1, 784)\n        assert len(x) < 65, 'too many'"
    )
    found = probe("mlp", source.replace("\n        assert", "\n                assert"))
    wrong = [trial for trial in found.trials if trial.output is None]
    assert {trial.shape[0] for trial in wrong} == {65}
    assert wrong[0].error is not None
    assert wrong[0].error.type == "AssertionError"


def test_of_the_batches_with_a_wrong_output_the_smallest_is_kept() -> None:
    kernel = InProcess(
        """
        class Net(nn.Module):
            def forward(self, x):
                return torch.zeros(min(len(x), 6), 10)
        """
    )
    *right, wrong = try_batches(kernel, {"class": "Net"}, (784,))
    assert all(trial.output == (trial.shape[0], 10) for trial in right)
    assert right[-1].shape[0] <= 6
    assert (wrong.shape[0], wrong.output) == (7, (6, 10))
    assert kernel.asked.count("probe.shapes") == 1


def test_squeezing_the_batch_away_fails_for_one_image() -> None:
    source = (
        RIGHT["attributes"].replace("return self.out(", "return torch.squeeze(self.out(").replace("(x)))))", "(x))))))")
    )
    found = probe("mlp", source)
    assert {trial.shape[0] for trial in found.trials if trial.output is None or len(trial.output) != 2} == {1}


def test_a_layout_that_is_not_accepted_is_one_failing_trial() -> None:
    found = probe("mlp", RIGHT["attributes"].replace("x = x.view(-1, 28 * 28)", "x = x.squeeze(1).flatten(1)"))
    assert all(trial.output == (trial.shape[0], 10) for trial in found.trials)
    found = probe(
        "mlp", RIGHT["attributes"].replace("x = x.view(-1, 28 * 28)", "B, C, H, W = x.shape; x = x.flatten(1)")
    )
    failed = {trial.shape for trial in found.trials if trial.error is not None}
    assert failed == {(1, 28, 28), (1, 784)}
    assert max(errors(found)) < 1e-4


def test_other_layers_say_why_they_cannot_be_compared() -> None:
    found = probe("mlp", RIGHT["attributes"].replace("64", "32"))
    assert found.comparisons[0].student is None
    assert "fc2.weight" in found.comparisons[0].why


def test_models_that_cannot_be_built_or_found() -> None:
    broken = probe("mlp", "class MLP(nn.Module):\n    def __init__(self):\n        super().__init__()\n        nope")
    assert broken.error is not None
    assert broken.error.type == "NameError"
    assert "'MLP'" in probe("mlp", "x = 1").missing
    assert probe("mlp", "class Demo(nn.Module):\n    pass").missing


def test_matching_layers() -> None:
    reference = parameters_of(CNN())
    shuffled = sorted(reference, key=lambda p: p.owner, reverse=True)
    assert match_parameters(shuffled, reference) == {p.name: p.name for p in reference}
    loose = [BuiltParameter(f"p{i}", p.shape) for i, p in enumerate(reference)]
    assert match_parameters(loose, reference) == {f"p{i}": p.name for i, p in enumerate(reference)}
    turned = [BuiltParameter(p.name, p.shape[::-1] if len(p.shape) == 2 else p.shape) for p in reference]
    assert match_parameters(turned, reference) == {p.name: p.name for p in reference}
    extra = [*reference, BuiltParameter("bn.weight", (32,), True, "bn")]
    assert "'bn.weight'" in str(match_parameters(extra, reference))
    assert "net.0.bias" in str(match_parameters([p for p in reference if p.name != "net.0.bias"], reference))
