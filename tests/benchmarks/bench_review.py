"""How fast the desk of `grader review` is with a large class: server time and size of each page.

`python tests/benchmarks/bench_review.py [--count 2000] [--results FOLDER] [--peer PYTHON]` makes a store of so many
submissions from the results in FOLDER (the --out folder of a real class; without it from one made-up result), with
evidence, marks and overrides, serves it, and asks for each page as a browser does. PYTHON is that of an environment with
nbgrader: its formgrader then gets as many submissions by nbgrader's own API, see peers/formgrader.py.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from grader.course.changes import changing
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store, key_for
from grader.result import Result
from tests.browser.samples import faulty
from tests.review.desks import Browser, Served, served

REPEATS = 15
LIMIT_MS, LIMIT_BYTES = 200, 300_000


def results_in(folder: Path | None) -> list[Result]:
    """Return the results of a class with their evidence, or one made-up result."""
    if folder is None:
        return [faulty()]
    with Store(folder, create=False) as store:
        found = [graded.result for graded in store.all_graded()]
    return [one for one in found if one.items]


def make_class(folder: Path, results: Sequence[Result], count: int) -> None:
    """Store `count` submissions, a third with marks, each twentieth with an override."""
    items = [item.id for item in results[0].items]
    with Store(folder) as store:
        store.set_items(items)
        for number in range(count):
            result = results[number % len(results)]
            sha256 = f"{number:064x}"
            result = replace(result, submission=replace(result.submission, sha256=sha256), signature=None)
            day = f"2026-11-{1 + number % 28:02}T12:{number % 60:02}:00"
            entry = Entry(f"student{number:05}", "notebook.ipynb", sha256, f"s{number}", f"Student {number}", day)
            key = key_for(sha256, entry.student)
            store.put(Graded(key, standing(result), result.document(), True, "", 20.0, result.kept), entry)
        for number in range(0, count, 3):
            result, name = results[number % len(results)], f"student{number:05}"
            with changing(store, "benchmark") as change:
                for item in result.items:
                    waits = sum(check.max_score for check in item.checks if check.waits)
                    if waits:
                        change.mark(name, item.id, adjustment=waits / 2, comment=f"a comment on {item.id}")
                lost = [c for i in result.items if i.score < i.max_score for c in i.checks if c.status == "fail"]
                if number % 20 == 0 and lost:
                    change.override(name, lost[0].id, lost[0].max_score, "it is right in another way")


def pages(desk: Served, browser: Browser, count: int) -> dict[str, str]:
    """Return the addresses of the pages to measure, once the desk has looked through the class."""
    while "data-refresh" in (queue := browser.get("/queue").text):
        time.sleep(1)
    shared = desk.app.state.desk
    last = shared.address(f"student{count - 1:05}")
    marked = shared.address("student00000")
    links = {f"navigation: {one.label}": one.address for one in shared.navigation}
    first = re.search(r'href="(/queue/[^"]+)"', queue)
    if first:
        links["one submission of the queue"] = browser.get(first[1]).url.path
    return links | {
        "class: sorted by what waits": "/class?sort=waiting&down=1",
        "class: last page": f"/class?page={-(-count // 100)}",
        "class: text": "/class?text=student+19",
        "class: state": "/class?status=needs_review",
        "class: overview": "/class/overview",
        "a submission": f"/submissions/{last}",
        "a submission with marks": f"/submissions/{marked}",
        "its changes": f"/audit?submission={marked}",
    }


Measured = tuple[float, float, float, int]


def measure(browser: Browser, path: str, before: Callable[[int], None] = lambda number: None) -> Measured:
    """Return the median and largest server time and the median processor time in ms, and the bytes of the page.

    `before` is called before each request with its number.
    """
    times, worked, size = [], [], 0
    for number in range(REPEATS):
        before(number)
        answer = browser.get(path)
        answer.raise_for_status()
        cpu, total = re.findall(r"dur=([\d.]+)", answer.headers["server-timing"])
        times.append(float(total))
        worked.append(float(cpu))
        size = len(answer.content)
    return statistics.median(times), max(times), statistics.median(worked), size


def after_change(desk: Served, browser: Browser, path: str) -> Measured:
    """Return the same of a page, each time the first after a mark."""
    with Store(desk.app.state.desk.folder) as store:
        item = next(one.id for one in store.items_of(next(store.rows()).key) if any(c.waits for c in one.checks))

        def give(number: int) -> None:
            with changing(store, "benchmark") as change:
                change.mark(f"student{number:05}", item, adjustment=1)

        return measure(browser, path, give)


def main() -> int:
    """Print a table; return 1 if a page is too slow or too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--peer", type=Path)
    arguments = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        results = results_in(arguments.results)
        make_class(Path(folder), results, arguments.count)
        size = (Path(folder) / "results.sqlite").stat().st_size / 2**20
        print(
            f"{arguments.count} submissions from {len(results)} results: {size:.0f} MiB, {time.monotonic() - began:.0f} s"
        )
        with served(Path(folder)) as desk, desk.browser() as browser:
            print(f"{'page':52} {'median ms':>10} {'most ms':>10} {'cpu ms':>10} {'bytes':>10}")
            there = pages(desk, browser, arguments.count)
            measured = {name: measure(browser, path) for name, path in there.items()}
            for name, path in there.items():
                if path == "/class" or "queue" in path:
                    measured[f"{name}, the first after a mark"] = after_change(desk, browser, path)
            for name, (median, most, cpu, length) in measured.items():
                bad = median > LIMIT_MS or length > LIMIT_BYTES
                missed += bad
                print(f"{name:52} {median:10.0f} {most:10.0f} {cpu:10.0f} {length:10,}{'  <-- over' if bad else ''}")
    if arguments.peer:
        script = Path(__file__).parent / "peers" / "formgrader.py"
        subprocess.run([arguments.peer, script, str(arguments.count)], check=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
