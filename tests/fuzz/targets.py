"""What is fuzzed: each target takes an input and returns, or raises what is documented; anything else is a failure."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from grader.evidence.answers import ANSWERS
from grader.evidence.decode import Malformed, decode_array
from grader.evidence.namespace import LoaderFacts
from grader.evidence.run import LoaderSeen, RunEvidence, run_evidence
from grader.notebook.cells import Notebook, python_source, written_files
from grader.notebook.code_prose import prose_of_code
from grader.notebook.questions import locate
from grader.notebook.reader import UnreadableNotebook, read_notebook
from grader.probe.client import Refused, ask, ask_for
from grader.probe.loaders import probe_loader
from grader.probe.loops import loop_run
from grader.sandbox.channel.events import EventLog
from grader.sandbox.channel.messages import ExecuteReply, unpack
from grader.sandbox.channel.outputs import Outputs
from grader.sandbox.channel.replies import RequestFailed, cell_error, parse_answer
from grader.sandbox.channel.transcript import Screen, append, cut, fold, printable, size, strip_ansi
from grader.sandbox.channel.zmtp import Connection, ProtocolError
from tests.fuzz.mutating import TOKENS, Documents, Source, dumped, jsonish, mutated_bytes, mutated_tree
from tests.sandbox.fake_kernel import KEY, frames

ROOT = Path(__file__).parents[2]
SEEDS: dict[str, Any] = json.loads((Path(__file__).parent / "seeds.json").read_text(encoding="utf-8"))
NOTEBOOKS = sorted([*(ROOT / "submissions").glob("*.ipynb"), *(ROOT / "reference").glob("*.ipynb")])
MAX_BYTES = 3000  # of text that is kept


@dataclass(frozen=True)
class Target:
    """`run` must return for every input that `make` makes."""

    make: Callable[[Source], Any]
    run: Callable[[Any], None]


# --- answers -----------------------------------------------------------------------------------------------------


class Answering:
    """A kernel that always gives the same answer, as `grader.sandbox.kernel.Kernel` hands it on."""

    alive = True

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def request(self, name: str, payload: Mapping[str, object], seconds: float | None = None) -> dict[str, Any]:
        return self.answer


def answer(case: tuple[str, bytes]) -> None:
    """Text of an answer -> record."""
    name, raw = case
    content = {"user_expressions": {"answer": {"data": {"text/plain": raw.decode("utf-8", "surrogateescape")}}}}
    try:
        found = parse_answer(name, content, 10_000_000)
    except RequestFailed:
        return
    kernel = Answering(found)
    with contextlib.suppress(Refused):
        ask(kernel, name, {}, 1)
    if name in ANSWERS:
        with contextlib.suppress(Refused):
            record = ask_for(kernel, ANSWERS[name], {}, 1)
            assert isinstance(record, ANSWERS[name])
    if name == "probe.loop":
        with contextlib.suppress(Malformed):
            loop_run(found)
    if name == "probe.loader":
        _probe_loader(kernel)


def _probe_loader(kernel: Answering) -> None:
    facts = LoaderFacts("train_loader", LoaderSeen("k", "MNIST", "train", 100, 64, True))
    images, labels = np.zeros((100, 28, 28), np.uint8), np.zeros(100, np.int64)
    probe = probe_loader(kernel, "train", facts, images, labels, lambda pixels: pixels[:, None].astype(np.float32))
    assert probe.error is not None or (probe.first_batch is not None and probe.labels is not None)


_BY_NAME: dict[str, list[bytes]] = {}
for _name, _text in SEEDS["answers"]:
    _BY_NAME.setdefault(_name, []).append(_text.encode())
_DOCUMENTS = {name: Documents(texts) for name, texts in _BY_NAME.items()}
_NAMES = sorted(_BY_NAME)


def _answer(source: Source) -> tuple[str, bytes]:
    name = source.one_of(_NAMES)
    return name, _DOCUMENTS[name if source.below(9) else source.one_of(_NAMES)](source)


# --- arrays ------------------------------------------------------------------------------------------------------


def array(value: Any) -> None:
    """JSON data -> array."""
    try:
        found = decode_array(value, max_bytes=1_000_000)
    except Malformed:
        return
    assert found.nbytes <= 1_000_000
    assert found.dtype.kind != "f" or np.isfinite(found).all()


_ARRAYS: list[Any] = [
    {"dtype": "float32", "shape": [2, 3], "data": "AAAAAAAAgD8AAABAAABAQAAAgEAAAKBA"},
    {"dtype": "float32", "shape": [2], "data": "AADAfwAAgH8="},
    {"dtype": "bool", "shape": [3], "data": "AAEA"},
    {"dtype": "int64", "shape": [], "data": "AQAAAAAAAAA="},
    {"dtype": "uint8", "shape": [0, 4], "data": ""},
]


# --- events and messages -----------------------------------------------------------------------------------------


def events(case: tuple[list[bytes], int]) -> None:
    """Bytes of the recorder's file, as they come -> records."""
    pieces, limit = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events"
        log = EventLog(path, limit)
        found: list[dict[str, object]] = []
        with path.open("ab", buffering=0) as file:
            for piece in pieces:
                file.write(piece)
                found += log.read()
        log.close()
    run = run_evidence((), found)
    for record in run.passes:
        assert record.batches >= 0
    for model in run.models.values():
        assert model.parameters >= 0
    for weights in run.weights:
        with contextlib.suppress(Malformed):
            weights.decoded()


_LINES = Documents([line.encode() for line in SEEDS["events"]])


def _events(source: Source) -> tuple[list[bytes], int]:
    ends = (b"\n", b"\n", b"\n", b"", b"\n\n")
    pieces = [_LINES(source) + source.one_of(ends) for _ in range(source.below(5))]
    return pieces, source.one_of((10_000_000, 10_000_000, 5000, 100, 0))


def message(parts: list[bytes]) -> None:
    """Parts that came over a channel -> message -> the outcome or the outputs of a cell."""
    try:
        found = unpack(parts, KEY.encode())
    except Malformed:
        return
    content = found.content
    outputs = Outputs(MAX_BYTES)
    for _ in range(2):
        outputs.take(found.kind, content)
    text, printed = outputs.text()
    assert size(text) <= 2 * MAX_BYTES + 100
    assert size(printed) <= MAX_BYTES
    if isinstance(content, ExecuteReply):
        reply = content.as_content()
        error = cell_error(reply)
        assert (error is None) == (content.status == "ok")
        assert error is None or error.line is None or error.line >= 0
        with contextlib.suppress(RequestFailed):
            parse_answer("probe.shape", reply, 10_000)


_PARTS = [[part.encode() for part in parts] for parts in SEEDS["messages"]]
_CONTENTS = Documents([parts[5] for parts in _PARTS])
_HEADERS = [json.loads(parts[2]) for parts in _PARTS]
_PARENTS = [json.loads(parts[3]) for parts in _PARTS]
_KINDS = sorted({header["msg_type"] for header in _HEADERS} | {"clear_output", "update_display_data"})


def _message(source: Source) -> list[bytes]:
    if source.below(5) == 0:
        every = [part for parts in _PARTS for part in parts]
        return [mutated_bytes(source, every) for _ in range(source.below(9))]
    header = {"msg_id": "m", "msg_type": source.one_of(_KINDS)} if source.below(4) else mutated_tree(source, _HEADERS)
    parent = {"msg_id": "x"} if source.below(4) else mutated_tree(source, _PARENTS)
    return frames(dumped(header), dumped(parent), _CONTENTS(source))


def wire(case: tuple[bytes, int]) -> None:
    """Bytes on a socket -> messages that fit."""
    data, step = case

    async def read() -> None:
        reader = asyncio.StreamReader(limit=1 << 16)
        connection = Connection(reader, None, 1000)  # type: ignore[arg-type]
        for at in range(0, len(data), step):
            reader.feed_data(data[at : at + step])
        reader.feed_eof()
        with contextlib.suppress(EOFError, ProtocolError):
            while True:
                assert sum(map(len, await connection.receive())) <= 1000

    asyncio.run(read())


def _wire(source: Source) -> tuple[bytes, int]:
    if source.below(3) == 0:
        data = mutated_bytes(source, [b"\x01\x03abc\x00\x01d" * 5, b"\x00\x00" * 200])
    else:
        data = b"".join(_frame(source) for _ in range(source.below(30)))
    return data, source.one_of((4096, 7, 1))


def _frame(source: Source) -> bytes:
    flags, body = source.one_of((0, 1, 0, 1, 2, 3, 4, 6, 5, 8, 255)), source.noise() * source.one_of((1, 1, 40, 400))
    size = source.one_of((len(body),) * 9 + (0, len(body) + 1, 2**62))
    return bytes([flags]) + (size.to_bytes(8, "big") if flags & 2 else bytes([size % 256])) + body


# --- notebooks ---------------------------------------------------------------------------------------------------


def notebook(case: tuple[bytes, str]) -> None:
    """A file -> cells -> what the grader makes of their text; or one sentence."""
    data, suffix = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"notebook{suffix}"
        path.write_bytes(data)
        try:
            found = read_notebook(path)
        except UnreadableNotebook as problem:
            said = str(problem)
        else:
            said, cells = "", found.cells
    if said:
        assert said.isprintable()
        return
    assert all(isinstance(cell.source, str) and cell.source.encode() is not None for cell in cells)
    _read_on(found)


def _read_on(found: Notebook) -> None:
    written_files(found)
    for cell in found.code_cells:
        python_source(cell.source)
    for section in locate(found, *_assignment()).values():
        assert isinstance(section.answer, str)


@lru_cache(maxsize=1)
def _assignment() -> tuple[Any, ...]:
    from reference.rubric import ASSIGNMENT

    return ASSIGNMENT.prompts, ASSIGNMENT.template(), ASSIGNMENT.anchors(RunEvidence())


_SMALL = [path.read_bytes() for path in NOTEBOOKS if path.stat().st_size < 100_000]
_EXPORTS = [(ROOT / "submissions" / "colab_export.py").read_bytes()]
_EXPORTS += [
    b"#!/usr/bin/env python\n# coding: utf-8\n\n# # Title\n\n# In[1]:\n\n\nimport torch\n\n\n# Some text.\n\n# In[2]:\n\n\nget_ipython().magic('matplotlib inline')\n",
    b"# %% [markdown]\n# # Title\n# text\n\n# %%\nimport torch\n# %timeit x\n\n# %% [raw]\n# raw\n",
]


def _old(data: bytes) -> Any:
    """A notebook as nbformat 3 had it."""
    cells = json.loads(data)["cells"]
    old = [
        {**cell, "input": cell["source"], "language": "python"} if cell["cell_type"] == "code" else cell
        for cell in cells
    ]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": old}]}


_TREES = [json.loads(data) for data in _SMALL] + [_old(_SMALL[0])]


def _notebook(source: Source) -> tuple[bytes, str]:
    kind = source.below(20)
    if kind < 9:
        data = dumped(mutated_tree(source, _TREES))
    elif kind < 18:
        data = mutated_bytes(source, _SMALL if kind < 14 else _EXPORTS)
    else:
        data = dumped(jsonish(source)) if kind == 18 else source.noise() * source.below(30)
    if source.below(8) == 0:
        data = data.decode("utf-8", "replace").encode(
            source.one_of(("utf-16", "utf-16-le", "utf-32", "latin-1")), "replace"
        )
    return data, source.one_of((".ipynb", ".ipynb", ".py"))


def code(text: str) -> None:
    """The text of one code cell -> Python, prose."""
    if python := python_source(text):
        compile(python, "<cell>", "exec", dont_inherit=True, flags=0x400)  # ast.PyCF_ONLY_AST: it parses
    prose_of_code.__wrapped__(text)


_CELLS = [
    ("".join(cell["source"]) if isinstance(cell["source"], list) else cell["source"]).encode()
    for tree in _TREES[:6]
    for cell in tree["cells"]
]


def _code(source: Source) -> str:
    return mutated_bytes(source, _CELLS)[:30_000].decode("utf-8", "replace")


# --- text --------------------------------------------------------------------------------------------------------


def transcript(pieces: list[str]) -> None:
    """Printed text in pieces -> what is shown."""
    whole = "".join(pieces)
    screen, text = Screen(), ""
    for piece in pieces:
        screen.add(piece, 10**9)
        text = append(text, piece)
        assert screen.text == text
        assert screen.size == size(text)
    assert fold(text + "\n") == fold(whole + "\n")
    narrow = Screen()
    for piece in pieces:
        narrow.add(piece, 20)
        assert narrow.size <= 20
    shown = printable(strip_ansi(text))
    shown.encode()
    assert size(cut(shown, 10)) <= 10


_PIECES = [token.decode("utf-8", "surrogateescape")[:300] for token in TOKENS] + [*"ab\r\b\n\x1b[]0m;\ud800é"] * 4


def _transcript(source: Source) -> list[str]:
    return ["".join(source.one_of(_PIECES) for _ in range(source.below(8))) for _ in range(source.below(8))]


TARGETS: Mapping[str, Target] = {
    "answer": Target(_answer, answer),
    "array": Target(lambda source: mutated_tree(source, _ARRAYS) if source.below(9) else jsonish(source), array),
    "events": Target(_events, events),
    "message": Target(_message, message),
    "wire": Target(_wire, wire),
    "notebook": Target(_notebook, notebook),
    "code": Target(_code, code),
    "transcript": Target(_transcript, transcript),
}
