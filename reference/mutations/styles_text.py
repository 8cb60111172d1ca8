"""Other ways to describe the first batch and to count operations."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import cell, style

_Q1 = "first_batch = next(iter(test_loader))"


def _q1(name: str, words: str, source: str) -> Mutation:
    """Return a style with another way to describe the first batch."""
    return style(f"q1_{name}", words, cell(_Q1, source))


Q1_STYLES = (
    _q1(
        "both_loaders",
        "the first batch of each loader in a loop, to compare them",
        """
for name, loader in (("train", train_loader), ("test", test_loader)):
    image, digit = next(iter(loader))
    print(f"{name} sample: {tuple(image.shape)} {image.dtype}, label: {tuple(digit.shape)} {digit.dtype}")
""",
    ),
    _q1(
        "kept_in_words",
        "the shapes and types kept as text first, and printed as one sentence",
        """
batch = next(iter(test_loader))
facts = [f"{tuple(part.shape)}, {part.dtype}" for part in batch]
print("The sample is the tensor with " + facts[0] + "; the label is the one with " + facts[1] + ".")
""",
    ),
    _q1(
        "print_parts",
        "for and break, print with several arguments",
        """
for images, labels in test_loader:
    print("Sample shape:", images.shape, "Sample dtype:", images.dtype)
    print("Label shape:", labels.shape, "Label dtype:", labels.dtype)
    break
""",
    ),
    _q1(
        "percent",
        "% and str(...), German words",
        """
bilder, ziele = next(iter(test_loader))
print("Beispiele (Bilder): Form %s, Datentyp %s" % (tuple(bilder.shape), bilder.dtype))
print("Zielwerte (Labels): Form %s, Datentyp %s" % (tuple(ziele.shape), ziele.dtype))
""",
    ),
    _q1(
        "format_loop",
        "format in a loop over names",
        """
for name, tensor in zip(("sample", "label"), next(iter(test_loader))):
    print("{0}: {1}, {2}".format(name, list(tensor.size()), tensor.dtype))
""",
    ),
    _q1(
        "dict",
        "a dict of both, printed with sep",
        """
_, (x, y) = next(enumerate(test_loader))
info = {"sample": x, "label": y}
for k, v in info.items():
    print(k, v.shape, v.dtype, sep=" | ")
""",
    ),
    _q1(
        "type",
        "size() and type() of the tensors",
        """
example_data, example_targets = next(iter(test_loader))
print("data (the images):", example_data.size(), example_data.type())
print("targets (the digits, so the labels):", example_targets.size(), example_targets.type())
""",
    ),
    _q1(
        "index",
        "by index, and a sentence for each",
        """
first_item = next(iter(test_loader))
print(f"{first_item[0].shape=}, {first_item[0].dtype=}")
print(f"{first_item[1].shape=}, {first_item[1].dtype=}")
print("first_item[0] is the sample: the images. first_item[1] is the label: the digit on each image.")
""",
    ),
    _q1(
        "chinese",
        "Chinese words",
        """
数据, 标签 = next(iter(test_loader))
print(f"样本(图像):形状 {数据.shape},类型 {数据.dtype}")
print(f"标签:形状 {标签.shape},类型 {标签.dtype}")
""",
    ),
    _q1(
        "arabic",
        "Arabic words beside English names",
        """
images, labels = next(iter(test_loader))
print("الصور (samples):", tuple(images.shape), images.dtype)
print("التسميات (labels):", tuple(labels.shape), labels.dtype)
""",
    ),
    _q1(
        "two_lines",
        "headings, then lines for shape and dtype",
        """
images, labels = next(iter(test_loader))
print("=== Sample ===")
print("shape:", images.shape)
print("dtype:", images.dtype)
print("=== Label ===")
print("shape:", labels.shape)
print("dtype:", labels.dtype)
""",
    ),
    _q1(
        "table",
        "a table by pandas",
        """
import pandas as pd

images, labels = next(iter(test_loader))
rows = [[str(tuple(t.shape)), str(t.dtype)] for t in (images, labels)]
print(pd.DataFrame(rows, index=["sample", "label"], columns=["shape", "dtype"]))
""",
    ),
    _q1(
        "logging",
        "written to sys.stdout and by display",
        """
import sys

batch = next(iter(test_loader))
sys.stdout.write(f"The sample tensor has shape {tuple(batch[0].shape)} and dtype {batch[0].dtype}.\\n")
display(f"The label tensor has shape {tuple(batch[1].shape)} and dtype {batch[1].dtype}.")
""",
    ),
    _q1(
        "helper",
        "a function that describes a tensor, called for each",
        """
def describe(what, t):
    return what + ": " + "x".join(str(n) for n in t.shape) + ", " + str(t.dtype).replace("torch.", "")


inputs, targets = next(iter(test_loader))
print(describe("inputs, i.e. the samples", inputs), describe("targets, i.e. the labels", targets), sep="\\n")
""",
    ),
)

_FLOPS = '(("MLP", MLP()), ("CNN", CNN()))'


def _flops(name: str, words: str, source: str) -> Mutation:
    return style(f"flops_{name}", words, cell(_FLOPS, source))


FLOPS_STYLES = (
    _flops(
        "clever_format",
        "profile and clever_format, one model after the other",
        """
from thop import clever_format, profile

macs, params = profile(MLP(), inputs=(torch.rand(1, 1, 28, 28),))
macs, params = clever_format([macs, params], "%.3f")
print("MLP", macs, params)
macs, params = profile(CNN(), inputs=(torch.rand(1, 1, 28, 28),))
macs, params = clever_format([macs, params], "%.3f")
print("CNN", macs, params)
""",
    ),
    _flops(
        "copies",
        "deep copies of trained models, results in a dict, in millions",
        """
import copy

counts = {}
for maker in (MLP, CNN):
    net = copy.deepcopy(maker()).cpu().eval()
    counts[maker.__name__] = thop.profile(net, (torch.zeros(1, 1, 28, 28),), verbose=False)
for name, (f, p) in counts.items():
    print(f"{name}: {f / 1e6:.3f} MFLOPs, {p / 1e3:.1f}k parameters")
""",
    ),
    _flops(
        "scientific",
        "a function with printing in scientific notation",
        """
def count(net, *, shape=(1, 1, 28, 28)):
    ops, n = thop.profile(net.to("cpu"), inputs=(torch.ones(*shape),), verbose=False)
    print(type(net).__name__, "FLOPs = %.5e" % ops, "params = %d" % n)
    return ops


ratio = count(CNN()) / count(MLP())
print("CNN / MLP =", ratio)
""",
    ),
    _flops(
        "table",
        "a table by pandas",
        """
import pandas as pd

nets = {"MLP": MLP(), "CNN": CNN()}
image = torch.randn(1, 1, 28, 28)
rows = [[name, *thop.profile(net, inputs=(image,), verbose=False)] for name, net in nets.items()]
print(pd.DataFrame(rows, columns=["model", "FLOPs", "params"]).to_string())
""",
    ),
    _flops(
        "cnn_first",
        "the CNN first, each model's name as a heading above its counts",
        """
for net in (CNN(), MLP()):
    ops, weights = thop.profile(net, (torch.randn(1, 1, 28, 28),), verbose=False)
    print(f"--- {type(net).__name__} ---")
    print(f"multiply-accumulates {ops:,.0f}")
    print(f"parameters           {weights:,.0f}")
""",
    ),
    _flops(
        "sentence",
        "one sentence about both models, which names the CNN first",
        """
x = torch.randn(1, 1, 28, 28)
(small, n), (large, m) = (thop.profile(net, (x,), verbose=False) for net in (MLP(), CNN()))
print(f"The CNN needs {large:,.0f} MACs ({m:,.0f} parameters), the MLP {small:,.0f} ({n:,.0f} parameters).")
print(f"So the CNN costs {large / small:.0f} times as much as the MLP.")
""",
    ),
    _flops(
        "columns",
        "a table with a column for each model",
        """
x = torch.randn(1, 1, 28, 28)
cnn, mlp = (thop.profile(net, (x,), verbose=False) for net in (CNN(), MLP()))
print(f"{'':12}{'CNN':>14}{'MLP':>14}")
print(f"{'MACs':12}{cnn[0]:14,.0f}{mlp[0]:14,.0f}")
print(f"{'parameters':12}{cnn[1]:14,.0f}{mlp[1]:14,.0f}")
""",
    ),
    _flops(
        "two_cells",
        "named results, printed as they are",
        """
mlp_flops, mlp_params = thop.profile(MLP(), inputs=(image := torch.randn(1, 1, 28, 28),), verbose=False)
cnn_flops, cnn_params = thop.profile(CNN(), inputs=(image,), verbose=False)
print(mlp_flops, mlp_params)
print(cnn_flops, cnn_params)
""",
    ),
)
