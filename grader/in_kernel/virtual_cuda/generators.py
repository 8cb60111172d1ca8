"""The device's random number generator: separate from the CPU's, as on a GPU, with the CPU's algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from grader.in_kernel.virtual_cuda.marks import GPU

DEFAULT_SEED = 0  # of the device's generator until it is seeded


class CudaGenerator(torch._C.Generator):
    """A generator that reports the GPU as its device.

    Operators get another Python object for the same generator, so a generator is identified by its address.
    """

    def __init__(self, device: object = None) -> None:
        _on_gpu[self._cdata] = self  # type: ignore[attr-defined]  # kept alive, so that its address is not reused

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """The GPU, cuda:0."""
        return GPU


_on_gpu: dict[int, CudaGenerator] = {}
_default: list[CudaGenerator] = []


def default() -> CudaGenerator:
    """Return the device's default generator, torch.cuda.default_generators[0]."""
    if not _default:
        _default.append(CudaGenerator("cpu"))
        _default[0].manual_seed(DEFAULT_SEED)
    return _default[0]


def check(generator: torch.Generator, gpu: bool) -> None:
    """Raise torch's RuntimeError unless the generator is on the GPU (`gpu`) or the CPU (not `gpu`)."""
    there = generator._cdata in _on_gpu  # type: ignore[attr-defined]
    if there != gpu:
        wanted, found = ("cuda", "cpu") if gpu else ("cpu", "cuda")
        raise RuntimeError(f"Expected a '{wanted}' device type for generator but found '{found}'")


@contextmanager
def as_global() -> Iterator[None]:
    """Let the CPU's default generator draw the device's numbers, for operators that take no generator."""
    own = torch.default_generator.get_state()
    torch.default_generator.set_state(default().get_state())
    try:
        yield
    finally:
        default().set_state(torch.default_generator.get_state())
        torch.default_generator.set_state(own)


class _GeneratorType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, torch._C.Generator)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, torch._C.Generator)


class Generator(metaclass=_GeneratorType):
    """Replaces torch.Generator: with a CUDA device it makes a generator of the virtual device."""

    def __new__(cls, device: object = "cpu") -> torch._C.Generator:  # type: ignore[misc]
        """Return a generator on the device."""
        wanted = torch.device(device)  # type: ignore[call-overload]
        if wanted.type != "cuda":
            return torch._C.Generator(wanted)
        from grader.in_kernel.virtual_cuda import activation

        activation.touch(wanted)
        return CudaGenerator("cpu")
