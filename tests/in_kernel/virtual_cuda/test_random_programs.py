"""Compare the virtual device with a model of CUDA's rules (`rules`), in random programs over two devices.

Every step of a program must be refused if and only if the rules say so; its results must be the CPU's, bit for bit, and
on the device that the rules predict. `pytest --device cuda` compares the rules with the GPU of this machine instead.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from os import environ
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.in_kernel.virtual_cuda import rules
from tests.in_kernel.virtual_cuda.rules import Model, Step

ROOT = Path(__file__).parents[3]
SECONDS = 60  # for the process to start, and for each program
PROGRAMS = 500
STEPS = 8, 15  # at least and at most, after four that create tensors
SHAPES = [(), (), (2,), (3,), (2, 3), (2, 3), (3, 2), (3, 3), (3, 3), (2, 2, 3)]
Draw = Callable[[st.SearchStrategy[Any]], Any]


# --- steps: each function draws a step that fits the program so far, or returns None -------------------------------


def pick(draw: Draw, model: Model, fits: Callable[[Tensor], bool] = lambda t: True) -> str | None:
    found = [name for name, tensor in model.variables().items() if fits(tensor)]
    return draw(st.sampled_from(found)) if found else None


def pair(draw: Draw, model: Model, fits: Callable[[Tensor, Tensor], bool]) -> tuple[str, str] | None:
    a = pick(draw, model)
    first = model.names[a or ""]
    b = pick(draw, model, lambda t: fits(first, t))
    return (a, b) if a and b else None


def fresh(model: Model, letter: str = "t") -> str:
    return f"{letter}{len(model.steps)}"


def floating(tensor: Tensor) -> bool:
    return tensor.is_floating_point()


def countable(tensor: Tensor) -> bool:
    """Return whether conversion to integers has the same result on all devices."""
    return bool((tensor.detach().abs() < 1e6).all()) if floating(tensor) else True


def index_like(tensor: Tensor) -> bool:
    if tensor.dtype != torch.int64 or tensor.numel() == 0:
        return False
    smallest, largest = tensor.detach().aminmax()
    return bool(smallest >= 0 and largest <= 1)


def broadcasts(a: Tensor, b: Tensor) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a.shape[::-1], b.shape[::-1], strict=False))


def broadcasts_into(a: Tensor, b: Tensor) -> bool:
    return broadcasts(a, b) and torch.broadcast_shapes(a.shape, b.shape) == a.shape


def at_home(draw: Draw, model: Model) -> str:
    """Draw a device, mostly the program's main one, so that not most steps are refused."""
    return draw(st.sampled_from([model.home] * 3 + ["cpu", "cuda"]))


def create(draw: Draw, model: Model) -> Step:
    name, shape, kind = fresh(model), draw(st.sampled_from(SHAPES)), draw(st.sampled_from("ffffgggiib"))
    arguments = ", ".join(map(str, (len(model.steps), *shape)))
    made = f"{'whole' if kind == 'i' else 'given'}({arguments}){'.gt(0)' if kind == 'b' else ''}"
    end = ".requires_grad_()" if kind == "g" else ""
    if at_home(draw, model) == "cuda":
        return Step(f"{name} = {made}.cuda(){end}", "move", (), f"{name} = {made}{end}", "cuda")
    return Step(f"{name} = {made}{end}", "move", (), "", "cpu")


def move(draw: Draw, model: Model) -> Step | None:
    a = pick(draw, model)
    if a is None:
        return None
    here, name = model.device(model.names[a]), fresh(model)
    target = at_home(draw, model)
    plain = f"{name} = {a}" if here == target else f"{name} = {a}.clone()"
    way = draw(st.integers(0, 3))
    if way == 0:
        return Step(f"{name} = {a}.{target}()", "move", (), plain, target)
    if way == 1:
        dtype = draw(st.sampled_from(["float32", "float64", *(["int64"] if countable(model.names[a]) else [])]))
        copied = "" if here == target else ", copy=True"
        return Step(
            f"{name} = {a}.to('{target}', torch.{dtype})", "move", (), f"{name} = {a}.to(torch.{dtype}{copied})", target
        )
    b = pick(draw, model)
    if way == 2 and b is not None and (floating(model.names[b]) or countable(model.names[a])):
        target = model.device(model.names[b])
        copied = "" if here == target else ", copy=True"
        return Step(f"{name} = {a}.to({b})", "move", (), f"{name} = {a}.to({b}.dtype{copied})", target)
    return Step(f"{name} = {a}.to('{target}')", "move", (), plain, target)


def unary(draw: Draw, model: Model) -> Step | None:
    a = pick(draw, model)
    if a is None:
        return None
    tensor = model.names[a]
    forms = ["{} * 2", "1 - {}", "{} / 3", "-{}", "{}.abs()", "{}.clone()", "{}.detach()", "{}.data", "{}.reshape(-1)"]
    forms += ["{}.unsqueeze(0)", "{}.double()", "{}.to(torch.float32)", "{} > 0", "torch.zeros_like({})", "{}.sum()"]
    forms += ["{}.long()"] if countable(tensor) else []
    forms += ["F.relu({})", "{}.new_ones(2)", "{}.expand(2, *[-1] * {}.dim())"]
    if floating(tensor):
        forms += [
            "{}.mean()",
            "torch.sigmoid({})",
            "{}.tanh()",
            "{} ** 2",
            "{}.norm()",
            "F.softmax({}, -1)",
            "{}.exp()",
        ]
    if tensor.dim():
        forms += ["{}[1:]", "{}[..., :2]", "{}[0]", "{}.transpose(0, -1)", "{}.sum(0)", "{}.argmax(-1)", "{}.flip(0)"]
        forms += [
            "{}.cumsum(0)",
            "{}.max(-1).values",
            "{}.sort(-1).values",
            "{}.amax(0)",
            "{}.repeat(2, *[1] * ({}.dim() - 1))",
        ]
    return Step(f"{fresh(model)} = {draw(st.sampled_from(forms)).replace('{}', a)}", "follows", (a,))


def binary(draw: Draw, model: Model) -> Step | None:
    found = pair(draw, model, broadcasts)
    if found is None:
        return None
    a, b = found
    form = draw(
        st.sampled_from(
            [
                "{} + {}",
                "{} - {}",
                "{} * {}",
                "{} / {}",
                "torch.maximum({}, {})",
                "{} > {}",
                "{} == {}",
                "torch.add({}, {}, alpha=2)",
            ]
        )
    )
    return Step(f"{fresh(model)} = {form.format(a, b)}", "elementwise", (a, b))


def write(draw: Draw, model: Model) -> Step | None:
    found = pair(draw, model, broadcasts_into)
    if found is None:
        return None
    a, b = found
    gpu = [n for n, t in model.variables().items() if t.dim() == 0 and model.device(t) == "cuda"]
    if model.device(model.names[a]) == "cpu" and gpu and draw(st.booleans()):
        b = draw(st.sampled_from(gpu))  # 0-dimensional: may be read by the other device's tensors, but not written
    if model.names[b].requires_grad and not floating(model.names[a]):
        return None  # the result would be integers that require a gradient
    forms = [
        ("{}.add_({})", "in_place"),
        ("{}.mul_({})", "in_place"),
        ("{}.sub_({})", "in_place"),
        ("{} += {}", "in_place"),
    ]
    forms += [
        ("{}.copy_({})", "follows"),
        ("{}.zero_()", "follows"),
        ("{}[...] = {}", "follows"),
        ("{}.mul_(2)", "follows"),
    ]
    if model.names[b].dim() == 0:
        forms.append(("{}.fill_({})", "follows"))
    form, rule = draw(st.sampled_from(forms))
    line = form.format(a, b)
    if draw(st.booleans()):
        line = f"with torch.no_grad(): {line}"
    return Step(line, rule, (a, b))


def products(draw: Draw, model: Model) -> Step | None:
    a = pick(draw, model, lambda t: floating(t) and t.dim() >= 1)
    if a is None:
        return None
    first = model.names[a]
    b = pick(draw, model, lambda t: t.dtype == first.dtype and 1 <= t.dim() <= 2 and t.shape[0] == first.shape[-1])
    name = fresh(model)
    if b is not None and draw(st.booleans()):
        c = pick(
            draw, model, lambda t: t.dtype == first.dtype and t.dim() <= 1 and t.shape in ((), model.names[b].shape[1:])
        )
        if c is not None and first.dim() == 2 and model.names[b].dim() == 2:
            return Step(f"{name} = torch.addmm({c}, {a}, {b})", "together", (c, a, b))
        return Step(f"{name} = {a} @ {b}", "together", (a, b))
    w = pick(draw, model, lambda t: t.dtype == first.dtype and t.dim() == 2 and t.shape[1] == first.shape[-1])
    if w is None:
        return None
    bias = pick(draw, model, lambda t: t.dtype == first.dtype and t.shape == model.names[w].shape[:1])
    if bias is not None and draw(st.booleans()):
        return Step(f"{name} = F.linear({a}, {w}, {bias})", "together", (a, w, bias))
    return Step(f"{name} = F.linear({a}, {w})", "together", (a, w))


def join(draw: Draw, model: Model) -> Step | None:
    found = pair(draw, model, lambda a, b: a.shape == b.shape and a.numel() > 0)
    if found is None:
        return None
    many = model.names[found[0]].dim() > 0 and draw(st.booleans())
    return Step(f"{fresh(model)} = torch.{'cat' if many else 'stack'}([{', '.join(found)}])", "together", found)


def index(draw: Draw, model: Model) -> Step | None:
    a = pick(draw, model, lambda t: t.dim() > 0 and min(t.shape) >= 2)
    if a is None:
        return None
    own, name = model.names[a], fresh(model)
    i = pick(draw, model, lambda t: (t.dtype == torch.bool and t.shape == own.shape) or (index_like(t) and t.dim() > 0))
    if i is None:
        return None
    mask = model.names[i].dtype == torch.bool
    way = draw(st.sampled_from([0, 1, 1, 2, 3, 4, 5]))
    if way == 0:
        return Step(f"{a}[{i}] = 0", "indexed", (a, i))
    if way == 1:
        shape = own.detach()[model.names[i]].shape
        v = pick(draw, model, lambda t: t.dtype == own.dtype and (t.dim() == 0 or t.shape == shape))
        if v is not None and draw(st.booleans()):
            return Step(f"{a}[{i}] = {v}", "index_assigned", (a, i, v))
        there = at_home(draw, model)
        made = f"given({', '.join(map(str, (len(model.steps), *shape)))})"
        return Step(
            f"{a}[{i}] = {made}.to('{there}', {a}.dtype)",
            "index_assigned",
            (a, i, f"{there}:{len(shape)}:{shape.numel()}"),
            f"{a}[{i}] = {made}.to({a}.dtype)",
        )
    if way == 2 and not mask and model.names[i].dim() == 1:
        return Step(f"{name} = {a}.index_select(0, {i})", "together", (a, i))
    if way == 3 and not mask and own.dim() == 2 and floating(own):
        return Step(f"{name} = F.embedding({i}, {a})", "together", (a, i))
    if way == 4 and not mask and own.dim() > 1:
        return Step(f"{name} = {a}[:, {i}]", "indexed", (a, i))
    return Step(f"{name} = {a}[{i}]", "indexed", (a, i))


def pick_by_number(draw: Draw, model: Model) -> Step | None:
    """Draw a 0-dimensional index, which is read as a number and so may be on any device."""
    a = pick(draw, model, lambda t: t.dim() > 0 and t.shape[0] >= 2)
    i = pick(draw, model, lambda t: index_like(t) and t.dim() == 0)
    return Step(f"{fresh(model)} = {a}[{i}]", "follows", (a, i)) if a and i else None


def choose(draw: Draw, model: Model) -> Step | None:
    c = pick(draw, model, lambda t: t.dtype == torch.bool)
    if c is None:
        return None
    condition, name = model.names[c], fresh(model)
    a = pick(draw, model, lambda t: broadcasts_into(t, condition))
    if a is None:
        return None
    way = draw(st.integers(0, 3))
    own = model.names[a]
    if way == 0:
        return Step(f"{name} = {a}.masked_fill({c}, 1)", "masked", (a, c))
    v = pick(draw, model, lambda t: t.dtype == own.dtype and t.dim() == 0)
    if way == 1 and v is not None:
        return Step(f"{name} = {a}.masked_fill({c}, {v})", "masked", (a, c, v))
    b = pick(draw, model, lambda t: broadcasts_into(own, t))
    if way == 2 or b is None:
        return Step(f"{name} = torch.where({c}, {a}, 0)", "elementwise", (c, a))
    return Step(f"{name} = torch.where({c}, {a}, {b})", "elementwise", (c, a, b))


def loss(draw: Draw, model: Model) -> Step | None:
    a = pick(draw, model, lambda t: floating(t) and t.dim() > 0)
    if a is None:
        return None
    own, name = model.names[a], fresh(model)
    labels = pick(draw, model, lambda t: index_like(t) and t.shape == own.shape[:1])
    if own.dim() == 2 and labels is not None and draw(st.booleans()):
        form = draw(st.sampled_from(["F.cross_entropy({}, {})", "F.nll_loss(F.log_softmax({}, 1), {})"]))
        return Step(f"{name} = {form.format(a, labels)}", "together", (a, labels))
    b = pick(draw, model, lambda t: t.dtype == own.dtype and t.shape == own.shape)
    if b is None:
        return None
    form = draw(st.sampled_from(["mse_loss", "l1_loss", "smooth_l1_loss", "binary_cross_entropy_with_logits"]))
    return Step(f"{name} = F.{form}({a}, {b})", "together", (a, b))


MODULES = {  # module: the expression of its input
    "nn.Linear(3, 2)": "{}",
    "nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()": "{}",
    "nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)).eval()": "{}",
    "nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))": "{}",
    "nn.BatchNorm1d(3).eval()": "{}",
    "nn.LayerNorm(3)": "{}",
    "nn.Conv2d(1, 2, 2)": "{}[None, None]",
    "nn.Embedding(3, 3)": "whole(1, 2).to({}.device)",
}


def modules(model: Model) -> list[str]:
    return [name for name, value in model.names.items() if isinstance(value, nn.Module)]


def build(draw: Draw, model: Model) -> Step | None:
    if len(modules(model)) == 2:
        return None
    name, made = fresh(model, "m"), draw(st.sampled_from([m for m in MODULES if "Embedding" not in m]))
    if at_home(draw, model) == "cuda":
        return Step(f"{name} = {made}.cuda()", "move", (), f"{name} = {made}", "cuda")
    return Step(f"{name} = {made}", "move", (), "", "cpu")


def move_module(draw: Draw, model: Model) -> Step | None:
    """Draw a move of a module whose parameters are in no graph: their gradients would go to the old device."""
    found = [m for m in modules(model) if not in_graph(model, set(map(id, model.names[m].parameters())))]
    if not found:
        return None
    m, target = draw(st.sampled_from(found)), at_home(draw, model)
    if (
        isinstance(model.names[m], nn.Sequential)
        and not list(model.names[m].buffers())
        and draw(st.integers(0, 3)) == 0
    ):
        m += "[0]"
    moved = f"{m}._apply(lambda t: t.clone() if elsewhere(t, '{target}') else t)"
    return Step(f"{m}.{target}()" if draw(st.booleans()) else f"{m}.to('{target}')", "move", (), moved, target)


def in_graph(model: Model, parameters: set[int]) -> bool:
    todo = [tensor.grad_fn for tensor in model.variables().values()]
    seen: set[Any] = set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if id(getattr(node, "variable", None)) in parameters:
            return True
        todo += [following for following, _ in node.next_functions]
    return False


def forward(draw: Draw, model: Model) -> Step | None:
    if not modules(model):
        return None
    m = draw(st.sampled_from(modules(model)))
    conv = isinstance(model.names[m], nn.Conv2d)
    a = pick(
        draw,
        model,
        lambda t: t.dtype == torch.float32 and t.dim() == 2 and t.shape[0] > 1 and (conv or t.shape[1] == 3),
    )
    if a is None:
        return None
    parameters = tuple(f"{m}.get_parameter('{name}')" for name, _ in model.names[m].named_parameters())
    return Step(f"{fresh(model)} = {m}({a}{'[None, None]' if conv else ''})", "together", (a, *parameters))


def backward(draw: Draw, model: Model) -> Step | None:
    a = pick(draw, model, lambda t: floating(t) and t.requires_grad)
    if a is None:
        return None
    leaves = [tensor for _, tensor in rules.tensors(model.names) if tensor.is_leaf and tensor.requires_grad]
    try:  # skip a graph whose tensors were changed in place, because it would fail half-way
        torch.autograd.grad(model.names[a].sum(), leaves, retain_graph=True, allow_unused=True)
    except RuntimeError:
        return None
    return Step(f"{a}.sum().backward(retain_graph=True)", "follows", (a,))


OPTIMIZERS = ["SGD({}, lr=0.1)", "SGD({}, lr=0.1, momentum=0.9)", "Adam({}, lr=0.1)", "AdamW({}, lr=0.1)"]


def optimize(draw: Draw, model: Model) -> Step | None:
    optimizers = [name for name, value in model.names.items() if isinstance(value, torch.optim.Optimizer)]
    if optimizers and draw(st.booleans()):
        o = draw(st.sampled_from(optimizers))
        if draw(st.integers(0, 3)) == 0:
            return Step(f"{o}.zero_grad()", "move", (), "", "cpu")
        for parameter, state in model.names[o].state.items():
            if any(
                model.device(kept) != model.device(parameter)
                for key, kept in state.items()
                if torch.is_tensor(kept) and key != "step"
            ):
                model.over = True
                return Step(f"{o}.step()", "move", (), "raise RuntimeError", "cpu")
        return Step(f"{o}.step()", "move", (), "", "cpu")
    leaf = pick(draw, model, lambda t: t.is_leaf and t.requires_grad)
    owners = [f"{m}.parameters()" for m in modules(model)] + ([f"[{leaf}]"] if leaf else [])
    if not owners:
        return None
    form = draw(st.sampled_from(OPTIMIZERS)).format(draw(st.sampled_from(owners)))
    return Step(f"{fresh(model, 'o')} = torch.optim.{form}", "move", (), "", "cpu")


KINDS: list[Callable[[Draw, Model], Step | None]] = [
    *[create] * 2, *[move] * 2, *[unary] * 3, *[binary] * 3, *[write] * 3, *[products] * 2, join, *[index] * 2, pick_by_number,
    choose, loss, build, move_module, *[forward] * 2, *[backward] * 3, *[optimize] * 4,
]  # fmt: skip


@st.composite
def programs(draw: Draw) -> Model:
    """Draw a program, already run by the model."""
    model = Model(home=draw(st.sampled_from(["cuda", "cuda", "cpu"])))
    for _ in range(4):
        model.take(create(draw, model))
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=STEPS[0], max_size=STEPS[1])):
        step = kind(draw, model)
        if step is not None:
            model.take(step)
        if model.over:
            break
    return model


# --- the process with the device -----------------------------------------------------------------------------------


class Child:
    """A process that runs programs; it is started when first needed, and again after it has died."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> bool:
        """Start the process; return whether it has a device."""
        hidden = {} if self.device == "cuda" else {"CUDA_VISIBLE_DEVICES": ""}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.in_kernel.virtual_cuda.run_random", self.device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**environ, **hidden, "OMP_NUM_THREADS": "1"},
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, self.lines), daemon=True).start()
        return bool(self._answer())

    @staticmethod
    def _read(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    def _answer(self) -> Any:
        try:
            line = self.lines.get(timeout=SECONDS)
        except queue.Empty:
            self.stop()
            pytest.fail(f"no answer in {SECONDS} s")
        if not line:
            self.stop()
            pytest.fail("the process with the device died")
        return json.loads(line)

    def run(self, program: list[str]) -> list[dict[str, Any]]:
        if self.process is None:
            self.start()
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(program) + "\n")
        self.process.stdin.flush()
        return self._answer()  # type: ignore[no-any-return]

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture(scope="session")
def child(request: pytest.FixtureRequest) -> Iterator[Child]:
    made = Child(request.config.getoption("--device", "virtual"))
    if not made.start():
        made.stop()
        pytest.skip("no GPU here")
    yield made
    made.stop()


# A step that the rules refuse may fail earlier for another reason.
MORE_REFUSALS = {rules.REFUSED: ("NotImplementedError", "IndexError", "ValueError")}


def same(found: list[Any], expected: list[Any], exactly: bool) -> bool:
    if exactly or found[:-1] != expected[:-1] or found[1] == "bool":
        return found == expected
    a, b = (np.frombuffer(bytes.fromhex(value[-1]), expected[1]) for value in (found, expected))
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True))


def shown(value: list[Any] | None) -> str:
    if value is None:
        return "unchanged"
    content = np.frombuffer(bytes.fromhex(value[-1]), value[1]).reshape(value[2]).tolist()
    return f"{content} of {value[1]} on {value[0]}, requires_grad={value[3]}, is_leaf={value[4]}"


def first_difference(model: Model, outcomes: list[dict[str, Any]], exactly: bool) -> str:
    """Describe the first step whose outcome differs from the rules'; '' if none does."""
    for number, (expected, found) in enumerate(zip(model.outcomes, outcomes, strict=True)):
        wrong = ""
        if isinstance(expected, str):
            if found["raised"].partition(":")[0] not in (expected, *MORE_REFUSALS.get(expected, ())):
                wrong = f"should raise {expected}, but {found['raised'] or 'succeeded'}"
            elif found["changed"] and not (model.over and number == len(model.steps) - 1):
                wrong = f"should change nothing, but changed {sorted(found['changed'])}"
        elif found["raised"]:
            wrong = f"should succeed, but raised {found['raised']}"
        else:
            for name in sorted(expected.keys() | found["changed"].keys()):
                a, b = found["changed"].get(name), expected.get(name)
                if a is None or b is None or not same(a, b, exactly):
                    wrong = f"{name} is {shown(a)}\n  should be {shown(b)}"
                    break
        if wrong:
            lines = [s.code for s in model.steps[: number + 1]]
            return "\n".join(["", *lines, f"  {wrong}"])
    return ""


@pytest.mark.filterwarnings("ignore")
@settings(
    max_examples=PROGRAMS,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(model=programs())
def test_a_random_program_follows_cudas_rules(model: Model, child: Child) -> None:
    outcomes = child.run([step.code for step in model.steps])
    difference = first_difference(model, outcomes, exactly=child.device == "virtual")
    assert not difference, difference
