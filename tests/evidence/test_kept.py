"""Evidence that is kept is read again as it was, and nothing but such data is read."""

import json
import math
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.evidence.decode import Malformed
from grader.evidence.kept import dump, load
from grader.evidence.run import Axes, CellError, CellRun, Figure, Line, RunEvidence

NUMBERS = st.floats() | st.integers(-(2**53), 2**53).map(float)


@dataclass(frozen=True)
class Everything:
    name: str
    number: float | None
    pair: tuple[int, str]
    kind: Literal["a", "b"] = "a"
    places: tuple[float | None, ...] = ()
    path: Path = Path("a/b.ipynb")
    content: bytes = b""
    names: frozenset[str] = frozenset()
    nested: "tuple[Everything, ...]" = ()
    table: dict[str, float] = field(default_factory=dict)


RECORDS = st.builds(
    Everything,
    name=st.text(st.characters(exclude_categories=("Cs",))),
    number=st.none() | NUMBERS,
    pair=st.tuples(st.integers(-(2**53), 2**53), st.just("x")),
    kind=st.sampled_from(["a", "b"]),
    places=st.lists(st.none() | NUMBERS, max_size=4).map(tuple),
    content=st.binary(max_size=5),
    names=st.frozensets(st.sampled_from(["p", "q"])),
    table=st.dictionaries(st.text("abc", max_size=2), NUMBERS, max_size=3),
)


@given(RECORDS, st.lists(RECORDS, max_size=2))
def test_a_record_is_read_as_it_was(record, inner):
    record = replace(record, nested=tuple(inner))
    again = load(dump(record), Everything)
    assert dump(again) == dump(record)  # nan is not equal to itself
    assert (again.path, again.content, again.names, again.pair) == (
        record.path,
        record.content,
        record.names,
        record.pair,
    )


def test_a_run_is_read_as_it_was():
    line = Line("loss", (0.0, 1.0), (math.nan, None), hidden=((0, 1),))
    axes = Axes("", "epoch", "loss", "linear", "log", ("loss",), (line,), xlim=(0.0, 1.0))
    cell = CellRun(3, "error", 0.5, "text", error=CellError("NameError", "name 'x' is not defined", line=2))
    run = RunEvidence(cells=(cell,), figures=(Figure(3, (axes,)),), repeated=frozenset({"m1"}))
    assert repr(load(dump(run), RunEvidence)) == repr(run)


@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "uint8", "bool"])
def test_arrays_keep_kind_shape_and_values(kind):
    @dataclass(frozen=True)
    class Holder:
        array: np.ndarray

    array = np.array([[0, 1], [1, 0]], dtype=kind)
    if array.dtype.kind == "f":
        array[0, 0] = np.nan
    found = load(dump(Holder(array)), Holder).array
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def packed(value):
    return zlib.compress(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cannot be read|cut short"),
        (b"no zlib", "cannot be read"),
        (zlib.compress(b"no json"), "cannot be read"),
        (dump(CellRun(3, "ok"))[:-6], "cut short|cannot be read"),
        (packed([1]), "does not fit"),
        (packed({"index": 1, "status": "ok", "surplus": 1}), "unknown field surplus"),
        (packed({"index": "1", "status": "ok"}), "is no <class 'int'>"),
        (packed({"index": 1, "status": "fine"}), "does not fit"),
        (packed({"status": "ok"}), "does not fit"),
    ],
)
def test_other_data_are_refused_in_a_sentence(data, words):
    with pytest.raises(Malformed, match=words):
        load(data, CellRun)


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("grader.evidence.kept.MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="too many"):
        dump(CellRun(0, "ok", text="x" * 1000))
    with pytest.raises(Malformed, match=r"too large|cannot be read"):
        load(zlib.compress(b" " * 100_000 + b"{}"), CellRun)
