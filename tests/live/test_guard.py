"""Whatever a probe changes in the student's process is put back, also after a failure and an interrupt."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import warnings
from collections import defaultdict, deque
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from grader.live.guard import files_untouched, guarded


class Own:
    count = 0

    def __init__(self) -> None:
        self.items = [1]


def names() -> dict[str, Any]:
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.5)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()

    def f(history: list[int] = [1]) -> list[int]:  # noqa: B006
        return history

    Own.__module__ = "__main__"
    return {
        "__name__": "__main__",
        "model": model,
        "optimizer": optimizer,
        "lists": {"loss": [1.0, 2.0], "more": deque([1])},
        "counts": defaultdict(int, a=1),
        "members": {1, 2},
        "array": np.arange(3.0),
        "generator": torch.Generator().manual_seed(1),
        "numbers": np.random.default_rng(1),
        "own": Own(),
        "Own": Own,
        "f": f,
        "space": SimpleNamespace(a=1),
        "raw": bytearray(b"ab"),
    }


def picture(n: dict[str, Any]) -> list[Any]:
    """All of it as values that can be compared."""
    model, optimizer = n["model"], n["optimizer"]
    return [
        [(name, id(value)) for name, value in n.items()],
        [
            (k, p.detach().numpy().tobytes(), p.grad.numpy().tobytes(), p.requires_grad, p.data_ptr())
            for k, p in model.named_parameters()
        ],
        [str(optimizer.state_dict()), optimizer.param_groups[0]["lr"], id(optimizer.state)],
        [module.training for module in model.modules()],
        [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()],
        [n["lists"], list(n["lists"]["more"]), dict(n["counts"]), n["members"], n["array"].tobytes()],
        [n["generator"].get_state().tolist(), n["numbers"].bit_generator.state, random.getstate()],
        [np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(), torch.is_grad_enabled()],  # type: ignore[index]
        [
            vars(n["own"]).copy(),
            n["own"].items[:],
            Own.count,
            n["f"].__defaults__[0][:],
            vars(n["space"]).copy(),
            bytes(n["raw"]),
        ],
        [list(warnings.filters), os.getcwd(), dict(os.environ), torch.get_num_threads(), torch.get_default_dtype()],
        [torch.initial_seed()],
    ]


def spoil(n: dict[str, Any]) -> None:
    """Change everything that a student's function may change."""
    model, optimizer = n["model"], n["optimizer"]
    n["optimizer"].zero_grad()
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    for parameter in model.parameters():
        parameter.data -= 1
        parameter.data = parameter.data.double().float() + 1
        parameter.requires_grad_(False)
    model.eval()
    model.register_forward_hook(lambda *_: None)
    optimizer.param_groups[0]["lr"] = 7
    n["lists"]["loss"].append(3)
    n["lists"]["more"].clear()
    n["lists"]["new"] = 1
    n["counts"]["b"] += 1
    n["members"].add(3)
    n["array"][0] = 9
    torch.rand(1, generator=n["generator"])
    n["numbers"].random()
    n["own"].items.append(2)
    n["own"].other = 1
    Own.count += 1
    n["f"]().append(2)
    n["space"].a = 2
    n["raw"][0] = 0
    n["new"], n["model"] = 1, None
    del n["lists"]
    random.random()
    np.random.rand()
    torch.manual_seed(3)
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    warnings.simplefilter("error")
    os.chdir("/")
    os.environ["NEW"] = "1"


def test_everything_is_put_back() -> None:
    n = names()
    before = picture(n)
    guarded(n, lambda: spoil(n))
    assert picture(n) == before


def test_everything_is_put_back_after_an_error() -> None:
    n = names()
    before = picture(n)
    with pytest.raises(ZeroDivisionError):
        guarded(n, lambda: (spoil(n), 1 / 0))
    assert picture(n) == before


def test_everything_is_put_back_after_an_interrupt() -> None:
    n = names()
    before = picture(n)

    def work() -> None:
        spoil(n)
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        guarded(n, work)
    assert picture(n) == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_does_not_stop_the_putting_back() -> None:
    n = {"__name__": "__main__", "many": [[i] for i in range(50_000)]}
    threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()

    def work() -> None:
        for one in n["many"]:
            one.append(1)

    def until_it_comes() -> None:
        guarded(n, work)
        time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        until_it_comes()
    assert all(len(one) == 1 for one in n["many"])


def test_figures_and_settings_of_matplotlib_are_put_back() -> None:
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    plt.close("all")
    figure, _ = plt.subplots()
    n = {"__name__": "__main__", "figure": figure}
    before = (plt.get_fignums(), dict.copy(mpl.rcParams), len(figure.axes), plt.gcf() is figure)

    def work() -> None:
        figure.add_subplot(2, 1, 1)
        plt.figure()
        mpl.rcParams["lines.linewidth"] = 99.0

    guarded(n, work)
    assert (plt.get_fignums(), dict.copy(mpl.rcParams), len(figure.axes), plt.gcf() is figure) == before
    plt.close("all")


def test_the_result_and_names_that_nothing_touched_are_left_alone() -> None:
    n = {"__name__": "__main__", "a": [1]}
    inner = n["a"]
    assert guarded(n, lambda: 5) == 5
    assert n["a"] is inner


def test_a_probe_writes_no_files(tmp_path: Any) -> None:
    kept = tmp_path / "best.pt"
    torch.save({"w": 1}, kept)
    before = kept.read_bytes()
    with files_untouched():
        torch.save({"w": 2}, kept)
        kept.with_name("log.txt").write_text("x")
        with open(kept, "wb") as file:
            file.write(b"")
        with open(kept, "rb") as file:
            assert file.read() == before
    assert kept.read_bytes() == before
    assert not kept.with_name("log.txt").exists()
    torch.save({"w": 3}, kept)
    assert kept.read_bytes() != before
