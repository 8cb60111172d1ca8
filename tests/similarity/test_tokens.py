from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.prove.draft import Cell, Draft
from grader.similarity.fingerprints import fingerprints
from grader.similarity.tokens import texts, units_of, units_of_source
from tests.similarity.disguises import renamed
from tests.similarity.made import IMPORTS, OTHER, TRAIN, notebook


def tokens(source: str) -> list[str]:
    return list(texts(units_of_source(source)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("import numpy as np\nx = np.zeros(3)", "import numpy\ny = numpy.zeros(3)"),
        ("from torch import nn\nnn.Linear(2, 3)", "from torch.nn import Linear\nLinear(2, 3)"),
        ("x = 1\nx += 2\nprint(x)", "total = 1\ntotal = total + 2\nprint(total)"),
        ("a, b = f(), 2\nprint(a, b)", "a = f()\nb = 2\nprint(a, b)"),
        ("while go(x):\n    step(x)", "for one in go(x):\n    step(x)"),
        ("x: int = f(3)", "x = f(3)"),
        ("def f(a: int) -> int:\n    '''Doc.'''\n    return a", "def g(b):\n    return b"),
        ("step(x)", "'''text'''\nstep(x)\npass\nx"),
        ("step(x)", "unused = 3\nif False:\n    step(y)\nstep(x)"),
        ("plot(x, y)", "plot(\n    x,  # the steps\n    y,\n)"),
        ("import m\nm.plot(1, color=2, width=3)", "import m\nm.plot(1, width=3, color=2)"),
        ("def f(rate):\n    return 1\nf(rate=3)", "def g(speed):\n    return 1\ng(speed=3)"),
        ('print(f"loss {x:.2f}")', 'print(f"error: {y}")'),
        (
            "class A:\n    def go(self):\n        self.n = 1\na = A()\na.go()",
            "class B:\n    def run(self):\n        self.k = 1\nb = B()\nb.run()",
        ),
        ("lr = 1e-2\nf(lr)", "rate = 0.01\nf(rate)"),
    ],
)
def test_what_a_copyist_changes_easily_makes_no_difference(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("import torch\ntorch.relu(x)", "import torch\ntorch.tanh(x)"),
        ("f(784, 128)", "f(784, 64)"),
        ("x = y + 1\nf(x)", "x = y * 1\nf(x)"),
        ("loss.backward()", "loss.item()"),
        ("import m\nm.plot(color=2)", "import m\nm.plot(width=2)"),
        ("used = 3\nstep(used)", "step(x)"),
    ],
)
def test_what_the_code_does_makes_a_difference(one: str, other: str) -> None:
    assert tokens(one) != tokens(other)


def test_cells_may_be_split_and_functions_stand_in_any_order() -> None:
    whole = notebook(IMPORTS, TRAIN, OTHER, "x = train(a, b, c, d)\nfit(3)\nprint(x)")
    parts = notebook(OTHER, IMPORTS, "x = train(a, b, c, d)", "fit(3)\nprint(x)\n\n" + TRAIN)
    assert sorted(sorted(texts([unit])) for unit in units_of(whole)) == sorted(
        sorted(texts([unit])) for unit in units_of(parts)
    )
    assert list(fingerprints(units_of(whole))) == list(fingerprints(units_of(parts)))


def test_a_cell_that_is_no_python_costs_only_itself() -> None:
    good = notebook(IMPORTS, TRAIN)
    broken = notebook(IMPORTS, "for x in:\n", "%%bash\nls", "!pip install thop", TRAIN)
    assert set(fingerprints(units_of(good))) <= set(fingerprints(units_of(broken)))


def test_magics_are_read_as_the_reader_reads_them() -> None:
    timed = notebook(IMPORTS, "%%time\n" + TRAIN)
    assert list(fingerprints(units_of(timed))) == list(fingerprints(units_of(notebook(IMPORTS, TRAIN))))


def test_lines_are_those_of_the_cell() -> None:
    (unit,) = units_of(notebook("## Title", "\n\nshow(\n    3)"))
    assert [(one.text, one.cell, one.line) for one in unit.tokens][-1] == ("3.0", 1, 4)


def test_deep_code_is_no_error() -> None:
    deep = notebook("x = " + "(" * 80 + "1" + ")" * 80, "y = " + "+".join(["1"] * 3000), TRAIN)
    assert len(fingerprints(units_of(deep))) > 10


NAMES = st.lists(st.sampled_from(["a", "b", "cc", "loss", "model", "net2"]), min_size=2, max_size=4, unique=True)
STATEMENTS = st.lists(
    st.sampled_from(
        [
            "{0} = torch.zeros(3)",
            "{1} = [{0} for {0} in range(4)]",
            "def {0}({1}, k=2):\n    return {1} + k",
            "for {1} in {0}:\n    print({1})",
            "{0}.step({1})",
            "{0}[{1}] += 1",
            "class {1}:\n    def go(self):\n        self.{0} = 2\n        return self.{0}",
            "with open({0}) as {1}:\n    {1}.read()",
            "try:\n    {0}()\nexcept ValueError as {1}:\n    print({1})",
            "{0} = lambda {1}: {1} * 3",
            "global_{0} = {1} = 7",
        ]
    ),
    min_size=3,
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(NAMES, STATEMENTS, st.integers(0, 1000))
def test_renaming_everything_leaves_the_fingerprints(names: list[str], statements: list[str], seed: int) -> None:
    cells = [Cell("code", "import torch")]
    cells += [
        Cell("code", one.format(names[at % len(names)], names[(at + 1) % len(names)]))
        for at, one in enumerate(statements)
    ]
    draft = Draft(tuple(cells))
    new = renamed(draft, random.Random(seed))
    before = notebook(*(cell.source for cell in draft.cells))
    after = notebook(*(cell.source for cell in new.cells))
    assert list(fingerprints(units_of(before))) == list(fingerprints(units_of(after)))


def test_all_kinds_of_nodes_are_written() -> None:
    source = "match x:\n    case [1, *rest] if rest:\n        del x\n    case {'a': b}:\n        raise f(b) from None\n"
    source += "async def go():\n    async with a as b:\n        await b\n    async for c in d:\n        yield c\n"
    source += "x = [*a, *b] if c else {**d}\nassert not -x, lambda *q, **k: (q @ k)\ny = a[1:2, ::3]\nz = {1, 2} | {i for i in a if i}\n"
    assert len(tokens(source)) > 40
    assert ast.parse(source)
