"""Slices are checked by running them and by searching them for code that they must not contain."""

from __future__ import annotations

import cProfile
import textwrap
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.slicing.definitions import Definition, definitions
from grader.slicing.program import SourceCell
from grader.slicing.slice import Slice, slice_cells


def notebook(*sources: str, failed: Collection[int] = ()) -> list[SourceCell]:
    return [
        SourceCell(index, textwrap.dedent(source).strip("\n"), index not in failed)
        for index, source in enumerate(sources)
    ]


def cut(*sources: str, want: str | Sequence[str], avoid: Collection[str] = (), failed: Collection[int] = ()) -> Slice:
    wanted = want.split() if isinstance(want, str) else want
    return slice_cells(notebook(*sources, failed=failed), wanted, avoid)


def code(part: Slice) -> str:
    return "\n".join(piece.source for piece in part.pieces)


def lines(part: Slice) -> list[str]:
    return [line for piece in part.pieces for line in piece.source.split("\n")]


def run(part: Slice) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for piece in part.pieces:
        exec(compile(piece.padded, f"<cell {piece.cell}>", "exec"), namespace)
    return namespace


def test_functions_that_a_decorator_registers_are_kept():
    part = cut(
        "import functools",
        "@functools.singledispatch\ndef f(x): return 'any'",
        "@f.register(int)\ndef _(x): return 'int'",
        "@f.register\ndef _(x: list): return 'list'",
        "print(f(1))",
        want="f",
    )
    f = run(part)["f"]
    assert [f(one) for one in ("", 1, [])] == ["any", "int", "list"]
    assert "print" not in code(part)


# what is read


@pytest.mark.parametrize(
    "body",
    [
        "def f(): return a",
        "def f(x=a): return x",
        "def f():\n    def g(): return a\n    return g()",
        "def f(): return [a for _ in range(1)][0]",
        "def f(): return [x for x in [a]][0]",
        "def f(): return (lambda: a)()",
        "f = lambda: a",
        "def f(): return int(f'{a}')",
        "def f(): return int(f'{1:>{a}}') * 0 + a",
        "def f():\n    if (y := a): return y",
        "def f():\n    global a\n    return a",
        "def f():\n    global a\n    a += 1\n    return a - 1",
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = a\n    g()\n    return x",
        "def f():\n    class C:\n        y = a\n    return C.y",
        "class C:\n    a = a\ndef f(): return C.a",
        "class C:\n    x = 1\n    def m(self, x=a): return x\ndef f(): return C().m()",
        "class C:\n    def m(self): return a\ndef f(): return C().m()",
        "class C:\n    class D:\n        def m(self): return a\ndef f(): return C.D().m()",
        "class M(type):\n    k = a\nclass C(metaclass=M): pass\ndef f(): return C.k",
        "def d(g): return lambda: g() + a\n@d\ndef f(): return 0",
        "def d(n): return lambda g: lambda: n\n@d(a)\ndef f(): return 0",
        "def f(*, x=a): return x",
        "def f():\n    match a:\n        case y: return y",
        "def f():\n    try: raise ValueError\n    except Exception: return a",
        "def f():\n    with open('/dev/null') as h: return a",
        "async def g(): return a\ndef f():\n    try: g().send(None)\n    except StopIteration as s: return s.value",
        "d = {'k': a}\ndef f(): return d['k']",
        "b: int = a\ndef f(): return b",
        "x, *y = a, a\ndef f(): return y[0]",
        "t = u = [a]\ndef f(): return t[0]",
        "if a: b = a\nelse: b = -1\ndef f(): return b",
    ],
)
def test_everything_a_function_reads_comes_along(body: str) -> None:
    part = cut("noise = 1", "a = 42", "other = 2", body, "print(f())", want="f")
    assert run(part)["f"]() == 42
    assert "noise" not in code(part)
    assert "other" not in code(part)
    assert not part.missing
    assert not part.unresolved


def test_locals_and_attributes_are_not_globals() -> None:
    part = cut(
        "a = b = c = d = e = g = 1",
        "def f(a):\n    b = a\n    for c in [1]: pass\n    import d\n    [e for e in ()]\n    return a.g",
        want="f",
    )
    assert lines(part)[0].startswith("def f")


def test_strings_in_annotations_are_not_evaluated_and_names_are() -> None:
    part = cut("from typing import Optional", "T = int", "def f(x: 'Missing', y: Optional[T]) -> None: ...", want="f")
    assert [piece.cell for piece in part.pieces] == [0, 1, 2]
    assert not part.unresolved
    part = cut("def f(x: Missing): ...", want="f")
    assert part.unresolved == ("Missing",)


def test_imports_in_all_forms() -> None:
    part = cut(
        "import os.path, json as j\nimport math; import sys\nfrom collections import OrderedDict as OD, deque",
        "from math import *",
        "def f(): return OD(a=os.path.join('x', 'y'), b=sqrt(4), c=j.dumps(1))",
        want="f",
    )
    assert lines(part)[:3] == [
        "import os.path, json as j",
        "from collections import OrderedDict as OD, deque",
        "from math import *",
    ]
    assert run(part)["f"]() == {"a": "x/y", "b": 2.0, "c": "1"}
    assert not part.unresolved


def test_future_imports_come_first_and_always() -> None:
    part = cut("from __future__ import annotations", "a = 1", "def f(x: Missing): return a", want="f")
    assert lines(part)[0] == "from __future__ import annotations"


def test_names_that_nothing_defines_are_reported() -> None:
    part = cut("def f(): return nowhere(model)", "model = load()", want="f g f")
    assert part.missing == ("g",)
    assert set(part.unresolved) == {"nowhere", "model"}
    assert part.wanted == ("f", "g", "f")
    assert len(part.pieces) == 1


def test_a_wanted_class_without_its_import_is_still_there() -> None:
    part = cut("class A(nn.Module): pass", want="A")
    assert lines(part) == ["class A(nn.Module): pass"]
    assert part.unresolved == ("nn",)


def test_nothing_wanted_gives_nothing() -> None:
    assert cut("import torch\ntorch.set_default_dtype(torch.float64)", want="").pieces == ()
    assert cut("import torch\ntorch.set_default_dtype(torch.float64)", want="x").pieces == ()


# which definition counts


def test_the_last_definition_that_ran_counts() -> None:
    versions = [f"def f(): return {number}" for number in range(3)]
    assert run(cut(*versions, want="f"))["f"]() == 2
    assert run(cut(*versions, want="f", failed=[2]))["f"]() == 1
    assert run(cut(*versions, want="f", failed=[1, 2]))["f"]() == 0
    assert run(cut(*versions, want="f", failed=[0, 1, 2]))["f"]() == 2
    assert len(cut(*versions, want="f").pieces) == 1


def test_one_that_never_ran_is_better_than_none() -> None:
    assert run(cut("a = 1", "crash()", "def f(): return a", want="f", failed=[1, 2]))["f"]() == 1


def test_a_function_sees_its_globals_as_at_its_first_call() -> None:
    cells = ["model = 'toy'", "def f(): return model", "model = 'MLP'", "f()", "model = 'CNN'", "f()"]
    assert run(cut(*cells, want="f"))["f"]() == "MLP"
    assert run(cut(*cells, want="f", failed=[3]))["f"]() == "CNN"


def test_a_function_that_is_never_called_sees_what_was_before_it_or_else_the_first_after() -> None:
    assert run(cut("m = 1", "m = 2", "def f(): return m", "m = 3", want="f"))["f"]() == 2
    assert run(cut("def f(): return m", "m = 3", "m = 4", want="f"))["f"]() == 3


def test_helpers_of_a_function_that_is_never_called_are_the_last() -> None:
    assert run(cut("def f(): return g()", "def g(): return 1", "def g(): return 2", want="f"))["f"]() == 2
    assert run(cut("def g(): return 1", "def f(): return g()", "def g(): return 2", want="f"))["f"]() == 2


def test_a_call_through_another_function_is_a_call() -> None:
    cells = ["m = 1", "def f(): return m\ndef main():\n    f()", "m = 2", "main()", "m = 3"]
    assert run(cut(*cells, want="f"))["f"]() == 2


def test_two_functions_called_at_different_times_see_different_models() -> None:
    cells = ["m = 'cpu'", "def f(): return m", "f()", "m = 'gpu'", "def g(): return m", "g()", "m = 'end'"]
    assert run(cut(*cells, want="f"))["f"]() == "cpu"
    assert run(cut(*cells, want="g"))["g"]() == "gpu"
    assert lines(cut(*cells, want="f g")) == [cells[0], cells[1], cells[3], cells[4]]


def test_chained_assignments_need_their_predecessors() -> None:
    cells = ["x = 1", "x = x + 1", "y = 5", "x += y", "x *= 10", "def f(): return x", "f()"]
    assert run(cut(*cells, want="f"))["f"]() == 70


def test_a_name_defined_only_below_its_use_is_moved_up() -> None:
    part = cut("m = Net()", "def f(): return m.k", "class Net(Base): k = 7", "class Base: pass", want="f", failed=[0])
    assert run(part)["f"]() == 7


def test_a_deleted_name() -> None:
    assert run(cut("a = 1", "def f(): return a", "f()", "del a", want="f"))["f"]() == 1
    assert run(cut("a = 1", "del a", "a = 2", "def f(): return a", "f()", want="f"))["f"]() == 2


@pytest.mark.parametrize("name", ["sum", "iter", "input", "max"])
def test_builtins_are_the_users_only_from_their_assignment_on(name: str) -> None:
    use = f"def f(): return {name}"
    assert f"{name} = 5" not in code(cut(use, "f()", f"{name} = 5", want="f"))
    assert f"{name} = 5" in code(cut(f"{name} = 5", use, "f()", want="f"))
    assert f"{name} = 5" not in code(cut(f"{name} = 5", use, "f()", want="f", failed=[0]))
    assert f"{name} = 5" not in code(cut(f"{name} = 5", f"del {name}", use, "f()", want="f"))
    assert not cut(use, want="f").unresolved


def test_decorated_by_assignment() -> None:
    part = cut("def twice(g): return lambda: 2 * g()", "def f(): return 4", "f = twice(f)", "f()", want="f")
    assert run(part)["f"]() == 8


def test_a_function_counts_more_than_a_variable_of_the_same_name() -> None:
    part = cut("def test(): return 1", "test = [0]", want="test")
    assert run(part)["test"]() == 1


def test_a_model_that_is_no_class() -> None:
    part = cut("layers = []", "layers.append(1)", "model = tuple(layers)", "print(model)", want="model")
    assert run(part)["model"] == (1,)


# what changes objects


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("c['k'] = 2", {"k": 2}),
        ("c.update(k=3)", {"k": 3}),
        ("del c['k']", {}),
        ("alias = c\nalias['k'] = 4", {"k": 4}),
        ("def put(d): d['k'] = 5\nput(c)", {"k": 5}),
        ("def put(d): d['k'] = 5\ndef via(e): put(e)\nvia(c)", {"k": 5}),
        ("def put(): c['k'] = 6\nput()", {"k": 6}),
        ("def put():\n    global c\n    c = {'k': 7}\nput()", {"k": 7}),
        ("for n in (8, 9): c['k'] = n", {"k": 9}),
        ("if True: c['k'] = 10", {"k": 10}),
        ("try:\n    c['k'] = 11\nexcept ImportError: pass", {"k": 11}),
        ("box = [c]\nbox[0]['k'] = 12", {"k": 12}),
        ("box = {'c': c}\nfor d in box.values(): d['k'] = 13", {"k": 13}),
        ("c |= {'k': 14}", {"k": 14}),
        ("c['j'], c['k'] = 15, 16", {"j": 15, "k": 16}),
    ],
)
def test_changes_of_what_is_read_come_along(change: str, expected: object) -> None:
    part = cut(
        "c = {'k': 1}", change, "other = {}", "other['k'] = 1", "def f(): return c", "f()", "c['k'] = 99", want="f"
    )
    assert run(part)["f"]() == expected
    assert "other" not in code(part)


def test_a_change_inside_what_holds_it_comes_along() -> None:
    part = cut("inner = []", "outer = {'l': inner}", "inner.append(1)", "def f(): return outer", "f()", want="f")
    assert run(part)["f"]() == {"l": [1]}


def test_methods_of_user_classes_that_change_the_object() -> None:
    cells = [
        "class Config:\n    lr = 0.1\n    def set(self, lr): self.lr = lr\n    def show(self): print(self.lr)",
        "cfg = Config()\ncfg.set(0.5)\ncfg.show()",
        "def f(): return cfg.lr",
        "f()",
    ]
    part = cut(*cells, want="f")
    assert run(part)["f"]() == 0.5
    assert "cfg.show()" not in code(part)


def test_argparse() -> None:
    part = cut(
        "import argparse\nparser = argparse.ArgumentParser()",
        "parser.add_argument('--lr', type=float, default=0.01)\nargs = parser.parse_args([])\nargs.epochs = 3\nprint(args)",
        "def f(): return args.lr, args.epochs",
        "f()",
        want="f",
    )
    assert run(part)["f"]() == (0.01, 3)
    assert "print" not in code(part)


def test_patches_come_with_the_class() -> None:
    part = cut(
        "class A:\n    pass",
        "a = A()",
        "def forward(self): return 1",
        "A.forward = forward\nsetattr(A, 'back', lambda self: -1)",
        want="A",
    )
    made = run(part)["A"]()
    assert (made.forward(), made.back()) == (1, -1)
    assert "a = A()" not in lines(part)


def test_methods_added_by_a_decorator_come_with_the_class() -> None:
    part = cut(
        "def add_to(cls):\n    def wrap(f): setattr(cls, f.__name__, f)\n    return wrap",
        "class A: pass",
        "@add_to(A)\ndef forward(self): return 3",
        "A().forward()",
        want="A",
    )
    assert run(part)["A"]().forward() == 3


def test_an_iterator_is_where_it_was() -> None:
    part = cut("it = iter([1, 2, 3])", "a = next(it)\nb = next(it)", "def f(): return b", "f()", want="f")
    assert run(part)["f"]() == 2


# what is never run


LOADER = "def DataLoader(data): return data\ntqdm = iter\ntrain_loader = DataLoader([(1, 1)])"
TRAIN = """
def train(epochs):
    for epoch in range(epochs):
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
    return 0.5
"""


@pytest.mark.parametrize(
    "expensive",
    [
        "x = train(3)",
        "for _ in range(3): x = train(1)",
        "for e in range(3):\n    x = 1\n    train(1)\n    y = 2",
        "while True: x = 1",
        "while x: x -= 1",
        "def fit(): return train(2)\nx = fit()",
        "def again():\n    while True: pass\nx = again()",
        "class T:\n    def __init__(self): train(3)\nx = T()",
        "class T:\n    def run(self): return train(3)\nt = T()\nx = t.run()",
        "class T:\n    def go(self): return self.run()\n    def run(self): return train(3)\nx = T().go()",
        "class T:\n    def __call__(self): train(3)\nt = T()\nx = t()",
        "from functools import partial\ng = partial(train, 3)\nx = g()",
        "g = train\nx = g(1)",
        "def timed(f): return f(1)\nx = timed(train)",
        "def timed(f, n): return f(n)\nx = timed(n=1, f=train)",
        "x = list(map(train, [1, 2]))",
        "x = [train(1) for _ in range(3)]",
        "for a, b in train_loader: x = a",
        "import itertools\nfor a, b in itertools.cycle(train_loader): x += 1",
        "for a, b in train_loader:\n    model.eval()\n    x += 1",
        "import timeit\nx = timeit.timeit(lambda: train(1))",
        "def make():\n    def step(): loss.backward()\n    return step\ngo = make()\nx = go()",
        "def outer():\n    def inner(): return train(1)\n    return inner()\nx = outer()",
        "x = sum(len(a) for a, b in train_loader)",
        "def mean(loader):\n    return sum(a for a, b in loader)\nx = mean(train_loader)",
        "def total():\n    bar = tqdm(enumerate(train_loader))\n    for i, b in bar: pass\nx = total()",
        "x = trainer.fit(model)",
        "x = (lambda: 1)() + train(1)",
        "import time\nx = time.sleep(1000)",
        "if train(1): x = 1",
        "with open('/dev/null') as h: x = train(1)",
        "try: x = train(1)\nexcept Exception: pass",
        "import sys\nx = sys.exit()",
        "for i in range(10 ** 9): x = i",
        "n = 10 ** 9\nfor i in range(n): x = i",
        "x = await something()",
    ],
)
def test_expensive_statements_define_nothing(expensive: str) -> None:
    cells = ["x = 1", LOADER, TRAIN, expensive, "def f(): return x", "f()"]
    for avoid in ([], ["train"]):
        part = cut(*cells, want="f", avoid=avoid)
        assert run(part)["f"]() == 1
        assert len(part.pieces) <= 3


def test_what_is_avoided_need_not_look_expensive() -> None:
    cells = ["x = 1", "def quick(): return 2", "x = quick()", "def f(): return x", "f()"]
    assert run(cut(*cells, want="f"))["f"]() == 2
    assert run(cut(*cells, want="f", avoid=["quick"]))["f"]() == 1
    assert run(cut(*cells, want="quick", avoid=["quick"]))["quick"]() == 2


def test_only_expensive_definitions_are_unresolved() -> None:
    part = cut(TRAIN, "net = train(3)", "def f(): return net", want="f net")
    assert part.unresolved == ("net",)
    assert part.missing == ("net",)
    assert lines(part) == ["def f(): return net"]


def test_what_depends_on_something_expensive_is_not_taken_either() -> None:
    part = cut(
        "a = 1", TRAIN, "net = train(3)", "a = net", "b = [a]", "b.append(net)", "def f(): return b", "f()", want="f"
    )
    assert run(part)["f"]() == [1]


def test_cheap_loops_that_build_are_taken() -> None:
    part = cut(
        "sizes = [784, 128, 64, 10]",
        "layers = []\nfor a, b in zip(sizes[:-1], sizes[1:]):\n    layers.append((a, b))\n    n = len(layers)",
        "def f(): return layers, n",
        "f()",
        want="f",
    )
    assert run(part)["f"]() == ([(784, 128), (128, 64), (64, 10)], 3)


def test_functions_that_merely_build_are_called() -> None:
    part = cut(
        "batch = 32",
        "def make_loaders(size):\n    return [f'{split} {size}' for split in ('train', 'test')]",
        "train_loader, test_loader = make_loaders(batch)\nimages = next(iter(train_loader))\nprint(images)",
        "def f(): return test_loader",
        "f()",
        want="f",
        avoid=["train"],
    )
    assert run(part)["f"]() == "test 32"
    assert "images" not in code(part)


def test_making_a_function_that_trains_is_no_training() -> None:
    part = cut(
        "def make_train_step(model):\n    def step(x):\n        x.backward()\n        return model\n    return step",
        "def batches(loader):\n    for x in loader: yield x",
        "model = 'net'\nstep = make_train_step(model)\nstream = batches([1])",
        "model = 'other'",
        "def f(): return step, next(stream)",
        "f()",
        "for x in [1]: step(x)",
        want="f step",
    )
    assert not part.missing
    assert not part.unresolved
    assert run(part)["f"]()[1] == 1
    assert run(part)["step"].__closure__[0].cell_contents == "net"


def test_statistics_of_the_data_are_computed_where_nothing_else_gives_them() -> None:
    cells = [
        LOADER,
        "def mean(loader):\n    return sum(a for a, b in loader)\nmu = mean(train_loader)",
        "def f(): return mu",
    ]
    assert run(cut(*cells, want="f"))["f"]() == 1
    cells = [LOADER, "n = 0\nfor a, b in train_loader:\n    n += a\nmu = 10 * n", "def f(): return mu"]
    assert run(cut(*cells, want="f"))["f"]() == 10


def test_a_first_batch_is_cheap() -> None:
    part = cut(
        "train_loader = [(1, 2), (3, 4)]",
        "for x, y in train_loader:\n    print(x)\n    break",
        "def f(): return x",
        "f()",
        want="f",
    )
    assert run(part)["f"]() == 1


def test_models_made_inside_a_training_loop() -> None:
    part = cut(
        "def train(): loss.backward()",
        "for lr in [0.1, 0.01]:\n    model = ['net', lr]\n    for epoch in range(5):\n        train()\n    print(model)",
        "def f(): return model",
        want="f",
    )
    assert run(part)["f"]() == ["net", 0.01]
    assert "train()" not in code(part)


def test_magics_are_needed_only_where_they_bind() -> None:
    part = cut(
        "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().system('nvidia-smi')",
        "files = get_ipython().getoutput('ls')",
        "def f(): return files",
        want="f",
    )
    assert [piece.cell for piece in part.pieces] == [1, 2]
    assert not part.unresolved


def test_a_broken_cell_costs_only_itself() -> None:
    part = cut(
        "a = 1", "def f(: return", "b = 2", "x = '\\ud800", "def f(): return a + b\0", "def f(): return a + b", want="f"
    )
    assert run(part)["f"]() == 3


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 150 + "1" + ")" * 150,
        "x = " + "-" * 100_000 + "1",
        "x = " + "+".join(["1"] * 50_000),
        "x = y" + ".a" * 20_000,
        "x = " + "[" * 5000,
        "if a:\n    pass\n" + "elif a:\n    pass\n" * 3000,
        "\n".join("    " * depth + "if a:" for depth in range(90)) + "\n" + "    " * 90 + "x = 1",
    ],
    ids=["parentheses", "signs", "sum", "attributes", "open", "elif", "if"],
)
def test_absurd_nesting_costs_only_its_cell(source: str) -> None:
    part = cut("a = 1", source, "def f(): return a", want="f")
    assert run(part)["f"]() == 1


def test_no_recursion_over_long_chains() -> None:
    chain = "\n".join(["x = 0", *("x = x + 1" for _ in range(2000))])
    assert run(cut(chain, "def f(): return x", "f()", want="f"))["f"]() == 2000
    calls = "\n".join(["def f0(): return 1", *(f"def f{n}(): return f{n - 1}()" for n in range(1, 2000))])
    assert len(cut(calls, want="f1999").pieces) == 2000


# blocks


def test_only_what_is_needed_of_a_block_and_lines_stay() -> None:
    source = """
        if __name__ == '__main__':
            import math; print('hello')
            text = '''a
            b'''; k = 3
            model = math.sqrt(
                16); x = 5
            train()
            if model > 2:
                size = 1 / 0
            elif model < 0:
                size = 10
            else:
                plot(); size = 30; plot()
            def f():
                return model, k, 1 / 0
        """
    part = cut(source, want="f", avoid=["train"])
    piece = part.pieces[0]
    assert len(part.pieces) == 1
    assert "train" not in piece.source
    assert "plot" not in piece.source
    with pytest.raises(ZeroDivisionError) as caught:
        run(part)["f"]()
    line = caught.traceback[-1].lineno + 1
    assert textwrap.dedent(source).strip("\n").split("\n")[line - 1] == "        return model, k, 1 / 0"


def test_either_branch_may_define() -> None:
    cells = [
        "import os",
        "device = 'old'",
        "if os.environ.get('GRADER_NO_SUCH'):\n    device = 'cuda'\n    print(device)\nelse:\n    device = 'cpu'",
        "def f(): return device",
        "f()",
    ]
    part = cut(*cells, want="f")
    assert run(part)["f"]() == "cpu"
    assert "old" not in code(part)
    assert "print" not in code(part)
    cells[2] = "if os.environ.get('GRADER_NO_SUCH'):\n    device = 'cuda'"
    assert run(cut(*cells, want="f"))["f"]() == "old"


def test_elif_chains_keep_their_tests() -> None:
    for value, expected in ((0, "zero"), (1, "one"), (2, "more")):
        part = cut(
            f"n = {value}",
            "if n == 0:\n    s = 'zero'\n    t = 1\nelif n == 1:\n    s = 'one'\nelse:\n    s = 'more'",
            "def f(): return s",
            want="f",
        )
        assert run(part)["f"]() == expected


def test_an_import_that_may_fail() -> None:
    part = cut(
        "try:\n    import no_such_module\n    COLAB = True\nexcept ImportError:\n    COLAB = False",
        "def f(): return COLAB",
        want="f",
    )
    assert run(part)["f"]() is False
    assert not part.unresolved


def test_the_cheap_part_of_a_try_that_trains() -> None:
    part = cut(
        TRAIN,
        "try:\n    model = 'net'\n    train(1)\nexcept KeyboardInterrupt as stop:\n    print(stop)\nfinally:\n    done = 1",
        "def f(): return model",
        want="f",
    )
    assert run(part)["f"]() == "net"
    assert "train" not in code(part)


def test_definitions_under_a_context() -> None:
    part = cut(
        "import contextlib",
        "with contextlib.suppress(ValueError) as ctx:\n    print(1)\n    class A:\n        k = 1\n    a = A()",
        "def f(): return a.k",
        want="f",
    )
    assert run(part)["f"]() == 1
    assert "print" not in code(part)


# settings of the whole program


def test_settings_of_torch_come_along_and_seeds_do_not() -> None:
    part = cut(
        "import os, sys, torch\nsys.path.append('/content')\nos.environ['X_GRADER_TEST'] = '0'",
        "torch.manual_seed(0)\ntorch.backends.cudnn.deterministic = True\ntorch.use_deterministic_algorithms(False)",
        "def setup():\n    torch.set_default_dtype(torch.float32)\nsetup()",
        "from math import pi",
        "def f(): return pi",
        "f()",
        "torch.set_default_device('cuda')",
        want="f",
    )
    text = code(part)
    for needed in ("sys.path.append", "os.environ[", "cudnn.deterministic", "use_deterministic", "setup()"):
        assert needed in text
    assert "manual_seed" not in text
    assert "cuda'" not in text


# the shape of the result


def test_pieces_say_where_they_are_from() -> None:
    part = slice_cells(
        [SourceCell(3, "# comment\n\nimport math; x = 1\r\n@staticmethod\r\ndef f():\r\n    return math.pi # ü\r\n")],
        ["f"],
    )
    first, second = part.pieces
    assert (first.cell, first.first_line, first.source, first.binds) == (3, 3, "import math", {"math"})
    assert (second.first_line, second.source.split("\n")[0], second.binds) == (4, "@staticmethod", {"f"})
    assert second.padded.split("\n")[4] == "def f():"


def test_columns_count_bytes() -> None:
    part = cut(
        "a = 'äöü€'; b = '日本'; c = a", "if a:\n    s = 'é'; t = 'ñ'; print('ß')", "def f(): return c + t", want="f"
    )
    assert run(part)["f"]() == "äöü€ñ"
    assert "日本" not in code(part)
    assert "print" not in code(part)


def test_the_same_text_in_two_cells() -> None:
    block = "if True:\n    a = 1\n    b = 2"
    part = cut(block, "c = a", block, "d = b", "def f(): return c, d", "f()", want="f")
    assert run(part)["f"]() == (1, 2)


def test_definitions() -> None:
    found = definitions(
        notebook(
            """
            K = 1
            class Net(nn.Module, abc.ABC):
                size = K
                def __init__(self, hidden=64, *layers, act=nn.ReLU, **rest):
                    self.fc = nn.Linear(hidden, 10)
                @staticmethod
                def make(a): return len(a)
                def forward(self, x): return F.relu(x)
            """,
            "class Net: pass",
            "broken(",
            "if x:\n    @timer\n    def train(model, loader=LOADER, /, epochs: int = 10): return optimizer.step(model)",
            "@dataclass\nclass Config:\n    lr: float = 0.1\n    name: str\n",
            "try:\n    def g(): ...\nexcept E:\n    def g(*a): ...",
        )
    )
    net, init, make, forward, again, train, config, g, g2 = found
    assert net == Definition(
        name="Net",
        kind="class",
        cell=0,
        line=2,
        bases=("nn.Module", "abc.ABC"),
        parameters=("hidden", "*layers", "act", "**rest"),
        defaults={"hidden": "64", "act": "nn.ReLU"},
        reads=frozenset({"nn", "abc", "K", "F"}),
        method_names=("__init__", "make", "forward"),
    )
    assert (init.kind, init.name, init.reads) == ("method", "Net.__init__", {"nn"})
    assert (make.parameters, forward.parameters, forward.reads) == (("a",), ("x",), {"F"})
    assert (again.name, again.cell, again.parameters) == ("Net", 1, ())
    assert (train.kind, train.line, train.parameters) == ("function", 3, ("model", "loader", "epochs"))
    assert train.defaults == {"loader": "LOADER", "epochs": "10"}
    assert train.reads == {"timer", "LOADER", "optimizer"}
    assert (config.parameters, config.defaults) == (("lr", "name"), {"lr": "0.1"})
    assert (g.parameters, g2.parameters) == ((), ("*a",))


def test_builtins_in_reads_only_where_the_notebook_binds_them() -> None:
    (f,) = definitions(notebook("def f(): return len(sum)"))
    assert f.reads == frozenset()
    (f,) = definitions(notebook("sum = 0", "def f(): return len(sum)"))
    assert f.reads == {"sum"}


def test_the_work_grows_with_the_notebook_and_no_faster() -> None:
    method = "    def m{k}(self, x):\n        # what it does\n        y = self.a{k}(x)\n        z = F.relu(y)\n        return y + z\n"
    cell = "class Net{0}(Base):\n" + "".join(method.replace("{k}", str(k)) for k in range(6))
    cell += "def train{0}(loader):\n    for x, y in loader:\n        loss = criterion(model(x), y)\n        loss.backward()\n"
    cell += (
        "model = Net{0}()\nlosses = []\nfor epoch in range(10):\n    losses.append(train{0}(loader))\nprint(losses)\n"
    )

    def calls(cells: int) -> int:
        """Return the calls of functions that cutting takes: they are counted since times differ from run to run."""
        names = [f"{cells}_{number}" for number in range(cells)]  # no cell is known from another notebook
        middle, last = names[cells // 2], names[-1]
        with cProfile.Profile() as profile:
            part = cut(
                "class Base: pass", *(cell.replace("{0}", one) for one in names), want=f"train{middle} Net{last}"
            )
        assert f"class Net{middle}(Base):" in code(part)
        assert len(part.pieces) == 5
        return sum(one.callcount for one in profile.getstats())

    assert calls(300) < 2.2 * calls(150)


# whole notebooks


STYLES = {
    "globals": (
        """
        import torch
        import torch.nn as nn
        import torch.optim as optim
        import matplotlib.pyplot as plt
        torch.manual_seed(1)
        """,
        "x = torch.randn(2, 3); print(x.shape)\nassert x.shape == (2, 3)",
        """
        class MLP(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(HIDDEN, 2)
            def forward(self, x):
                return self.fc(x.flatten(1))
        HIDDEN = 4
        """,
        """
        device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        data = [(torch.ones(2, HIDDEN), torch.zeros(2, dtype=torch.long))]
        train_loader = torch.utils.data.DataLoader(data, batch_size=None)
        for images, labels in train_loader:
            plt.imshow(images[0].view(2, 2)); break
        plt.show()
        """,
        """
        model = MLP()
        model = model.to(device)
        criterion = nn.CrossEntropyLoss()
        optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
        print(model)
        """,
        """
        losses = []
        def train(epoch):
            model.train()
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(x.to(device)), y.to(device))
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            return len(losses)
        """,
        "for epoch in range(10 ** 9):\n    n = train(epoch)\nplt.plot(losses)",
        "while True:\n    train(0)",
        "raise SystemExit",
        "model = nn.Linear(1, 1)\nraise RuntimeError('no')",
    ),
    "a trainer": (
        "import torch, time\nfrom torch import nn\nfrom dataclasses import dataclass",
        """
        @dataclass
        class Config:
            lr: float = 0.1
            sizes: tuple = (4, 2)
        cfg = Config()
        cfg.lr = 0.01
        """,
        """
        def mlp(sizes):
            layers = []
            for a, b in zip(sizes[:-1], sizes[1:]):
                layers.append(nn.Linear(a, b))
            return nn.Sequential(*layers)
        """,
        """
        class Trainer:
            def __init__(self, net, loader, cfg):
                self.net, self.loader = net, loader
                self.opt = torch.optim.SGD(net.parameters(), lr=cfg.lr)
                self.losses = []
            def train(self, epochs=1):
                for _ in range(epochs):
                    for x, y in self.loader:
                        self.opt.zero_grad()
                        loss = nn.functional.cross_entropy(self.net(x), y)
                        loss.backward()
                        self.opt.step()
                        self.losses.append(loss.item())
        """,
        """
        def get_loader(n):
            return [(torch.ones(2, 4), torch.zeros(2, dtype=torch.long))] * n
        loader = get_loader(3)
        trainer = Trainer(mlp(cfg.sizes), loader, cfg)
        start = time.time()
        trainer.train(epochs=10 ** 9)
        print(time.time() - start)
        """,
        "def train(epoch):\n    trainer.train()\n    return len(trainer.losses) // 3",
        "train(0)",
    ),
    "config and main": (
        """
        import torch
        import torch.nn as nn
        CFG = dict(lr=.1, batch=2)
        CFG['lr'] = 0.01
        CFG.update(hidden=4)
        """,
        "def init(m):\n    if isinstance(m, nn.Linear): nn.init.ones_(m.weight)",
        """
        def build(cfg):
            net = nn.Sequential(nn.Flatten(), nn.Linear(cfg['hidden'], 2))
            net.train()
            return net, torch.optim.SGD(net.parameters(), cfg['lr'])
        net, opt = build(CFG)
        net.apply(init)
        """,
        """
        def timed(f):
            def inner(*a):
                r = f(*a)
                return r
            return inner
        """,
        """
        @timed
        def train(epoch, loader=None):
            for x, y in loader or batches:
                opt.zero_grad(); loss = nn.functional.cross_entropy(net(x), y); loss.backward(); opt.step()
            return 1
        """,
        """
        if __name__ == '__main__':
            batches = [(torch.ones(CFG['batch'], 4), torch.zeros(2, dtype=torch.long))]
            for e in range(10 ** 9):
                train(e)
            torch.save(net.state_dict(), 'net.pt')
            net.load_state_dict(torch.load('net.pt'))
        """,
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_training_functions_of_whole_notebooks_can_be_run_alone(style: str) -> None:
    part = cut(*STYLES[style], want="train", avoid=["train"], failed=[9])
    assert not part.missing
    assert not part.unresolved
    assert run(part)["train"](0) == 1
    for never in ("plt.", "print(", "10 ** 9", "torch.save", "assert ", "manual_seed", "while True"):
        assert never not in code(part)


# random programs


@st.composite
def programs(draw: st.DrawFn, rich: bool) -> tuple[list[str], list[str]]:
    """Draw statements and the names that they define; with `rich` also functions, copies and blocks."""
    tuples: list[str] = []
    lists: list[str] = []
    functions: list[str] = []
    statements: list[str] = []
    kinds = ["new", "new", "pair", "list", "append", "alias"]
    kinds += (
        ["swap", "function", "call", "push", "copy", "grow", "branch", "loop", "bump", "attempt", "heavy"]
        if rich
        else []
    )
    names = list("abcdef")
    for number in range(draw(st.integers(3, 25))):
        kind = draw(st.sampled_from(kinds))
        name = draw(st.sampled_from(names))
        listed = f"l{draw(st.integers(0, 3))}"
        read = draw(st.sampled_from(tuples + lists)) if tuples else "()"
        some = draw(st.sampled_from(lists)) if lists else ""
        if kind == "new":
            statements.append(f"{name} = ({number}, {read})")
            tuples.append(name)
        elif kind == "pair":
            other = names[(names.index(name) + 1) % len(names)]
            statements.append(f"{name}, {other} = ({number}, {read}), ({number}, {read})")
            tuples += [name, other]
        elif kind == "swap" and len(set(tuples)) > 1:
            one, two = draw(st.permutations(sorted(set(tuples))))[:2]
            statements.append(f"{one}, {two} = {two}, ({one}, {number})")
        elif kind == "list":
            statements.append(f"{listed} = [{number}, {read}]")
            lists.append(listed)
        elif kind == "append" and some and read != some:
            statements.append(f"{some}.append(({number}, {read}))")
        elif kind == "alias" and some:
            statements.append(f"m{number} = {some}")
            lists.append(f"m{number}")
        elif kind == "other" and some:
            statements.append(f"{listed} = {some}")
            lists.append(listed)
        elif kind == "take" and some:
            statements.append(f"{name} = ({number}, {some}[0])")
            tuples.append(name)
        elif kind == "function":
            statements.append(f"def f{number}(x=None): return ({number}, {read}, x)")
            functions.append(f"f{number}")
        elif kind == "call" and functions:
            statements.append(f"{name} = {draw(st.sampled_from(functions))}({read})")
            tuples.append(name)
        elif kind == "push" and some and read != some:
            statements.append(f"def push(seq):\n    seq.append({number})\npush({some})")
        elif kind == "copy" and some:
            statements.append(f"{listed} = list({some})")
            lists.append(listed)
        elif kind == "grow" and some:
            statements.append(f"{some} += [{number}]")
        elif kind == "branch" and tuples:
            test = draw(st.sampled_from(["True", "False", "len(a) > 1"] if "a" in tuples else ["True", "False"]))
            target = draw(st.sampled_from(tuples))
            statements.append(f"if {test}:\n    {target} = ({number}, {read})\nelse:\n    zz = {number}")
        elif kind == "loop" and some:
            statements.append(f"for i in range(2):\n    {some}.append((i, {number}))")
        elif kind == "bump" and tuples:
            target = draw(st.sampled_from(tuples))
            statements.append(f"def bump():\n    global {target}\n    {target} = ({number}, {target})\nbump()")
        elif kind == "attempt":
            statements.append(
                f"try:\n    {name} = ({number}, missing)\nexcept NameError:\n    {name} = ({number}, {read})"
            )
            tuples.append(name)
        elif kind == "heavy":
            statements.append(f"while True:\n    {name} = {number}")
    return statements, sorted({*tuples, *lists})


def value_of(name: str, statements: Sequence[str]) -> str:
    namespace: dict[str, Any] = {}
    for statement in statements:
        exec(statement, namespace)
    return repr(namespace[name])  # equality would not end where a list holds itself


def test_a_name_that_one_branch_binds_is_what_it_was_in_the_other() -> None:
    branches = "try:\n    a = (1, missing)\nexcept NameError:\n    a = (2, a)"
    part = cut("l = [0]\na = (5, l)", branches, "l.append(3)", want="a")
    assert run(part)["a"] == (2, (5, [0, 3]))


@settings(max_examples=150, deadline=None)
@given(programs(rich=True), st.data())
def test_slices_of_random_programs_compute_the_same(program: tuple[list[str], list[str]], data: st.DataObject) -> None:
    statements, names = program
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(statements)), max_size=4)) | {0, len(statements)})
    sources = ["\n".join(statements[a:b]) for a, b in pairwise(cuts)]
    sane = [statement for statement in statements if not statement.startswith("while")]
    part = slice_cells([SourceCell(index, source) for index, source in enumerate(sources)], [name])
    assert not part.missing
    assert not part.unresolved
    assert "while" not in code(part)
    assert repr(run(part)[name]) == value_of(name, sane)
    # and so does a function that reads it and is called at the end
    reader = [SourceCell(-1, f"def reader(): return {name}"), *notebook(*sources), SourceCell(99, "reader()")]
    assert repr(run(slice_cells(reader, ["reader"]))["reader"]()) == value_of(name, sane)


@settings(max_examples=150, deadline=None)
@given(programs(rich=False), st.data())
def test_nothing_can_be_left_out_of_slices_of_random_programs(
    program: tuple[list[str], list[str]], data: st.DataObject
) -> None:
    statements, names = program
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    pieces = [piece.source for piece in cut(*statements, want=name).pieces]
    expected = value_of(name, pieces)
    for index in range(len(pieces)):
        try:
            value = value_of(name, pieces[:index] + pieces[index + 1 :])
        except (NameError, KeyError):
            continue
        assert value != expected, f"{pieces[index]!r} is not needed"
