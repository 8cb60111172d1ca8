"""Copied work: the pairs of notebooks that are alike, and two of them side by side. It shows evidence, and judges none.

Comparing takes minutes for a large class, so that another process does it; the pages only read what it kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from starlette.responses import Response

from grader.course.alike import Kept, kept, kept_pair, state_of
from grader.formatting import one_line
from grader.review.desk import Link
from grader.review.visit import Refused, Visit, get, post
from grader.similarity.compare import Pair
from grader.similarity.page import short_name
from grader.similarity.told import REMARK, answers_in_words, percent, summary

navigation = (Link("Copied work", "/copied-work", 40),)

PER_PAGE = 100
MOST_GROUPS, MOST_MEMBERS = 50, 30
_lock = threading.Lock()
_running: dict[Path, Comparing] = {}


@dataclass
class Comparing:
    """A process that compares the class in a folder, and what it says."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]

    def problem(self) -> str:
        """Return the last line that the process said if it failed, else ''."""
        if not self.process.returncode:
            return ""
        self.said.seek(0)
        lines = self.said.read().decode("utf-8", "replace").strip().splitlines()
        return one_line(lines[-1]) if lines else f"it ended with status {self.process.returncode}"


def show(visit: Visit) -> Response:
    """Show the pairs and the groups, or offer to compare."""
    running, problem = _state(visit.desk.folder)
    found = kept(visit.desk.folder)
    rows = {row.entry.name: row for row in visit.rows}
    pairs = _readable(found, rows) if found else []
    at = visit.whole("from", 0)
    listed = pairs[at : at + PER_PAGE]
    groups = _groups(found, rows) if found else []
    named = {name for pair in listed for name in (pair.first, pair.second)}.union(
        *(one[:MOST_MEMBERS] for one in groups)
    )
    return visit.page(
        "review/copied_work.html",
        "Copied work",
        running=running,
        problem=problem,
        found=found,
        outdated=bool(found) and found is not None and found.state != state_of(visit.desk.rows()),
        sentences=[one for one in summary(found.comparison) if one != REMARK] if found else [],
        pairs=listed,
        start=at,
        count=len(pairs),
        per_page=PER_PAGE,
        groups=groups,
        called={name: visit.called(rows[name].entry) for name in named},
        address=visit.desk.address,
        side_by_side=found.shown if found else frozenset(),
        most_members=MOST_MEMBERS,
        percent=percent,
        answers=answers_in_words,
        name=short_name,
        remark=REMARK,
    )


def pair(visit: Visit) -> Response:
    """Show what two notebooks have in common, side by side."""
    first = visit.row(visit.request.path_params["first"])
    second = visit.row(visit.request.path_params["second"])
    names = sorted((first, second), key=lambda row: row.entry.name)
    found = next(
        filter(None, (kept_pair(visit.desk.folder, *one) for one in _orders(first.entry.name, second.entry.name))), None
    )
    if found is None:
        raise Refused(404, "These two are not among the pairs that are kept; compare the class again to look at it.")
    by_name = {row.entry.name: row for row in names}
    labels = tuple(visit.called(by_name[name].entry) for name in (found.pair.first, found.pair.second))
    return visit.page(
        "review/copied_pair.html",
        f"{labels[0]} and {labels[1]}",
        one=found,
        labels=labels,
        links=[visit.link(name) for name in (found.pair.first, found.pair.second)],
        submitted=[by_name[name].entry.submitted_at for name in (found.pair.first, found.pair.second)],
        percent=percent,
        name=short_name,
        remark=REMARK,
    )


def compare(visit: Visit) -> Response:
    """Begin to compare the class."""
    visit.demand_instructor()
    if _begin(visit.desk.folder):
        return visit.done("/copied-work", "The notebooks are being compared.")
    return visit.done("/copied-work", "The notebooks are being compared already.")


def _orders(first: str, second: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (first, second), (second, first)


def _readable(found: Kept, rows: Mapping[str, object]) -> list[Pair]:
    return [one for one in found.comparison.pairs if one.first in rows and one.second in rows]


def _groups(found: Kept, rows: Mapping[str, object]) -> list[list[str]]:
    groups = ([name for name in group if name in rows] for group in found.comparison.clusters)
    return [group for group in groups if len(group) > 1][:MOST_GROUPS]


def _state(folder: Path) -> tuple[bool, str]:
    """Return whether the class is being compared, and why the last comparison failed."""
    with _lock:
        known = _running.get(folder)
        if known is None:
            return False, ""
        return known.process.poll() is None, known.problem()


def _begin(folder: Path) -> bool:
    """Start a process that compares; return False if there is one."""
    with _lock:
        known = _running.get(folder)
        if known is not None and known.process.poll() is None:
            return False
        said = tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, "-m", "grader", "similar", str(folder), "--keep"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        _running[folder] = Comparing(process, said)
        return True


routes = [
    get("/copied-work", show),
    post("/copied-work/compare", compare),
    get("/copied-work/{first}/{second}", pair),
]
