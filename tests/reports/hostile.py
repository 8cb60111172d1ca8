"""Strings that do harm if they are not escaped, and results with them wherever a student's text can be."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from grader.assignment import Evidence, Reference
from grader.evidence.probes import LoopProbe, LoopRun, ModelProbe, Operation, Placement
from grader.evidence.run import Axes, CellRun, Figure, Line, LoaderSeen, ModelSeen, Pass, RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import Section
from grader.reports.evidence import dump_evidence
from grader.result import CheckResult, CheckStatus, ItemResult, ItemStatus, Result, Submitted

HOSTILE = {
    "tag": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "comment": "--></style></title><img src=x onerror=alert(1)>",
    "entity": "&lt;b&gt; &#x3c;i&#x3e;",
    "svg": "]]></text><foreignObject><iframe src='https://example.org'/></foreignObject>",
    "markup": "[red]red[/red] [link=https://example.org]x[/link] :warning:",
    "colour": "\x1b[31mred\x1b[0m",
    "clear": "\x1b[2J\x1b[H",
    "c1": "\x9b2J \x9d8;;https://example.org\x9c \x90q\x9c",
    "link": "\x1b]8;;https://example.org\x1b\\click\x1b]8;;\x1b\\",
    "title": "\x1b]0;pwned\x07",
    "bidi": "\u202etxt.exe\u202c \u2066x\u2069 \u200f \u061c",
    "invisible": "a\u200bb\ufeffc\u00add\U000e0041\u2060",
    "lines": "x\r\n✓ q2 all is well 10 / 10\u2028✓\u2029✓\x0b✓\x0c✓\x85✓",
    "back": "bad\b\b\bgood\x7f\x00",
    "surrogate": "half \ud800 of a pair",
    "formula": '=HYPERLINK("https://example.org";A1)',
    "dde": "@SUM(1+1)*cmd|' /C calc'!A0",
    "tabbed": "\t=1+1",
    "later": "x;=1+1;\t@x|+1",
    "wide": "＝1+1",
}

_STATUSES: tuple[tuple[ItemStatus, CheckStatus], ...] = (
    ("pass", "pass"),
    ("partial", "partial"),
    ("fail", "fail"),
    ("fail", "skipped"),
    ("review", "review"),
    ("not_graded", "not_graded"),
    ("error", "error"),
)


def hostile_result(text: str) -> Result:
    """Return a result with `text` wherever a submission can put some."""
    items = tuple(
        ItemResult(
            f"i{number}", "Title", 0.0, 1.0, item, (CheckResult(f"i{number}.{text}", check, 0.0, 1.0, text, text, text, (text, text)),)
        )
        for number, (item, check) in enumerate(_STATUSES)
    )  # fmt: skip
    return Result(
        "tiny",
        Submitted(text, "ab" * 32),
        0.0,
        7.0,
        "needs_review",
        items,
        {"device": text, "data": text, "isolation": {"backend": text, "list": [text], "whole": True}},
        ungraded=1.0,
        message=text,
        notes=(text,),
        advisory=True,
    )


def failed_result(text: str) -> Result:
    return replace(hostile_result(text), status="failed", items=())


def with_evidence(result: Result, text: str) -> Result:
    """Return the result with a note on a cell, and with evidence that holds `text` wherever a student can put some."""
    text = " ".join(text.encode("utf-8", "replace").decode().splitlines())
    line = Line(text, (1.0, 2.0), (2.0, 1.0))
    figure = Figure(0, (Axes(text, text, text, "linear", "log", (text,), (line,)),))
    loader = LoaderSeen("l", text, "train", 8, 4, True)
    seen = Pass(0, loader, 0.1, 0.2, 2, 8, True, model="m", backwards=2, steps=2, losses=(2.0, 1.0), function=text)
    operation = Operation("linear", (1, 4), (1, 2), (2, 4), {text: text})
    placed = Placement((text,), (), (text,), (text,), (text,), {text: 5})
    evidence = Evidence(
        notebook=Notebook(Path("x"), text, "", (Cell(0, "code", f"{text}\n{text}"),)),
        sections={"i1": Section("i1", 0, (0,))},
        run=RunEvidence(
            cells=(CellRun(0, "ok", 1.0, text, text),),
            models={"m": ModelSeen("m", text, ((2, 4),), (text,), 8)},
            passes=(seen,),
            figures=(figure,),
        ),
        models={"mlp": ModelProbe("mlp", text, text, (), (operation,), (operation, operation))},
        loops={"loop": LoopProbe("loop", text, text, LoopRun({}, {}, placement=placed))},
        loaders={},
        reference=Reference(),
        train_size=8,
        test_size=8,
    )
    kept = dump_evidence(evidence)
    notes = (*result.notes, "cell 0, line 1 ended with an error")
    return replace(result, notes=notes, evidence=hashlib.sha256(kept).hexdigest(), kept=kept)
