"""Faults in a model's arithmetic that leave most of its shapes and counts as they should be."""

from __future__ import annotations

from functools import partial

from grader.prove.faults.edits import swap
from grader.prove.faults.models import RELU
from grader.prove.faults.naming import Model
from grader.prove.mutation import FaultGroup, Mutation, all_of, fault

SECOND = "_1 = torch.relu(self.fc2(_1))"
OUTPUT = "return self.fc3(_1)"
OTHER = r"outputs differ"
CONVOLVED = "self.net(_1).flatten(1)"


def dense_faults(names: Model) -> tuple[Mutation, ...]:
    """Return faults for a model with `fc1`, `fc2`, `fc3` and a forward that calls them one after the other."""
    one = FaultGroup(names.group, names.item).fault
    put = partial(swap, within=names.name)
    return (
        one(
            "second_activation_missing",
            "There is no activation after the second layer.",
            put(SECOND, "_1 = self.fc2(_1)"),
            (r"relu is missing",),
        ),
        one(
            "relu_discarded",
            "The ReLU after the second layer is computed and thrown away.",
            put(SECOND, "_1 = self.fc2(_1)\ntorch.relu(_1)"),
            (r"relu", OTHER),
        ),
        one("gelu", "A GELU replaces the first ReLU.", put(RELU, "_1 = nn.functional.gelu(self.fc1(_1))"), (r"gelu",)),
        one("abs", "An absolute value replaces the first ReLU.", put(RELU, "_1 = self.fc1(_1).abs()"), (r"abs", OTHER)),
        one(
            "relu6",
            "A ReLU that ends at 6 replaces the first ReLU.",
            put(RELU, "_1 = nn.functional.relu6(self.fc1(_1))"),
            (r"relu6|hardtanh|clamp", OTHER),
        ),
        one(
            "relu_on_images",
            "A ReLU cuts off the negative pixels of the normalised images.",
            put(RELU, "_1 = torch.relu(self.fc1(torch.relu(_1)))"),
            (r"relu", OTHER),
        ),
        one(
            "centred_logits",
            "The mean of the logits is subtracted, which changes neither the loss nor the prediction.",
            put(OUTPUT, "_1 = self.fc3(_1)\nreturn _1 - _1.mean(1, keepdim=True)"),
            (OTHER, r"raw logits|mean"),
        ),
        one(
            "normalised_hidden",
            "The hidden values are divided by their norm.",
            put(OUTPUT, "return self.fc3(nn.functional.normalize(_1))"),
            (OTHER, r"norm"),
        ),
        one(
            "scales_images",
            "The forward divides the images by 255 again.",
            put(RELU, "_1 = torch.relu(self.fc1(_1 / 255))"),
            (OTHER, r"div"),
            names.learns,
        ),
        one(
            "noisy",
            "The forward adds noise in training mode.",
            put(RELU, "_1 = torch.relu(self.fc1(_1 + 0.1 * torch.randn_like(_1) * self.training))"),
            (OTHER, r"training mode|random|noise"),
        ),
        one(
            "unused_layer",
            "The constructor creates a layer that the forward does not use.",
            put("self.fc3 = _1", "self.fc3 = _1\nself.spare = nn.Linear(64, 64)"),
            (r"parameters",),
        ),
        one(
            "last_bias_missing",
            "The last layer has no bias.",
            put("nn.Linear(64, 10)", "nn.Linear(64, 10, bias=False)"),
            (r"parameters|bias",),
        ),
        one(
            "widths_exchanged",
            "The hidden layers have 64 and 128 units.",
            all_of(
                put("nn.Linear(28 * 28, 128)", "nn.Linear(28 * 28, 64)"),
                put("nn.Linear(64, 10)", "nn.Linear(128, 10)"),
                put("nn.Linear(128, 64)", "nn.Linear(64, 128)"),
            ),
            (r"784→64|parameters",),
        ),
        one(
            "layer_shared",
            "The second layer is called twice.",
            all_of(
                put("nn.Linear(28 * 28, 128)", "nn.Linear(28 * 28, 64)"),
                put("nn.Linear(128, 64)", "nn.Linear(64, 64)"),
                put(SECOND, "_1 = torch.relu(self.fc2(torch.relu(self.fc2(_1))))"),
            ),
            (r"784→64|parameters",),
        ),
    )


def convolved_faults(names: Model) -> tuple[Mutation, ...]:
    """Return faults for a model with a Sequential `net` of convolutions, ReLUs and pooling, and a Sequential `head`."""
    one = FaultGroup(names.group, names.item).fault
    put = partial(swap, within=names.name)
    conv1 = "nn.Conv2d(1, 32, kernel_size=3, stride=1, padding=1)"
    conv2 = "nn.Conv2d(32, 64, kernel_size=3, stride=2, padding=1)"
    conv3 = "nn.Conv2d(64, 128, kernel_size=3, stride=2, padding=1)"
    head = "nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))"
    return (
        one(
            "dilated",
            "The third convolution is dilated, with padding 2.",
            put(conv3, "nn.Conv2d(64, 128, kernel_size=3, stride=2, padding=2, dilation=2)"),
            (r"dilat|padding", OTHER),
        ),
        one(
            "reflected",
            "The first convolution pads with the image's reflection instead of zeros.",
            put(conv1, "nn.Conv2d(1, 32, kernel_size=3, stride=1, padding=1, padding_mode='reflect')"),
            (r"reflect|padding", OTHER),
        ),
        one(
            "pooled_instead_of_stride",
            "The second convolution has stride 1, and a max pooling halves the image.",
            put(
                conv2,
                "nn.Sequential(nn.Conv2d(32, 64, kernel_size=3, stride=1, padding=1), nn.MaxPool2d(2))",
            ),
            (r"stride|multiply|pool",),
        ),
        one(
            "third_stride",
            "The third convolution has stride 1.",
            put(conv3, "nn.Conv2d(64, 128, kernel_size=3, stride=1, padding=1)"),
            (r"stride",),
        ),
        one(
            "grouped",
            "The second convolution has two groups.",
            put(conv2, "nn.Conv2d(32, 64, kernel_size=3, stride=2, padding=1, groups=2)"),
            (r"group|parameters",),
        ),
        one(
            "head_activation_missing",
            "The head has no activation.",
            put(head, "nn.Sequential(nn.Linear(128, 64), nn.Linear(64, 10))"),
            (r"relu is missing",),
        ),
        one(
            "head_bias_missing",
            "The first layer of the head has no bias.",
            put("nn.Linear(128, 64)", "nn.Linear(128, 64, bias=False)"),
            (r"parameters|bias",),
        ),
        one(
            "centre_only",
            "The pooling takes the value in the middle.",
            put(CONVOLVED, "self.net[:-1](_1)[:, :, 3, 3]"),
            (r"pool", OTHER),
        ),
        one(
            "max_and_mean",
            "The pooling takes the mean of maximum and average.",
            put(CONVOLVED, "((self.net[:-1](_1).amax((2, 3)) + self.net[:-1](_1).mean((2, 3))) / 2)"),
            (r"pool|average|mean", OTHER),
            names.learns,
        ),
        one(
            "pooled_over_channels",
            "Softmax over the channels follows the pooling.",
            put(CONVOLVED, "torch.softmax(self.net(_1).flatten(1), dim=1)"),
            (r"softmax", OTHER),
            names.learns,
        ),
        one(
            "images_flipped",
            "The forward turns the images upside down.",
            put(CONVOLVED, "self.net(_1.flip(2)).flatten(1)"),
            (r"flip", OTHER),
        ),
        fault(
            f"{names.group}.squeezes_batch",
            "The forward squeezes all dimensions of size 1, also that of a batch of one image.",
            put(CONVOLVED, "self.net(_1).squeeze()"),
            f"{names.item}",
            (r"shape|one image|B = 1",),
        ),
        fault(
            f"{names.group}.half_registered",
            "The layers of the head are in a plain list: they are no part of the model and are never trained.",
            all_of(
                put("self.head = _1", "self.head = [nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)]"),
                put(
                    "return self.head(self.net(_1).flatten(1))",
                    "_1 = self.net(_1).flatten(1)\nfor layer in self.head:\n    _1 = layer(_1)\nreturn _1",
                ),
            ),
            f"{names.item} {names.counts}",
            (r"parameters|regist|device|counts?|profiled|multiply",),
            f"{names.runs} {names.learns}",
        ),
    )
