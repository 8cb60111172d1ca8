"""How a hostile notebook is written down: a module docstring, a header of `# key: value` lines, cells after `# %%`.

The header's keys:

- kind: network, reading, writing, processes, denial, honest;
- expect: 'blocked' (every cell ends well and nothing is got), 'stopped' (a limit or an end that is called for), 'works';
- ends: statuses that the notebook's cells may end with (default: ok), `reason`: a regular expression for those cells that were ended or
  ran out of something; `after`: what becomes of a harmless cell afterwards, 'runs' or 'any' (default: runs, if all ended with ok);
- limit: what must stay within the limits by the last AMOUNT that is printed: memory, tasks, scratch, file, files, inodes;
- limits: name=value …, instead of the runner's; seconds: of each cell; must_end_within: seconds for all cells;
- harmless: yes, if it may be run without any confinement: it must then get something, or it would prove nothing;
- quick: yes, if it belongs to the short selection; recorder, harness: yes, if the kernel gets the recorder, or all that a graded one has;
- probe: what the runner does from outside meanwhile: listen, touch, open;
- weak: `variant: why`, a known weakness of one back end, such as process-user. Once for each.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "notebooks"
KINDS = ("network", "reading", "writing", "processes", "denial", "honest")
EXPECTATIONS = ("blocked", "stopped", "works")
STATUSES = ("ok", "error", "timeout", "killed", "dead")
PROBES = ("listen", "touch", "open")
AMOUNTS = ("memory", "tasks", "scratch", "file", "files", "inodes")
VARIANTS = tuple(f"{level}-{who}" for level in ("namespaces", "process", "laptop") for who in ("root", "user"))
_HEADER = re.compile(r"# ([a-z_]+): (.*\S)")
_CELL = re.compile(r"^# %%.*\n", re.MULTILINE)
_KEYS = {
    *(
        "kind",
        "expect",
        "ends",
        "reason",
        "after",
        "limit",
        "limits",
        "seconds",
        "must_end_within",
        "harmless",
        "quick",
    ),
    *("recorder", "harness", "probe", "weak"),
}


class BadNotebook(Exception):
    """A notebook is not written as agreed; the message says which and why."""


@dataclass(frozen=True)
class Attack:
    """A hostile notebook, or an honest one, and what is expected of it."""

    name: str
    about: str
    kind: str
    expect: str
    cells: tuple[str, ...]
    ends: frozenset[str]
    reason: str = ""
    after: str = "any"
    limit: str = ""
    limits: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    must_end_within: float | None = None
    harmless: bool = False
    quick: bool = False
    recorder: bool = False
    harness: bool = False
    probe: str = ""
    weak: dict[str, str] = field(default_factory=dict)


def all_attacks() -> list[Attack]:
    """Every notebook, by name. Raises BadNotebook."""
    return [read(path) for path in sorted(FOLDER.glob("*.py"))]


def read(path: Path) -> Attack:
    """One notebook. Raises BadNotebook."""
    name, text = path.stem, path.read_text(encoding="utf-8")
    head, *cells = _CELL.split(text)
    about = ast.get_docstring(ast.parse(head))
    if not about:
        raise BadNotebook(f"{name}: its docstring must say what it tries")
    lines = [line for line in head.splitlines() if line.startswith("#")]
    pairs = []
    for line in lines:
        found = _HEADER.fullmatch(line)
        if not found or found[1] not in _KEYS:
            raise BadNotebook(f"{name}: no header: {line}")
        pairs.append((found[1], found[2]))
    values = dict(pairs)
    weak = dict(value.split(": ", 1) for key, value in pairs if key == "weak")
    return _checked(name, about, values, weak, tuple(cell.strip("\n") for cell in cells))


def _checked(name: str, about: str, values: dict[str, str], weak: dict[str, str], cells: tuple[str, ...]) -> Attack:
    def one_of(key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = values.get(key, default)
        if value not in allowed:
            raise BadNotebook(f"{name}: {key} must be one of {', '.join(allowed)}, not {value}")
        return value

    def number(key: str) -> float | None:
        return float(values[key]) if key in values else None

    ends = frozenset(values.get("ends", "ok").split())
    if not ends <= set(STATUSES) or not set(weak) <= set(VARIANTS) or not cells:
        raise BadNotebook(f"{name}: an unknown status or variant, or no cell")
    return Attack(
        name,
        about,
        one_of("kind", KINDS),
        one_of("expect", EXPECTATIONS),
        cells,
        ends,
        reason=values.get("reason", ""),
        after=one_of("after", ("runs", "any"), "runs" if ends == {"ok"} else "any"),
        limit=one_of("limit", ("", *AMOUNTS), ""),
        limits={key: float(value) for key, value in (pair.split("=") for pair in values.get("limits", "").split())},
        seconds=number("seconds"),
        must_end_within=number("must_end_within"),
        harmless=values.get("harmless") == "yes",
        quick=values.get("quick") == "yes",
        recorder=values.get("recorder") == "yes",
        harness=values.get("harness") == "yes",
        probe=one_of("probe", ("", *PROBES), ""),
        weak=weak,
    )
