"""An assignment's names for the functions, models and items in its solution, as the faults need them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Loops:
    """A training and a test function, and the items that depend on them; ids are separated by blanks.

    `group` is the prefix of the mutations' names. `item` has the points of the functions, `runs` are items that need
    complete epochs, `learns` items about whether something was learned, and `plots` items that show the recorded
    values.
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
    """A model: its class name, its item, and the items that train it (`runs`) or judge what it learned (`learns`).

    `settings` are items that judge its training, and lose points if there is none; `counts` are items that call it with
    one image.
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
    """The epochs of one model: the section of their cells, the item with their points, and the items that depend on it.

    `setup` is the section that creates the model and the optimizer, `settings` the item with the points of the
    optimizer's settings, `model` the class; `train` and `test` are the functions. `follows` are items that continue
    this training, `learns` items about what it learned.
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
