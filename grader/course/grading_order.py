"""The options that a class was graded with, kept in its store so that it can be graded again in the same way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ORDER = "grading"  # the name of the fact
_PATHS = ("sign", "roster", "data")
_VALUES: tuple[str, ...] = ("jobs", "layout", "due", "dask", "worker_seconds", "assignment", "device", "isolation")
_VALUES += ("tasks", "cell_seconds", "total_seconds")
_SIZES = ("memory", "scratch")
_FLAGS = ("notebooks", "sample")


@dataclass(frozen=True)
class GradingOrder:
    """The `arguments` of `grader grade`, but for what chooses among the submissions, and the `folder` it ran in.

    `sources` are the paths that were given, absolute.
    """

    folder: str
    sources: tuple[str, ...]
    arguments: tuple[str, ...]


def order_of(given: Mapping[str, Any], folder: Path) -> GradingOrder:
    """Return the order of a `grader grade` with these parsed arguments, in this folder."""
    sources = tuple(str(path.absolute()) for path in given["paths"])
    arguments = [*_options(given), "--out", str(given["out"].absolute()), "--", *sources]
    return GradingOrder(str(folder), sources, tuple(arguments))


def _options(given: Mapping[str, Any]) -> Iterable[str]:
    for name in (*_PATHS, *_VALUES, *_SIZES):
        value = given.get(name)
        if value is None or (name == "worker_seconds" and given.get("dask") is None):
            continue
        if name in _PATHS and not (name == "data" and given.get("dask")):  # with --dask it is a folder on the workers
            value = value.absolute()
        elif name in _SIZES:
            value = f"{value // 1024}K"
        elif hasattr(value, "isoformat"):
            value = value.isoformat()
        yield from (f"--{name.replace('_', '-')}", str(value))
    yield from (f"--{name}" for name in _FLAGS if given.get(name))


def order_text(order: GradingOrder) -> str:
    """Return the text that is stored."""
    return json.dumps(asdict(order))


def parse_order(text: str) -> GradingOrder | None:
    """Return the order in a stored text; None if there is none."""
    try:
        found = json.loads(text or "null")
        return GradingOrder(str(found["folder"]), tuple(found["sources"]), tuple(found["arguments"]))
    except (ValueError, TypeError, KeyError):
        return None
