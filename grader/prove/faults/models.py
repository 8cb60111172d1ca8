"""Faults in two kinds of models: one of linear layers, one that begins with convolutions."""

from __future__ import annotations

from functools import partial

from grader.prove.faults.edits import swap
from grader.prove.faults.naming import Model
from grader.prove.mutation import Apply, FaultGroup, Mutation, all_of, fault

RELU = "_1 = torch.relu(self.fc1(_1))"


def linear_faults(names: Model) -> tuple[Mutation, ...]:
    """Return faults for a model with `fc1`, `fc2`, `fc3` and a forward that calls them one after the other.

    A wrong model is still the student's model, so a fault costs its own item alone if the model can be trained.
    """
    name = names.name

    one = FaultGroup(names.group, names.item).fault

    def first(replacement: str) -> Apply:
        return swap(RELU, replacement, within=name)

    def output(replacement: str) -> Apply:
        return swap("return self.fc3(_1)", replacement, within=name)

    return (
        one(
            "width",
            "The first hidden layer has 100 units.",
            all_of(
                swap("nn.Linear(28 * 28, 128)", "nn.Linear(28 * 28, 100)", within=name),
                swap("nn.Linear(128, 64)", "nn.Linear(100, 64)", within=name),
            ),
            ("784→100",),
        ),
        one(
            "activation_missing",
            "There is no activation after the first layer.",
            first("_1 = self.fc1(_1)"),
            ("relu is missing",),
        ),
        one(
            "both_activations_missing",
            "There is no activation at all.",
            all_of(first("_1 = self.fc1(_1)"), swap("torch.relu(self.fc2(_1))", "self.fc2(_1)", within=name)),
            ("relu is missing",),
        ),
        one(
            "sigmoid",
            "A sigmoid replaces the first ReLU.",
            first("_1 = torch.sigmoid(self.fc1(_1))"),
            ("sigmoid",),
        ),
        one("tanh", "A tanh replaces the first ReLU.", first("_1 = torch.tanh(self.fc1(_1))"), ("tanh",)),
        one(
            "leaky_relu",
            "A leaky ReLU replaces the first ReLU.",
            first("_1 = nn.functional.leaky_relu(self.fc1(_1))"),
            ("leaky",),
        ),
        one(
            "softmax", "The model returns a softmax.", output("return torch.softmax(self.fc3(_1), dim=1)"), ("softmax",)
        ),
        one(
            "log_softmax",
            "The model returns a log-softmax.",
            output("return torch.log_softmax(self.fc3(_1), dim=1)"),
            ("log.softmax",),
        ),
        one(
            "relu_on_logits",
            "A ReLU follows the last layer.",
            output("return torch.relu(self.fc3(_1))"),
            ("relu",),
        ),
        one(
            "sigmoid_on_logits",
            "A sigmoid follows the last layer.",
            output("return torch.sigmoid(self.fc3(_1))"),
            ("sigmoid",),
        ),
        one("scaled_logits", "The logits are doubled.", output("return 2 * self.fc3(_1)"), ("outputs differ",)),
        one(
            "extra_layer",
            "There is one hidden layer too many.",
            all_of(
                swap("self.fc2 = _1", "self.fc2 = _1\nself.extra = nn.Linear(64, 64)", within=name),
                output("return self.fc3(torch.relu(self.extra(_1)))"),
            ),
            ("parameters",),
        ),
        one(
            "dropout",
            "There is a dropout before the last layer.",
            all_of(
                swap("self.fc2 = _1", "self.fc2 = _1\nself.dropout = nn.Dropout(0.5)", within=name),
                output("return self.fc3(self.dropout(_1))"),
            ),
            ("dropout", "training mode"),
        ),
        one(
            "batch_norm",
            "There is a batch normalisation after the first layer.",
            all_of(
                swap("self.fc2 = _1", "self.fc2 = _1\nself.norm = nn.BatchNorm1d(128)", within=name),
                first("_1 = torch.relu(self.norm(self.fc1(_1)))"),
            ),
            ("batch.norm",),
        ),
        one(
            "bias_missing",
            "The first layer has no bias.",
            swap("nn.Linear(28 * 28, 128)", "nn.Linear(28 * 28, 128, bias=False)", within=name),
            ("parameters",),
        ),
        one(
            "frozen",
            "The first layer is frozen.",
            swap("self.fc2 = _1", "self.fc2 = _1\nself.fc1.requires_grad_(False)", within=name),
            ("frozen",),
            f"{names.runs} {names.learns}",
        ),
        one(
            "eleven_classes",
            "The model has eleven classes: a wrong digit.",
            swap("nn.Linear(64, 10)", "nn.Linear(64, 11)", within=name),
            ("(?:→|, ?)11\\b",),
        ),
        one(
            "hundred_classes",
            "The model has a hundred classes: a digit too many.",
            swap("nn.Linear(64, 10)", "nn.Linear(64, 100)", within=name),
            ("(?:→|, ?)100\\b",),
        ),
        fault(
            f"{names.group}.nine_classes",
            "The model has nine classes.",
            swap("nn.Linear(64, 10)", "nn.Linear(64, 9)", within=name),
            f"{names.item} {names.runs}",
            ("(?:→|, ?)9\\b", "out of bounds|IndexError"),
            f"{names.learns} {names.settings}",
        ),
        fault(
            f"{names.group}.fixed_batch",
            "The forward accepts only batches of exactly 64 images.",
            swap("_1.reshape(-1, 28 * 28)", "_1.reshape(64, 28 * 28)", within=name),
            f"{names.item} {names.runs} {names.counts}".strip(),
            ("shape", "no model was profiled"),
            f"{names.learns} {names.settings}",
        ),
        one(
            "first_two_layouts_only",
            "The forward flattens only images that have a channel dimension.",
            swap("_1.reshape(-1, 28 * 28)", "_1[:, 0].reshape(-1, 28 * 28)", within=name),
            ("shape",),
        ),
    )


def convolution_faults(names: Model) -> tuple[Mutation, ...]:
    """Return faults for a model with a Sequential `net` of convolutions, ReLUs and pooling, and a Sequential `head`."""
    name = names.name
    conv1 = "nn.Conv2d(1, 32, kernel_size=3, stride=1, padding=1)"
    conv2 = "nn.Conv2d(32, 64, kernel_size=3, stride=2, padding=1)"
    conv3 = "nn.Conv2d(64, 128, kernel_size=3, stride=2, padding=1)"
    pool = "nn.AdaptiveMaxPool2d(1)"
    out = "return self.head(self.net(_1).flatten(1))"

    one = FaultGroup(names.group, names.item).fault
    put = partial(swap, within=name)
    return (
        one(
            "average_pooling",
            "The pooling takes the average.",
            put(pool, "nn.AdaptiveAvgPool2d(1)"),
            ("average pooling",),
        ),
        one(
            "padding",
            "The first convolution has no padding.",
            put(conv1, "nn.Conv2d(1, 32, kernel_size=3, stride=1)"),
            ("padding",),
        ),
        one(
            "stride",
            "The second convolution has stride 1.",
            put(conv2, "nn.Conv2d(32, 64, kernel_size=3, stride=1, padding=1)"),
            ("stride",),
        ),
        one(
            "kernel",
            "The first convolution has 5×5 kernels.",
            put(conv1, "nn.Conv2d(1, 32, kernel_size=5, stride=1, padding=2)"),
            ("5×5",),
        ),
        one(
            "width",
            "The first convolution has 16 channels.",
            all_of(
                put(conv1, "nn.Conv2d(1, 16, kernel_size=3, stride=1, padding=1)"),
                put(conv2, "nn.Conv2d(16, 64, kernel_size=3, stride=2, padding=1)"),
            ),
            ("1→16",),
        ),
        one(
            "activation_missing",
            "There is no activation after the last convolution.",
            _drop_third_relu(name),
            ("relu is missing",),
        ),
        one("leaky_relu", "A leaky ReLU replaces each ReLU.", put("nn.ReLU()", "nn.LeakyReLU()"), ("leaky",)),
        one("sigmoid", "A sigmoid replaces each ReLU.", put("nn.ReLU()", "nn.Sigmoid()"), ("sigmoid",)),
        one(
            "softmax",
            "The model returns a softmax.",
            put(out, "return torch.softmax(self.head(self.net(_1).flatten(1)), dim=1)"),
            ("softmax",),
        ),
        one(
            "log_softmax",
            "The model returns a log-softmax.",
            put(out, "return torch.log_softmax(self.head(self.net(_1).flatten(1)), dim=1)"),
            ("log.softmax",),
        ),
        one(
            "relu_on_logits",
            "A ReLU follows the last layer.",
            put(out, "return torch.relu(self.head(self.net(_1).flatten(1)))"),
            ("relu",),
        ),
        one(
            "dropout",
            "There is a dropout before the head.",
            put(out, "return self.head(nn.functional.dropout(self.net(_1).flatten(1), 0.5, self.training))"),
            ("dropout", "training mode"),
        ),
        one(
            "batch_norm",
            "There is a batch normalisation before the pooling.",
            put(pool, "nn.Sequential(nn.BatchNorm2d(128), nn.AdaptiveMaxPool2d(1))"),
            ("batch.norm",),
        ),
        one(
            "bias_missing",
            "The last convolution has no bias.",
            put(conv3, "nn.Conv2d(64, 128, kernel_size=3, stride=2, padding=1, bias=False)"),
            ("parameters",),
        ),
        one(
            "frozen",
            "The convolutions are frozen.",
            put("self.head = _1", "self.head = _1\nself.net.requires_grad_(False)"),
            ("frozen",),
            f"{names.runs} {names.learns}",
        ),
        one(
            "head_too_short",
            "The head has no hidden layer.",
            put("self.head = _1", "self.head = nn.Linear(128, 10)"),
            ("parameters",),
        ),
        one(
            "pooling_to_two",
            "The pooling leaves 2×2 positions, of which the mean is taken.",
            all_of(put(pool, "nn.AdaptiveMaxPool2d(2)"), put(out, "return self.head(self.net(_1).mean((2, 3)))")),
            ("outputs differ|pool",),
        ),
        one(
            "order_of_strides",
            "The first convolution has stride 2 and the second stride 1.",
            all_of(
                put(conv1, "nn.Conv2d(1, 32, kernel_size=3, stride=2, padding=1)"),
                put(conv2, "nn.Conv2d(32, 64, kernel_size=3, stride=1, padding=1)"),
            ),
            ("stride",),
        ),
        one(
            "eleven_classes",
            "The model has eleven classes: a wrong digit.",
            put("nn.Linear(64, 10)", "nn.Linear(64, 11)"),
            ("(?:→|, ?)11\\b",),
        ),
        fault(
            f"{names.group}.nine_classes",
            "The model has nine classes.",
            put("nn.Linear(64, 10)", "nn.Linear(64, 9)"),
            f"{names.item} {names.runs}",
            ("(?:→|, ?)9\\b", "out of bounds|IndexError"),
            f"{names.learns} {names.settings}",
        ),
    )


def _drop_third_relu(name: str) -> Apply:
    return swap(
        "nn.Sequential(_1, _2, _3, _4, _5, nn.ReLU(), _6)", "nn.Sequential(_1, _2, _3, _4, _5, _6)", within=name
    )
