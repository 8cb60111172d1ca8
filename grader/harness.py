"""Which parts of the harness a kernel gets, and with which settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.data.sources import DataSource


def harness(source: DataSource, seed: int, *, gpu: bool = True, record: bool = True) -> dict[str, object]:
    """The kernel's set-up: Colab stand-ins, MNIST from `source`, canonical randomness from `seed`, and the recorder.

    Without `gpu` the notebook finds none, whatever the machine has.
    """
    install: list[list[object]] = [
        ["grader.inside.colab", {}],
        ["grader.inside.datasets", {"folder": str(source.folder)}],
        ["grader.inside.randomness", {"seed": seed}],
    ]
    if record:
        install += [["grader.inside.recorder", {}], ["grader.inside.figures", {}]]
    return {"install": install, "hide_gpu": not gpu}
