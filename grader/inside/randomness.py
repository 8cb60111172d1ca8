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
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.inside.imports import when_imported


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
_hooked: set[str] = set()


# --- what others ask ---------------------------------------------------------------------------------------------


def install(config: dict[str, Any]) -> None:
    """Own the random numbers from here on. `config`: 'seed' (int, 0 if absent). Seeds random, numpy and torch once."""
    callbacks = _state.on_note
    _state.__init__()  # type: ignore[misc]
    _state.on_note = callbacks
    _state.seed = int(config.get("seed", 0)) % 2**63
    random.seed(_state.seed)
    when_imported("numpy.random", _seed_numpy)
    when_imported("torch", _take_torch)


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


def _seed_numpy(module: ModuleType) -> None:
    module.seed(_state.seed % 2**32)


def _take_torch(torch: ModuleType) -> None:
    try:
        _hook_torch(torch)
    except Exception as error:  # a torch of another shape must not fail the notebook's import
        _state.active = True
        _give_up(f"this torch cannot be given canonical random numbers: {error}")


def _hook_torch(torch: ModuleType) -> None:
    from grader.inside import initial_weights, pass_order

    if "torch" not in _hooked:
        _hooked.add("torch")
        initial_weights.hook(torch)
        pass_order.hook(torch)
        for module in (torch, torch.random, torch.cuda, torch.cuda.random):
            for name in {"seed", "seed_all", "manual_seed", "manual_seed_all"} & vars(module).keys():
                setattr(module, name, _watching_seed(getattr(module, name)))
    initial_weights.start_anew()
    pass_order.start_anew()
    _state.own_seeding = True
    torch.manual_seed(_state.seed)
    _state.own_seeding = False
    _state.active = True


def wrap(owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    """Put `wrapper(method)` in the place of a method or function of `owner`."""
    setattr(owner, name, wrapper(getattr(owner, name)))


def _give_up(why: str = "the notebook seeds torch itself: initial weights and order are its own from there on") -> None:
    if _state.active:
        _state.active = False
        _tell(why)


def _tell(text: str) -> None:
    for callback in _state.on_note:
        callback(text)


def _watching_seed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def seed(*args: Any, **kwargs: Any) -> Any:
        if not _state.own_seeding:
            _give_up()
        return original(*args, **kwargs)

    return seed
