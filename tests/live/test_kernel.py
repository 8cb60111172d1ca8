"""Checks inside a plain ipykernel: states as a student works, agreement with a grading, and nothing changed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.notebooks import ASSIGNMENT, ROOT, SOLUTION, Kernel, cells, live_kernel, small_mnist

RIGHT, GIVEN = cells(SOLUTION), cells(ASSIGNMENT)

# What must be the same before and after a check, as one text; it runs in the student's kernel.
PICTURE = """
def _picture():
    import gc, hashlib, os, random, sys, warnings
    import matplotlib, matplotlib.pyplot as plt, numpy as np, torch
    shell = get_ipython()
    own = lambda n: n.startswith('_') or n in ('In', 'Out', 'get_ipython', 'exit', 'quit', 'open', 'grader')
    names = [(n, id(v)) for n, v in shell.user_ns.items() if not own(n)]
    parts = [names]
    for n, v in shell.user_ns.items():
        if isinstance(v, torch.nn.Module) and not own(n):
            parts.append([[k, p.detach().numpy().tobytes(), None if p.grad is None else p.grad.numpy().tobytes(),
                           p.requires_grad] for k, p in v.named_parameters()])
            parts.append([[m.training, len(m._forward_hooks), len(m._forward_pre_hooks)] for m in v.modules()])
        if isinstance(v, torch.optim.Optimizer) and not own(n):
            parts.append(str(v.state_dict()))
        if isinstance(v, (list, dict, set, int, float, str)) and not own(n):
            parts.append((n, repr(v)))
    parts += [random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(),
              torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype(), torch.initial_seed()]
    parts += [matplotlib.get_backend(), plt.get_fignums(), hashlib.sha256(repr(dict.copy(matplotlib.rcParams)).encode()).hexdigest()]
    parts += [list(map(str, warnings.filters)), os.getcwd(), sorted(os.environ.items()), sys.path[:],
              id(sys.stdout), id(sys.stderr), id(sys.displayhook), sorted(os.listdir('.')), str(sys.gettrace())]
    return hashlib.sha256(repr(parts).encode()).hexdigest(), set(sys.modules)
_before = None
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("live")
    small_mnist(made)
    return made


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    with live_kernel(folder) as started:
        started.run("import grader")
        started.run(RIGHT["imports"])
        yield started


def test_a_student_meets_the_states_one_after_the_other(kernel: Kernel) -> None:
    assert kernel.states("mlp", "data", "cpu_loops", "q1", "q2") == dict.fromkeys(
        ("mlp", "data", "cpu_loops", "q1", "q2"), "not attempted"
    )
    kernel.run(GIVEN["mlp"])
    found = kernel.run("grader.check('mlp')")
    assert "complete this cell first" in found["plain"]
    assert not found["error"]
    kernel.run(RIGHT["mlp"].replace("return self.fc3(x)", "return torch.relu(self.fc3(x))"))
    assert kernel.states("mlp") == {"mlp": "wrong"}
    first, second = (kernel.run("grader.hint('mlp')")["plain"] for _ in range(2))
    assert "hint 1 of" in first
    assert "hint 2 of" in second
    kernel.run(RIGHT["mlp"])
    assert kernel.states("MLP") == {"mlp": "right"}
    for name in ("data", "q1", "prepare", "loops"):
        assert not kernel.run(RIGHT[name])["error"]
    assert kernel.states("data", "q1", "cpu_loops") == {"data": "right", "q1": "right", "cpu_loops": "not run yet"}
    kernel.run("train_losses, train_steps = [], []; current_step = cpu_train(0, train_losses, train_steps, 0)")
    assert kernel.states("cpu_loops") == {"cpu_loops": "right"}


@pytest.fixture
def answered(kernel: Kernel) -> Kernel:
    """The kernel after right answers ran, whichever tests ran before."""
    for name in ("mlp", "data", "prepare", "loops"):
        assert not kernel.run(RIGHT[name])["error"]
    return kernel


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_magic_does_the_same_and_shows_html(answered: Kernel) -> None:
    kernel = answered
    kernel.run("%load_ext grader")
    found = kernel.run("%grade MLP data")
    assert "✓ mlp (The MLP): right" in found["plain"]
    assert "<div" in found["html"]
    assert kernel.run("%grade")["plain"].count("The MLP") == 1
    assert "did you mean q3?" in kernel.run("%grade q33")["plain"]
    assert len(kernel.run("grader.status()")["plain"].splitlines()) >= 16
    assert "no assignment" in kernel.run("grader.check('mlp', assignment='nothing_here')")["plain"]


SPOILING = """
extra, best = [], {"a": 1}
def cpu_train(epoch, train_losses, steps, current_step, seen=[]):
    global best, fresh
    import warnings, random, os
    model.train(); seen.append(1); extra.append(1); best["a"] += 1; fresh = 1
    warnings.simplefilter("error"); random.random(); np.random.rand(); torch.manual_seed(3); os.environ["X_Y"] = "1"
    plt.figure(); plt.rcParams["lines.linewidth"] = 9
    torch.save(model.state_dict(), "best.pt"); open("log.txt", "w").write("x")
    kept.eval()
    for p in kept.parameters(): p.data += 1
    print("noise")
    for i, (data, target) in enumerate(train_loader):
        loss = criterion(model(data), target); loss.backward(); optimizer.step()
        current_step += 1
    {ending}
kept = model
"""


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("ending", ["return current_step", "raise ValueError('broken')"])
def test_nothing_of_the_students_state_changes(answered: Kernel, ending: str) -> None:
    kernel = answered
    assert not kernel.run(SPOILING.replace("{ending}", ending))["error"]
    kernel.run(PICTURE)
    kernel.run("grader.check('cpu_loops')")  # imports what the grader itself needs
    kernel.run("_before = _picture()")
    assert kernel.run("_found = grader.check('cpu_loops', 'mlp', 'data', 'q2'); _found")["error"] == ""
    after = kernel.value(
        "[_before[0] == _picture()[0], sorted(m for m in set(__import__('sys').modules) - _before[1])]"
    )
    assert after == [True, []]
    assert kernel.states("cpu_loops")["cpu_loops"] == "wrong"
    assert not {"best.pt", "log.txt"} & set(kernel.value("__import__('os').listdir('.')"))
    kernel.run(RIGHT["loops"])


@pytest.mark.slow
@pytest.mark.exhaustive
def test_an_interrupted_check_changes_nothing(answered: Kernel) -> None:
    kernel = answered
    kernel.run(PICTURE)
    slow = SPOILING.replace("{ending}", "time.sleep(8)")
    kernel.run(slow)
    kernel.run("_before = _picture()")
    timer = threading.Timer(1.5, kernel.manager.interrupt_kernel)
    timer.start()
    found = kernel.run("grader.check('cpu_loops')")
    timer.join()
    assert found["error"].startswith("KeyboardInterrupt")
    assert kernel.value("_before[0] == _picture()[0]") is True
    kernel.run(RIGHT["loops"])
    assert kernel.states("mlp") == {"mlp": "right"}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_first_and_later_answers_come_in_time(kernel: Kernel) -> None:
    for name in ("mlp", "data", "prepare", "loops"):
        kernel.run(RIGHT[name])
    began = time.monotonic()
    kernel.run("grader.check('mlp', 'data', 'cpu_loops')")
    assert time.monotonic() - began < 20  # on an idle machine less than one; see the benchmark


def test_grader_itself_is_imported_in_no_time_and_without_torch() -> None:
    code = "import sys, time; t = time.perf_counter(); import grader; print(time.perf_counter() - t, 'torch' in sys.modules, 'IPython' in sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert float(out[0]) < 0.3
    assert out[1:] == ["False", "False"]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_graders_own_runs_are_not_recorded(folder: Path) -> None:
    with live_kernel(folder) as kernel:
        for source in (
            "import grader",
            RIGHT["imports"],
            RIGHT["mlp"],
            RIGHT["data"],
            RIGHT["prepare"],
            RIGHT["loops"],
        ):
            kernel.run(source)
        kernel.run("grader.check()")
        assert kernel.value("len(__import__('grader.live.recording').live.recording.current().events)") == 0


@pytest.mark.slow
@pytest.mark.exhaustive
def test_recording_imports_no_torch_and_draws_no_numbers(folder: Path) -> None:
    code = "import torch; torch.manual_seed(1); print(torch.nn.Linear(3, 2).weight.tolist(), torch.rand(2).tolist())"
    found = []
    for first in ("", "import sys, grader; assert 'torch' not in sys.modules; assert 'numpy' not in sys.modules"):
        with live_kernel(folder) as kernel:
            assert not kernel.run(first)["error"]
            found.append(kernel.run(code)["text"])
    assert found[0] == found[1]
    assert found[0]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_cells_before_the_import_are_not_seen_and_this_is_said(folder: Path) -> None:
    with live_kernel(folder) as kernel:
        kernel.run(RIGHT["imports"])
        kernel.run(RIGHT["mlp"])
        found = kernel.run("import grader\ngrader.check('mlp', 'q2')")
        assert "✓ mlp" in found["plain"]
        assert "ran before `import grader`" in found["plain"]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_what_is_on_a_gpu_is_checked_there_and_left_there(folder: Path) -> None:
    with live_kernel(folder) as kernel:
        kernel.run("import grader.in_kernel.virtual_cuda.install as virtual; virtual.install({})")
        kernel.run("import grader")
        for name in ("imports", "mlp", "data", "prepare", "loops", "gpu-prepare", "q5", "q5-train"):
            assert not kernel.run(RIGHT[name])["error"]
        kernel.run(PICTURE.replace(".numpy()", ".cpu().numpy()"))
        kernel.run("grader.check('q5')\n_before = _picture()")
        kernel.run("another = 1\ndel another")
        assert kernel.states("q5") == {"q5": "right"}
        assert kernel.value("[_before[0] == _picture()[0], str(next(model.parameters()).device)]") == [True, "cuda:0"]


# --- agreement with a grading -----------------------------------------------------------------------------------------


def edited(**changes: tuple[str, str]) -> dict[str, str]:
    found = dict(RIGHT)
    for name, (old, new) in changes.items():
        assert old in found[name], (name, old)
        found[name] = found[name].replace(old, new)
    return found


INLINE = """
train_losses, train_steps = [], []
test_losses, test_accuracy, test_steps = [], [], []
current_step = 0
for epoch in range(10):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
        current_step += 1
        if batch_idx % 100 == 0:
            train_losses.append(loss.item())
            train_steps.append(current_step)
    model.eval()
    total, right = 0.0, 0
    with torch.no_grad():
        for data, target in test_loader:
            output = model(data)
            total += criterion(output, target).item()
            right += (output.argmax(1) == target).sum().item()
    test_losses.append(total / len(test_loader))
    test_accuracy.append(right / len(test_loader.dataset))
    test_steps.append(current_step)
"""
NOTEBOOKS: dict[str, dict[str, str]] = {
    "right": RIGHT,
    "logits": edited(mlp=("return self.fc3(x)", "return torch.relu(self.fc3(x))")),
    "zero_grad": edited(loops=("        optimizer.zero_grad()  # gradients add up otherwise\n", "")),
    "unshuffled": edited(data=("shuffle=True", "shuffle=False")),
    "batch": edited(data=("batch_size = 64", "batch_size = 32")),
    "renamed": {
        name: source.replace("cpu_train", "fit_once").replace("cpu_test", "score").replace("MLP", "Perceptron")
        for name, source in RIGHT.items()
    },
    "inline": {**RIGHT, "loops": "", "train": INLINE},
    "linear": edited(q2=('ax.set_yscale("log")', "pass")),
    "untimed": edited(q3=('    print(f"epoch {current_epoch}: {time.time() - epoch_start:.2f} s")\n', "")),
}
CPU_ITEMS = ("mlp", "data", "cpu_loops", "q1", "q2", "q3", "cnn", "flops")
RUN_CELLS = ("imports", "mlp", "data", "q1", "prepare", "loops", "train", "q2", "q3", "cnn", "flops")
WITHOUT_NUMBERS = ("mlp", "data", "cpu_loops", "q1", "cnn", "flops")


def live_results(sources: dict[str, str], folder: Path, file: Path | None) -> dict[str, Any]:
    environment = {"JPY_SESSION_NAME": str(file)} if file is not None else {}
    with live_kernel(folder, environment) as kernel:
        kernel.run("import grader")
        for name in RUN_CELLS:
            if sources[name]:
                kernel.run(sources[name], name if file is not None else None)
        return kernel.value(  # type: ignore[no-any-return]
            "{v.item: [v.state, [[c.id, c.status, c.message] for c in v.checks]] "
            f"for v in grader.check(*{CPU_ITEMS!r}).verdicts}}"
        )


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("with_file", [True, False], ids=["file", "cells"])
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_agrees_with_a_grading(name: str, with_file: bool, folder: Path, tmp_path: Path) -> None:
    from grader import grade

    stored = json.loads(SOLUTION.read_text())
    sources = NOTEBOOKS[name]
    kept = []
    for cell in stored["cells"]:
        if cell["cell_type"] == "code" and cell["id"] in RUN_CELLS:
            kept.append({**cell, "source": sources[cell["id"]]})
        elif cell["cell_type"] != "code" and with_file:
            kept.append(cell)
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps({**stored, "cells": kept}))
    live = live_results(sources, folder, path if with_file else None)
    result = grade(path, data=folder / "data", device="cpu", isolation="none")
    graded = {item.id: item for item in result.items}
    for item in CPU_ITEMS:
        state, checks = live[item]
        expected = {check.id: check for check in graded[item].checks}
        told = {check: (status, message) for check, status, message in checks}
        for check, (status, message) in told.items():
            if status != "not_graded":
                assert status == expected[check].status, (item, check, message, expected[check].message)
                if item in WITHOUT_NUMBERS:  # the draws differ, and how many they are
                    assert re.sub(r"[\d.,]+", "#", message) == re.sub(r"[\d.,]+", "#", expected[check].message)
        assert (state == "right") == (graded[item].status in ("pass", "review")), item


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_notebook_that_calls_the_grader_is_graded_as_without(folder: Path, tmp_path: Path) -> None:
    from grader import grade

    calls = ["try:\n    import grader\nexcept ImportError:\n    pass", "grader.use_language('de')\ngrader.check('mlp')", "%load_ext grader\n%grade q1", "grader.hint('q1')\ngrader.status()"]  # fmt: skip
    made = [*calls[:1], RIGHT["imports"], RIGHT["mlp"], calls[1], RIGHT["data"], RIGHT["q1"], *calls[2:]]
    path = tmp_path / "work.ipynb"
    code = [{"cell_type": "code", "id": f"c{at}", "metadata": {}, "outputs": [], "execution_count": None, "source": source} for at, source in enumerate(made)]  # fmt: skip
    path.write_text(json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    result = grade(path, data=folder / "data", device="cpu", isolation="none")
    assert {item.id: item.status for item in result.items if item.id in ("mlp", "data", "q1")} == dict.fromkeys(("mlp", "data", "q1"), "pass")  # fmt: skip
    assert not [note for note in result.notes if "error" in note.lower()]
