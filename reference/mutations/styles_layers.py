"""Other ways to declare the same two models: dispatch, base classes, dictionaries of layers, memory formats."""

from __future__ import annotations

from grader.prove.rewriting import cell, style

_MLP = 'class MLP(nn.Module):\n    """784 -> 128'
_CNN = 'class CNN(nn.Module):\n    """Three 3x3'

STYLES = (
    style(
        "mlp_match",
        "the three layouts by a match statement",
        cell(
            _MLP,
            """
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x):
        match x.shape:
            case (b, 1, 28, 28) | (b, 28, 28):
                rows = x.reshape(b, 784)
            case (_, 784):
                rows = x
            case other:
                raise ValueError(f"no images: {other}")
        return self.stack(rows)
""",
        ),
    ),
    style(
        "mlp_reduce",
        "functools.reduce over the layers, activations in an nn.ModuleDict",
        cell(
            _MLP,
            """
from functools import reduce


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict({
            "a": nn.Linear(784, 128), "ra": nn.ReLU(), "b": nn.Linear(128, 64), "rb": nn.ReLU(), "c": nn.Linear(64, 10),
        })

    def forward(self, x):
        return reduce(lambda value, part: part(value), self.parts.values(), torch.flatten(x, 1))
""",
        ),
    ),
    style(
        "mlp_threshold",
        "ReLU as nn.Threshold(0, 0) and as where",
        cell(
            _MLP,
            """
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
        self.cut = nn.Threshold(0.0, 0.0)

    def forward(self, x):
        x = self.cut(self.one(x.view(len(x), 784)))
        x = self.two(x)
        return self.three(torch.where(x > 0, x, torch.zeros_like(x)))
""",
        ),
    ),
    style(
        "mlp_base_class",
        "a base class builds the layers, the MLP only says their sizes; relu_ in place",
        cell(
            _MLP,
            """
class Dense(nn.Module):
    sizes: tuple

    def __init__(self):
        super().__init__()
        for number, (size_in, size_out) in enumerate(zip(self.sizes, self.sizes[1:])):
            setattr(self, f"dense_{number}", nn.Linear(size_in, size_out))

    def forward(self, x):
        x = x.flatten(start_dim=1)
        layers = list(self.children())
        for layer in layers[:-1]:
            x = torch.relu_(layer(x))
        return layers[-1](x)


class MLP(Dense):
    sizes = (28 * 28, 128, 64, 10)
""",
        ),
    ),
    style(
        "mlp_printing_once",
        "the forward notes the shape of its first batch, and has a method for predictions",
        cell(
            _MLP,
            """
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
        self.first_shape = None

    def forward(self, x):
        if self.first_shape is None:
            self.first_shape = tuple(x.shape)
        x = x.reshape(x.shape[0], -1)
        return self.fc3(self.fc2(self.fc1(x).relu()).relu())

    @torch.no_grad()
    def predict(self, x):
        return self(x).softmax(1).argmax(1)
""",
        ),
    ),
    style(
        "cnn_module_dict",
        "layers in an nn.ModuleDict, called by name; MaxPool2d(7) and Flatten",
        cell(
            _CNN,
            """
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict()
        for name, (size_in, size_out, stride) in {"a": (1, 32, 1), "b": (32, 64, 2), "c": (64, 128, 2)}.items():
            self.parts[name] = nn.Conv2d(size_in, size_out, (3, 3), (stride, stride), (1, 1), bias=True)
        self.parts["pool"] = nn.MaxPool2d((7, 7))
        self.parts["hidden"] = nn.Linear(128, 64)
        self.parts["out"] = nn.Linear(64, 10)

    def forward(self, x):
        for name in "abc":
            x = torch.relu(self.parts[name](x))
        x = nn.Flatten()(self.parts["pool"](x))
        return self.parts["out"](torch.relu(self.parts["hidden"](x)))
""",
        ),
    ),
    style(
        "cnn_pool_in_two_steps",
        "adaptive pooling of the rows, then of the columns",
        cell(
            _CNN,
            """
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(True),
            nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(True),
            nn.Conv2d(64, 128, 3, 2, 1), nn.ReLU(True),
        )
        self.rows, self.columns = nn.AdaptiveMaxPool2d((1, None)), nn.AdaptiveMaxPool2d((None, 1))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(128, 64), nn.ReLU(True), nn.Linear(64, 10))

    def forward(self, x):
        return self.classifier(self.columns(self.rows(self.features(x))))
""",
        ),
    ),
    style(
        "cnn_one_dimensional_pool",
        "AdaptiveMaxPool1d over the flattened positions, and reshape by unpacked sizes",
        cell(
            _CNN,
            """
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, 1, 1), nn.Conv2d(32, 64, 3, 2, 1)
        self.conv3 = nn.Conv2d(64, 128, 3, 2, 1)
        self.pool = nn.AdaptiveMaxPool1d(1)
        self.hidden, self.out = nn.Linear(128, 64), nn.Linear(64, 10)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = nn.functional.relu(conv(x))
        batch, channels, height, width = x.size()
        x = self.pool(x.view(batch, channels, height * width)).view(batch, channels)
        return self.out(nn.functional.relu(self.hidden(x)))
""",
        ),
    ),
    style(
        "cnn_channels_last",
        "channels-last memory format, and the maximum by torch.max over the positions",
        cell(
            _CNN,
            """
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.ModuleList(nn.Conv2d(i, o, 3, s, 1) for i, o, s in ((1, 32, 1), (32, 64, 2), (64, 128, 2)))
        self.dense = nn.ModuleList((nn.Linear(128, 64), nn.Linear(64, 10)))

    def forward(self, x):
        x = x.contiguous(memory_format=torch.channels_last)
        for conv in self.conv:
            x = conv(x).relu()
        x, _ = torch.max(x.flatten(2), dim=-1)
        first, last = self.dense
        return last(first(x).relu())
""",
        ),
    ),
)
