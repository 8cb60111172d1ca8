import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox.channel.events import EventLog, parse_event


def test_events_are_read_once_and_only_when_their_line_has_ended(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events", 1000)
    os.write(log.fileno(), b'{"kind": "note", "n": 1}\n{"kind"')
    assert log.read() == [{"kind": "note", "n": 1}]
    assert log.read() == []
    os.write(log.fileno(), b': "pass"}\n')
    assert log.read() == [{"kind": "pass"}]
    log.close()


def test_garbage_lines_are_dropped(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events", 1_000_000)
    deep = b"[" * 100_000
    os.write(log.fileno(), b'\xff\xfe\n[1]\n"x"\nnull\n{]\n\n' + deep + b'\n{"kind": "note"}\n')
    assert log.read() == [{"kind": "note"}]
    log.close()


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events", 50)
    for n in range(100):
        os.write(log.fileno(), json.dumps({"n": n}).encode() + b"\n")
    assert log.read() == [{"n": n} for n in range(5)]
    os.write(log.fileno(), b'{"n": 100}\n')
    assert log.read() == []
    log.close()


def test_a_truncated_file_does_no_harm(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events", 1000)
    os.write(log.fileno(), b'{"n": 1}\n')
    assert log.read() == [{"n": 1}]
    os.truncate(tmp_path / "events", 0)
    assert log.read() == []
    log.close()
    log.close()


@given(st.binary())
def test_any_line_gives_an_object_or_nothing(line: bytes) -> None:
    assert isinstance(parse_event(line), (dict, type(None)))


def test_long_lines_many_lines_and_many_values_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MAX_LINE", 100), ("MAX_LINES", 20), ("MAX_VALUES", 50), ("_CHUNK", 64)):
        monkeypatch.setattr(f"grader.sandbox.channel.events.{name}", value)
    log = EventLog(tmp_path / "events", 1_000_000)
    os.write(log.fileno(), b'{"kind": "' + b"x" * 300 + b'"}\n{"n": 1}\n' + b'{"n": "' + b"y" * 92 + b'"}\n')
    assert log.read() == [{"n": 1}]
    os.write(log.fileno(), b"[" + b"1," * 45 + b'1]\n{"n": [1, 2]}\n' * 2)
    assert len(log.read()) <= 2
    os.write(log.fileno(), b"{}\n" * 100)
    assert len(log.read()) <= 20
    log.close()
