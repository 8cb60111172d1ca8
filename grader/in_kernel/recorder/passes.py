"""Record passes over data: from iter(loader) to its end, with the models that are called and the optimizer that steps.

Calls and steps are attributed to the innermost pass: of the open ones, the one whose loader advanced last. So a test
pass inside a training pass is distinguished from it, and when it ends the training pass is the innermost again.

If a loader is drained before a model is given a batch, as by `list(loader)`, its pass takes place when a model is given
the batches, which are recognised by memory address or value. Going over them once more is another pass.
"""

from __future__ import annotations

import functools
import itertools
import sys
import threading
import weakref
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from grader.in_kernel import events, patching
from grader.in_kernel.optimizer_steps import is_inner
from grader.in_kernel.randomness import canonical, initial_weights, pass_order
from grader.in_kernel.recorder import describe, models, weights
from grader.in_kernel.recorder.open_pass import OpenPass, fields, sampler_of
from grader.in_kernel.weak_map import Attached

if TYPE_CHECKING:
    from torch import nn


class _Here(threading.local):
    inside = False  # a model is being called, so that calls inside it are not outermost calls
    stray = False  # the images of the last call belong to no open pass


_here = _Here()
_open: list[OpenPass] = []  # the innermost last
_drained: list[OpenPass] = []  # the latest last
_KEPT = 4  # drained passes per loader
MAX_COUNTED = 20  # calls of models while FLOPs are counted
_by_iterator: Attached[OpenPass] = Attached()
_keys: Attached[str] = Attached()
_numbers = itertools.count(1)
_hooked: set[str] = set()


def install() -> None:
    """Reset the state, and watch torch from its import on."""
    global _numbers
    _open.clear()
    _drained.clear()
    _keys.clear()
    _numbers = itertools.count(1)
    events.at_cell_end(end_all)
    weights.install()
    patching.when_imported("torch", events.guarded(_hook_torch))


def end_all() -> None:
    """End the passes that are still open."""
    for item in [*_open, *_drained]:
        _end(item, item.last)


def _hook_torch(torch: ModuleType) -> None:
    if "torch" in _hooked:
        return
    _hooked.add("torch")
    from torch.optim.optimizer import register_optimizer_step_post_hook
    from torch.utils.data import DataLoader, dataloader

    for owner, name, wrapper in (
        (DataLoader, "__iter__", _iterating),
        (dataloader._BaseDataLoaderIter, "__next__", _advancing),
        (torch.nn.Module, "__call__", _calling),
        (torch.autograd, "backward", _going_back),
        (torch.autograd, "grad", _taking_gradients),
    ):
        patching.wrap(owner, name, wrapper)
    register_optimizer_step_post_hook(_stepped)


# --- the wrapped methods -----------------------------------------------------------------------------------------


def _iterating(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def __iter__(self: Any) -> Any:
        __tracebackhide__ = True
        if events.is_paused():
            return original(self)
        begun = _about_to_begin(self)
        iterator = original(self)
        if begun is not None:
            _begin(iterator, self, *begun)
        return iterator

    return __iter__


def _advancing(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def __next__(self: Any) -> Any:
        __tracebackhide__ = True
        if events.is_paused():
            return original(self)
        try:
            batch = original(self)
        except StopIteration:
            _exhausted(self)
            raise
        _advanced(self, batch)
        return batch

    return __next__


def _calling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def __call__(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if _here.inside or events.is_paused():
            return original(self, *args, **kwargs)
        caller = sys._getframe(1)
        model = self if caller.f_code.co_name != "forward" else _forwarding(caller) or self
        known = _register(model)
        if known is None:
            return original(self, *args, **kwargs)
        _here.inside = True
        output, start = None, events.now()
        try:
            output = original(self, *args, **kwargs)
        finally:
            _here.inside = False
            _called(model, known, args, kwargs, output, start)
        return output

    return __call__


def _going_back(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def backward(tensors: Any, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        original(tensors, *args, **kwargs)
        if _open and not events.is_paused():
            _went_back(tensors)

    return backward


def _taking_gradients(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def grad(outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        gradients = original(outputs, inputs, *args, **kwargs)
        if _open and not events.is_paused():
            _took_gradients(outputs, inputs)
        return gradients

    return grad


# --- events of the wrapped methods -------------------------------------------------------------------------------


@events.guarded
def _about_to_begin(loader: Any) -> tuple[float, pass_order.Order | None]:
    return events.now(), pass_order.order_of(sampler_of(loader))


@events.guarded
def _begin(iterator: Any, loader: Any, start: float, earlier: pass_order.Order | None) -> None:
    before = _by_iterator.get(iterator)
    if before is not None:  # persistent workers use the same iterator again
        _end(before, before.last)
    _end_finished()
    key = _keys.get(loader) or _keys.put(loader, f"loader-{next(_numbers)}")
    item = _by_iterator.put(iterator, OpenPass(iterator, loader, key, start, earlier, _abandoned))
    _open.append(item)
    _describe_functions(item, sys._getframe(1))


def _end_finished() -> None:
    """End the passes that stay open only until another begins."""
    for item in [item for item in _open if item.orphan or (item.drained and item.is_through)]:
        _end(item, item.last)


def _describe_functions(item: OpenPass, frame: FrameType) -> None:
    frames = describe.student_functions(frame)
    if frames:
        item.function, item.arguments = describe.function_name(frames[-1]), describe.arguments(frames[-1])
    if len(frames) > 1:
        item.inner_function, item.inner_arguments = describe.function_name(frames[0]), describe.arguments(frames[0])


@events.guarded
def _advanced(iterator: Any, batch: Any) -> None:
    item = _by_iterator.get(iterator)
    if item is None:  # begun while paused
        return
    if item not in _open:  # its cell has ended, and another cell continues with the iterator
        item = _continue(item, iterator)
    elif _open[-1] is not item:
        _open.remove(item)
        _open.append(item)
    item.last = events.now()
    first = next(describe.tensors(batch), None)
    item.serve(first, describe.target_of(batch))
    if item.batches == 1:
        order = pass_order.order_of(sampler_of(item.owner()))
        item.order = order if order is not item.earlier else None
    if item.batch_device is None and first is not None:
        item.batch_device = str(first.device)
    item.server = threading.get_ident()


def _continue(ended: OpenPass, iterator: Any) -> OpenPass:
    loader = ended.owner()
    item = OpenPass(iterator, loader, str(ended.loader["key"]), events.now(), None, _abandoned)
    _by_iterator.put(iterator, item)
    item.earlier = pass_order.order_of(sampler_of(loader))
    item.carried = True
    item.function, item.arguments = ended.function, ended.arguments
    item.inner_function, item.inner_arguments = ended.inner_function, ended.inner_arguments
    _open.append(item)
    return item


@events.guarded
def _exhausted(iterator: Any) -> None:
    item = _by_iterator.get(iterator)
    if item is None or item not in _open:
        return
    if not item.calls and item.batches:
        _drain(item)
        return
    if item.is_behind():  # the model has yet to be given batches that were loaded ahead
        item.exhausted = True
        item.lead = max(0, item.lead - 1)
        return
    _end(item, events.now(), complete=not item.carried)


def _drain(item: OpenPass) -> None:
    """Set a pass aside until a model is given its batches."""
    _open.remove(item)
    item.exhausted, item.last = True, events.now()
    item.drain()
    same = [other for other in _drained if other.loader["key"] == item.loader["key"]]
    for old in same[: max(0, len(same) + 1 - _KEPT)]:
        _drained.remove(old)
        _end(old, old.last)
    _drained.append(item)


@events.guarded
def _abandoned(item: OpenPass) -> None:
    if item.drained:
        return
    if item in _open and not item.calls and item.expected is not None and item.batches >= item.expected > 0:
        _drain(item)  # all batches were taken, but StopIteration never came
        return
    if item.exhausted and item.is_behind() and item in _open:  # another thread has loaded them
        item.orphan = True
        return
    _end(item, item.last)


@events.guarded
def _forwarding(frame: FrameType) -> nn.Module | None:
    """Return the module whose forward() the notebook called directly; its layers would look like models."""
    module_type = sys.modules["torch"].nn.Module
    outermost = None
    caller: FrameType | None = frame
    while caller is not None and caller.f_code.co_name == "forward" and caller.f_code.co_argcount:
        owner = caller.f_locals.get(caller.f_code.co_varnames[0])
        outermost = owner if isinstance(owner, module_type) else outermost
        caller = caller.f_back
    return outermost


@events.guarded
def _register(module: nn.Module) -> models.Known | None:
    return models.register(module)


@events.guarded
def _called(module: nn.Module, known: models.Known, args: Any, kwargs: Any, output: Any, start: float) -> None:
    """Record that a model was called at `start`; `output` is None if it raised."""
    if not known.announced and output is not None:
        models.announce(module, known)
    if models.here.profiling:
        return
    if models.here.counting is not None and len(models.here.counting) < MAX_COUNTED:
        shapes = [list(tensor.shape) for tensor in describe.tensors([args, kwargs])]
        models.here.counting.append((describe.unwrapped(module), shapes))
    torch = sys.modules["torch"]
    given = next(describe.tensors([args, kwargs]), None)
    item = _working_on(given, start)
    _here.stray = item is None
    if item is None:
        return
    first = known.key not in item.calls
    if first:
        _first_call(item, module, known, args, kwargs)
    if item.batches and not item.drained:
        item.works_on(given, first)
    item.last = events.now()
    item.calls[known.key] += 1
    item.devices[describe.device(describe.unwrapped(module))] += 1
    item.training += module.training
    item.grads += torch.is_grad_enabled()
    item.known, item.called = known, weakref.ref(describe.unwrapped(module))
    # The last output before backward() counts; a later one, for an accuracy, does not.
    if item.target is not None and item.backward_batch != item.batch and output is not None:
        item.scores.add(item.batch, output, item.target)
    # A test whose iterator is kept alive ends when the next begins; by then the model has been trained further.
    idle = not (item.kept or item.carried or item.steps or item.backwards)
    if idle and item.batch == item.expected and (item.expected > 1 or not torch.is_grad_enabled()):
        item.kept = bool(_keep_weights(item, describe.unwrapped(module)))


def _working_on(given: Any, start: float) -> OpenPass | None:
    """Return the pass that a model call with this input belongs to, and make it the innermost; None without one."""
    if not _drained:
        return _open[-1] if _open else None
    live = [item for item in _open if not item.drained]
    found = live[-1] if live else None
    for look in (False, True) if given is not None else ():
        serving = next((item for item in reversed(live) if item.serves(given, look)), None)
        kept = ((item, item.held.find(given, look)) for item in reversed(_drained)) if serving is None else ()
        source, number = next(((item, number) for item, number in kept if number is not None), (None, 0))
        if serving is not None or source is not None:
            found = serving if source is None else _walk(source, number or 0, start)
            break
    if found is not None and _open[-1] is not found:
        _open.remove(found)
        _open.append(found)
    return found


def _walk(source: OpenPass, number: int, start: float) -> OpenPass:
    """Return the pass over a drained pass's batches in which a model was given batch `number` at `start`."""
    item = source.walk
    if item is None or item.ended or (item.is_through and number != item.at):
        _end_finished()
        item = source.again(start) if source.ended or source.worked else source
        source.walk = item
        _open.append(item)
        if item is not source:
            _describe_functions(item, sys._getframe(1))
    item.works_on_held(number)
    return item


def _first_call(item: OpenPass, module: nn.Module, known: models.Known, args: Any, kwargs: Any) -> None:
    model = describe.unwrapped(module)
    item.model_device = describe.device(model)
    given = next(describe.tensors([args, kwargs]), None)
    item.data_device = str(given.device) if given is not None else None
    if not known.trainings and module.training and sys.modules["torch"].is_grad_enabled():
        weights.keep_first(known.key, model, item.cell, item.start)
    if not item.steps:
        item.number = known.trainings
        item.canonical = canonical.is_canonical() and _on_path(model, known)


def _on_path(model: nn.Module, known: models.Known) -> bool:
    """Return whether the model's weights come from canonical initial weights and canonical passes alone."""
    if not known.trainings:
        known.on_path = initial_weights.has_initial_weights(model)
        return known.on_path
    return known.on_path and known.weights is not None and known.weights == initial_weights.digest(model)


@events.guarded
def _went_back(tensors: Any) -> None:
    loss = next(describe.tensors(tensors), None)
    if not _open or loss is None or loss.numel() != 1 or _is_stray():
        return
    item = _open[-1]
    item.backwards += 1
    if item.backward_batch != item.batch:
        item.backward_batch = item.batch
        item.losses.append(_value(loss))


@events.guarded
def _took_gradients(outputs: Any, inputs: Any) -> None:
    """Count gradients of parameters as a backward pass; those of images, as for a penalty, are none."""
    parameter = sys.modules["torch"].nn.Parameter
    if any(isinstance(tensor, parameter) for tensor in describe.tensors(inputs)):
        _went_back(outputs)


def _value(loss: Any) -> Any:
    """Return a loss as a number, or as a separate tensor if reading it would wait for a GPU.

    On the virtual GPU it is a number too: a tensor that is made now, while the graph still exists, and kept costs a CNN
    6 MB of resident memory, by measurement. Tensors that a notebook keeps after the backward pass do not.
    """
    from grader.in_kernel.virtual_cuda.install import is_installed

    return loss.item() if loss.device.type == "cpu" or is_installed() else loss.detach().clone().reshape(())


def _stepped(optimizer: Any, args: object, kwargs: object) -> None:
    if _open and not events.is_paused() and not is_inner(optimizer):
        _count_step(optimizer)


def _is_stray() -> bool:
    """Return whether current calls belong to no pass: the innermost is drained, and other images are processed."""
    return _here.stray and _open[-1].drained


@events.guarded
def _count_step(optimizer: Any) -> None:
    if _is_stray():
        return
    item = _open[-1]
    item.steps += 1
    item.last = events.now()
    if item.steps == 1:
        known = item.known
        if known is not None:
            weights.training_begins(known.key)
            item.number = known.trained_over[item.images]
            known.trained_over[item.images] += 1
            known.trainings += 1
            known.weights = None  # until the pass has ended
            device = (item.model_device or "cpu").split(":")[0]
            follows = item.order is not None and (item.order.number, item.order.device) == (item.number, device)
            item.canonical = item.canonical and follows and known.trainings == known.trained_over[item.images]
    if item.optimizer is None or item.optimizer_id != id(optimizer):
        item.optimizer_id = id(optimizer)
        item.optimizer = describe.optimizer(optimizer, item.called())
    else:
        describe.update_rates(item.optimizer, optimizer)


# --- the end of a pass -------------------------------------------------------------------------------------------


def _end(item: OpenPass, end: float, complete: bool = False) -> None:
    """Write a pass and forget it; do nothing if it has ended before."""
    if item.ended or item not in (*_open, *_drained):
        return
    item.ended = True
    if item in _open:
        _open.remove(item)
    item.recent.clear()
    unworked = item.drained and bool(item.calls) and not item.is_through
    served = item.exhausted or (item.expected is not None and item.batches >= item.expected > 0)
    complete = (complete or (served and not item.carried)) and not unworked
    item.canonical = item.canonical and canonical.is_canonical()
    model = item.called()
    if item.steps and item.known is not None:
        item.known.on_path = item.canonical and complete
        if item.known.on_path and model is not None:
            item.known.weights = initial_weights.digest(model)
    if item.batches:
        events.emit("pass", fields(item, end, complete))
    trained = item.steps or item.backwards
    if complete and item.batches and model is not None and (trained or not item.kept):
        _keep_weights(item, model)


@events.guarded
def _keep_weights(item: OpenPass, model: nn.Module) -> bool:
    key = item.calls.most_common(1)[0][0]
    if item.known is not None and item.known.key != key:  # the record names the model that was called most
        found = models.by_key(key)
        if found is None:
            return False
        model = found
    trained = item.steps > 0 or item.backwards > 0
    if not (trained or weights.knows(key)):
        return False
    weights.keep(key, model, item.cell, item.start, not trained, item.loader["split"] == "test")
    return True
