"""grader beside plain nbclient, `otter run` and `nbgrader autograde`: same machine, same notebooks, same torch, in one run.

    python tests/benchmarks/bench_peers.py [--mnist DIR] [--write]    # all cases: about an hour on two quiet cores
    python tests/benchmarks/bench_peers.py --short                    # cases 1 and 2, nbclient of this environment

Each peer gets an environment of its own in the cache (or --venvs DIR), which takes torch from this one. What a further
notebook costs is the slope between two numbers of notebooks, start-up what is left. The tools take turns, each run is
checked for its score. Without --mnist, a folder with MNIST's files, case 4 is left out.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from grader.data.sources import find_data
from grader.in_kernel.datasets import idx
from tests.benchmarks.peers.cases import Case, cases
from tests.benchmarks.peers.identity import by_grader, by_nbclient, compare
from tests.benchmarks.peers.measured import Measured, Memory, Row, tables
from tests.benchmarks.peers.memory import Peak
from tests.benchmarks.peers.tools import GRADER, PEERS, TOOLS, Grader, Place, Tool, Unavailable, Way, install, versions

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bench_peers: begin -->", "<!-- bench_peers: end -->"
LONG_PEERS = (
    "a process each",
    "a process each, one torch thread",
    "`otter run` each",
    "`nbgrader autograde` of all",
    "2 at a time",
)
FILES = {"train-images": "train-images-idx3-ubyte", "train-labels": "train-labels-idx1-ubyte"}
FILES |= {"t10k-images": "t10k-images-idx3-ubyte", "t10k-labels": "t10k-labels-idx1-ubyte"}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description="grader beside its peers", allow_abbrev=False)
    top.add_argument(
        "--short", action="store_true", help="for CI: cases 1 and 2 against this environment's nbclient, once"
    )
    top.add_argument("--cases", type=_numbers, metavar="N,N", help="only these")
    top.add_argument("--repeats", type=int, metavar="N", help="of each measurement (default: 3)")
    top.add_argument("--sizes", type=_numbers, metavar="N,N", help="notebooks of cases 1 and 2 (default: 2,8)")
    top.add_argument("--grader-sizes", type=_numbers, metavar="N,N", help="the same for grader (default: 4,24)")
    top.add_argument(
        "--long-size", type=int, default=4, metavar="N", help="notebooks of cases 3 and 4 for grader (default: 4)"
    )
    top.add_argument(
        "--epochs", type=_numbers, default=(5, 1), metavar="MLP,CNN", help="of each training in case 4 (default: 5,1)"
    )
    top.add_argument(
        "--classes", type=_numbers, metavar="N,N", help="sizes of classes to grade whole (default: 10,100)"
    )
    top.add_argument("--mnist", type=Path, metavar="DIR", help="folder with MNIST's four files, for case 4")
    top.add_argument("--venvs", type=Path, metavar="DIR", help="for the peers' environments (default: in the cache)")
    top.add_argument("--isolation", default="auto", help="of grader (default: auto)")
    top.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured as JSON")
    top.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    return top


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when grader could not do a case or computed other losses than nbclient, else 0."""
    arguments = parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as folder:
        bench = _Bench(arguments, Path(folder))
        bench.run()
    measured = bench.measured
    text = tables(measured, bench.cases)
    print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps(measured.document(), indent=1))
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(f"{page.partition(BEGIN)[0]}{BEGIN}\n{text}\n{END}{page.partition(END)[2]}", encoding="utf-8")
    failed = any(row.problem for row in measured.rows if row.way.tool == "grader")
    return int(failed or not all(one.holds for one in measured.identities))


class _Bench:
    def __init__(self, arguments: argparse.Namespace, work: Path) -> None:
        import platformdirs

        self.arguments, self.measured = arguments, Measured()
        short = self.short = arguments.short
        venvs = arguments.venvs or platformdirs.user_cache_path("grader-bench")
        self.place = Place(venvs.absolute(), work, self._data(work), arguments.isolation)
        wanted = arguments.cases or (1, 2, 3, 4)
        mlp, cnn = arguments.epochs
        self.cases = [case for case in cases((mlp, cnn), short) if case.number in wanted]
        if "mnist" not in self.place.data and any(case.data == "mnist" for case in self.cases):
            self.cases = [case for case in self.cases if case.data != "mnist"]
            self.measured.notes.append("Case 4 was left out: no --mnist.")
        self.repeats = arguments.repeats or (1 if short else 3)
        self.sizes = arguments.sizes or ((1, 2) if short else (2, 8))
        self.grader_sizes = arguments.grader_sizes or ((2, 4) if short else (4, 24))
        self.pythons: dict[str, Path | Unavailable] = {}
        self.tools: dict[tuple[int, str], Tool | Unavailable] = {}

    def _data(self, work: Path) -> dict[str, Path]:
        """MNIST by kind, as torchvision wants it for the peers, unpacked."""
        found = {"sample": find_data(sample=True).folder}
        if self.arguments.mnist:
            found["mnist"] = self.arguments.mnist.absolute()
        for kind, folder in found.items():
            raw = work / kind / "MNIST" / "raw"
            raw.mkdir(parents=True)
            files = idx.locate(folder)
            for train in (True, False):
                split = idx.read_split(files, train)
                parts = idx.TRAIN if train else idx.TEST
                for part, content in zip(parts, (split.images, split.labels), strict=True):
                    (raw / FILES[part]).write_bytes(content)
            found[kind] = work / kind
        return found

    def run(self) -> None:
        self._about()
        for case in self.cases:
            self._case(case)
        self.measured.about["ended"] = f"{datetime.datetime.now():%Y-%m-%d %H:%M}, load {_load()}"

    def _about(self) -> None:
        import os

        about = self.measured.about
        about["date"] = f"{datetime.datetime.now():%Y-%m-%d %H:%M}, load {_load()}"
        about["command"] = f"`python tests/benchmarks/bench_peers.py {_shown(self.arguments)}`".replace(" `", "`")
        about["machine"] = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        about["grader"] = versions("grader", Path(sys.executable))
        for tool in ("nbclient",) if self.short else ("nbclient", "otter", "nbgrader"):
            python = self._python(tool)
            about[tool] = f"not here: {python}" if isinstance(python, Unavailable) else versions(tool, python)
        about["repeats"] = f"{self.repeats}, the tools in turns"

    def _python(self, tool: str) -> Path | Unavailable:
        if tool == "grader" or self.short:
            return Path(sys.executable)
        if tool not in self.pythons:
            try:
                self.pythons[tool] = install(tool, self.place.venvs)
            except Unavailable as why:
                self.pythons[tool] = why
        return self.pythons[tool]

    def _tool(self, case: Case, name: str) -> Tool:
        """The tool, prepared for the case, and run once so that files are in the system's cache. Raises Unavailable."""
        if (case.number, name) not in self.tools:
            try:
                python = self._python(name)
                if isinstance(python, Unavailable):
                    raise python
                tool = TOOLS[name](self.place, case, python)
                if name == "grader" or not (case.long or self.short):  # grader's own reference is then in its cache
                    self._say(f"case {case.number}: {name}, a first run that does not count")
                    tool.run(self._notebooks(case, 1), GRADER[0] if name == "grader" else Way(name, "first"))
                self.tools[case.number, name] = tool
            except Unavailable as why:
                self.tools[case.number, name] = why
        tool_or_why = self.tools[case.number, name]
        if isinstance(tool_or_why, Unavailable):
            raise tool_or_why
        return tool_or_why

    def _notebooks(self, case: Case, count: int, seeded: bool = False) -> list[Path]:
        folder = self.place.work / f"notebooks{case.number}-{count}{'-seeded' * seeded}"
        return sorted(folder.iterdir()) if folder.exists() else case.write(folder, count, seeded)

    def _ways(self, case: Case) -> list[Way]:
        peers = [
            way
            for way in PEERS
            if not case.long or (way.words in LONG_PEERS and (way.tool, way.workers) != ("otter", 2))
        ]
        if case.number == 1:
            peers = [way for way in peers if not (way.threads and way.counts)]  # there is no torch in it
        if case.number == 4:  # minutes each: case 3 says what two at a time gain
            peers = [way for way in peers if way.counts]
        if self.short:
            return [GRADER[1], next(way for way in peers if way.tool == "nbclient" and not way.each)]
        return [*GRADER, *peers]

    def _sizes(self, case: Case, way: Way) -> tuple[int, ...]:
        if case.long:
            if way.workers == 1:
                return (1,)
            return (self.arguments.long_size if way.tool == "grader" else 2,)
        return self.grader_sizes if way.tool == "grader" else self.sizes

    def _case(self, case: Case) -> None:
        rows = [Row(case.number, way) for way in self._ways(case)]
        self.measured.rows += rows
        for repeat in range(self.repeats):
            for row in rows:
                for size in self._sizes(case, row.way):
                    if not row.problem:
                        self._measure(case, row, size, repeat)
        self._classes(case)
        if not self.short:
            self._memory(case)
        self._identity(case)
        shutil.rmtree(self.place.work / f"case{case.number}", ignore_errors=True)

    def _measure(self, case: Case, row: Row, size: int, repeat: int) -> None:
        try:
            tool = self._tool(case, row.way.tool)
            took = tool.run(self._notebooks(case, size), row.way)
        except Unavailable as why:
            row.problem = str(why)
            self._say(f"case {case.number}: {row.name}: {why}")
            return
        row.seconds.setdefault(size, []).append(took.seconds)
        row.cpu.setdefault(size, []).append(took.cpu)
        self._say(f"case {case.number}, repeat {repeat + 1}: {row.name}, {size} notebooks: {took.seconds:.2f} s")
        if isinstance(tool, Grader) and row.way.workers == 2:
            found = tool.shares(took.out)
            shares = [(whole - own) / own for whole, own in zip(found.all, found.student, strict=True) if own > 0]
            self.measured.shares.setdefault(case.number, []).extend(shares[2:])  # the first wait for the fork server

    def _classes(self, case: Case) -> None:
        wanted = self.arguments.classes or (() if self.short else (10, 100))
        for count in wanted if not case.long else ():
            try:
                took = self._tool(case, "grader").run(self._notebooks(case, count), GRADER[1])
            except Unavailable:
                return
            self.measured.classes[f"{case.number} {count}"] = took.seconds / count
            self._say(f"case {case.number}: a class of {count}: {took.seconds:.1f} s")

    def _memory(self, case: Case) -> None:
        if case.number == 4 or not Path("/proc/self/smaps_rollup").exists():
            return
        for name in TOOLS:
            peaks = {}
            for workers in (1, 2) if name != "nbgrader" else (1,):
                with Peak() as peak:
                    try:
                        self._tool(case, name).run(
                            self._notebooks(case, workers), Way(name, "memory", workers, threads=1)
                        )
                    except Unavailable:
                        break
                peaks[workers] = peak.mib
            if peaks:
                self.measured.memory.append(Memory(case.number, name, peaks))

    def _identity(self, case: Case) -> None:
        if case.seeded is None:
            return
        notebooks = self._notebooks(case, 1, seeded=True)
        try:
            took = self._tool(case, "nbclient").run(notebooks, Way("nbclient", "seeded", threads=1))
        except Unavailable as why:
            self.measured.notes.append(f"Losses of case {case.number} were not compared: {why}.")
            return
        ours = by_grader(case, self.place, notebooks[0])
        self.measured.identities.append(compare(case, ours, by_nbclient(took, notebooks[0])))

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _load() -> str:
    import os

    return f"{os.getloadavg()[0]:.1f}"


def _shown(arguments: argparse.Namespace) -> str:
    """The command's options without folders, which are this machine's."""
    defaults, words = vars(parser().parse_args([])), []
    for key, value in vars(arguments).items():
        if value != defaults[key]:
            name = f"--{key.replace('_', '-')}"
            shown = (
                "DIR" if isinstance(value, Path) else ",".join(map(str, value)) if isinstance(value, tuple) else value
            )
            words.append(name if value is True else f"{name} {shown}")
    return " ".join(words)


if __name__ == "__main__":
    sys.exit(main())
