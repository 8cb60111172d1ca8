"""Names that no cell binds."""

from __future__ import annotations

import pytest

from grader.prove.draft import Cell, Draft
from grader.prove.mutation import fault, style
from grader.prove.plan import combinations
from grader.prove.scopes import unbound, unfit_calls


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (("x = 1", "print(x)"), set()),
        (("def f(a):\n    b = a\n    return [c for c in b] + d",), {"d"}),
        (("def f():\n    global d\n    d = 1", "print(d)"), set()),
        (("import os.path as p\nfrom a import b", "p(b, os)"), {"os"}),
        (("class A:\n    x = 1\n    def f(self):\n        return __class__, x",), {"x"}),
        (("from a import *", "f(x)"), set()),
        (("def f():\n    x = 1", "print(x)"), {"x"}),
        (("def f(a):\n    a.append(1)\n    b.append(a)\n    a, b = 1, 2",), {"f.b"}),
        (("def f():\n    n = 0\n    n += 1\n    k += n",), {"f.k"}),
    ],
)
def test_names_that_no_cell_binds(cells: tuple[str, ...], names: set[str]) -> None:
    assert unbound(Draft(tuple(Cell("code", source) for source in cells))) == names


@pytest.mark.parametrize(
    ("call", "fits"),
    [
        ("f(1, 2)", True),
        ("f(1, b=2, d=4)", True),
        ("f(*both)", True),
        ("f(1, **rest)", True),
        ("f(1)", False),
        ("f(1, 2, 3, 4)", False),
        ("f(1, d=2)", False),
        ("g(1, 2, 3)", True),
        ("g()", False),
        ("h(1, 2)", True),
        ("print(1)", True),
    ],
)
def test_calls_that_do_not_fit_their_functions(call: str, fits: bool) -> None:
    defined = "def f(a, b, c=1, *, d=2):\n    pass\n\ndef g(a, *more):\n    pass\n\ndef h():\n    pass"
    twice = "def h(a):\n    pass"
    draft = Draft(tuple(Cell("code", source) for source in (defined, twice, f"for i in range(2):\n    {call}")))
    assert (not unfit_calls(draft)) is fits


def test_mutations_that_do_not_go_together_are_not_combined() -> None:
    whole = Draft((Cell("code", "a = 1"), Cell("code", "print(a)")))
    other = style("s.other", "Another name.", lambda draft, _: draft.with_source(0, "b = 1").with_source(1, "print(b)"))
    late = fault("f.late", "Printed again.", lambda draft, _: draft.with_source(1, "print(a, a)"), "x", ("word",))
    sum_ = fault("f.sum", "Added to.", lambda draft, _: draft.insert(2, Cell("code", "print(a + 1)")), "x", ("word",))
    assert combinations(whole, [late, other], 4, 0) == []  # the style undoes the fault
    assert combinations(whole, [sum_, other], 4, 0) == []  # 'a' is read, which the style has renamed
