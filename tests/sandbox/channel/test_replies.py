from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox.channel.replies import MESSAGE_CHARS, RequestFailed, cell_error, exit_words, parse_answer


def error(**changes: Any) -> dict[str, Any]:
    return {"status": "error", "ename": "E", "evalue": "m", "traceback": [], "execution_count": 3, **changes}


def test_ok_is_no_error() -> None:
    assert cell_error({"status": "ok"}) is None


def test_the_line_is_the_innermost_of_this_cell() -> None:
    frames = ["\x1b[36mCell In[3], line 7\x1b[0m", "Cell In[3], line 2, in f(x)", "Cell In[2], line 9, in g()"]
    found = cell_error(error(traceback=frames))
    assert found is not None
    assert found.line == 2
    assert "\x1b" not in found.traceback


def test_the_line_below_a_time_magic_counts_the_magic() -> None:
    found = cell_error(error(traceback=["Cell In[3], line 1", "File <timed exec>:2, in <module>"]))
    assert found is not None
    assert found.line == 3


@pytest.mark.parametrize(
    ("message", "module"),
    [("No module named 'seaborn'", "seaborn"), ("No module named 'a.b'; 'a' is not a package", "a.b"), ("other", None)],
)
def test_a_missing_module_is_named(message: str, module: str | None) -> None:
    found = cell_error(error(ename="ModuleNotFoundError", evalue=message))
    assert found is not None
    assert found.missing_module == module


@pytest.mark.parametrize(
    "reply", [{}, {"status": 3}, error(ename=None, evalue=[1], traceback="x", execution_count="y")]
)
def test_a_malformed_reply_is_an_error_without_details(reply: dict[str, Any]) -> None:
    found = cell_error(reply)
    assert found is not None
    assert found.line is None


def test_long_messages_are_cut() -> None:
    found = cell_error(error(evalue="x" * 10**6))
    assert found is not None
    assert len(found.message) == MESSAGE_CHARS


def answer(text: object) -> dict[str, Any]:
    return {"user_expressions": {"answer": {"status": "ok", "data": {"text/plain": text}}}}


def test_an_answer_is_a_json_object() -> None:
    assert parse_answer("n", answer('{"a": [1]}'), 100) == {"a": [1]}


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"user_expressions": []},
        answer(3),
        answer("[1]"),
        answer("{'a': 1}"),
        answer("__import__('os')"),
        answer("[" * 100_000),
        answer('{"a": "' + "x" * 200_000 + '"}'),
    ],
)
def test_anything_else_is_refused(reply: dict[str, Any]) -> None:
    with pytest.raises(RequestFailed, match=r"^n: "):
        parse_answer("n", reply, 150_000)


@given(st.sampled_from([None, 1, "x", [], {}, {"answer": None}, {"answer": {"data": 1}}, {"answer": {"data": {}}}]))
def test_no_reply_raises_anything_but_request_failed(reply: Any) -> None:
    with pytest.raises(RequestFailed):
        parse_answer("n", {"user_expressions": reply}, 100)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (3, "exit status 3"),
        (-9, "SIGKILL: out of memory"),
        (-11, "SIGSEGV: a crash"),
        (-250, "signal 250"),
        (None, "answers"),
    ],
)
def test_exit_words(status: int | None, words: str) -> None:
    assert words in exit_words(status)
