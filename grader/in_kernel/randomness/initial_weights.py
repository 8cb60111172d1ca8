"""Draw a layer's canonical initial weights, by its kind, its shapes and its position in the model being built."""

from __future__ import annotations

import functools
import hashlib
import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from grader.in_kernel import patching
from grader.in_kernel.randomness import canonical, pass_order
from grader.in_kernel.weak_map import Attached

if TYPE_CHECKING:
    from torch import nn

SAMPLED = 65_536  # about how many elements of a parameter its digest reads


class _Layer:
    """A record of a layer's draw: the function, the layer's kind with its shapes, and its number among its kind.

    A `loose` layer was built outside any model's __init__; it is `settled` once its number is final.
    """

    __slots__ = ("draw", "kind", "loose", "ordinal", "settled")

    def __init__(self, draw: Callable[[nn.Module], None], kind: str, ordinal: int, loose: bool) -> None:
        self.draw = draw
        self.kind = kind
        self.ordinal = ordinal
        self.loose = loose
        self.settled = not loose


class _State:
    def __init__(self) -> None:
        self.drawn: set[bytes] = set()  # digests of all canonically drawn parameters
        self.layers: Attached[_Layer] = Attached()
        self.counts: Attached[Counter[str]] = Attached()  # by model
        self.loose: Counter[str] = Counter()  # layers outside any model since the last container


class _Here(threading.local):
    drawing = False


_state = _State()
_here = _Here()


def start_anew() -> None:
    """Forget all layers, so that counting begins again."""
    _state.__init__()  # type: ignore[misc]


def hook(torch: ModuleType) -> None:
    """Wrap the initialization of torch's layers. Call once per process."""
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
            if not cls.__name__.startswith(("Lazy", "_Lazy")):  # these call a wrapped method once they have a shape
                for method in {"reset_parameters", "_reset_parameters"} & vars(cls).keys():
                    setattr(cls, method, _drawing_canonically(vars(cls)[method]))
    patching.wrap(torch.nn.Sequential, "__init__", _containing)
    patching.wrap(torch.nn.ModuleList, "__init__", _containing)


def digest(model: nn.Module) -> bytes | None:
    """Return a digest of all weights of a model, equal for equal weights on any device; None without weights."""
    parts = _digests(model)
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest() if parts else None


def has_initial_weights(model: nn.Module) -> bool:
    """Return whether all parameters of the model are as canonically drawn: none trained, re-initialized or custom."""
    parts = _digests(model)
    return bool(parts) and all(part in _state.drawn for part in parts)


def _kind(module: nn.Module) -> str:
    """Return the name of the torch layer that this is or derives from; a lazy layer counts as the layer it becomes."""
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


# --- drawing -----------------------------------------------------------------------------------------------------


def _drawing_canonically(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def reset_parameters(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        if not _here.drawing and not args and not kwargs and canonical.is_canonical():
            with canonical.spared:  # if this fails, torch draws the weights
                layer = _state.layers.get(self) or _place(self, original)
                if layer is not None:
                    return _draw(self, layer)
        return original(self, *args, **kwargs)

    return reset_parameters


def _place(module: nn.Module, draw: Callable[[nn.Module], None]) -> _Layer | None:
    """Number a new layer within the model under construction; None if it has no weights to draw yet."""
    lazy = sys.modules["torch"].nn.parameter.UninitializedTensorMixin
    if any(isinstance(p, lazy) or p.device.type == "meta" for p in module.parameters()):
        return None
    kind = _kind(module) + str([tuple(p.shape) for p in module.parameters(recurse=False)])
    builder = _under_construction()
    if builder is None:  # no __init__ is running: a lazy layer gets its shape, or an existing one is re-initialized
        builder = module
    loose = builder is module
    counter = _state.loose if loose else _counter_of(builder)
    layer = _state.layers.put(module, _Layer(draw, kind, counter[kind], loose))
    counter[kind] += 1
    pass_order.touch(builder)
    return layer


def _counter_of(builder: nn.Module) -> Counter[str]:
    counter = _state.counts.get(builder)
    return counter if counter is not None else _state.counts.put(builder, Counter())


def _draw(module: nn.Module, layer: _Layer) -> None:
    """Give a layer its canonical weights, drawn on the CPU whatever device the layer is on."""
    generator = sys.modules["torch"].default_generator
    state = generator.get_state()
    away = [(p, p.device) for p in module.parameters() if p.device.type != "cpu"]
    _here.drawing = True
    try:
        generator.manual_seed(canonical.derive("weights", layer.kind, layer.ordinal))
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
    """Return the outermost module whose __init__ is running, found in the stack."""
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
        if canonical.is_canonical():
            with canonical.spared:
                builder = _under_construction()
                if builder is None or builder is self:
                    _number_anew(self)
                    _state.loose.clear()
                    pass_order.touch(self)

    return __init__


def _number_anew(container: nn.Module) -> None:
    """Number the layers of a model that is built without a class, in the container's order.

    They were drawn one by one before their position was known. A layer is drawn again only if it was in no container
    yet, or if it would have the same weights as a similar layer in this one (two blocks of one class).
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
    for module, layer, ordinal in reversed(again):  # submodules before their parent, as in the first draw
        if has_initial_weights(module):
            layer.ordinal = ordinal
            _draw(module, layer)
