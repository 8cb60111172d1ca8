"""Canonical randomness: the harness, not the notebook, owns initial weights and the order of training passes.

A layer's initial weights follow from the seed, its kind, its shapes and its place among the like layers of the model that
is being built; the k-th training pass of any model over n shuffled images follows the k-th permutation of n. So every
correct notebook takes the same path as the reference, however it is written and whatever else it draws. The draws come
from generators of their own and leave torch's global state as it was (an unpatched layer would have advanced it); all
else that is random (dropout masks, `torch.randn`) stays with the global generators, which are seeded once.

A notebook that seeds torch itself gets plain PyTorch from then on, bit for bit.
"""

from __future__ import annotations

import functools
import hashlib
import random
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from grader.inside.imports import when_imported

if TYPE_CHECKING:
    import torch
    from torch import nn

SAMPLED = 65_536  # elements of a parameter that its digest reads


class Order:
    """One canonical permutation of `images` images: that of the `number`-th training pass (0-based)."""

    __slots__ = ("exhausted", "images", "number")

    def __init__(self, images: int, number: int) -> None:
        self.images = images
        self.number = number
        self.exhausted = False


class _Layer:
    """How a layer's weights were drawn: by which function, with which kind and shapes, as the how-many-th of its like."""

    __slots__ = ("draw", "kind", "loose", "ordinal", "settled")

    def __init__(self, draw: Callable[[nn.Module], None], kind: str, ordinal: int, loose: bool) -> None:
        self.draw = draw
        self.kind = kind
        self.ordinal = ordinal
        self.loose = loose
        self.settled = not loose


class _State:
    def __init__(self) -> None:
        self.seed = 0
        self.active = False  # installed and not given up
        self.on_seeded: list[Callable[[], None]] = []
        self.own_seeding = False
        self.drawn: set[bytes] = set()
        self.layers: weakref.WeakKeyDictionary[nn.Module, _Layer] = weakref.WeakKeyDictionary()
        self.counts: weakref.WeakKeyDictionary[nn.Module, Counter[str]] = weakref.WeakKeyDictionary()
        self.loose: Counter[str] = Counter()  # layers of no model, since the last container
        self.current: weakref.ref[Any] | None = None  # the model or optimizer that was last in the notebook's hands
        self.orders: weakref.WeakKeyDictionary[Any, Order] = weakref.WeakKeyDictionary()  # by sampler, its latest
        self.uncounted: list[Order] = []  # orders being followed, or just followed, by which nothing has stepped yet
        self.passes: Any = None  # WeakIdKeyDictionary: parameter -> Counter of training passes by number of images


_state = _State()
_hooked: set[str] = set()


class _Here(threading.local):
    drawing = False


_here = _Here()


# --- what others ask ---------------------------------------------------------------------------------------------


def install(config: dict[str, Any]) -> None:
    """Own the random numbers from here on. `config`: 'seed' (int, 0 if absent). Seeds random, numpy and torch once."""
    callbacks = _state.on_seeded
    _state.__init__()  # type: ignore[misc]
    _state.on_seeded = callbacks
    _state.seed = int(config.get("seed", 0))
    random.seed(_state.seed)
    when_imported("numpy.random", _seed_numpy)
    when_imported("torch", _hook_torch)


def is_canonical() -> bool:
    """Whether initial weights and order are still the harness's: installed, torch there, and not seeded by the notebook."""
    if not _state.active:
        return False
    torch = sys.modules["torch"]
    if torch.default_generator.initial_seed() != _state.seed:  # seeded in a way that no wrapper saw
        _give_up()
    return _state.active


def on_seeded(callback: Callable[[], None]) -> None:
    """Call `callback()` once, when the notebook takes the random numbers into its own hands."""
    _state.on_seeded.append(callback)


def order_of(sampler: object) -> Order | None:
    """The latest canonical order that this sampler gave; None if it gave none."""
    try:
        return _state.orders.get(sampler)
    except TypeError:  # no weak references to it
        return None


def pass_number(images: int, subject: object | None = None) -> int:
    """How many training passes over `images` images the model or optimizer `subject` (the current one if None) has had."""
    if subject is None:
        subject = _state.current() if _state.current is not None else None
    counts = [_state.passes[p][images] for p in _parameters(subject) if p in _state.passes]
    return max(counts, default=0)


def digest(model: nn.Module) -> bytes | None:
    """A fingerprint of all weights of a model; equal for equal weights on any device. None when it has none to read."""
    parts = _digests(model)
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest() if parts else None


def has_initial_weights(model: nn.Module) -> bool:
    """Whether every parameter of the model is as canonically drawn: not trained, not re-initialized, none of its own."""
    parts = _digests(model)
    return bool(parts) and all(part in _state.drawn for part in parts)


def permutation(images: int, number: int) -> list[int]:
    """The canonical order of the `number`-th training pass over `images` images."""
    torch = sys.modules["torch"]
    generator = torch.Generator()
    generator.manual_seed(_derive("order", images, number))
    order: list[int] = torch.randperm(images, generator=generator).tolist()
    return order


# --- numbers -----------------------------------------------------------------------------------------------------


def _derive(*what: object) -> int:
    text = "|".join(map(str, (_state.seed, *what)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big")


def _kind(module: nn.Module) -> str:
    """The name of the torch layer that this is or derives from; a lazy layer counts as what it becomes."""
    for cls in type(module).__mro__:
        if cls.__module__.startswith("torch.nn.modules."):
            become = getattr(cls, "cls_to_become", None)
            return become.__name__ if isinstance(become, type) else cls.__name__
    return "Module"


def _digests(model: nn.Module) -> list[bytes]:
    parts = []
    for module in model.modules():
        kind = _kind(module)
        for name, parameter in module._parameters.items():
            if parameter is not None:
                flat = parameter.detach().reshape(-1)
                flat = flat[:: max(1, flat.numel() // SAMPLED)].cpu().contiguous()
                head = f"{kind}.{name} {tuple(parameter.shape)} {parameter.dtype}".encode()
                raw = flat.view(sys.modules["torch"].uint8).numpy().tobytes()
                parts.append(hashlib.blake2b(head + raw, digest_size=16).digest())
    return parts


def _parameters(subject: object) -> Iterable[torch.Tensor]:
    """The parameters of a module or an optimizer."""
    if hasattr(subject, "param_groups"):
        return (p for group in subject.param_groups for p in group["params"])
    return subject.parameters() if hasattr(subject, "parameters") else ()


# --- hooks -------------------------------------------------------------------------------------------------------


def _seed_numpy(module: ModuleType) -> None:
    module.seed(_state.seed % 2**32)


def _hook_torch(torch: ModuleType) -> None:
    if "torch" not in _hooked:
        _hooked.add("torch")
        _hook_layers(torch)
        _hook_order(torch)
        for module in (torch, torch.random, torch.cuda, torch.cuda.random):
            for name in {"seed", "seed_all", "manual_seed", "manual_seed_all"} & vars(module).keys():
                setattr(module, name, _watching_seed(getattr(module, name)))
    _state.passes = torch.utils.weak.WeakIdKeyDictionary()
    _state.own_seeding = True
    torch.manual_seed(_state.seed)
    _state.own_seeding = False
    _state.active = True


def _hook_layers(torch: ModuleType) -> None:
    for name in (
        "activation",
        "adaptive",
        "batchnorm",
        "conv",
        "linear",
        "normalization",
        "rnn",
        "sparse",
        "transformer",
    ):
        module = getattr(torch.nn.modules, name)
        for cls in [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]:
            if not cls.__name__.startswith(("Lazy", "_Lazy")):  # those call what is wrapped, once they have a shape
                for method in {"reset_parameters", "_reset_parameters"} & vars(cls).keys():
                    setattr(cls, method, _drawing_canonically(vars(cls)[method]))
    _wrap(torch.nn.Sequential, "__init__", _containing)
    _wrap(torch.nn.ModuleList, "__init__", _containing)


def _hook_order(torch: ModuleType) -> None:
    import torch.utils.data as data

    _wrap(torch.nn.Module, "train", _touching)
    _wrap(torch.nn.Module, "_apply", _touching)
    _wrap(torch.optim.Optimizer, "__init__", _touching)
    torch.optim.optimizer.register_optimizer_step_post_hook(_stepped)
    _wrap(data.RandomSampler, "__iter__", _ordering)
    _wrap(data, "random_split", _splitting)
    data.dataset.random_split = data.random_split


def _wrap(owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    setattr(owner, name, wrapper(getattr(owner, name)))


def _give_up() -> None:
    if _state.active:
        _state.active = False
        for callback in _state.on_seeded:
            callback()


def _watching_seed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def seed(*args: Any, **kwargs: Any) -> Any:
        if not _state.own_seeding:
            _give_up()
        return original(*args, **kwargs)

    return seed


# --- initial weights ---------------------------------------------------------------------------------------------


def _drawing_canonically(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def reset_parameters(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        if not _here.drawing and not args and not kwargs and is_canonical():
            with suppress(Exception):  # a layer that cannot be placed is drawn as torch draws it
                layer = _state.layers.get(self) or _place(self, original)
                if layer is not None:
                    return _draw(self, layer)
        return original(self, *args, **kwargs)

    return reset_parameters


def _place(module: nn.Module, draw: Callable[[nn.Module], None]) -> _Layer | None:
    """Find a new layer's place in the model under construction; None when it has no weights to draw yet."""
    lazy = sys.modules["torch"].nn.parameter.UninitializedTensorMixin
    if any(isinstance(p, lazy) or p.device.type == "meta" for p in module.parameters()):
        return None
    kind = _kind(module) + str([tuple(p.shape) for p in module.parameters(recurse=False)])
    builder = _under_construction() or module
    loose = builder is module
    counter = _state.loose if loose else _state.counts.setdefault(builder, Counter())
    layer = _state.layers[module] = _Layer(draw, kind, counter[kind], loose)
    counter[kind] += 1
    _touch(builder)
    return layer


def _draw(module: nn.Module, layer: _Layer) -> None:
    """Give a layer its canonical weights, drawn on the CPU wherever the layer is."""
    generator = sys.modules["torch"].default_generator
    state = generator.get_state()
    away = [(p, p.device) for p in module.parameters() if p.device.type != "cpu"]
    _here.drawing = True
    try:
        generator.manual_seed(_derive("weights", layer.kind, layer.ordinal))
        for parameter, _ in away:
            parameter.data = parameter.data.cpu()
        layer.draw(module)
    finally:
        for parameter, device in away:
            parameter.data = parameter.data.to(device)
        _here.drawing = False
        generator.set_state(state)
    _state.drawn.update(_digests(module))


def _under_construction() -> nn.Module | None:
    """The outermost module whose __init__ is running, from the frames."""
    module_type = sys.modules["torch"].nn.Module
    outermost = None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__init__" and code.co_argcount:
            first = frame.f_locals.get(code.co_varnames[0])
            if isinstance(first, module_type):
                outermost = first
        frame = frame.f_back
    return outermost


def _containing(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if is_canonical():
            with suppress(Exception):
                if _under_construction() in (None, self):
                    _number_anew(self)
                    _state.loose.clear()
                    _touch(self)

    return __init__


def _number_anew(container: nn.Module) -> None:
    """Number the layers of a model that is built by no class, in the order of the container.

    They were drawn one by one before anything knew where they belong. Only layers that are in no container yet are drawn
    again, or such as would have the same weights as a like layer beside them (two blocks of one class).
    """
    seen: Counter[str] = Counter()
    taken: set[tuple[str, int]] = set()
    again = []
    for module in container.modules():
        layer = _state.layers.get(module)
        if layer is None:
            continue
        ordinal = seen[layer.kind]
        seen[layer.kind] += 1
        double = (layer.kind, layer.ordinal) in taken
        if double or (not layer.settled and layer.ordinal != ordinal):
            again.append((module, layer, ordinal))
            taken.add((layer.kind, ordinal))
        else:
            taken.add((layer.kind, layer.ordinal))
        layer.settled = True
    for module, layer, ordinal in reversed(again):  # parts before the whole, as they were first drawn
        if has_initial_weights(module):
            layer.ordinal = ordinal
            _draw(module, layer)


# --- the order of training passes --------------------------------------------------------------------------------


def _touch(subject: object) -> None:
    if _state.current is None or _state.current() is not subject:
        _state.current = weakref.ref(subject)


def _touching(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of a module or optimizer: what it is called on becomes the current one (the outermost comes last)."""

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        with suppress(Exception):
            if next(iter(_parameters(self)), None) is not None:  # a loss or a metric is no model
                _touch(self)
        return result

    return method


def _ordering(original: Callable[..., Iterator[int]]) -> Callable[..., Iterator[int]]:
    @functools.wraps(original)
    def __iter__(self: Any) -> Iterator[int]:
        order = None
        if is_canonical():
            with suppress(Exception):
                order = _next_order(self)
        if order is None:
            yield from original(self)
            return
        try:
            yield from permutation(order.images, order.number)
            order.exhausted = True
        finally:
            if not order.exhausted and order in _state.uncounted:  # abandoned
                _state.uncounted.remove(order)

    return __iter__


def _next_order(sampler: Any) -> Order | None:
    images = len(sampler.data_source)
    if sampler.generator is not None or sampler.replacement or sampler.num_samples != images:
        return None
    order = _state.orders[sampler] = Order(images, pass_number(images))
    _state.uncounted = [other for other in _state.uncounted if not other.exhausted]
    _state.uncounted.append(order)
    return order


def _stepped(optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
    """Count a training pass for the parameters that step, at the first step that follows its order."""
    with suppress(Exception):
        _touch(optimizer)
        if _state.uncounted:
            sizes = {order.images for order in _state.uncounted}
            _state.uncounted = []
            for parameter in _parameters(optimizer):
                _state.passes.setdefault(parameter, Counter()).update(sizes)


def _splitting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def random_split(dataset: Any, lengths: Any, *args: Any, **kwargs: Any) -> Any:
        if not args and "generator" not in kwargs and is_canonical():
            with suppress(Exception):
                generator = sys.modules["torch"].Generator()
                generator.manual_seed(_derive("split", len(dataset), *map(float, lengths)))
                kwargs["generator"] = generator
        return original(dataset, lengths, *args, **kwargs)

    return random_split
