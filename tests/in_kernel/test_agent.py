import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.formatters import PlainTextFormatter

from grader.evidence.run import encode_array
from grader.in_kernel import agent


@pytest.fixture(autouse=True)
def fresh_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "_handlers", {})


def ask(tmp_path: Path, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"name": name, "payload": payload}))
    with path.open("rb") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(agent, "requests_fd", file.fileno())
        answer: dict[str, Any] = json.loads(agent.handle(path.stat().st_size))
    return answer


def test_a_handler_gets_the_payload_with_its_arrays(tmp_path: Path) -> None:
    @agent.handler("test.double")
    def double(payload: dict[str, Any]) -> dict[str, Any]:
        return {"twice": payload["x"] * 2}

    answer = ask(tmp_path, "test.double", {"x": encode_array(np.array([1.5, 2.0]))})
    assert answer["twice"]["shape"] == [2]


def test_a_handler_that_returns_none_answers_with_an_empty_object(tmp_path: Path) -> None:
    agent.handler("test.nothing")(lambda payload: None)
    assert ask(tmp_path, "test.nothing", {}) == {}


def test_an_unknown_name(tmp_path: Path) -> None:
    error = ask(tmp_path, "zzz.nobody", {})["error"]
    assert error == {"type": "LookupError", "message": "the harness cannot answer 'zzz.nobody'"}


def test_the_module_of_a_name_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "answers_here.py").write_text(
        "from grader.in_kernel.agent import handler\n@handler('lazy.one')\ndef one(p): return {'one': 1}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(agent.MODULES, "lazy", "answers_here")
    assert ask(tmp_path, "lazy.one", {}) == {"one": 1}
    assert "LookupError" in ask(tmp_path, "lazy.two", {})["error"]["type"]


def test_a_missing_module_is_distinguished_from_one_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_more.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(agent.MODULES, "absent", "no_such_module_here")
    monkeypatch.setitem(agent.MODULES, "failing", "needs_more")
    assert ask(tmp_path, "absent.x", {})["error"]["type"] == "LookupError"
    assert ask(tmp_path, "failing.x", {})["error"]["message"] == "No module named 'no_such_package'"


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ValueError("x" * 10_000), "ValueError", "x" * agent.MESSAGE_CHARS),
        (SystemExit(2), "SystemExit", "2"),
        (KeyboardInterrupt(), "KeyboardInterrupt", ""),
        (Unprintable(), "Unprintable", ""),
    ],
)
def test_any_exception_in_a_handler_is_answered(tmp_path: Path, error: BaseException, kind: str, message: str) -> None:
    @agent.handler("test.raise")
    def fail(payload: dict[str, Any]) -> None:
        raise error

    assert ask(tmp_path, "test.raise", {})["error"] == {"type": kind, "message": message}


def test_too_long_an_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "max_answer_chars", 100)
    agent.handler("test.long")(lambda payload: {"x": "y" * 200})
    assert "more than 100" in ask(tmp_path, "test.long", {})["error"]["message"]


def test_a_request_that_ends_too_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").touch()
    with (tmp_path / "empty").open("rb") as file:
        monkeypatch.setattr(agent, "requests_fd", file.fileno())
        assert json.loads(agent.handle(5))["error"]["type"] == "EOFError"


@pytest.mark.parametrize("text", ['{"a": "\\n\\u0085\\"\'"}', "x" * 100_000, '{"long": [' + "1, " * 5000 + "1]}"])
def test_ipython_shows_a_reply_without_quotes(text: str) -> None:
    assert PlainTextFormatter()(agent.Reply(text)) == text
