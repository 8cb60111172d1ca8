"""A pass over data while it is open: its state so far, and the record made from it."""

from __future__ import annotations

import copy
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.in_kernel import events
from grader.in_kernel.datasets import registry
from grader.in_kernel.datasets.recognition import Recognised
from grader.in_kernel.randomness.pass_order import Order
from grader.in_kernel.recorder import describe
from grader.in_kernel.recorder.models import Known
from grader.in_kernel.recorder.scores import Scores
from grader.in_kernel.recorder.served_batches import HeldBatches

if TYPE_CHECKING:
    import torch
    from torch import nn

Ended = Callable[["OpenPass"], object]
AHEAD = 8  # batches that are kept because a loop may load them ahead
FIRST, EVERY = 6, 16  # the first batches of a pass are recognised, and then every 16th
MAINLY = 0.9  # share of the calls
MAX_SERVED = 1024  # images whose places are recorded


class Batch(NamedTuple):
    """A served batch: its number, from 1, its images and its labels."""

    number: int
    images: torch.Tensor | None
    labels: torch.Tensor | None


class OpenPass:
    """An open pass and its state so far. Models, optimizers and iterators are referenced weakly.

    A pass is drained when all its batches were served before a model was given any, as by `list(loader)`.
    """

    def __init__(self, iterator: Any, loader: Any, key: str, start: float, earlier: Order | None, ended: Ended) -> None:
        self.loader = describe.loader(loader, key)
        self.expected = describe.size(loader)
        self.images = int(self.loader["images"])  # type: ignore[call-overload]
        self.earlier = earlier  # the sampler's order before this pass
        self.order: Order | None = None
        self.owner = weakref.ref(loader)
        self.iterator = weakref.ref(iterator, lambda _: ended(self))
        self.carried = False  # it continues an iterator whose earlier pass ended with its cell
        self.batches = self.samples = 0
        self.recent: deque[Batch] = deque(maxlen=AHEAD)
        self.held = HeldBatches()  # batches that no model had been given when the next was served
        self.drained = False
        self.recognised = Recognised()
        self.served = 0  # images of the first batches, which were recognised one after the other
        self._begin_to_count(start)

    def _begin_to_count(self, start: float) -> None:
        self.start = self.last = start
        self.cell = max(0, events.cell())
        self.walk: OpenPass | None = None  # the pass over the batches of this one that were kept
        self.ended = False
        self.worked: set[int] = set()  # of a drained pass: the batches that a model was given
        self.lead = 0  # how many batches the loader was ahead of the model at the model's last call
        self.at: int | None = None  # the number of the batch that the model was given then
        self.server = self.worker = threading.get_ident()  # the threads that take batches and call the model
        self.is_ahead = False  # the loader has been ahead of the model
        self.exhausted = self.orphan = False  # all batches were served, not all processed; the iterator is gone
        self.kept = False  # the weights were kept at the last batch
        self.function: str | None = None
        self.arguments: list[dict[str, object]] = []
        self.inner_function: str | None = None
        self.inner_arguments: list[dict[str, object]] = []
        self.calls: Counter[str] = Counter()  # by model
        self.training = self.grads = 0  # calls in training mode, calls with gradients enabled
        self.model_device: str | None = None
        self.devices: Counter[str] = Counter()  # of the model, by call
        self.data_device: str | None = None
        self.batch_device: str | None = None  # where the loader puts its batches
        self.called: Callable[[], nn.Module | None] = lambda: None  # returns the model called last
        self.known: Known | None = None
        self.scores = Scores()
        self.backward_batch = -1
        self.losses: list[Any] = []
        self.backwards = self.steps = 0
        self.optimizer: dict[str, object] | None = None
        self.optimizer_id = 0
        self.number = 0
        self.canonical = False

    @property
    def batch(self) -> int:
        """The number of the batch being processed, from 1."""
        return self.batches if self.at is None else self.at

    @property
    def target(self) -> torch.Tensor | None:
        """The labels of the batch being processed."""
        recent = (batch.labels for batch in reversed(list(self.recent)) if batch.number == self.batch)
        found = next(recent, None)
        return found if found is not None else self.held.labels(self.batch)

    def serve(self, images: torch.Tensor | None, labels: torch.Tensor | None) -> None:
        """Record that the loader served its next batch."""
        self._hold_last()
        self.batches += 1
        self.samples += len(images) if images is not None and images.dim() else 0
        self.recent.append(Batch(self.batches, images, labels))
        if images is not None and (self.batches <= FIRST or self.batches % EVERY == 0):
            with suppress(Exception):  # some tensors have no values
                self.recognised.add(registry.recognise(images) or [])
                self.served = len(self.recognised.places) if self.batches <= FIRST else self.served

    def _hold_last(self) -> None:
        """Hold the batch that was served last if no model has been given it yet."""
        if self.recent and (self.at or 0) < self.recent[-1].number:
            self.held.hold(*self.recent[-1])

    def drain(self) -> None:
        """Mark the pass as drained: a list of its batches was made, or another thread loads them."""
        self._hold_last()
        self.recent.clear()
        self.drained = True

    def again(self, start: float) -> OpenPass:
        """Return another pass over the batches of this drained one."""
        item = copy.copy(self)
        item._begin_to_count(start)
        item.order = item.earlier = None
        item.carried = item.kept = False
        return item

    @property
    def is_through(self) -> bool:
        """True if a model was given every batch of this drained pass."""
        return len(self.worked) == self.batches

    def serves(self, given: torch.Tensor, look: bool) -> bool:
        """Return whether these images are from one of the last batches served; `look` compares values too."""
        return any(b.images is not None and _same(b.images, given, look) for b in reversed(list(self.recent)))

    def works_on(self, given: torch.Tensor | None, first: bool) -> None:
        """Record that a model was given this, and find its batch: not the last one served if batches are loaded ahead.

        Comparing the values of copied images takes time. It is done only at the `first` call of a model in the pass, or
        if another thread loads the batches, or if more batches are waiting than `recent` holds.
        """
        self.worker = threading.get_ident()
        recent = list(self.recent)
        more = bool(recent) and recent[0].number > (self.at or 0) + 1  # batches are waiting that `recent` has lost
        look = len(recent) > 1 and (first or self.worker != self.server or more)
        number = None
        if given is not None:
            same = (b.number for b in reversed(recent) if b.images is not None and _same(b.images, given, look))
            number = next(same, None)
            if number is None and look:
                number = self.held.find(given, look=False) or self.held.find(given, look=True)
        if number is not None:
            self.lead = recent[-1].number - number
        self.at = max(1, recent[-1].number - self.lead) if recent else None
        self.is_ahead = self.is_ahead or self.lead > 0

    def works_on_held(self, number: int) -> None:
        """Record that a model was given this batch of a drained pass."""
        self.at = number
        self.worked.add(number)

    def is_behind(self) -> bool:
        """Return whether the loader has served batches that the model will still be given."""
        if not self.calls:
            return False
        ahead = self.is_ahead or self.worker != self.server
        return ahead and self.batch < self.batches


def _same(images: torch.Tensor, given: torch.Tensor, look: bool) -> bool:
    """Return whether `given` is all or part of these images in memory or, if `look` is true, equal to them in value."""
    with suppress(Exception):  # some tensors have no address or no values
        if images is given:
            return True
        if images.device == given.device and 0 <= given.data_ptr() - images.data_ptr() < images.nbytes:
            return True
        if look and images.numel() == given.numel():
            mine, theirs = images.detach().flatten().cpu(), given.detach().flatten().cpu()
            return bool((mine == theirs.to(mine.dtype)).all())
    return False


def sampler_of(loader: Any) -> Any:
    """Return the sampler that orders the images of a loader; None for no loader."""
    return getattr(loader.batch_sampler, "sampler", loader.sampler) if loader is not None else None


def _main_device(item: OpenPass) -> str | None:
    """Return the device on which the model was called, nearly always; the CPU if it was called there oftener."""
    if not item.devices:
        return item.model_device
    device, calls = item.devices.most_common(1)[0]
    if calls >= MAINLY * sum(item.devices.values()):
        return device
    return next((other for other in item.devices if other.startswith("cpu")), device)


def fields(item: OpenPass, end: float, complete: bool) -> dict[str, object]:
    """Return a pass as a Pass of `grader.evidence.run`, in JSON data."""
    calls = sum(item.calls.values())
    if item.drained and calls:  # count the batches that were taken from the list
        item.batches, item.samples = len(item.worked), sum(item.held.length(number) for number in item.worked)
    measured = [(describe.number(loss), right, images) for loss, right, images in item.scores.results()]
    losses = [loss for loss, _, _ in measured if loss is not None]
    images = sum(count for _, _, count in measured)
    finite = bool(measured) and len(losses) == len(measured)
    named = item.loader["split"]
    split = item.recognised.split(named)  # type: ignore[arg-type]
    places = item.recognised.places[: min(item.served, MAX_SERVED)] if item.steps and split is not None else []
    return {
        "cell": item.cell,
        "loader": {**item.loader, "split": split, "images": item.recognised.images(item.images)},
        "start": item.start,
        "seconds": max(0.0, end - item.start),
        "batches": item.batches,
        "samples": item.samples,
        "complete": complete,
        "number": item.number,
        "canonical": item.canonical,
        "model": item.calls.most_common(1)[0][0] if calls else None,
        "model_device": _main_device(item),
        "data_device": item.data_device,
        "batch_device": item.batch_device,
        "training": item.training * 2 > calls if calls else None,
        "grad_enabled": item.grads * 2 > calls if calls else None,
        "backwards": item.backwards,
        "steps": item.steps,
        "scored": images,
        "losses": [describe.number(loss) for loss in item.losses],
        "mean_loss": sum(losses) / len(losses) if finite else None,
        "sample_loss": sum((m[0] or 0.0) * m[2] for m in measured) / images if finite and images else None,
        "accuracy": sum(right for _, right, _ in measured) / images if images else None,
        "optimizer": item.optimizer,
        "function": item.function,
        "arguments": item.arguments,
        "inner_function": item.inner_function,
        "inner_arguments": item.inner_arguments,
        "served": [place[1] if place is not None and place[0] == split else None for place in places],
    }
