"""Run the grader's work in the student's process and put back everything that it may change.

The guard first notes everything that can be reached from the notebook's names: bindings, containers, attributes of
objects, and the contents of tensors, gradients, arrays and random generators. It also notes the state of the process:
random numbers, the settings of torch and matplotlib, figures, warnings, streams, the working folder and the
environment. Afterwards it compares and puts back, also after an exception. An interrupt is delivered when that is done.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import sys
import threading
import types
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from grader.in_kernel.probes.ownership import is_written

T = TypeVar("T")
Restore = Callable[[], None]

MOST_OBJECTS = 300_000
MOST_BYTES = 1 << 30  # of tensors and arrays that are copied
_OWN_TO_JUPYTER = {"In", "Out", "_ih", "_oh", "_dh", "_i", "_ii", "_iii", "get_ipython", "exit", "quit", "open"}
_NOT_STUDENTS = ("IPython", "ipykernel", "zmq", "tornado", "traitlets", "asyncio", "threading", "grader", "logging")
_ATOMS = (
    str,
    bytes,
    int,
    float,
    complex,
    bool,
    type(None),
    types.ModuleType,
    types.BuiltinFunctionType,
    types.CodeType,
)
_ABSENT = object()


def guarded(names: dict[str, Any], work: Callable[[], T]) -> T:
    """Return what `work()` returns, after all that it changed was put back. Raises what it raises.

    `names` is the notebook's namespace. An interrupt ends the work by KeyboardInterrupt, once, and never the putting
    back.
    """
    interrupts = _Interrupts()
    with interrupts.waiting():
        states = _States(names)
        states.save()
        try:
            interrupts.open = True
            try:
                return work()
            finally:
                interrupts.open = False
        finally:
            interrupts.open = False
            states.restore()


class _Interrupts:
    """Ctrl-C raises KeyboardInterrupt only while `open`, and else when all is over."""

    def __init__(self) -> None:
        self.open = False
        self._came = False

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)
        signal.signal(signal.SIGINT, self._interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
            if self._came and sys.exc_info()[0] is None:
                raise KeyboardInterrupt

    def _interrupted(self, *_: object) -> None:
        self._came = True
        if self.open:
            self.open = False
            raise KeyboardInterrupt


class _States:
    """The states that are put back: those reachable from the names, and those of the process."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self._seen: dict[int, Any] = {}  # kept alive, so that no other object gets its id
        self._restore: list[Restore] = []
        self._bytes = 0

    def save(self) -> None:
        """Note all states."""
        self._walk()
        for save in (_process, _randoms, _torch, _matplotlib):
            self._restore += save()

    def restore(self) -> None:
        """Put everything back. What cannot be put back does not keep the rest from it."""
        for restore in reversed(self._restore):
            with contextlib.suppress(Exception):
                restore()
        self._seen.clear()

    # --- what the names reach ---------------------------------------------------------------------------------------

    def _walk(self) -> None:
        names = self._names
        self._restore.append(_bindings(names))
        waiting: deque[Any] = deque(value for name, value in names.items() if name not in _OWN_TO_JUPYTER)
        while waiting and len(self._seen) < MOST_OBJECTS:
            value = waiting.popleft()
            if isinstance(value, types.ModuleType) and is_written(value.__name__) and id(value) not in self._seen:
                self._seen[id(value)] = value
                self._restore.append(_bindings(vars(value)))
                waiting.extend(vars(value).values())
            if isinstance(value, _ATOMS) or id(value) in self._seen or value is names:
                continue
            self._seen[id(value)] = value
            try:
                waiting.extend(self._note(value))
            except Exception:  # objects of the student's own may refuse anything
                continue

    def _note(self, value: Any) -> list[Any]:
        """Note how to put one object back, and return the objects that it holds."""
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, (types.FunctionType, types.MethodType)):
            return _held_by_function(value)
        if type(value).__module__.partition(".")[0] in _NOT_STUDENTS:
            return []
        torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
        held: list[Any] = []
        if torch is not None and isinstance(value, torch.Tensor):
            return self._tensor(value)
        if torch is not None and isinstance(value, torch.Generator):
            state = value.get_state()
            self._restore.append(lambda: value.set_state(state) and None)
            return []
        if numpy is not None and isinstance(value, numpy.ndarray):
            return self._array(numpy, value)
        if numpy is not None and isinstance(value, numpy.random.Generator):
            bits, numbers = value.bit_generator, value.bit_generator.state
            self._restore.append(lambda: setattr(bits, "state", numbers))
            return []
        if isinstance(value, random.Random):
            where = value.getstate()
            self._restore.append(lambda: value.setstate(where))
            return []
        if isinstance(value, dict):
            self._restore.append(_bindings(value))
            held += [*value.keys(), *value.values()]
        elif isinstance(value, (list, deque)):
            items = list(value)
            self._restore.append(lambda: _refill(value, items))
            held += items
        elif isinstance(value, set):
            members = set(value)
            self._restore.append(lambda: _reset(value, members))
            held += members
        elif isinstance(value, bytearray):
            content = bytes(value)
            self._restore.append(lambda: value.__setitem__(slice(None), content))
        elif isinstance(value, (tuple, frozenset)):
            held += value
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict) and id(attributes) not in self._seen:
            self._seen[id(attributes)] = attributes
            self._restore.append(_bindings(attributes))
            held += attributes.values()
        return held + self._slots(value)

    def _slots(self, value: Any) -> list[Any]:
        held = []
        for cls in type(value).__mro__:
            slots = cls.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else tuple(slots):
                now = getattr(value, name, _ABSENT)
                if name not in ("__dict__", "__weakref__") and now is not _ABSENT:
                    held.append(now)
                    self._restore.append(lambda name=name, now=now: setattr(value, name, now))  # type: ignore[misc]
        return held

    def _class(self, cls: type) -> list[Any]:
        if cls.__module__ != self._names.get("__name__", "__main__") and not is_written(cls.__module__):
            return []
        before = dict(vars(cls))

        def restore() -> None:
            for name in vars(cls).keys() - before.keys():
                delattr(cls, name)
            for name, value in before.items():
                if vars(cls).get(name, _ABSENT) is not value:
                    setattr(cls, name, value)

        self._restore.append(restore)
        return [*before.values()]

    def _tensor(self, tensor: Any) -> list[Any]:
        torch = sys.modules["torch"]
        if tensor.layout != torch.strided or tensor.device.type == "meta":
            return []
        alias, gradient, wanted = tensor.data, tensor.grad if tensor.is_leaf else None, tensor.requires_grad
        copy = alias.clone() if self._affords(alias.nbytes) else None

        def restore() -> None:
            if tensor.data.data_ptr() != alias.data_ptr() or tensor.device != alias.device:
                tensor.data = alias
            if copy is not None and not torch.equal(alias, copy):
                alias.copy_(copy)
            if tensor.is_leaf and tensor.requires_grad != wanted:
                tensor.requires_grad_(wanted)
            if tensor.is_leaf and tensor.grad is not gradient:
                tensor.grad = gradient

        self._restore.append(restore)
        return [gradient, *getattr(tensor, "__dict__", {}).values(), tensor._backward_hooks]

    def _array(self, numpy: Any, array: Any) -> list[Any]:
        if array.dtype.hasobject or not array.flags.writeable or not self._affords(array.nbytes):
            return []
        copy = array.copy()

        def restore() -> None:
            if array.tobytes() != copy.tobytes():
                array[...] = copy

        self._restore.append(restore)
        return []

    def _affords(self, size: int) -> bool:
        self._bytes += size
        return self._bytes <= MOST_BYTES


def _bindings(names: dict[Any, Any]) -> Restore:
    before = dict(names)
    kind: Any = OrderedDict if isinstance(names, OrderedDict) else dict  # not what a student's class made of these

    def restore() -> None:
        for name in [name for name in names if name not in before]:
            kind.__delitem__(names, name)
        for name, value in before.items():
            if kind.get(names, name, _ABSENT) is not value:
                kind.__setitem__(names, name, value)
        if list(names) != list(before):  # in the order that they had
            kind.clear(names)
            kind.update(names, before)

    return restore


def _refill(container: Any, items: list[Any]) -> None:
    if len(container) != len(items) or any(one is not other for one, other in zip(container, items, strict=True)):
        container.clear()
        container.extend(items)


def _reset(container: set[Any], members: set[Any]) -> None:
    if container != members:
        container.clear()
        container.update(members)


def _held_by_function(function: Any) -> list[Any]:
    inner = getattr(function, "__func__", function)
    held = [*(inner.__defaults__ or ()), *(inner.__kwdefaults__ or {}).values(), *vars(inner).values()]
    for cell in inner.__closure__ or ():
        with contextlib.suppress(ValueError):  # not assigned yet
            held.append(cell.cell_contents)
    return [*held, getattr(function, "__self__", None)]


# --- states of the process ----------------------------------------------------------------------------------------


def _process() -> list[Restore]:
    filters, show = list(warnings.filters), warnings.showwarning
    streams = {name: getattr(sys, name) for name in ("stdout", "stderr", "stdin", "displayhook", "excepthook")}
    path, folder, environment = list(sys.path), os.getcwd(), dict(os.environ)

    def restore() -> None:
        if warnings.filters[:] != filters:
            warnings.filters[:] = filters  # type: ignore[index]
            getattr(warnings, "_filters_mutated", lambda: None)()
        warnings.showwarning = show
        for name, value in streams.items():
            setattr(sys, name, value)
        if sys.path != path:
            sys.path[:] = path
        if os.getcwd() != folder:
            os.chdir(folder)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)

    return [restore]


def _randoms() -> list[Restore]:
    python = random.getstate()
    found: list[Restore] = [lambda: random.setstate(python)]
    if (numpy := sys.modules.get("numpy")) is not None:
        numbers = numpy.random.get_state()
        found.append(lambda: numpy.random.set_state(numbers))
    return found


def _torch() -> list[Restore]:
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    state, grad, dtype = torch.get_rng_state(), torch.is_grad_enabled(), torch.get_default_dtype()
    threads, seed = torch.get_num_threads(), torch.initial_seed()
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    devices = torch.cuda.get_rng_state_all() if cuda else []
    flags = {name: getattr(torch.backends.cudnn, name) for name in ("benchmark", "deterministic", "enabled")}
    certain, warned = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    hooks = [
        (names, dict(names))
        for module in (torch.nn.modules.module, sys.modules.get("torch.optim.optimizer"))
        for name, names in list(vars(module or torch).items())
        if name.startswith("_global_") and isinstance(names, dict)
    ]

    def restore() -> None:
        if torch.initial_seed() != seed:
            torch.manual_seed(seed)
        torch.set_rng_state(state)
        if cuda:
            torch.cuda.set_rng_state_all(devices)
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
        for name, value in flags.items():
            if getattr(torch.backends.cudnn, name) != value:
                setattr(torch.backends.cudnn, name, value)
        torch.use_deterministic_algorithms(certain, warn_only=warned)
        for names, before in hooks:
            if dict(names) != before:
                names.clear()
                names.update(before)

    return [restore]


def _matplotlib() -> list[Restore]:
    found: list[Restore] = []
    if (matplotlib := sys.modules.get("matplotlib")) is not None:
        settings = dict.copy(matplotlib.rcParams)

        def restore_settings() -> None:
            if dict.copy(matplotlib.rcParams) != settings:
                dict.update(matplotlib.rcParams, settings)

        found.append(restore_settings)
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        helpers = sys.modules["matplotlib._pylab_helpers"].Gcf
        figures, interactive = list(helpers.figs.items()), matplotlib.is_interactive() if matplotlib else False
        backend = getattr(pyplot, "_backend_mod", None)
        stacks = {number: list(manager.canvas.figure._axstack._axes.items()) for number, manager in figures}

        def restore_figures() -> None:
            if list(helpers.figs.items()) != figures:
                helpers.figs.clear()
                helpers.figs.update(figures)
            pyplot._backend_mod = backend
            if matplotlib is not None and matplotlib.is_interactive() != interactive:
                matplotlib.interactive(interactive)
            for number, manager in figures:
                axes = manager.canvas.figure._axstack._axes
                if list(axes.items()) != stacks[number]:
                    axes.clear()
                    axes.update(stacks[number])

        found.append(restore_figures)
    return found


# --- files ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def files_untouched(names: dict[str, Any] | None = None) -> Iterator[None]:
    """Within this context, files that Python code opens for writing are written nowhere, and torch saves nothing.

    A test function may keep the best model in a file: a probe's small model must not replace it. `names` may hold an
    `open` of its own, as IPython's namespaces do.
    """
    import builtins

    original, module = builtins.open, io.open

    def harmless(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if isinstance(mode, str) and set(mode) & set("wax+") and not isinstance(file, int):
            return original(os.devnull, mode.replace("x", "w").replace("a", "w"), *args, **kwargs)
        return original(file, mode, *args, **kwargs)

    torch: Any = sys.modules.get("torch")
    save = getattr(torch, "save", None)
    own = (names or {}).get("open")
    builtins.open = io.open = harmless
    if names is not None and own is not None:
        names["open"] = harmless
    if torch is not None:
        torch.save = lambda *_, **__: None
    try:
        yield
    finally:
        builtins.open, io.open = original, module
        if names is not None and own is not None:
            names["open"] = own
        if torch is not None and save is not None:
            torch.save = save
