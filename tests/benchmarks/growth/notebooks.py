"""Notebooks that grow in one way each: `NOTEBOOKS[name](n)` returns the cells of one with `n` of its parts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

Cells = list[tuple[str, str]]  # the kind and the source of each cell

_MODEL = """class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)
    def forward(self, x):
        return self.fc(x.flatten(1))
"""
_START: Cells = [
    ("code", "import torch\nfrom torch import nn\nfrom torch.utils.data import DataLoader"),
    ("code", _MODEL + "model = MLP()"),
]


def write(cells: Cells, path: Path) -> Path:
    """Write the cells as a notebook file, and return its path."""
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"id": f"c{at}", "cell_type": kind, "metadata": {}, "source": source}
            | ({"outputs": [], "execution_count": None} if kind == "code" else {})
            for at, (kind, source) in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _code(*sources: str) -> Cells:
    return [*_START, *(("code", source) for source in sources)]


def _text(*sources: str) -> Cells:
    return [*_START, *(("markdown", source) for source in sources)]


def _one_method(n: int) -> str:
    """Classes whose methods of one name call that method of an object of unknown class."""
    return "\n".join(f"class C{i}:\n    def run(self, other):\n        return other.run(self)" for i in range(n))


def _chain(n: int) -> str:
    return "def f0(x):\n    return x\n" + "\n".join(f"def f{i}(x):\n    return f{i - 1}(x)" for i in range(1, n))


def _web(n: int) -> str:
    """Functions that call each other in both directions, and each three others."""
    calls = ((i + 1, i - 1, i * 7, i * 13) for i in range(n))
    return "\n".join(
        f"def f{i}(x):\n    " + "\n    ".join(f"x = f{to % n}(x)" for to in targets)
        for i, targets in zip(range(n), calls, strict=True)
    )


def _changing(n: int) -> str:
    """A chain of functions of which the last changes its arguments, called with the others' arguments."""
    lines = ["def f0(a, b):\n    a.append(b)"]
    lines += [f"def f{i}(a, b):\n    f{i - 1}(b, a)" for i in range(1, n)]
    return "\n".join(lines)


NOTEBOOKS: Mapping[str, Callable[[int], Cells]] = {
    "cells": lambda n: _code("x0 = 0", *(f"x{i} = x{i - 1} + 1" for i in range(1, n))),
    "cells that bind one name": lambda n: _code(*("model = MLP()\nlosses = []\nprint(model)" for _ in range(n))),
    "conditional bindings": lambda n: _code("x = 0", *(f"if model:\n    x = x + {i}" for i in range(n))),
    "cells that change one object": lambda n: _code("seen = []", *(f"seen.append({i})" for i in range(n))),
    "objects that hold each other": lambda n: _code(
        "x0 = []", *(f"x{i} = [x{i - 1}]\nx{i - 1}.append(x{i})" for i in range(1, n))
    ),
    "parts of one object": lambda n: _code("x0 = [model]", *(f"x{i} = x{i - 1}.part" for i in range(1, n)), "x0 = []"),
    "loops in cells": lambda n: _code(*(f"for i in range(3):\n    y{i} = model(i)" for i in range(n))),
    "trainings in cells": lambda n: _code(
        "loader = DataLoader([1])",
        *("for x in loader:\n    loss = model(x)\n    loss.backward()" for _ in range(n)),
    ),
    "loaders": lambda n: _code(
        *(f"loader{i} = DataLoader(range({i}))\nfor b in loader{i}: print(b)" for i in range(n))
    ),
    "models": lambda n: _code(*(f"model{i} = MLP().to('cpu')" for i in range(n))),
    "classes with one method": lambda n: _code(_one_method(n), "C0().run(C1())"),
    "such classes and their calls": lambda n: _code(_one_method(n), *(f"model.run({i})" for i in range(n))),
    "subclasses in a chain": lambda n: _code(
        "class C0(nn.Module):\n    def m0(self):\n        pass",
        *(f"class C{i}(C{i - 1}):\n    def m{i}(self):\n        self.m{i - 1}()" for i in range(1, n)),
    ),
    "subclasses in a chain, last first": lambda n: _code(
        *(f"class C{i}(C{i + 1}):\n    def m{i}(self):\n        self.m{i + 1}()" for i in range(n)),
        f"class C{n}(nn.Module):\n    pass",
    ),
    "methods of one class": lambda n: _code(
        "class C:\n" + "\n".join(f"    def m{i}(self):\n        return self.m{i - 1}()" for i in range(n))
    ),
    "functions in a chain": lambda n: _code(_chain(n), f"f{n - 1}(model)"),
    "such a chain, and calls": lambda n: _code(_chain(n), *(f"y{i} = f{i}(model)" for i in range(n))),
    "such a chain, last first": lambda n: _code(
        "\n".join(f"def f{i}(x):\n    return f{i + 1}(x)" for i in range(n)), "def make():\n    return f0(MLP())"
    ),
    "functions that build models": lambda n: _code(
        "\n".join(f"def f{i}():\n    return f{i + 1}()" for i in range(n)), f"def f{n}():\n    return MLP()", "m = f0()"
    ),
    "functions in a web": lambda n: _code(_web(n), *(f"y{i} = f{i}(model)" for i in range(n))),
    "functions that change arguments": lambda n: _code(_changing(n), "seen = []", f"f{n - 1}(seen, model)"),
    "functions that read globals": lambda n: _code(
        *(f"g{i} = {i}" for i in range(n)),
        "\n".join(f"def f{i}():\n    return g{i} + f{max(0, i - 1)}()" for i in range(n)),
        *(f"y{i} = f{i}()" for i in range(n)),
    ),
    "functions that bind globals": lambda n: _code(
        "\n".join(f"def f{i}():\n    global g{i}\n    g{i} = f{max(0, i - 1)}()" for i in range(n)),
        *(f"f{i}()" for i in range(n)),
    ),
    "one function, redefined": lambda n: _code(
        *(f"def train(x):\n    for a in x:\n        a.backward()\n        train(a)\ntrain({i})" for i in range(n))
    ),
    "nested functions": lambda n: _code(
        "def f(x):\n" + "\n".join(f"    def g{i}():\n        g{i - 1}()" for i in range(1, n)) + f"\n    g{n - 1}()"
    ),
    "locals of a function": lambda n: _code(
        "def f(x0):\n" + "\n".join(f"    x{i} = x{i - 1}\n    print(x{i})" for i in range(1, n)) + "\n    x1.a = 1"
    ),
    "branches in a function": lambda n: _code(
        "def f(x):\n" + "\n".join(f"    if x:\n        y{i} = y{i - 1}\n    print(y{i})" for i in range(1, n))
    ),
    "loops in a function": lambda n: _code(
        "def f(x0):\n" + "\n".join(f"    x{i} = x{i - 1}\n    for y{i} in x{i}: pass" for i in range(1, n))
    ),
    "names and branches in a loop": lambda n: _code(
        "for a in b:\n" + "\n".join(f"    x{i} = 1\n    if a: y{i} = 1\n    else: y{i} = 2" for i in range(n))
    ),
    "handlers in a function": lambda n: _code(
        "def f(x):\n" + "\n".join(f"    try: x{i} = 1\n    except E as e{i}: x{i} = 2" for i in range(n))
    ),
    "parameters that are changed": lambda n: _code(
        f"def f({', '.join(f'p{i}' for i in range(n))}):\n" + "\n".join(f"    p{i}.append(1)" for i in range(n)),
        f"f({', '.join(['model'] * n)})",
    ),
    "one name for many functions": lambda n: _code(
        "\n".join(f"def g{i}(): return {i}" for i in range(n)),
        "\n".join(f"h = g{i}" for i in range(n)),
        "h()\n" * n,
    ),
    "functions called, then redefined": lambda n: _code(
        *("\n".join(line.format(i=i) for i in range(n)) for line in ("def g{i}(): pass", "g{i}()", "def g{i}(): pass"))
    ),
    "functions in a try": lambda n: _code(
        "try:\n" + "\n".join(f"    def g{i}(): return g{i - 1}" for i in range(n)) + "\nexcept E: pass"
    ),
    "loops in a comprehension": lambda n: _code(
        "def f(x):\n    return [1 " + " ".join(f"for x{i} in x{i - 1}" for i in range(n)) + "]"
    ),
    "an elif ladder": lambda n: _code(
        "if model:\n    x = 0\n" + "\n".join(f"elif model == {i}:\n    y{i} = {i}\n    x = {i}" for i in range(n))
    ),
    "a block of statements": lambda n: _code("if model:\n" + "\n".join(f"    x{i} = {i}" for i in range(n))),
    "a block with methods": lambda n: _code(
        "try:\n    import thop\n"
        + "\n".join(f"    y{i} = model.fit({i})" for i in range(n))
        + "\nexcept Exception: pass"
    ),
    "a dictionary": lambda n: _code("x = {" + ", ".join(f"'k{i}': model" for i in range(n)) + "}"),
    "a long sum": lambda n: _code("x = " + " + ".join(["1"] * n)),
    "a chain of calls": lambda n: _code("x = model" + ".to(1)" * n),
    "tuples in tuples": lambda n: _code(", ".join(f"a{i}" for i in range(n)) + " = " + ", ".join(["model"] * n)),
    "one long line": lambda n: _code("; ".join(f"x{i} = {i}" for i in range(n))),
    "one long line in a block": lambda n: _code("if model: " + "; ".join(f"x{i} = MLP()" for i in range(n))),
    "escaped quotes": lambda n: _code("x = 1\n# " + '\\"' * n, 'x = "' + '\\"' * n + '"', '\\"' * n),
    "quotes in a list": lambda n: _code("x = [" + '"a", ' * n + "]", '"' * n, "'" * n, '("' * n),
    "lines joined by backslashes": lambda n: _code("x = 1" + " + \\\n 1" * n, "\\\n" * n, "x = \\\n" * n),
    "blanks": lambda n: _code("x = 1" + " " * n + "\n", "x = 1 ?\n" + " " * n, "\t" * n + "%time x", "%x\n" + "\f" * n),
    "comments": lambda n: _code(*("# It is faster because the work is shared.\n" * min(n, 50) for _ in range(n // 50))),
    "magics": lambda n: _code(*("%time x = 1\n!ls\n" * min(n, 50) for _ in range(n // 50)), "%time x = 1\n" * n),
    "magics in one line": lambda n: _code(
        "%time " + "a" * n, "%%time " + "a " * n, "?" * n, "! " * n, "%time 'a' " * n
    ),
    "brackets": lambda n: _code("x = " + "(" * n, "x = [" + "(), " * n + "]", "}" * n),
    "f-strings": lambda n: _code("x = 1\nprint(f'" + "{x} " * n + "')"),
    "many fields in an f-string": lambda n: _code("x = 1\nprint(f'" + "{x} " * (20 * n) + "')"),
    "doubtful titles": lambda n: _text(*(f"some text\nquestion {4 + i % 3} the loss falls" for i in range(n))),
    "questions in turn in one cell": lambda n: _text("Question 4\n\nIt falls.\nQuestion 6\n\nIt falls.\n" * n),
    "titles in one cell": lambda n: _text("\n".join("# The results of training" for _ in range(n))),
    "titles in cells": lambda n: _text(*("# The results of training" for _ in range(n))),
    "titles, then text": lambda n: _text(
        "## Question 4", *("# Results\n\nNow run the cell below." for _ in range(n)), "The loss is flat."
    ),
    "question titles": lambda n: _text(*("## Question 4\n\nThe loss still falls." for _ in range(n))),
    "two questions in turn": lambda n: _text(*(f"## Question {4 + 2 * (i % 2)}\n\nIt falls." for i in range(n))),
    "titles of one question in one cell": lambda n: _text("Question 4\n" * n + "It falls."),
    "empty cells under a question": lambda n: _text("## Question 4", *("" for _ in range(n)), "It falls."),
    "an answer of many sentences": lambda n: _text("## Question 4", "The loss still falls at the end. " * n),
    "an answer of other sentences": lambda n: _text(
        "## Question 4", " ".join(f"The loss of epoch {i} falls to {i}." for i in range(n))
    ),
    "an answer of many cells": lambda n: _text("## Question 4", *(f"The loss falls to {i}." for i in range(n))),
    "an answer without words": lambda n: _text("## Question 4", "* " * n, ". " * n, "> " * n, "- \n" * n, "**" * n),
    "an answer of one word": lambda n: _text("## Question 4", "a" * n + " !", "in a " * n, "q 1 " * n, "so that, " * n),
    "a copied task": lambda n: _text(
        "## Question 4", "What do the curves say about training longer? Look at the loss curves. " * n
    ),
    "prose in code": lambda n: _code("# Question 4", *(f"# The loss of epoch {i} still falls here." for i in range(n))),
    "HTML in text": lambda n: _text("## Question 4", "<" * n, "<a " * n, "<!--" * n, "-->" * n, "![" * n, "](" * n),
    "tables in text": lambda n: _text("## Question 4", "| loss | time |\n|---|---|\n" + "| 1.0 | 2 s |\n" * n),
    "decoration in text": lambda n: _text("_" * n, "**" * n + "Question", "Q " * n, "1." * n, "1 " * n, "\n \n" * n),
    "embedded images": lambda n: _text("![x](data:image/png;base64," + "A" * n + ")", "data:" * n, "data:a/a" * n),
}
