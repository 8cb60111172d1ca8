"""The device's random numbers: a generator of its own, as a GPU has, that draws as the CPU's does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from grader.in_kernel.virtual_cuda.marks import GPU

DEFAULT_SEED = 0  # of the device's generator until somebody seeds it


class CudaGenerator(torch._C.Generator):
    """A generator that says it is on the GPU. Operators see another object of the same generator, so its address counts."""

    def __init__(self, device: object = None) -> None:
        _on_gpu[self._cdata] = self  # type: ignore[attr-defined]  # kept, so that the address stays its own

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """Always cuda:0."""
        return GPU


_on_gpu: dict[int, CudaGenerator] = {}
_default: list[CudaGenerator] = []


def default() -> CudaGenerator:
    """The device's own generator, torch.cuda.default_generators[0]."""
    if not _default:
        _default.append(CudaGenerator("cpu"))
        _default[0].manual_seed(DEFAULT_SEED)
    return _default[0]


def check(generator: torch.Generator, gpu: bool) -> None:
    """Refuse a generator of the other device, as torch does."""
    there = generator._cdata in _on_gpu  # type: ignore[attr-defined]
    if there != gpu:
        wanted, found = ("cuda", "cpu") if gpu else ("cpu", "cuda")
        raise RuntimeError(f"Expected a '{wanted}' device type for generator but found '{found}'")


@contextmanager
def as_global() -> Iterator[None]:
    """The device's generator in the place of the CPU's, for operators that take none."""
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
    """torch.Generator: a call with a CUDA device makes a generator of the virtual device."""

    def __new__(cls, device: object = "cpu") -> torch._C.Generator:  # type: ignore[misc]
        """A generator on the device."""
        wanted = torch.device(device)  # type: ignore[call-overload]
        if wanted.type != "cuda":
            return torch._C.Generator(wanted)
        from grader.in_kernel.virtual_cuda import activation

        activation.touch(wanted)
        return CudaGenerator("cpu")
