"""Tests of the driver's client with a kernel that forges any message, on any channel, with any field."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.sandbox.channel.cells import CellClient
from grader.sandbox.channel.client import KernelClient
from grader.sandbox.channel.replies import RequestFailed, cell_error, parse_answer
from grader.sandbox.limits import Limits
from tests.sandbox.fake_kernel import KEY, LIMITS, FakeKernel, driven, frames

Script = Callable[[FakeKernel, dict[str, Any]], None]
OK = {"status": "ok", "execution_count": 1}
WRONG: list[Any] = [
    None, True, 1, -1, 1.5, "x", "", [], [1], {}, {"a": 1}, "\x00\x1b[2J", "\ud800", [[]] * 3, {"data": {"text/plain": 3}},
    b"NaN", b"1e999", b"9" * 100_000, b"[" * 100_000, b"", b"\xff", b'{"a": 1, "a": 2}', b'"\\ud800"', b"{} {}",
]  # fmt: skip


def run(script: Script, seconds: float = 10.0, limits: Limits = LIMITS) -> tuple[Any, str, str, CellClient]:
    """Run one cell with a kernel that follows `script`; return the reply, the text, its part on stdout, the client."""

    async def work() -> tuple[Any, str, str, CellClient]:
        async with driven(script, limits) as (_, _, cells):
            reply = await asyncio.wait_for(cells.run("code"), seconds)
            return reply, *cells.text(), cells

    return asyncio.run(work())


def ask(script: Script, seconds: float = 5.0) -> Any:
    """Send one request."""

    async def work() -> Any:
        async with driven(script) as (_, client, _):
            return (await asyncio.wait_for(client.ask("question"), seconds)).as_content()

    return asyncio.run(work())


def with_value(content: dict[str, Any], key: str, value: Any) -> Any:
    """Return `content` with one field replaced, also by bytes that are not JSON."""
    if not isinstance(value, bytes):
        return {**content, key: value}
    return json.dumps({**content, key: "@@"}).encode().replace(b'"@@"', value)


def test_a_cell() -> None:
    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        kernel.publish("status", parent, {"execution_state": "busy"})
        kernel.publish("stream", parent, {"name": "stdout", "text": "a"})
        kernel.publish("stream", parent, {"name": "stdout", "text": "b\n"})
        kernel.publish("stream", parent, {"name": "stderr", "text": "c\n"})
        data = {"text/plain": "shown", "image/png": "x" * 100_000}
        kernel.publish("display_data", parent, {"data": data, "metadata": {}, "transient": {"display_id": "d"}})
        kernel.publish("update_display_data", parent, {"data": {"text/plain": "new"}, "transient": {"display_id": "d"}})
        kernel.end(parent)

    reply, text, stdout, cells = run(script)
    assert (reply["status"], text, stdout) == ("ok", "ab\nc\nnew", "ab\n")
    assert not cells.truncated


def test_displays_whose_plain_text_is_only_a_name() -> None:
    shown: list[dict[str, Any]] = [
        {"text/plain": "<IPython.core.display.Markdown object>", "text/markdown": "took **4.5 s**"},
        {"text/plain": "<IPython.core.display.HTML object>", "text/html": "<b>took</b> 4.6&nbsp;s"},
        {"text/plain": "   a\n0  1", "text/html": "<table><tr><td>1</table>"},
        {"text/plain": "<IPython.core.display.HTML object>", "text/html": ["not", "a text"]},
        {"text/plain": "<IPython.core.display.HTML object>", "text/html": "x" * (1 << 20)},
    ]

    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        for data in shown:
            kernel.publish("display_data", parent, {"data": data, "metadata": {}})
        kernel.end(parent)

    name = "<IPython.core.display.HTML object>"
    assert run(script)[1] == f"took 4.5 s\ntook 4.6\u00a0s\n   a\n0  1\n{name}\n{name}"


# --- replies -----------------------------------------------------------------------------------------------------


FIELDS = ["status", "execution_count", "ename", "evalue", "traceback", "user_expressions", "payload"]


def test_a_reply_with_any_field_wrong_ends_the_cell() -> None:
    contents = [with_value({**OK, "status": "error"}, field, value) for field in FIELDS for value in WRONG] + WRONG

    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        kernel.reply(parent, contents[len(kernel.requests) - 1])
        kernel.publish("status", parent, {"execution_state": "idle"})

    async def work() -> list[Any]:
        async with driven(script) as (_, _, cells):
            return [await asyncio.wait_for(cells.run("code"), 10) for _ in contents]

    replies = asyncio.run(work())
    for reply in replies:
        assert reply["execution_count"] is None or type(reply["execution_count"]) is int
        error = cell_error(reply)
        assert error is not None
        assert isinstance(error.message, str)
        with pytest.raises(RequestFailed):
            parse_answer("n", reply, 1000)
    assert {reply["ename"] for reply in replies[-len(WRONG) :]} == {"MalformedReply"}


def test_only_the_reply_to_this_request_counts_and_only_the_first() -> None:
    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        wrong = {**OK, "execution_count": 99}
        for other in (
            {},
            {"msg_id": ""},
            {"msg_id": "x"},
            {"msg_id": parent["msg_id"] + "x"},
            {"msg_id": 1},
            None,
            [],
            b"{",
        ):
            kernel.reply(other, wrong)
        for kind in (
            "execute_request",
            "kernel_info_reply",
            "status",
            "stream",
            "x" * 1000,
            None,
            3,
            ["execute_reply"],
        ):
            kernel.reply(parent, wrong, kind=kind)
        kernel.reply(parent, wrong, key="another key")
        kernel.reply(parent, wrong, metadata=b"x" * 100)
        kernel.end(parent, execution_count=len(kernel.requests))
        kernel.end(parent, execution_count=98)

    async def work() -> list[Any]:
        async with driven(script) as (_, client, cells):
            first = await cells.run("code")
            asked = await client.ask("q")
            return [first, asked.as_content(), await cells.run("code")]

    # `metadata` is not read, but signed: the reply with noise there is the first one that counts.
    assert [reply["execution_count"] for reply in asyncio.run(work())] == [99, 99, 99]


def test_nobody_can_answer_before_the_question() -> None:
    seen: list[str] = []

    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        seen.append(parent["msg_id"])
        for n in range(50):  # guesses at the id of the next request
            kernel.reply({"msg_id": f"{parent['msg_id']}_{n}"}, {**OK, "execution_count": 13})
            kernel.reply({"msg_id": f"{int(parent['msg_id'], 16) + n + 1:032x}"}, {**OK, "execution_count": 13})
        kernel.end(parent, execution_count=len(seen))

    async def work() -> list[Any]:
        async with driven(script) as (_, client, _):
            return [(await client.ask("q")).execution_count for _ in range(20)]

    assert asyncio.run(work()) == list(range(1, 21))
    assert len(set(seen)) == 20
    assert all(len(one) == 32 for one in seen)  # 128 random bits


def test_a_late_reply_is_not_the_next_one() -> None:
    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        if len(kernel.requests) == 2:
            kernel.end(kernel.requests[0], execution_count=1)
            kernel.end(parent, execution_count=2)

    async def work() -> Any:
        async with driven(script) as (_, client, _):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.ask("q"), 0.2)
            return (await client.ask("q")).execution_count

    assert asyncio.run(work()) == 2


def test_the_line_of_an_error_is_a_number_that_fits() -> None:
    digits = "9" * 6000
    frames_ = [f"Cell In[1], line {digits}", f"Cell In[{digits}], line 1", f"<timed exec>:{digits}", "\n" * 100_000]
    reply = run(lambda kernel, parent: kernel.end(parent, status="error", ename="E" * 10**6, traceback=frames_))[0]
    started = time.monotonic()
    error = cell_error(reply)
    assert error is not None
    assert (error.line, len(error.name)) == (None, 200)
    assert time.monotonic() - started < 1


# --- outputs -----------------------------------------------------------------------------------------------------

OUTPUTS: dict[str, dict[str, Any]] = {
    "stream": {"name": "stdout", "text": "t"},
    "display_data": {"data": {"text/plain": "t"}, "metadata": {}, "transient": {"display_id": "d"}},
    "execute_result": {"data": {"text/plain": "t"}, "metadata": {}, "execution_count": 1},
    "update_display_data": {"data": {"text/plain": "t"}, "metadata": {}, "transient": {"display_id": "d"}},
    "clear_output": {"wait": False},
    "status": {"execution_state": "busy"},
    "error": {"ename": "E", "evalue": "v", "traceback": []},
    "execute_input": {"code": "c", "execution_count": 1},
    "comm_open": {"comm_id": "c", "target_name": "jupyter.widget", "data": {}},
    "comm_msg": {"comm_id": "c", "data": {"method": "update", "state": {}}},
    "comm_close": {"comm_id": "c"},
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs_with_any_field_wrong(kind: str) -> None:
    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        for value in WRONG:
            for field in OUTPUTS[kind]:
                if (field, value) not in (("name", "x"), ("text", "x"), ("wait", True)):
                    kernel.publish(kind, parent, with_value(OUTPUTS[kind], field, value))
            kernel.publish(kind, parent, value)
            kernel.publish(kind, parent, OUTPUTS[kind], metadata=value)
            header = with_value({"msg_id": "o", "msg_type": kind}, "msg_type", value)
            kernel.iopub.send_multipart([b"topic", *frames(header, parent, OUTPUTS[kind])])
            kernel.publish(kind, value, OUTPUTS[kind])
            kernel.iopub.send_multipart([b"topic", *frames(value, parent, OUTPUTS[kind]), b"buffer", b"x" * 1000])
        kernel.publish("clear_output", parent, {"wait": False})
        kernel.publish("stream", parent, {"name": "stdout", "text": "end\n"})
        kernel.end(parent)

    reply, text, stdout, _ = run(script)
    assert (reply["status"], text, stdout) == ("ok", "end", "end\n")


def test_outputs_of_earlier_cells_stay() -> None:
    shown: dict[str, Any] = {"data": {"text/plain": "first"}, "transient": {"display_id": "d"}}

    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        if len(kernel.requests) == 1:
            kernel.publish("display_data", parent, shown)
        else:
            for old in kernel.requests:
                kernel.publish("update_display_data", old, {**shown, "data": {"text/plain": "x" * 5000}})
                kernel.publish("clear_output", kernel.requests[0], {"wait": False})
        kernel.end(parent)

    async def work() -> list[tuple[str, str]]:
        async with driven(script) as (_, _, cells):
            found = []
            for _ in range(2):
                await cells.run("code")
                found.append(cells.text())
            return found

    assert asyncio.run(work()) == [("first", ""), ("", "")]


def test_clearing_forgets_and_makes_room() -> None:
    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        for n in range(5):
            kernel.publish("stream", parent, {"name": "stdout", "text": f"{n}" * 9000})
            kernel.publish("clear_output", parent, {"wait": n % 2 == 0})
        kernel.publish("stream", parent, {"name": "stdout", "text": "last"})
        kernel.end(parent)

    _, text, _, cells = run(script)
    assert (text, cells.truncated) == ("last", False)


def test_a_missing_idle_does_not_block_forever() -> None:
    started = time.monotonic()
    reply, text, _, _ = run(
        lambda kernel, parent: (
            kernel.publish("stream", parent, {"name": "stdout", "text": "a"}),
            kernel.reply(parent, OK),
        )[0]  # type: ignore[func-returns-value]
    )
    assert (reply["status"], text) == ("ok", "a")
    assert 1.5 < time.monotonic() - started < 5


@pytest.mark.parametrize("piece", ["x", "\r", "\b", "ab\r", "é", "\n", "\x1b[0m", "x\b\r\n"])
def test_many_tiny_outputs_cost_little(piece: str) -> None:
    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        kernel.publish("stream", parent, {"name": "stdout", "text": "y" * 900_000})
        for n in range(700):  # the sockets keep a thousand
            kernel.publish("stream", parent, {"name": "stdout", "text": piece})
            kernel.publish("display_data", parent, {"data": {"text/plain": piece}}) if n % 100 == 0 else None
        kernel.end(parent)

    began = time.process_time()
    assert run(script, limits=Limits())[0]["status"] == "ok"
    assert time.process_time() - began < 5


# --- floods ------------------------------------------------------------------------------------------------------


def test_large_messages_are_skipped_and_the_rest_arrives() -> None:
    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        kernel.publish("stream", parent, {"name": "stdout", "text": "before "})
        kernel.publish("stream", parent, {"name": "stdout", "text": "x" * (5 << 20)})
        kernel.iopub.send_multipart(
            [b"topic", *frames({"msg_id": "o", "msg_type": "stream"}, parent, {}), *[b"b"] * 100]
        )
        kernel.publish("stream", parent, {"name": "stdout", "text": "after"})
        kernel.reply(parent, {**OK, "evalue": "x" * (5 << 20)})
        kernel.end(parent)

    reply, text, _, _ = run(script)
    assert (reply["status"], reply["evalue"], text) == ("ok", "", "before after")


class RawKernel(threading.Thread):
    """Speaks ZMTP by hand over one socket and floods the other, as libzmq never would."""

    def __init__(self, folder: Path, flood: Callable[[socket.socket], None]) -> None:
        super().__init__(daemon=True)
        self.sockets, self.key, self.flood = folder / "k", KEY, flood
        self.listening = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for port, one in enumerate(self.listening, 1):
            one.bind(f"{self.sockets}-{port}")
            one.listen()
        self.sent = 0

    def run(self) -> None:
        connections = []
        for one, kind in zip(self.listening, (b"ROUTER", b"XPUB"), strict=True):
            connection, _ = one.accept()
            connection.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16 + 32))
            body = b"\x05READY\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind
            connection.sendall(b"\x04" + bytes([len(body)]) + body)
            connections.append(connection)
        try:
            while True:
                self.flood(connections[1])
        except OSError:
            pass

    def close(self) -> None:
        for one in self.listening:
            one.close()


FLOODS: dict[str, bytes] = {
    "a message without a last part": b"\x03" + (1 << 20).to_bytes(8, "big") + bytes(1 << 20),
    "parts of no size": b"\x01\x00" * 500_000,
    "a part without an end": b"\x02" + (2**62).to_bytes(8, "big") + bytes(1 << 20),
    "empty messages": b"\x00\x00" * 500_000,
    "commands": b"\x04\x05\x04PING" * 100_000,
    "noise": bytes(range(256)) * 4000,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_fills_no_memory_and_stops_no_clock(flood: str, tmp_path: Path) -> None:
    kernel = RawKernel(tmp_path, lambda connection: connection.sendall(FLOODS[flood]))
    kernel.start()

    async def work() -> tuple[int, float]:
        client = KernelClient(kernel, 1 << 22)
        client.open()
        before, worst = psutil.Process().memory_info().rss, 0.0
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            worst = max(worst, time.monotonic() - began)
        grown = psutil.Process().memory_info().rss - before
        client.close()
        return grown, worst

    grown, worst = asyncio.run(work())
    kernel.close()
    assert grown < 50 << 20
    assert worst < 1


def test_a_kernel_that_never_reads_or_hangs_up() -> None:
    async def work() -> None:
        async with driven(lambda kernel, parent: None) as (kernel, client, cells):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(cells.run("x" * 4_000_000), 0.5)
            assert cells.text() == ("", "")
            kernel.context.destroy(linger=0)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.ask("q"), 0.5)

    asyncio.run(work())


def test_a_hang_up_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.sandbox.channel.client.HANG_UP_SECONDS", 0.1)

    async def work() -> None:
        async with driven(lambda kernel, parent: kernel.context.destroy(linger=0)) as (_, client, cells):
            for attempt in (cells.run("1"), client.ask("q")):
                with pytest.raises(ConnectionError, match="hung up"):
                    await asyncio.wait_for(attempt, 5)

    asyncio.run(work())


def test_a_signature_of_another_key_is_noise() -> None:
    def script(kernel: FakeKernel, parent: dict[str, Any]) -> None:
        kernel.publish("stream", parent, {"name": "stdout", "text": "forged"}, key="x")
        kernel.send([b"<IDS|MSG>"])
        kernel.send([b""] * 3)
        kernel.send(frames({}, {}, {})[:-1])
        kernel.end(parent)

    assert run(script)[1] == ""
