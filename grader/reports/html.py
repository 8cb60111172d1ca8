"""A result as one HTML page that needs nothing else: no script, no picture, no network."""

from __future__ import annotations

import base64
import hashlib
import html as entities
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grader.files import write_atomically
from grader.formatting import clean, number, one_line
from grader.reports.terminal import ADVISORY, MARKS, total_line
from grader.result import CheckResult, ItemResult

if TYPE_CHECKING:
    from grader.result import Environment, Fact, Result

_WORDS = {"not_graded": "not graded", "review": "to be read", "error": "grader error"}

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #777; --pass: #1a7f37; --partial: #9a6700; --fail: #cf222e;
  --review: #0969da; --error: #8250df; }
@media (prefers-color-scheme: dark) { :root { --pass: #4ac26b; --partial: #d4a72c; --fail: #ff7b72; --review: #58a6ff;
  --error: #bc8cff; --dim: #999; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; } h2 { font-size: 1rem; margin: 0; flex: 1; }
.total { font-size: 1.1rem; font-weight: 600; }
.note, .dim { color: var(--dim); font-size: .9rem; }
section { border-top: 1px solid var(--line); padding: .7rem 0; break-inside: avoid; }
header { display: flex; gap: .7rem; align-items: baseline; }
.points { font-variant-numeric: tabular-nums; white-space: nowrap; }
ul { list-style: none; margin: .3rem 0 0; padding: 0 0 0 1.7rem; } li { margin: .25rem 0; overflow-wrap: anywhere; }
li p { margin: 0; white-space: pre-wrap; } .mark { display: inline-block; width: 1rem; }
.pass { color: var(--pass); } .partial { color: var(--partial); } .fail { color: var(--fail); }
.review { color: var(--review); } .error { color: var(--error); } .skipped, .not_graded { color: var(--dim); }
"""


def policy(style: str, *more: str) -> str:
    """The content security policy of a page with this style: it runs nothing and loads nothing, even if some text were to
    escape the escaping. `more` are directives for what the page itself holds."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return "; ".join(
        ("default-src 'none'", f"style-src 'sha256-{digest}'", *more, "base-uri 'none'", "form-action 'none'")
    )


_POLICY = policy(_STYLE)


def escape(text: str) -> str:
    """Text as it may stand anywhere in the page: no tags or entities, no control or bidirectional marks."""
    return entities.escape(clean(text))


def html(result: Result) -> str:
    """The page. All text that came from the submission is escaped."""
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in result.notes)
    items = "".join(_item(item) for item in result.items)
    environment = "; ".join(_facts(result.environment))
    name = escape(one_line(result.submission.name))
    advisory = f'<p class="partial">{ADVISORY}</p>' if result.advisory else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><title>{name}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body><h1>{name}</h1>"
        f'<p class="total">{escape(total_line(result))}</p>{advisory}{notes}{items}'
        f'<p class="dim">{escape(result.assignment)} · SHA-256 {escape(result.submission.sha256[:16])} · '
        f"{escape(environment)}</p></body></html>\n"
    )


def _facts(environment: Environment) -> Iterator[str]:
    """What was graded with, and how the notebook was confined."""
    for key, value in environment.items():
        if isinstance(value, str):
            yield f"{key}: {value}"
        elif key == "isolation" and isinstance(value, Mapping):
            yield f"{key}: " + " · ".join(f"{name}: {_fact(fact)}" for name, fact in value.items() if fact != [])


def _fact(fact: Fact) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return ", ".join(fact) if isinstance(fact, list) else str(fact)


def _item(item: ItemResult) -> str:
    mark = MARKS[item.status][0]
    points = "–" if item.status == "not_graded" else number(item.score)
    word = f" · {_WORDS[item.status]}" if item.status in _WORDS else ""
    checks = "".join(_check(check) for check in item.checks)
    return (
        f'<section><header><span class="mark {item.status}" aria-hidden="true">{mark}</span>'
        f"<h2>{escape(item.id)} — {escape(item.title)}</h2>"
        f'<span class="points {item.status}">{points} / {number(item.max_score)}{word}</span></header>'
        f"<ul>{checks}</ul></section>"
    )


def _check(check: CheckResult) -> str:
    mark = MARKS[check.status][0]
    lines = [f'<p><span class="mark {check.status}">{mark}</span> {escape(check.message)}</p>']
    if check.status in ("fail", "partial"):
        lines.append(f'<p class="dim">expected: {escape(check.expected)}</p>')
    if check.hint:
        label = "remark" if check.status == "review" else "hint"
        lines.append(f'<p class="{"partial" if label == "remark" else "dim"}">{label}: {escape(check.hint)}</p>')
    lines += [f'<p class="dim">fact: {escape(fact)}</p>' for fact in check.evidence]
    if check.status in ("fail", "partial", "skipped"):
        lines.append(f'<p class="dim">{number(check.score)} of {number(check.max_score)} points</p>')
    return f"<li>{''.join(lines)}</li>"


def write_html(result: Result, path: Path) -> None:
    """Write the page atomically."""
    write_atomically(path, html(result))
