"""What an assignment says of its solution, so that faults can be put where they belong and cost what they must."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Loops:
    """A training and a test function, and the items that hang on them; ids stand with blanks between them.

    `group` begins the names of the mutations. `item` has the points of the functions; `runs` names the items that need the
    epochs to run to their end, `learns` those that ask whether something was learned, `plots` those that show what was
    recorded.
    """

    group: str
    train: str
    test: str
    item: str
    runs: str
    learns: str
    plots: str = ""


@dataclass(frozen=True)
class Model:
    """A model: the name of its class, its item, and the items that train it (`runs`) or ask what it learned (`learns`).

    `settings` are items that look at its training, and lose when there is none; `counts` those that call it with one image.
    """

    name: str
    item: str
    runs: str
    learns: str
    group: str
    settings: str = ""
    counts: str = ""


@dataclass(frozen=True)
class Training:
    """Epochs of one model: the section of their cells, the item with their points, and what follows from them.

    `setup` is the section that makes model and optimizer; `follows` names items that go on from what is trained here.
    `settings` is the item with the points of the optimizer's settings, `model` the class, `function` what trains.
    """

    group: str
    section: str
    setup: str
    item: str
    settings: str
    model: str
    train: str
    test: str
    epochs: int
    follows: str = ""
    learns: str = ""
