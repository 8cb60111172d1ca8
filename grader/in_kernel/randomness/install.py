"""Take over the random numbers of this process: Python's, numpy's and torch's."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.in_kernel.patching import when_imported
from grader.in_kernel.randomness.canonical import _give_up, _state

_hooked: set[str] = set()


def install(config: dict[str, Any]) -> None:
    """Own the random numbers from here on. `config`: 'seed' (int, 0 if absent). Seeds random, numpy and torch once."""
    callbacks = _state.on_note
    _state.__init__()  # type: ignore[misc]
    _state.on_note = callbacks
    _state.seed = int(config.get("seed", 0)) % 2**63
    random.seed(_state.seed)
    when_imported("numpy.random", _seed_numpy)
    when_imported("torch", _take_torch)


def _seed_numpy(module: ModuleType) -> None:
    module.seed(_state.seed % 2**32)


def _take_torch(torch: ModuleType) -> None:
    try:
        _hook_torch(torch)
    except Exception as error:  # a torch of another shape must not fail the notebook's import
        _state.active = True
        _give_up(f"this torch cannot be given canonical random numbers: {error}")


def _hook_torch(torch: ModuleType) -> None:
    from grader.in_kernel.randomness import initial_weights, pass_order

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


def _watching_seed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def seed(*args: Any, **kwargs: Any) -> Any:
        if not _state.own_seeding:
            _give_up()
        return original(*args, **kwargs)

    return seed
