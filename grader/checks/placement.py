"""Checks on the devices of tensors: measured placement, and device errors in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from grader.assignment import Advice, Fail
from grader.checks.loop_common import NO_CALL
from grader.evidence.probes import LoopProbe, LoopRun, Placement

__all__ = ["explain_error", "explain_run", "is_device_error", "placed"]

NEARLY_ALL = 0.99  # of the FLOPs: outside the model a loop computes little
SMALLEST_IMAGE = 784 * 2  # bytes of one image in half precision: if fewer were copied, it was not the images
COPY_HINT = (
    "`.to()` and `.cuda()` of a tensor return the moved copy and leave the tensor where it was: is the result used?"
)
NUMPY = (
    "a tensor on the GPU is given to numpy or matplotlib",
    "Numbers for lists and plots must be on the CPU: `.item()` or `.cpu()`.",
)
_IMAGES_LEFT = ("the model is on the GPU and the images are not", "Every batch comes from the loader on the CPU.")
EXPECTED = "model, data and targets on the GPU in every batch"

_REFUSALS = re.compile(
    r"on the same device|different from other tensors|should be the same|indices should be either on cpu"
    r"|cuda device, but found|parameters and buffers on device|device type tensor to numpy"
)


def is_device_error(message: str) -> bool:
    """Return whether an exception says that tensors are on two devices, or that numpy was given one on the GPU.

    >>> is_device_error("Expected all tensors to be on the same device, but found at least two devices")
    True
    """
    types = _types(message)
    if types is not None and types[0] == types[1]:  # only their precision differs
        return False
    return _REFUSALS.search(message) is not None


def explain_error(
    message: str, model: Iterable[str], data: Iterable[str], copied: bool | None = None
) -> tuple[str, str] | None:
    """Return a description of a device error and a hint; None for another error.

    `model` and `data` are the devices of the parameters and of the images at the last call of the model, '' where
    unknown; `copied` says whether the images had been copied to the GPU, None if that is not known.

    >>> explain_error("Expected all tensors to be on the same device", model=["cuda:0"], data=["cpu"])
    ('the model is on the GPU and the images are not', 'Every batch comes from the loader on the CPU.')
    """
    if not is_device_error(message):
        return None
    if "to numpy" in message:
        return NUMPY
    model, data = tuple(model), tuple(data)
    if _cpu(data) and _gpu(model):
        if copied:
            return "the images are copied to the GPU, but the model is given those on the CPU", COPY_HINT
        return _IMAGES_LEFT
    if _gpu(data) and _cpu(model):
        return _model_left("only partly" if _gpu(model) else "not")
    if "target" in message or "nll_loss" in message:
        return "the outputs are on the GPU and the labels are not", "The loss needs the labels where the outputs are."
    if not any(data) and not (_cpu(model) and _gpu(model)) and (images := _layer_input(message)):
        return images
    return "an operation has tensors on both devices", "Which of the tensors in that line was not moved?"


def _layer_input(message: str) -> tuple[str, str] | None:
    """Return message and hint if torch says which of a layer's input and weights is on the GPU, else None."""
    on_gpu = _types(message) or _factors(message)
    if on_gpu == (False, True):
        return _IMAGES_LEFT
    return _model_left("not") if on_gpu == (True, False) else None


def _model_left(there: str) -> tuple[str, str]:
    """Return message and hint for a model that is `there` ('not' or 'only partly') on the GPU."""
    return f"the images are on the GPU and the model is {there}", "Is the model that is called the one that was moved?"


def _types(message: str) -> tuple[bool, bool] | None:
    """Return whether a convolution's input and its weights were on the GPU, by the types that torch names."""
    types = re.search(r"Input type \((\S+)\) and (?:weight|bias) type \((\S+)\)", message)
    return ("cuda" in types[1], "cuda" in types[2]) if types is not None else None


def _factors(message: str) -> tuple[bool, bool] | None:
    """Return the same for a linear layer: torch names the factor on the wrong device, older versions no device."""
    odd = re.search(r"\b(?:got|argument) mat(1|2)(?: is on (cpu|cuda))?.*_(?:addmm|mm|bmm)\b", message)
    if odd is None:
        return None
    there = odd[2] == "cuda"
    return (there, not there) if odd[1] == "1" else (not there, there)


def explain_run(run: LoopRun) -> tuple[str, str] | None:
    """Return a description of the device error that ended a probed loop and a hint; None if none did.

    >>> explain_run(LoopRun(start={}, weights={})) is None
    True
    """
    if run.error is None or run.placement is None:
        return None
    place = run.placement
    images = sum(forward.batch for forward in run.forwards) * SMALLEST_IMAGE
    return explain_error(run.error.message, place.parameters, place.data, place.bytes_to_gpu >= images > 0)


def _cpu(devices: Iterable[str]) -> bool:
    return any(device == "cpu" for device in devices)


def _gpu(devices: Iterable[str]) -> bool:
    return any(device.startswith("cuda") for device in devices)


def placed(train: LoopProbe, test: LoopProbe) -> str | Advice:
    """Check that model, images, labels and losses were on the GPU in training and testing.

    So must be `NEARLY_ALL` of the FLOPs. `train` and `test` are the evidence of the two functions. Return what was
    measured, as Advice with a hint if the training loop waits for the GPU in every step. Raise Fail, with half the
    credit if one of the two functions is right.

    Example::

        def on_gpu(e: Evidence) -> str | Advice:
            return placement.placed(e.loops["gpu_train"], e.loops["gpu_test"])
    """
    said, failures = [], []
    for probe, where in ((train, "training"), (test, "the test")):
        try:
            said.append(_on_gpu(probe, where))
        except Fail as fail:
            failures.append(fail)
    if failures:
        seen = "; ".join(fail.seen for fail in failures)
        raise Fail(seen, EXPECTED, failures[0].hint, 0.5 * len(said))
    hint = _waits(train)
    message = "; ".join(said)
    return Advice(message, hint) if hint else message


def _on_gpu(probe: LoopProbe, where: str) -> str:
    if probe.missing or probe.student is None:
        raise Fail(
            f"in {where} nothing was seen: {probe.missing or 'no function was found'}",
            EXPECTED,
            "Is it defined in a cell that runs?",
        )
    run, place = probe.student, probe.student.placement
    refused = explain_run(run)
    if refused is not None and refused[0] != NUMPY[0]:
        raise Fail(f"in {where} {refused[0]}", EXPECTED, refused[1])
    if place is None or not place.data:
        raise Fail(f"in {where} the model that the function was given was never called", EXPECTED, NO_CALL)
    on_cpu = [
        what
        for what, devices in (
            ("the model's parameters", place.parameters),
            ("the model's buffers", place.buffers),
            ("the images", place.data),
            ("the labels", place.targets),
            ("the losses", place.losses),
        )
        if _cpu(devices)
    ]
    share = _gpu_share(place)
    if on_cpu and not _gpu((*place.parameters, *place.data)):
        raise Fail(
            f"{where} runs on the CPU although there is a GPU",
            EXPECTED,
            "The model was on the GPU when the function was called: what moves it away?",
        )
    if on_cpu:
        loss_only = set(on_cpu) <= {"the labels", "the losses"}
        hint = "Where must the labels be so that the outputs need not be copied back?" if loss_only else COPY_HINT
        raise Fail(f"in {where} {_listed(on_cpu)} are on the CPU", EXPECTED, hint)
    if share < NEARLY_ALL:
        raise Fail(
            f"in {where} {1 - share:.0%} of the FLOPs are computed on the CPU",
            EXPECTED,
            "Print .device of each tensor that a batch meets.",
        )
    batches = max(1, sum(run.batches.values()))
    copied = place.bytes_to_gpu / batches / 1024
    placed = f"in {where} model, data and labels are on the GPU with {share:.0%} of the FLOPs"
    return f"{placed}; {copied:.0f} KiB copied a batch"


def _gpu_share(place: Placement) -> float:
    total = sum(place.flops.values())
    there = sum(count for device, count in place.flops.items() if device.startswith("cuda"))
    return there / total if total else 1.0


def _times(count: float) -> str:
    return "once" if round(count) == 1 else f"{count:.0f} times"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _waits(train: LoopProbe) -> str:
    """Return a hint for a training loop that makes the CPU wait for the GPU in every step, else ''."""
    run = train.student
    if run is None or run.placement is None or not run.steps or run.placement.waits < run.steps:
        return ""
    return (
        f"The training loop waits for the GPU {_times(run.placement.waits / run.steps)} in every step: `.item()`, "
        "printing or copying back does that. Reading the loss only when it is recorded lets the CPU run ahead."
    )
