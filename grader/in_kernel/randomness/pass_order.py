"""Set the canonical order of training passes: the k-th pass over n shuffled images uses the k-th permutation of n.

Each device has permutations of its own, so that the records of a training on one are not those of a training on the
other. A notebook that seeds torch keeps PyTorch's own order on the CPU; on a GPU that order is permuted once more.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from grader.in_kernel import patching
from grader.in_kernel.randomness import canonical
from grader.in_kernel.weak_map import Attached

if TYPE_CHECKING:
    import torch


CPU = "cpu"


class Order:
    """The canonical permutation of `images` images for the `number`-th training pass (0-based) on a device."""

    __slots__ = ("device", "exhausted", "images", "number")

    def __init__(self, images: int, number: int, device: str) -> None:
        self.images = images
        self.number = number
        self.device = device
        self.exhausted = False


class _State:
    def __init__(self) -> None:
        self.current: weakref.ref[Any] | None = None  # the model in use, or one of its parameters
        self.orders: Attached[Order] = Attached()  # by sampler: its latest order
        self.uncounted: list[Order] = []  # orders, in use or just used up, during which no optimizer has stepped yet
        self.passes: Attached[Counter[int]] = Attached()  # by parameter: training passes by number of images


_state = _State()


def start_anew() -> None:
    """Forget all passes: the next pass of any model is its first."""
    _state.__init__()  # type: ignore[misc]


def hook(torch: ModuleType) -> None:
    """Wrap the functions that shuffle, and those that show which model is in use. Call once per process."""
    import torch.utils.data as data
    from torch.optim.optimizer import register_optimizer_step_post_hook

    patching.wrap(torch.nn.Module, "train", _touching)
    patching.wrap(torch.nn.Module, "_apply", _touching)
    patching.wrap(torch.optim.Optimizer, "__init__", _touching)
    register_optimizer_step_post_hook(_stepped)
    patching.wrap(data.RandomSampler, "__iter__", _ordering)
    patching.wrap(data, "random_split", _splitting)
    data.dataset.random_split = data.random_split


def order_of(sampler: object) -> Order | None:
    """Return the latest canonical order that this sampler yielded; None if there is none."""
    return _state.orders.get(sampler)


def pass_number(images: int) -> int:
    """Return how many training passes over `images` images the current model has had."""
    current = _state.current() if _state.current is not None else None
    counts = (_state.passes.get(parameter) for parameter in _parameters(current))
    return max((count[images] for count in counts if count is not None), default=0)


def permutation(seed: int, images: int, number: int, device: str = CPU) -> list[int]:
    """Return the canonical order of the `number`-th training pass over `images` images on a device ('cpu', 'cuda')."""
    torch = sys.modules["torch"]
    generator = torch.Generator()
    parts = ("order", images, number) if device == CPU else ("order", images, number, device)
    generator.manual_seed(canonical.derived(seed, *parts))
    order: list[int] = torch.randperm(images, generator=generator).tolist()
    return order


def _device() -> str:
    """Return the type of the device that the model in use is on."""
    current = _state.current() if _state.current is not None else None
    return next((parameter.device.type for parameter in _parameters(current)), CPU)


def _parameters(subject: object) -> Iterable[torch.Tensor]:
    """Return the parameters of a module or an optimizer; a tensor counts as its own only parameter."""
    if isinstance(subject, sys.modules["torch"].Tensor):
        return (subject,)
    if hasattr(subject, "param_groups"):
        return (p for group in subject.param_groups for p in group["params"])
    return subject.parameters() if hasattr(subject, "parameters") else ()


# --- hooks -------------------------------------------------------------------------------------------------------


def touch(subject: object) -> None:
    """Make a model, or the model of an optimizer, the current one: the next pass is taken for its training pass."""
    if hasattr(subject, "param_groups"):  # keep a parameter of the model, which outlives the optimizer
        subject = subject.param_groups[0]["params"][0]
    if _state.current is None or _state.current() is not subject:
        _state.current = weakref.ref(subject)


def _touching(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of modules or optimizers so that its object becomes the current one (the outermost comes last)."""

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        with canonical.spared:
            if next(iter(_parameters(self)), None) is not None:  # without parameters it is a loss or a metric
                touch(self)
        return result

    return method


def _ordering(original: Callable[..., Iterator[int]]) -> Callable[..., Iterator[int]]:
    @functools.wraps(original)
    def __iter__(self: Any) -> Iterator[int]:
        order = None
        if canonical.is_canonical():
            with canonical.spared:
                order = _next_order(self)
        if order is None:
            yield from _apart(original(self))
            return
        try:
            yield from permutation(canonical.seed(), order.images, order.number, order.device)
            order.exhausted = True
        finally:
            if not order.exhausted and order in _state.uncounted:  # abandoned
                _state.uncounted.remove(order)

    return __iter__


def _apart(indices: Iterator[int]) -> Iterable[int]:
    """Return the indices of a notebook that seeds torch itself: as they are on the CPU, in another order on a GPU."""
    if _device() == CPU:
        return indices
    found = list(indices)
    return [found[place] for place in permutation(canonical.seed(), len(found), 0, "own order")]


def _next_order(sampler: Any) -> Order | None:
    images = len(sampler.data_source)
    if sampler.generator is not None or sampler.replacement or sampler.num_samples != images:
        return None
    order = _state.orders.put(sampler, Order(images, pass_number(images), _device()))
    _state.uncounted = [other for other in _state.uncounted if not other.exhausted]
    _state.uncounted.append(order)
    return order


def _stepped(optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
    """Count a training pass for the optimizer's parameters, at the first step during its order."""
    with canonical.spared:
        touch(optimizer)
        if _state.uncounted:
            sizes = {order.images for order in _state.uncounted}
            _state.uncounted = []
            for parameter in _parameters(optimizer):
                (_state.passes.get(parameter) or _state.passes.put(parameter, Counter())).update(sizes)


def _splitting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def random_split(dataset: Any, lengths: Any, *args: Any, **kwargs: Any) -> Any:
        if not args and "generator" not in kwargs and canonical.is_canonical():
            with canonical.spared:
                generator = sys.modules["torch"].Generator()
                generator.manual_seed(canonical.derive("split", len(dataset), *map(float, lengths)))
                kwargs["generator"] = generator
        return original(dataset, lengths, *args, **kwargs)

    return random_split
