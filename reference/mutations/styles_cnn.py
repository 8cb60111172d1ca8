"""Other ways to write the CNN: the same layers, and the same logits for the same weights."""

from __future__ import annotations

from grader.prove.rewriting import cell, style

_CNN = 'class CNN(nn.Module):\n    """Three 3x3'
_CONVOLUTIONS = """
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, stride=2, padding=1)
        self.fc1 = nn.Linear(128, 64)
        self.fc2 = nn.Linear(64, 10)
"""


def _cnn(pooled: str) -> str:
    """Return a CNN in which the expression `pooled` reduces the convolutions' output `x` (B, 128, 7, 7) to (B, 128)."""
    return f"""
import torch.nn.functional as F


class CNN(nn.Module):
    def __init__(self):
        super(CNN, self).__init__(){_CONVOLUTIONS}
    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.conv3(x))
        x = {pooled}
        x = F.relu(self.fc1(x))
        return self.fc2(x)
"""


_POOLS = (
    ("cnn_functional", "F.adaptive_max_pool2d and flatten", "torch.flatten(F.adaptive_max_pool2d(x, 1), 1)"),
    (
        "cnn_squeeze",
        "F.adaptive_max_pool2d to (1, 1) and two squeezes",
        "F.adaptive_max_pool2d(x, (1, 1)).squeeze(-1).squeeze(-1)",
    ),
    ("cnn_amax", "amax over both dimensions of the image", "x.amax(dim=(-2, -1))"),
    ("cnn_max_twice", "max over one dimension of the image after the other", "x.max(dim=3).values.max(dim=2).values"),
    ("cnn_max_of_flat", "the maximum of the flattened image", "torch.max(x.flatten(2), 2)[0]"),
    (
        "cnn_topk",
        "topk with k = 1 of the flattened image",
        "x.view(x.size(0), 128, -1).topk(1).values.view(x.size(0), -1)",
    ),
    (
        "cnn_whole_pool",
        "F.max_pool2d with a kernel as large as the image",
        "F.max_pool2d(x, kernel_size=x.shape[2:]).view(-1, 128)",
    ),
    (
        "cnn_relu_after_pool",
        "nn.MaxPool2d(7) with another ReLU after it",
        "F.relu(nn.MaxPool2d(7)(x)).reshape(len(x), -1)",
    ),
)

CNN_STYLES = (
    *(style(name, words, cell(_CNN, _cnn(pooled))) for name, words, pooled in _POOLS),
    style(
        "cnn_built_in_a_loop",
        "layers collected in a list by a loop over the channels, one nn.Sequential for all",
        cell(
            _CNN,
            """
class CNN(nn.Module):
    def __init__(self, channels=(1, 32, 64, 128), classes=10):
        super().__init__()
        layers = []
        for i in range(len(channels) - 1):
            layers += [nn.Conv2d(channels[i], channels[i + 1], 3, 1 if i == 0 else 2, 1), nn.ReLU()]
        layers.extend([nn.AdaptiveMaxPool2d((1, 1)), nn.Flatten()])
        layers.append(nn.Linear(channels[-1], 64))
        layers.append(nn.ReLU())
        layers.append(nn.Linear(64, classes))
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)
""",
        ),
    ),
    style(
        "cnn_blocks",
        "a block module for a convolution with its ReLU; padding='same', padding by ZeroPad2d",
        cell(
            _CNN,
            """
class Block(nn.Module):
    def __init__(self, n_in, n_out, stride):
        super().__init__()
        same = stride == 1
        self.pad = nn.Identity() if same else nn.ZeroPad2d(1)
        self.conv = nn.Conv2d(n_in, n_out, (3, 3), (stride, stride), padding="same" if same else 0)

    def forward(self, x):
        return self.conv(self.pad(x)).relu_()


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleDict({"one": Block(1, 32, 1), "two": Block(32, 64, 2), "three": Block(64, 128, 2)})
        self.pool = nn.AdaptiveMaxPool2d(output_size=1)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(128, 64), nn.ReLU(True), nn.Linear(64, 10))

    def forward(self, x):
        for block in self.blocks.values():
            x = block(x)
        return self.classifier(self.pool(x))
""",
        ),
    ),
)
