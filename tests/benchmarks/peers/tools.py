"""The tools that are compared: how each is installed, prepared for a case, run on notebooks, and what scores it gave."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.benchmarks.peers.cases import MNIST_VARIABLE, ROOT, Case, Test, as_notebook, cell

REQUIREMENTS = {
    "nbclient": ("nbclient", "nbformat", "ipykernel"),
    "otter": ("otter-grader[grading]",),
    "nbgrader": ("nbgrader",),
}
SHOWN = {
    "nbclient": ("nbclient", "ipykernel"),
    "otter": ("otter-grader", "ipykernel"),
    "nbgrader": ("nbgrader", "ipykernel"),
    "grader": ("torch-grader", "ipykernel"),
}
ASSIGNMENT = "ps1"  # nbgrader's name for it


class Unavailable(Exception):
    """A tool cannot be installed or run here; the message is one sentence."""


@dataclass(frozen=True)
class Place:
    """Where everything lies: the tools' environments, the folder of this run, MNIST by the case's `data`, confinement."""

    venvs: Path
    work: Path
    data: dict[str, Path]
    isolation: str = "auto"


@dataclass(frozen=True)
class Took:
    """What one batch took: wall seconds, processor seconds of the whole machine, and where its output is."""

    seconds: float
    cpu: float
    out: Path


@dataclass(frozen=True)
class Way:
    """A way of running a tool: `workers` at a time; `each` notebook a process of its own; `threads` of torch (0: torch's own)."""

    tool: str
    words: str
    workers: int = 1
    each: bool = True
    threads: int = 0
    counts: bool = True  # whether the best of the peers may be this one


GRADER = (Way("grader", "`--jobs 1`", 1), Way("grader", "`--jobs 2`", 2))
PEERS = (
    Way("nbclient", "a process each"),
    Way("nbclient", "one process for all", each=False),
    Way("nbclient", "a process each, one torch thread", threads=1),
    Way("otter", "`otter run` each"),
    Way("nbgrader", "`nbgrader autograde` of all", each=False),
    Way("nbclient", "2 at a time", 2, threads=1, counts=False),
    Way("otter", "2 at a time", 2, threads=1, counts=False),
)


# --- environments -------------------------------------------------------------------------------------------------


def install(tool: str, venvs: Path) -> Path:
    """The Python of the tool's environment, made when it is not there. Raises Unavailable.

    torch and what a notebook imports come from the environment that runs this, after the tool's own packages.
    """
    folder = venvs / tool
    python, done = folder / "bin" / "python", folder / ".installed"
    wanted = "\n".join((*REQUIREMENTS[tool], sys.version))
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        print(f"installing {tool} into {folder} ...", file=sys.stderr, flush=True)
        _must([sys.executable, "-m", "venv", str(folder)])
        _must([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS[tool]])
        done.write_text(wanted)
    own = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    shared = sysconfig.get_path("purelib")
    Path(own.stdout.strip(), "zz_shared.pth").write_text(f"{shared}\n")
    return python


def _must(command: Sequence[str], cwd: Path | None = None) -> None:
    env = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"}  # nbgrader runs alembic
    try:
        ran = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be run: {error}") from None
    if ran.returncode:
        lines = [line for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
        raise Unavailable(
            f"`{' '.join(map(str, command[1:4]))}` failed: {lines[-1][:300] if lines else ran.returncode}"
        )


def versions(tool: str, python: Path) -> str:
    """The tool's version and those of what it shares with the others."""
    names = [*SHOWN[tool], "torch"]
    code = "import sys; from importlib.metadata import version as v; print(', '.join(n + ' ' + v(n) for n in sys.argv[1:]))"
    ran = subprocess.run([str(python), "-c", code, *names], capture_output=True, text=True, check=False)
    return ran.stdout.strip() or "unknown"


# --- running ------------------------------------------------------------------------------------------------------


def run_all(commands: Sequence[Sequence[str]], workers: int, cwd: Path, env: dict[str, str], log: Path) -> None:
    """Run commands, `workers` at a time. Raises Unavailable when one fails; grader's exit status 1 means lost points."""

    def run(numbered: tuple[int, Sequence[str]]) -> None:
        number, command = numbered
        with open(f"{log}-{number}", "w") as file:
            status = subprocess.run(
                command, cwd=cwd, env=env, stdout=file, stderr=subprocess.STDOUT, check=False
            ).returncode
        if status > 1 or status < 0 or (status and "grader" not in command):
            text = Path(f"{log}-{number}").read_text(errors="replace").strip().splitlines()
            raise Unavailable(f"exit status {status}: {' / '.join(text[-3:])[:500]}")

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, enumerate(commands)))


def timed(run: Callable[[], None], out: Path) -> Took:
    """Wall seconds of `run`, and the processor seconds that the whole machine spent meanwhile.

    What a command's kernels used cannot be told from its children: those that are killed with their parents are not waited for.
    """
    before, began = _busy(), time.perf_counter()
    run()
    return Took(time.perf_counter() - began, _busy() - before, out)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


class Tool:
    """A tool, on one case: `prepare` once, untimed, then `run` on any number of notebooks."""

    def __init__(self, place: Place, case: Case, python: Path) -> None:
        self.place, self.case, self.python = place, case, python
        self.folder = place.work / f"case{case.number}" / type(self).__name__.lower()
        self.folder.mkdir(parents=True)
        self._runs = 0
        self.prepare()

    def prepare(self) -> None:
        """What a course does once."""

    def run(self, notebooks: Sequence[Path], way: Way) -> Took:
        """Run or grade notebooks, and see that each got what it must. Raises Unavailable."""
        self._runs += 1
        out = self.folder / f"run{self._runs}"
        out.mkdir()
        commands = self.commands(notebooks, way, out)
        took = timed(lambda: run_all(commands, way.workers, self.cwd(out), self.environment(way), out / "log"), out)
        try:
            self.verify(notebooks, out)
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            sqlite3.Error,
        ) as error:  # no results, or none that can be read
            raise Unavailable(f"no results: {type(error).__name__}: {error}") from None
        return took

    def environment(self, way: Way) -> dict[str, str]:
        """Without a GPU, so that all do the same arithmetic."""
        env = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        env["PATH"] = f"{self.python.parent}{os.pathsep}{env['PATH']}"
        if self.case.data != "none":
            env[MNIST_VARIABLE] = str(self.place.data[self.case.data])
        if way.threads:
            env["OMP_NUM_THREADS"] = str(way.threads)
        return env

    def cwd(self, out: Path) -> Path:
        """Where the commands run."""
        return out

    def commands(self, notebooks: Sequence[Path], way: Way, out: Path) -> list[list[str]]:
        """The commands that are timed."""
        raise NotImplementedError

    def verify(self, notebooks: Sequence[Path], out: Path) -> None:
        """Raise Unavailable when a notebook was not executed or graded as it must be."""
        raise NotImplementedError


class Nbclient(Tool):
    """Executes and writes notebooks; checks nothing."""

    def commands(self, notebooks: Sequence[Path], way: Way, out: Path) -> list[list[str]]:
        script = [str(self.python), str(Path(__file__).with_name("execute.py")), str(out)]
        return [[*script, str(path)] for path in notebooks] if way.each else [[*script, *map(str, notebooks)]]

    def verify(self, notebooks: Sequence[Path], out: Path) -> None:
        if lacking := [path.name for path in notebooks if not (out / path.name).exists()]:
            raise Unavailable(f"not executed: {', '.join(lacking)}")


class Otter(Tool):
    """`otter run`, without docker, as on Gradescope."""

    def prepare(self) -> None:
        tests = self.folder / "tests"
        tests.mkdir()
        for test in self.case.tests:
            (tests / f"{test.name}.py").write_text(_otter_test(test))
        more = ["--no-config", "--no-requirements", "--no-environment"]
        _must([str(self.python.parent / "otter"), "generate", "-t", str(tests), "-o", str(self._zip), *more])

    @property
    def _zip(self) -> Path:
        return self.folder / "autograder.zip"

    def commands(self, notebooks: Sequence[Path], way: Way, out: Path) -> list[list[str]]:
        otter = [str(self.python.parent / "otter"), "run", "--no-logo", "-a", str(self._zip)]
        for path in notebooks:
            (out / path.stem).mkdir()
        return [[*otter, "-o", str(out / path.stem), str(path)] for path in notebooks]

    def verify(self, notebooks: Sequence[Path], out: Path) -> None:
        for path in notebooks:
            tests = json.loads((out / path.stem / "results.json").read_text())["tests"]
            score = sum(test.get("score", 0) for test in tests)
            if score != len(self.case.tests):
                raise Unavailable(f"{path.name} scored {score} of {len(self.case.tests)}")


def _otter_test(test: Test) -> str:
    body = "".join(f"    {line}\n" for line in test.code.splitlines())
    head = f"from otter.test_files import test_case\n\nOK_FORMAT = False\nname = {test.name!r}\npoints = 1\n\n"
    return f"{head}\n@test_case(points=1)\ndef test_{test.name}({', '.join(test.names)}):\n{body}"


class Nbgrader(Tool):
    """`nbgrader autograde` of a whole course, one process for all."""

    def prepare(self) -> None:
        source = self.folder / "source" / ASSIGNMENT / "p1.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(json.dumps(as_notebook(self._cells(0))))
        self._configure(self.folder)
        ran = [str(self.python), "-m", "nbgrader", "generate_assignment", ASSIGNMENT]
        _must([*ran, f"--course-dir={self.folder}"], self.folder)

    def _configure(self, root: Path) -> None:
        lines = ["c = get_config()", "c.CourseDirectory.course_id = 'bench'", f"c.CourseDirectory.root = {str(root)!r}"]
        lines += ["c.ExecutePreprocessor.timeout = 7200"]
        (root / "nbgrader_config.py").write_text("\n".join(lines) + "\n")

    def _cells(self, number: int) -> list[dict[str, object]]:
        mine = [cell(kind, source) for kind, source in self.case.cells(number)]
        return [*mine, *(cell("code", test.code, _grading(test.name)) for test in self.case.tests)]

    def commands(self, notebooks: Sequence[Path], way: Way, out: Path) -> list[list[str]]:
        self._configure(out)
        for name in ("source", "release"):
            shutil.copytree(self.folder / name, out / name)
        shutil.copy(self.folder / "gradebook.db", out)
        for number, path in enumerate(notebooks, 1):
            submitted = out / "submitted" / path.stem / ASSIGNMENT / "p1.ipynb"
            submitted.parent.mkdir(parents=True)
            submitted.write_text(json.dumps(as_notebook(self._cells(number))))
        return [[str(self.python), "-m", "nbgrader", "autograde", ASSIGNMENT, f"--course-dir={out}"]]

    def verify(self, notebooks: Sequence[Path], out: Path) -> None:
        with sqlite3.connect(out / "gradebook.db") as book:
            (score,) = book.execute("select sum(auto_score) from grade").fetchone()
        if score != len(notebooks) * len(self.case.tests):
            raise Unavailable(f"all together scored {score} of {len(notebooks) * len(self.case.tests)}")


def _grading(name: str) -> dict[str, object]:
    told = {"grade": True, "grade_id": name, "locked": True, "points": 1, "schema_version": 3, "solution": False}
    return {"nbgrader": {**told, "task": False, "cell_type": "code"}}


@dataclass
class Shares:
    """Seconds of each notebook that grader's own results name: all, and those of the student's own cells."""

    all: list[float] = field(default_factory=list)
    student: list[float] = field(default_factory=list)


class Grader(Tool):
    """`grader grade`. Its secret is kept between runs, as on an instructor's machine."""

    def environment(self, way: Way) -> dict[str, str]:
        return {**super().environment(way), "GRADER_CACHE": str(self.place.venvs / "grader-cache")}

    def cwd(self, out: Path) -> Path:
        return ROOT

    def commands(self, notebooks: Sequence[Path], way: Way, out: Path) -> list[list[str]]:
        from_data = ["--sample"] if self.case.data != "mnist" else ["--data", str(self.place.data["mnist"])]
        command = [str(self.python), "-m", "grader", "grade", str(notebooks[0].parent), "--out", str(out / "graded")]
        command += ["--jobs", str(way.workers), "--assignment", self.case.assignment, "--device", "virtual", *from_data]
        command += ["--isolation", self.place.isolation, "--cell-seconds", "3600", "--total-seconds", "7200"]
        return [command]

    def verify(self, notebooks: Sequence[Path], out: Path) -> None:
        for path in notebooks:
            result = json.loads((out / "graded" / path.stem / "result.json").read_text())
            if result["status"] == "failed":
                raise Unavailable(f"{path.name} could not be graded: {result['message']}")
            if self.case.points is not None and result["score"] != self.case.points:
                lost = [item["id"] for item in result["items"] if item["score"] < item["max_score"]]
                raise Unavailable(f"{path.name} scored {result['score']} of {self.case.points}: lost {', '.join(lost)}")

    def shares(self, out: Path) -> Shares:
        """What the results in `out` say of their time."""
        found = Shares()
        for path in sorted((out / "graded").glob("*/result.json")):
            seconds = json.loads(path.read_text())["environment"]["seconds"]
            found.all.append(seconds["all"])
            found.student.append(seconds["student"])
        return found


TOOLS: dict[str, type[Tool]] = {"grader": Grader, "nbclient": Nbclient, "otter": Otter, "nbgrader": Nbgrader}
