from __future__ import annotations

import dataclasses

import pytest

from grader.assignment import Advice, Fail
from grader.checks import placement
from grader.checks.loops import exists
from grader.evidence.probes import Forward, LoopProbe, LoopRun, Placement, ProbeError

GPU, CPU = ("cuda:0",), ("cpu",)
THERE = Placement(GPU, GPU, GPU, GPU, GPU, {"cuda:0": 10_000}, bytes_to_gpu=231 * 26_000, waits=3)
ON_CPU = Placement(CPU, CPU, CPU, CPU, CPU, {"cpu": 10_000})
TWO_DEVICES = (
    "Expected all tensors to be on the same device, but got mat1 is on cpu, different from other tensors on cuda:0 (when "
    "checking argument in method wrapper_CUDA_addmm)"
)


def probe(place: Placement | None = THERE, steps: int = 231, error: ProbeError | None = None) -> LoopProbe:
    forwards = (Forward(8, True, True),)
    run = LoopRun({}, {}, batches={"train": 231}, forwards=forwards, steps=steps, placement=place, error=error)
    return LoopProbe("gpu_train", source="function gpu_train", student=run)


def test_all_on_the_gpu():
    said = placement.placed(probe(), probe(steps=0))
    assert isinstance(said, str)
    assert "100% of the FLOPs" in said
    assert "25 KiB" in said


def test_reading_the_loss_in_every_step_earns_a_hint_and_costs_nothing():
    said = placement.placed(probe(dataclasses.replace(THERE, waits=231)), probe(steps=0))
    assert isinstance(said, Advice)
    assert "once in every step" in said.hint
    assert isinstance(placement.placed(probe(), probe(dataclasses.replace(THERE, waits=999), steps=0)), str)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"targets": CPU, "losses": CPU}, "in training the labels and the losses are on the CPU"),
        ({"buffers": ("cpu", "cuda:0")}, "the model's buffers are on the CPU"),
        ({"flops": {"cpu": 3, "cuda:0": 7}}, "30% of the FLOPs are computed on the CPU"),
        ({"data": ()}, "was never called"),
    ],
)
def test_what_is_on_the_cpu_is_named(change, seen):
    with pytest.raises(Fail, match=seen) as caught:
        placement.placed(probe(dataclasses.replace(THERE, **change)), probe())
    assert caught.value.credit == 0.5


def test_one_of_two_on_the_cpu_is_half_the_credit():
    with pytest.raises(Fail, match="the test runs on the CPU although there is a GPU") as caught:
        placement.placed(probe(), probe(ON_CPU))
    assert caught.value.credit == 0.5
    with pytest.raises(Fail, match=r"training runs on the CPU .*; the test runs on the CPU") as caught:
        placement.placed(probe(ON_CPU), probe(ON_CPU))
    assert caught.value.credit == 0


@pytest.mark.parametrize(
    ("place", "message", "seen", "hint"),
    [
        (
            Placement(GPU, (), CPU),
            TWO_DEVICES,
            "the model is on the GPU and the images are not",
            "comes from the loader",
        ),
        (
            Placement(GPU, (), CPU, bytes_to_gpu=64),  # the labels
            TWO_DEVICES,
            "the model is on the GPU and the images are not",
            "comes from the loader",
        ),
        (
            Placement(GPU, (), CPU, bytes_to_gpu=25_088),
            TWO_DEVICES,
            "copied to the GPU, but the model is given",
            "moved copy",
        ),
        (
            Placement(CPU, (), GPU),
            TWO_DEVICES,
            "the images are on the GPU and the model is not",
            "the one that was moved",
        ),
        (Placement(("cpu", *GPU), (), GPU), TWO_DEVICES, "the model is only partly", "the one that was moved"),
        (Placement(GPU, (), GPU), TWO_DEVICES.replace("mat1", "target"), "the labels are not", "where the outputs are"),
        (Placement(GPU, (), GPU), TWO_DEVICES, "an operation has tensors on both devices", "was not moved"),
        (THERE, "can't convert cuda:0 device type tensor to numpy.", "given to numpy or matplotlib", r"\.item"),
    ],
)
def test_device_errors_are_said_in_words(place, message, seen, hint):
    with pytest.raises(Fail, match=seen) as caught:
        exists(probe(place, error=ProbeError("RuntimeError", message)), "gpu_train")
    assert message in caught.value.seen
    assert hint.replace("\\", "") in caught.value.hint


def test_other_errors_are_left_as_they_are():
    assert placement.explain_error("shape '[2]' is invalid for input of size 3", GPU, CPU) is None
    assert placement.explain_run(LoopRun({}, {}, placement=THERE)) is None


CONVOLUTION = (
    "Input type (torch.{}FloatTensor) and weight type (torch.{}FloatTensor) should be the same or input should be "
)
CONVOLUTION += "a MKLDNN tensor and weight is a dense tensor"
OLDER = "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! (when checking argument "
OLDER += "for argument {} in method wrapper_CUDA_{})"
IMAGES_LEFT, MODEL_LEFT = "the images are not", "the model is not"


@pytest.mark.parametrize(
    ("message", "seen"),
    [
        (CONVOLUTION.format("", "cuda."), IMAGES_LEFT),
        (CONVOLUTION.format("cuda.", ""), MODEL_LEFT),
        (TWO_DEVICES, IMAGES_LEFT),
        (TWO_DEVICES.replace("mat1", "mat2"), MODEL_LEFT),
        (OLDER.format("mat1", "addmm"), IMAGES_LEFT),
        (OLDER.format("mat2", "mm"), MODEL_LEFT),
        (OLDER.format("target", "nll_loss_forward"), "the labels are not"),
        (OLDER.format("other", "add"), "an operation has tensors on both devices"),
    ],
)
def test_where_no_device_was_seen_the_text_of_the_error_says_which(message: str, seen: str) -> None:
    told = placement.explain_error(message, ("",), ("",))
    assert told is not None
    assert seen in told[0]


def test_recorded_devices_go_before_the_text_and_a_model_on_two_devices_is_not_blamed_on_images() -> None:
    told = placement.explain_error(TWO_DEVICES, CPU, GPU)
    assert told is not None
    assert told[0] == "the images are on the GPU and the model is not"
    told = placement.explain_error(TWO_DEVICES, ("cpu", "cuda:0"), ())
    assert told is not None
    assert told[0] == "an operation has tensors on both devices"


def test_two_precisions_are_not_two_devices() -> None:
    message = "Input type (torch.cuda.HalfTensor) and weight type (torch.cuda.FloatTensor) should be the same"
    assert placement.explain_error(message, GPU, GPU) is None
    assert placement.explain_error("Input type (float) and bias type (c10::Half) should be the same", CPU, CPU) is None
