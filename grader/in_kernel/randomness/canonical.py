"""Canonical randomness: the harness, not the notebook, determines initial weights and the order of training passes.

A layer's initial weights depend on the seed, its kind, its shapes and its position among the similar layers of the
model that is being built; the k-th training pass of any model over n shuffled images on a device uses the k-th
permutation of n for that device. So the driver knows the images of every batch, and can take the same steps itself.
Canonical draws use separate generators and leave torch's global state unchanged (an unpatched layer would have advanced
it); all other random numbers (dropout masks, `torch.randn`) come from the global generators, which are seeded once.

A notebook that seeds torch itself gets plain PyTorch from then on, bit for bit.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from types import ModuleType


class _Spared:
    """A context that notes an exception and suppresses it, so that the student's code continues with plain PyTorch."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        _tell(f"canonical randomness failed: {type(error).__name__}: {error}")
        return True


spared = _Spared()


class _State:
    def __init__(self) -> None:
        self.seed = 0
        self.active = False  # installed and not given up
        self.own_seeding = False  # `seed_torch` is seeding torch
        self.on_note: list[Callable[[str], None]] = []


_state = _State()


# --- for install --------------------------------------------------------------------------------------------------


def begin(seed: int) -> None:
    """Start a run with this seed. Nothing is canonical before `seed_torch`. Callbacks of `on_note` are kept."""
    callbacks = _state.on_note
    _state.__init__()  # type: ignore[misc]
    _state.on_note = callbacks
    _state.seed = seed


def seed_torch(torch: ModuleType) -> None:
    """Seed torch with the run's seed; from here on initial weights and order are canonical."""
    _state.own_seeding = True
    torch.manual_seed(_state.seed)
    _state.own_seeding = False
    _state.active = True


def seeded() -> None:
    """Give up canonical randomness because torch is being seeded, unless `seed_torch` does it."""
    if not _state.own_seeding:
        _give_up()


def fail(reason: str) -> None:
    """Leave the notebook with plain PyTorch, and note why."""
    _state.active = False
    _tell(reason)


# --- queries ------------------------------------------------------------------------------------------------------


def is_canonical() -> bool:
    """Return whether initial weights and order are canonical: installed, torch imported, not seeded by the notebook."""
    if not _state.active:
        return False
    torch = sys.modules["torch"]
    if torch.default_generator.initial_seed() != _state.seed:  # seeded in a way that no wrapper saw
        _give_up()
    return _state.active


def on_note(callback: Callable[[str], None]) -> None:
    """Call `callback(text)` with notes for the person who grades: that the notebook seeds torch, or a failure here."""
    if callback not in _state.on_note:
        _state.on_note.append(callback)


def seed() -> int:
    """Return the run's seed."""
    return _state.seed


def derive(*parts: object) -> int:
    """Return a seed derived from the run's seed and `parts`."""
    return derived(_state.seed, *parts)


def derived(seed: int, *parts: object) -> int:
    """Return a seed derived from `seed` and `parts`, the same in every process and on every machine."""
    text = "|".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big")


def _give_up() -> None:
    if _state.active:
        _state.active = False
        _tell("the notebook seeds torch itself: initial weights and order are its own from there on")


def _tell(text: str) -> None:
    for callback in _state.on_note:
        callback(text)
