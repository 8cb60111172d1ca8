"""Cells that print what stands in them, and cells that look at something."""

from __future__ import annotations

import pytest

from grader.checks.typed_in import is_typed_in, numbers_typed_in

TYPED = [
    "print('sample (64, 1, 28, 28) float32, label (64,) int64')",
    "first_batch = next(iter(test_loader))\nprint('sample:', (64, 1, 28, 28), 'label:', (64,))",
    "images, labels = next(iter(test_loader))\nshape = torch.Size([64, 1, 28, 28])\nprint(shape, torch.float32)",
    "for images, labels in test_loader:\n    print(f'{(64, 1, 28, 28)} is the sample')\n    break",
    "with torch.no_grad():\n    batch = loader\nfacts = ['(64, 1, 28, 28)', 'float32']\nfor fact in facts:\n    print(fact)",
    "def tell(what):\n    print(what)\ntell('sample (64, 1, 28, 28)')",
    "d = dict(sample=(64, 1, 28, 28))\nfor key, value in d.items():\n    print('{}: {}'.format(key, value))",
    "'sample (64, 1, 28, 28)'",
    "try:\n    batch = next(it)\nexcept StopIteration:\n    pass\nprint((64, 1, 28, 28))",
]
LOOKED = [
    "print(first_batch[0].shape)",
    "for part in next(iter(test_loader)):\n    print(part.shape, part.dtype)",
    "for images, labels in test_loader:\n    print(images.shape)\n    break",
    "describe(first_batch)",
    "describe()",
    "images, labels = next(iter(test_loader))\nassert images.shape == (64, 1, 28, 28)\nprint('sample (64, 1, 28, 28)')",
    "x, y = first_batch\nfacts = {'sample': (tuple(x.shape), x.dtype)}\nprint(facts)",
    "def tell():\n    print(first_batch[0].shape)\ntell()",
    "first_batch[0].shape, first_batch[1].shape",
    "loader = torch.utils.data.DataLoader(datasets.MNIST('.'), 64)\nprint(next(iter(loader))[0].shape)",
    "text = '{} {}'.format(*[t.shape for t in batch])\nprint(text)",
    "rows = []\nfor t in batch:\n    rows.append(t.shape)\nprint(rows)",
    "print(globals()['batch'][0].shape)",
    "!python show.py",
    "print(",
    "a, b = next(iter(test_loader))",  # what it prints comes from elsewhere
    "%time print(batch[0].shape)",
    "import pandas as pd\nprint(pd.DataFrame({'shape': [t.shape for t in batch]}))",
]


@pytest.mark.parametrize("source", TYPED)
def test_what_stands_in_the_cell_is_typed_in(source: str) -> None:
    assert is_typed_in(source, {"torch", "datasets"})


@pytest.mark.parametrize("source", LOOKED)
def test_what_may_come_from_elsewhere_is_not(source: str) -> None:
    assert not is_typed_in(source, {"torch", "datasets"})


@pytest.mark.parametrize(
    ("texts", "source", "typed"),
    [
        (["2.15 s"] * 10, "print(f'epoch {n}: 2.15 s')", True),
        (["2.15 s", "21.5 s"], "t = 2.15\nprint(t, 's')\nprint('in all 21.5 s')", True),
        (["125 ms"], "print('125 ms')", True),
        (["2.15 s", "2.16 s"], "print('2.15 s')", False),  # one of them was measured
        (["0.13 s", "417.25 s"], "print('417.25 s')", False),
        (["0.13 s", "417.25 s"], "print('0.13 s')\nprint('417.25 s')", True),
        (["0.02 s", "4 s"], "epochs = 4\nlr = 0.02", False),  # short numbers may stand there by chance
        (["4.21 s"], "# 4.21 s last time\nprint(f'{time.time() - t0:.2f} s')", False),
        (["4.21 s"], "print(", False),
        ([], "print('4.21 s')", False),
    ],
)
def test_times_that_stand_in_the_code_are_typed_in(texts: list[str], source: str, typed: bool) -> None:
    assert numbers_typed_in(texts, [source]) is typed
