"""Other ways to write the MLP, and other names: the same layers, and the same logits for the same weights."""

from __future__ import annotations

from grader.prove.rewriting import cell, renamed, style, sub

# The docstring is included so that a cell that was already rewritten does not match.
_MLP = 'class MLP(nn.Module):\n    """784 -> 128'

MLP_STYLES = (
    style(
        "mlp_sequential",
        "the MLP is one nn.Sequential that begins with nn.Flatten",
        cell(
            _MLP,
            """
class MLP(nn.Module):
    def __init__(self):
        super(MLP, self).__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )

    def forward(self, images):
        return self.layers(images)
""",
        ),
    ),
    style(
        "mlp_functional",
        "view, and F.relu imported in the model's cell",
        cell(
            _MLP,
            """
import torch.nn.functional as F


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden_1 = nn.Linear(in_features=784, out_features=128, bias=True)
        self.hidden_2 = nn.Linear(in_features=128, out_features=64)
        self.out = nn.Linear(in_features=64, out_features=10)

    def forward(self, x):
        out = x.view(x.size(0), -1)
        out = F.relu(self.hidden_1(out))
        out = F.relu(self.hidden_2(out), inplace=False)
        out = self.out(out)
        return out
""",
        ),
    ),
    style(
        "mlp_module_list",
        "layers in an nn.ModuleList over which forward iterates, with the tensor's method relu()",
        cell(
            _MLP,
            """
class MLP(nn.Module):
    def __init__(self, sizes=(784, 128, 64, 10)):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(i, o) for i, o in zip(sizes[:-1], sizes[1:])])

    def forward(self, x):
        x = torch.flatten(x, start_dim=1)
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number < len(self.layers) - 1:
                x = x.relu()
        return x
""",
        ),
    ),
    style(
        "mlp_ordered_dict",
        "nn.Sequential of an OrderedDict; the class inherits from it",
        cell(
            _MLP,
            """
from collections import OrderedDict


class MLP(nn.Sequential):
    def __init__(self):
        super().__init__(
            OrderedDict(
                [
                    ("flatten", nn.Flatten(start_dim=1)),
                    ("first", nn.Linear(28 * 28, 128)),
                    ("act1", nn.ReLU(inplace=True)),
                    ("second", nn.Linear(128, 64)),
                    ("act2", nn.ReLU(inplace=True)),
                    ("last", nn.Linear(64, 10)),
                ]
            )
        )
""",
        ),
    ),
    style(
        "mlp_nested_modules",
        "a separate module for a layer with its ReLU, and keyword-only sizes",
        cell(
            _MLP,
            """
class Dense(nn.Module):
    def __init__(self, n_in: int, n_out: int, *, activate: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.activate = activate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.linear(x)
        return nn.functional.relu(x) if self.activate else x


class MLP(nn.Module):
    def __init__(self, *, inputs: int = 28 * 28, hidden: tuple = (128, 64), classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(Dense(inputs, hidden[0]), Dense(*hidden), Dense(hidden[1], classes, activate=False))
        self.inputs = inputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.numel() % self.inputs == 0, "no images of this size"
        return self.body(x.contiguous().view(-1, self.inputs))
""",
        ),
    ),
    style(
        "mlp_clamp",
        "ReLU as clamp(min=0) in a lambda, walrus operators, layers by add_module and getattr",
        cell(
            _MLP,
            """
class MLP(nn.Module):
    def __init__(self):
        nn.Module.__init__(self)
        sizes = [784, 128, 64, 10]
        for i in range(3):
            self.add_module(f"layer{i}", nn.Linear(sizes[i], sizes[i + 1]))
        self.act = lambda v: v.clamp(min=0)

    def forward(self, x):
        if (h := x).dim() != 2:
            h = h.reshape(h.shape[0], 784)
        h = self.act(getattr(self, "layer0")(h))
        return self.layer2(g) if (g := self.act(self.layer1(h))) is not None else None
""",
        ),
    ),
    style(
        "mlp_lazy",
        "nn.LazyLinear, whose sizes are set by a dry run in the constructor",
        cell(
            _MLP,
            """
import warnings

warnings.filterwarnings("ignore", message="Lazy modules")


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.LazyLinear(128)
        self.fc2 = nn.LazyLinear(64)
        self.fc3 = nn.LazyLinear(10)
        with torch.no_grad():
            self(torch.zeros(1, 1, 28, 28))

    def forward(self, x):
        x = x.flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))
""",
        ),
    ),
    style(
        "mlp_maximum",
        "ReLU as a product with a mask and as torch.maximum; reshape of three input layouts by their dimensions",
        cell(
            _MLP,
            """
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)

    def forward(self, x):
        if x.dim() == 4:
            x = x.squeeze(1)
        if x.dim() == 3:
            x = torch.reshape(x, (len(x), 784))
        x = self.a(x)
        x = x * (x > 0)
        x = self.b(x)
        x = torch.maximum(x, torch.zeros_like(x))
        return self.c(x)
""",
        ),
    ),
)

OTHER_STYLES = (
    style("models_renamed", "the classes are called Net and ConvNet", renamed({"MLP": "Net", "CNN": "ConvNet"})),
    style(
        "models_with_long_names",
        "the classes are called SimpleFeedForwardNetwork and MyAwesomeModel2",
        renamed({"MLP": "SimpleFeedForwardNetwork", "CNN": "MyAwesomeModel2"}),
    ),
    style(
        "weights_by_hand",
        "a custom, seeded initialisation of the weights, as good as torch's",
        sub(
            "model = MLP()",
            "torch.manual_seed(1234)\nmodel = MLP()\nfor layer in model.children():\n"
            "    if isinstance(layer, nn.Linear):\n        nn.init.kaiming_uniform_(layer.weight, a=5 ** 0.5)",
        ),
    ),
)
