"""JSON from the sandbox: which data is decoded and which is refused."""

from __future__ import annotations

import base64
import json
import math
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.evidence.decode import (
    Count,
    Malformed,
    Shape,
    bounded,
    convert,
    decode_array,
    decode_json,
    encode_array,
    safe_text,
)
from grader.evidence.probes import ProbeError
from grader.evidence.run import EVENT_KINDS, Pass, run_evidence


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "[Infinity]", "-Infinity", "1e400", "[-1e999]", "9" * 5000, "1" * 10**6, "[" * 10**5, '{"a":' * 10**5, "", "{", "{} {}",
        "'a'", '"\x01"', "\ufeff{}", "[1,]", "01", "+1", "0x1", "[" + "1," * 2_000_000 + "1]", "[" + "[]," * 700_000 + "1]",
    ],
)  # fmt: skip
def test_text_that_is_refused(text: str) -> None:
    began = time.process_time()
    with pytest.raises(Malformed):
        decode_json(text)
    assert time.process_time() - began < 2


FIRST_USE = """
import threading
from dataclasses import dataclass

from grader.evidence.decode import decode_json

begun, go_on, found = threading.Event(), threading.Event(), []


def slow():
    begun.set()
    go_on.wait(30)
    return int


@dataclass
class Inner:
    number: "slow()"


@dataclass
class Outer:
    inner: Inner


def decode():
    found.append(decode_json('{"inner": {"number": 1}}', Outer).inner.number)


first, second = threading.Thread(target=decode), threading.Thread(target=decode)
first.start()
begun.wait(30)
second.start()
second.join(1)
go_on.set()
first.join(30)
second.join(30)
print(found)
"""


def test_two_threads_may_use_a_type_for_the_first_time_at_once() -> None:
    """msgspec 0.22 published what it knows about a type half-filled, and the second thread crashed."""
    ended = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "[1, 1]\n"), ended.stderr


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),  # nothing else reads the text
        ('"\\ud800 x"', "? x"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\\\ud800"', "\\ud800"),
        ('["\\udc00", "\\\\ud800"]', ["?", "\\ud800"]),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("-0", 0),
        ('"\ud800"', "\ufffd" * 3),
    ],
)
def test_text_that_is_read(text: str, value: object) -> None:
    assert decode_json(text) == value


def test_invalid_utf_8_is_replaced() -> None:
    assert decode_json(b'"a\xffb"') == "a\ufffdb"


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(alphabet="aé😀\n\t"), lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="ab"), inner), max_leaves=20))  # fmt: skip
def test_ordinary_data_passes_unchanged(value: Any) -> None:
    try:
        assert bounded(decode_json(json.dumps(value))) == value
    except Malformed:
        assert _depth(value) > 16


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def test_data_out_of_bounds_is_refused() -> None:
    deep: Any = 1
    for _ in range(20):
        deep = [deep]
    for value in (math.nan, math.inf, 10**400, "x" * 100_001, deep, {1: 2}, {"x" * 10**6: 1}, b"x", object()):
        with pytest.raises(Malformed):
            bounded(value)
    assert bounded({"a": (1, 2**64)}) == {"a": [1, float(2**64)]}  # a notebook may use such a number
    assert isinstance(bounded(2**53 + 1), float)


def test_text_is_made_safe() -> None:
    assert safe_text("a\x00\x1b[2J\u202e\ud800\x85b\n\t😀") == "a��[2J���b\n\t😀"
    assert convert({"type": "\x1b]0;x\x07", "message": "m"}, ProbeError).type == "�]0;x�"


# --- records -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inner:
    n: Count
    shape: Shape = ()


@dataclass(frozen=True)
class Outer:
    inner: Inner | None = None
    several: tuple[Inner, ...] = ()
    named: Mapping[str, Inner] = field(default_factory=dict)
    flag: bool = False
    number: float = 0.0


@pytest.mark.parametrize(
    "value",
    [
        {"inner": {"n": -1}}, {"inner": {"n": True}}, {"inner": {"n": 1.0}}, {"inner": {"n": 2**54}}, {"inner": {"n": 10**30}},
        {"inner": {"n": "1"}}, {"inner": {}}, {"inner": []}, {"inner": {"n": 1, "shape": [-1]}}, {"inner": {"n": 1, "shape": [1] * 17}},
        {"flag": 1}, {"flag": "true"}, {"number": True}, {"number": "1"}, {"number": None}, {"other": 1}, {"inner": {"n": 1, "m": 1}},
        {"several": [{"n": 1}, {"n": 1, "m": 1}]}, {"named": {"a": {"n": 1, "m": 1}}}, [], None, "x", 3,
    ],
)  # fmt: skip
def test_records_that_are_refused(value: object) -> None:
    with pytest.raises(Malformed, match=r"^Outer: "):
        convert(value, Outer)


def test_records_that_are_read() -> None:
    value = {"inner": {"n": 2**53}, "several": [{"n": 0, "shape": [0, 3]}], "named": {"a": {"n": 1}}, "number": 3}
    assert convert(value, Outer) == Outer(Inner(2**53), (Inner(0, (0, 3)),), {"a": Inner(1)}, False, 3.0)


def test_events_with_unknown_fields_or_kinds_are_refused() -> None:
    note = {"kind": "note", "cell": 1, "text": "t"}
    run = run_evidence((), [note, {**note, "more": 1}, {**note, "kind": "notes"}, {**note, "kind": ["note"]}, {}])
    assert (len(run.notes), run.refused) == (1, 4)


def test_too_many_records_of_one_kind_are_refused() -> None:
    run = run_evidence((), ({"kind": "note", "cell": 1, "text": "t"} for _ in range(20_100)))
    assert (len(run.notes), run.refused) == (20_000, 100)


def test_every_record_refuses_unknown_fields() -> None:
    for kind in EVENT_KINDS.values():
        with pytest.raises(Malformed):
            convert({"no such field": 1}, kind)
    loader = {"key": "", "dataset": "", "split": None, "images": 1, "batch_size": None, "shuffled": False}
    good = {"cell": 1, "loader": loader, "start": 0, "seconds": 0, "batches": 1, "samples": 1, "complete": True}
    assert convert(good, Pass).batches == 1
    with pytest.raises(Malformed, match="batches"):
        convert({**good, "batches": -1}, Pass)


# --- arrays ------------------------------------------------------------------------------------------------------

GOOD = encode_array(np.arange(6, dtype=np.float32).reshape(2, 3))


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "object"}, {"dtype": "float16"}, {"dtype": ">f4"}, {"dtype": None}, {"dtype": ["float32"]}, {"shape": [2, -3]},
        {"shape": [-2, -3]}, {"shape": [2, 3.0]}, {"shape": [True, 6]}, {"shape": [2, 4]}, {"shape": "23"}, {"shape": [1] * 9 + [6]},
        {"shape": [2**62, 2**62]}, {"shape": [0, 2**53]}, {"shape": [0] + [2**20] * 4}, {"shape": [10**400]}, {"shape": None},
        {"data": " " + str(GOOD["data"])}, {"data": str(GOOD["data"])[:-1] + "\n"}, {"data": str(GOOD["data"]) + "===="},
        {"data": "é" * 32}, {"data": "A" * 10**7}, {"data": ""}, {"data": None}, {"data": base64.b64encode(b"\xff" * 24).decode()},
        {"dtype": "bool", "shape": [3], "data": "AAEC"}, {"more": 1}, {"dtype": "float64"},
    ],
)  # fmt: skip
def test_arrays_that_are_refused(change: dict[str, Any]) -> None:
    began = time.process_time()
    with pytest.raises(Malformed):
        decode_array({**GOOD, **change})
    assert time.process_time() - began < 1


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"dtype": "float32"}, np.zeros(3)])
def test_other_values_are_not_arrays(value: object) -> None:
    with pytest.raises(Malformed):
        decode_array(value)


def test_arrays_without_elements_and_without_dimensions_survive() -> None:
    for array in (np.zeros((0, 3), np.float32), np.array(2, np.int64), np.array([True, False])):
        back = decode_array(encode_array(array))
        assert (back.dtype, back.shape, back.tolist()) == (array.dtype, array.shape, array.tolist())


# --- memory ------------------------------------------------------------------------------------------------------

HOSTILE = """
import resource, sys
from grader.sandbox.channel.events import EventLog
from grader.sandbox.channel.messages import unpack
from grader.sandbox.channel.replies import RequestFailed, parse_answer
from grader.evidence.decode import Malformed
from tests.sandbox.fake_kernel import KEY, frames
from pathlib import Path

SIZE = int(sys.argv[2]) << 20
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for piece in (b'[],', b'{},', b'0,', b'999,', b'"ab",', b'0.5,', b'{"a":[]},'):
    text = b'[' + piece * (SIZE // len(piece)) + b'0]'
    for content in (b'{"status":"ok","traceback":' + text + b'}', b'{"status":"ok","user_expressions":' + text + b'}'):
        try:
            unpack(frames({"msg_id": "m", "msg_type": "execute_reply"}, {"msg_id": "p"}, content), KEY.encode()).content
        except Malformed:
            pass
    try:
        parse_answer("n", {"user_expressions": {"answer": {"data": {"text/plain": text.decode()}}}}, SIZE + 100)
        sys.exit("an answer of millions of values was read")
    except RequestFailed:
        pass
    path = Path(sys.argv[1]) / "events"
    path.write_bytes((b'{"kind":[' + piece * 20 + b'0]}\\n') * (SIZE // (20 * len(piece) + 15)))
    log = EventLog(path, SIZE)
    found = log.read()
    log.close()
    path.unlink()
    del found
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "darwin", reason="ru_maxrss has another unit there")
def test_megabytes_of_small_values_do_not_fill_gigabytes(tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, str(tmp_path), "12"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    print(f"grew by {done.stdout.strip()} MiB")
    assert int(done.stdout) < 400
