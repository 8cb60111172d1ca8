"""Take over the random numbers of this process: Python's, numpy's and torch's."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.in_kernel.patching import when_imported
from grader.in_kernel.randomness import canonical

_hooked: set[str] = set()


def install(config: dict[str, Any]) -> None:
    """Seed random, numpy and torch once, the latter two on import, and make torch's weights and order canonical.

    `config`: 'seed' (int, 0 if absent).
    """
    seed = int(config.get("seed", 0)) % 2**63
    canonical.begin(seed)
    random.seed(seed)
    when_imported("numpy.random", functools.partial(_seed_numpy, seed=seed % 2**32))
    when_imported("torch", _take_torch)


def _seed_numpy(module: ModuleType, seed: int) -> None:
    module.seed(seed)


def _take_torch(torch: ModuleType) -> None:
    try:
        _hook_torch(torch)
    except Exception as error:  # an incompatible torch must not break the notebook's import
        canonical.fail(f"this torch cannot be given canonical random numbers: {error}")


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
    canonical.seed_torch(torch)


def _watching_seed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def seed(*args: Any, **kwargs: Any) -> Any:
        canonical.seeded()
        return original(*args, **kwargs)

    return seed
