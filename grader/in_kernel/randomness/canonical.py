"""Canonical randomness: the harness, not the notebook, owns initial weights and the order of training passes.

A layer's initial weights follow from the seed, its kind, its shapes and its place among the like layers of the model that
is being built; the k-th training pass of any model over n shuffled images follows the k-th permutation of n. So every
correct notebook takes the same path as the reference, however it is written and whatever else it draws. The draws come
from generators of their own and leave torch's global state as it was (an unpatched layer would have advanced it); all
else that is random (dropout masks, `torch.randn`) stays with the global generators, which are seeded once.

A notebook that seeds torch itself gets plain PyTorch from then on, bit for bit.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable


class _Spared:
    """Context: what fails inside is noted and does not reach the student's code, which gets plain PyTorch."""

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
        self.own_seeding = False
        self.on_note: list[Callable[[str], None]] = []


_state = _State()


# --- what others ask ---------------------------------------------------------------------------------------------


def is_canonical() -> bool:
    """Whether initial weights and order are still the harness's: installed, torch there, and not seeded by the notebook."""
    if not _state.active:
        return False
    torch = sys.modules["torch"]
    if torch.default_generator.initial_seed() != _state.seed:  # seeded in a way that no wrapper saw
        _give_up()
    return _state.active


def on_note(callback: Callable[[str], None]) -> None:
    """Call `callback(text)` with what a person should know: that the notebook seeds itself, or a failure in here."""
    if callback not in _state.on_note:
        _state.on_note.append(callback)


def derive(*what: object) -> int:
    """A seed that follows from the run's seed and from `what`, the same in every process and on every machine."""
    text = "|".join(map(str, (_state.seed, *what)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big")


# --- hooks -------------------------------------------------------------------------------------------------------


def _give_up(why: str = "the notebook seeds torch itself: initial weights and order are its own from there on") -> None:
    if _state.active:
        _state.active = False
        _tell(why)


def _tell(text: str) -> None:
    for callback in _state.on_note:
        callback(text)
