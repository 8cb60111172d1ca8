"""Train torchvision's models for one step, and a small one with every optimizer, on the CPU and the virtual device.

    python -m tests.in_kernel.virtual_cuda.train_models {models,optimizers} NAME...

Prints one JSON object a line for each name: `different` lists the tensors with other bits on the device than on the
CPU, `elsewhere` those that are not on cuda:0; both should be empty. If training failed, `raised` is there instead.
"""

from __future__ import annotations

import copy
import hashlib
import json
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grader.in_kernel.virtual_cuda import install as virtual_cuda

CLASSES = 10
STEPS = 5


def maxvit() -> nn.Module:
    """Return a MaxViT smaller than maxvit_t, whose windows need images of 224 pixels."""
    from torchvision.models.maxvit import MaxVit

    channels, layers = [16, 16, 32, 32], [1, 1, 1, 1]
    return MaxVit((64, 64), 16, 2, channels, layers, 8, 0.2, num_classes=CLASSES)


# One small member of each family: the width of its images in pixels, and its options or a function that builds it.
MODELS: dict[str, tuple[int, dict[str, Any] | Callable[[], nn.Module]]] = {
    "alexnet": (64, {}),
    "convnext_tiny": (32, {}),
    "densenet121": (32, {}),
    "efficientnet_b0": (32, {}),
    "efficientnet_v2_s": (32, {}),
    "googlenet": (32, {"aux_logits": False, "init_weights": False}),
    "inception_v3": (75, {"aux_logits": False, "init_weights": False}),
    "maxvit": (64, maxvit),
    "mnasnet0_5": (32, {}),
    "mobilenet_v2": (32, {}),
    "mobilenet_v3_small": (32, {}),
    "regnet_x_400mf": (32, {}),
    "regnet_y_400mf": (32, {}),
    "resnet18": (32, {}),
    "resnext50_32x4d": (32, {}),
    "shufflenet_v2_x0_5": (32, {}),
    "squeezenet1_1": (32, {}),
    "swin_t": (32, {}),
    "swin_v2_t": (32, {}),
    "vgg11": (32, {}),
    "vit_b_16": (32, {"image_size": 32}),
    "wide_resnet50_2": (32, {}),
}
WIDE_HEADS = {"alexnet": (1, 4), "vgg11": (0, 3)}  # first two linear layers, too wide: a hundred million weights

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {}),
    "SGD-momentum": ("SGD", {"momentum": 0.9}),
    "SGD-nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "SGD-weight_decay": ("SGD", {"momentum": 0.9, "weight_decay": 0.01}),
    "Adam": ("Adam", {}),
    "Adam-amsgrad": ("Adam", {"amsgrad": True, "weight_decay": 0.01}),
    "AdamW": ("AdamW", {}),
    "RMSprop": ("RMSprop", {}),
    "RMSprop-centered": ("RMSprop", {"momentum": 0.9, "centered": True}),
    "Adagrad": ("Adagrad", {}),
}
VARIANTS: dict[str, dict[str, Any]] = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}
NOT_FUSED = {"RMSprop"}


def optimizer_names() -> list[str]:
    return [
        f"{name}/{variant}"
        for name, (kind, _) in OPTIMIZERS.items()
        for variant in VARIANTS
        if not (variant == "fused" and kind in NOT_FUSED)
    ]


def train_model(name: str) -> dict[str, Any]:
    import torchvision

    pixels, options = MODELS[name]
    torch.manual_seed(1)
    model = options() if callable(options) else torchvision.models.get_model(name, num_classes=CLASSES, **options)
    if name in WIDE_HEADS:
        first, second = WIDE_HEADS[name]
        model.classifier[first] = nn.Linear(model.classifier[first].in_features, 64)
        model.classifier[second] = nn.Linear(64, 64)
        model.classifier[6] = nn.Linear(64, CLASSES)
    images, labels = torch.rand(2, 3, pixels, pixels), torch.tensor([3, 8])
    return compared(model, images, labels, lambda m: torch.optim.SGD(m.parameters(), lr=0.01, momentum=0.9), 1)


def train_with(name: str) -> dict[str, Any]:
    base, variant = name.split("/")
    kind, options = OPTIMIZERS[base]
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Dropout(0.2), nn.Linear(24, CLASSES))
    images, labels = torch.rand(8, 12), torch.randint(CLASSES, (8,))

    def optimizer(m: nn.Module) -> torch.optim.Optimizer:
        made: torch.optim.Optimizer = getattr(torch.optim, kind)(
            m.parameters(), lr=0.01, **options, **VARIANTS[variant]
        )
        return made

    return compared(model, images, labels, optimizer, STEPS)


def compared(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer],
    steps: int,
) -> dict[str, Any]:
    twin = copy.deepcopy(model)
    expected = {name: bits(t) for name, t in trained(model, images, labels, optimizer, steps)}
    del model
    made, elsewhere = {}, []
    for name, tensor in trained(twin.cuda(), images.cuda(), labels.cuda(), optimizer, steps):
        made[name] = bits(tensor)
        if str(tensor.device) != "cuda:0" and not name.endswith(".step"):  # counters of steps stay on the host
            elsewhere.append(name)
    different = [name for name in expected if expected[name] != made.get(name)] + sorted(made.keys() - expected.keys())
    return {"name": "", "tensors": len(made), "different": different, "elsewhere": elsewhere}


def trained(
    model: nn.Module, images: Tensor, labels: Tensor, make: Callable[[nn.Module], torch.optim.Optimizer], steps: int
) -> Iterator[tuple[str, Tensor]]:
    """Train, and yield every resulting tensor with its name: gradients, outputs, losses, weights, states, buffers."""
    optimizer = make(model)
    torch.manual_seed(5)  # seeds both devices
    for step in range(steps):
        optimizer.zero_grad()
        output = model(images)
        loss = F.cross_entropy(output, labels)
        loss.backward()
        for name, parameter in model.named_parameters():
            if step == steps - 1 and parameter.grad is not None:  # before step(): Nesterov's foreach adds to gradients
                yield f"{name}.grad", parameter.grad
        optimizer.step()
        yield f"output.{step}", output
        yield f"loss.{step}", loss
    for name, parameter in model.named_parameters():
        yield name, parameter
        for key, value in optimizer.state[parameter].items():
            if isinstance(value, Tensor):
                yield f"{name}.{key}", value
    yield from model.named_buffers()


def bits(tensor: Tensor) -> str:
    found = tensor.detach().cpu().contiguous()
    return f"{found.dtype} {tuple(found.shape)} {hashlib.sha256(memoryview(found.reshape(-1).numpy())).hexdigest()}"


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    virtual_cuda.install({})
    run = {"models": train_model, "optimizers": train_with}[sys.argv[1]]
    for name in sys.argv[2:]:
        try:
            record = {**run(name), "name": name}
        except Exception:
            record = {"name": name, "raised": traceback.format_exc()[-1500:]}
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
