"""Runs hostile notebooks against a back end: `python -m tests.attacks.confinement.run --backend namespaces [--only NAME …]`.

Every notebook gets a kernel of its own, below a process that measures and judges it from outside (see `world`) and that inherits
whatever the kernel leaves behind. Exit status 1 when anything got out; 2 when this machine cannot give the back end.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import pickle
import re
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from grader.evidence.run import CellRun
from grader.sandbox import warm_start
from grader.sandbox.confinement.backends import Backend, IsolationError, find_backend
from grader.sandbox.confinement.process_tree import proportional
from grader.sandbox.kernel import Kernel, KernelStartError, RequestFailed
from grader.sandbox.limits import Limits
from grader.sandbox.warm_start import Forked
from tests.attacks.confinement.notebook import Attack, all_attacks
from tests.attacks.confinement.world import CHECKOUT, Neighbour, Trap, World

MIB = 1 << 20
LIMITS: dict[str, float] = {
    "cell_seconds": 4,
    "total_seconds": 60,
    "interrupt_grace_seconds": 1.5,
    "startup_seconds": 60,
    "request_seconds": 4,
    "cell_output_bytes": 100_000,
    "total_output_bytes": 1_000_000,
    "evidence_bytes": 16 * MIB,
    "memory_bytes": 1024 * MIB,
    "tasks": 96,
    "cpu_seconds": 120,
    "file_bytes": 64 * MIB,
    "scratch_bytes": 128 * MIB,
}
FRACTIONS = (
    "cell_seconds",
    "total_seconds",
    "interrupt_grace_seconds",
    "startup_seconds",
    "request_seconds",
    "cpu_seconds",
)
JOBS = 2
WARM = False  # set by --warm
SERVER = (900, 8)  # MiB and tasks of a fork server and of the kernel beside
SLACK = 8.0  # seconds, for a busy machine
WRAPPERS = 4  # processes of the sandbox itself
SAMPLE_SECONDS = 0.1
MEMORY_SLACK = 1.4  # a watchdog looks now and then
INODES = 200_000
OPEN_FILES = 20_000
SUBREAPER = 36  # of prctl


@dataclass
class Outcome:
    """What became of one notebook. `problems` are breaches and broken promises, `known` those that the notebook names as such."""

    name: str
    kind: str
    verdict: str = "held"  # or 'known', 'broken', 'breach'; without confinement 'bites' or 'toothless'
    problems: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    memory_mib: int = 0
    tasks: int = 0
    driver: int = 0  # the process that drove the kernel


# --- in the process that drives a kernel ---------------------------------------------------------------------------


def drive(attack: Attack, backend: Backend, world: World, prelude: str) -> dict[str, Any]:
    """Run a notebook in a kernel: a cell before, its own, one after, and a question to the harness."""
    found: dict[str, Any] = {"cells": [], "problems": []}
    runs: list[CellRun] = []
    started = time.monotonic()
    with Kernel(harness(attack, world), limits(attack), backend=backend) as kernel:
        found["started"] = time.monotonic() - started
        if WARM and not isinstance(kernel._running._process, Forked):
            raise KernelStartError("it did not start warm")
        for index, source in enumerate([prelude, "print('before')", *attack.cells, "print('after')"]):
            own = attack.seconds if 2 <= index < 2 + len(attack.cells) else None
            began = time.monotonic()
            run = kernel.run_cell(index, source, own)
            took, most = time.monotonic() - began, own or limits(attack).cell_seconds
            if took > most + limits(attack).interrupt_grace_seconds + SLACK:
                found["problems"].append(f"cell {index} took {took:.1f} s")
            if run.status not in ("ok", "error") and not run.reason:
                found["problems"].append(f"cell {index} is '{run.status}' without a reason")
            runs.append(run)
        began = time.monotonic()
        with contextlib.suppress(RequestFailed):
            kernel.request("nobody.knows", {})
        if time.monotonic() - began > limits(attack).request_seconds + limits(attack).interrupt_grace_seconds + SLACK:
            found["problems"].append(f"a question took {time.monotonic() - began:.1f} s")
        kernel.events()
        found["alive"] = kernel.alive
        began = time.monotonic()
    if time.monotonic() - began > SLACK:
        found["problems"].append(f"to end it took {time.monotonic() - began:.1f} s")
    found["cells"] = [asdict(run) for run in runs]
    return found


def _drive_beside(attack: Attack, backend: Backend, world: World, trap: Trap, neighbour: Neighbour) -> dict[str, Any]:
    """Drive it beside `neighbour`; a warm kernel beside one that was forked from the same server."""
    if not WARM:
        return drive(attack, backend, world, prelude(trap.target(neighbour, os.getpid())))
    warm_start.many_kernels()
    try:
        with neighbouring(backend, world) as (sibling, works):
            found = drive(attack, backend, world, prelude(trap.target(sibling, os.getpid())))
            if not works():
                found["problems"].append("a kernel of the same fork server does not work any more")
        return found
    finally:
        warm_start.close()


def harness(attack: Attack, world: World) -> dict[str, object]:
    """What is installed in the kernel, and what it may read."""
    hidden = [str(CHECKOUT / "reference"), str(CHECKOUT / "submissions")]
    if attack.harness:
        from grader.data.sources import find_data
        from grader.run.harness import harness as full

        return {**full(find_data(sample=True), 1), "hidden": hidden}
    install = [["grader.in_kernel.recorder.install", {}]] if attack.recorder else []
    return {"install": install, "readable": [str(world.data)], "hidden": hidden}


def limits(attack: Attack) -> Limits:
    """The limits of a notebook's kernel."""
    values = {**LIMITS, **attack.limits}
    known = {field.name for field in fields(Limits)}
    return Limits(**{key: value if key in FRACTIONS else int(value) for key, value in values.items() if key in known})  # type: ignore[arg-type]


def prelude(target: dict[str, object]) -> str:
    """The cell that makes `attack` importable."""
    source = (Path(__file__).parent / "attack.py").read_text(encoding="utf-8")
    return (
        "import sys, types\n"
        "_module = sys.modules['attack'] = types.ModuleType('attack')\n"
        f"exec({source!r}, _module.__dict__)\n"
        f"_module.target.__dict__.update({target!r})\n"
        "del _module"
    )


# --- in the process above it ---------------------------------------------------------------------------------------


def judge(attack: Attack, backend: Backend, world: World, neighbour: Neighbour) -> Outcome:
    """Run one notebook below this process, measure it meanwhile, and judge it."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)  # whatever is left behind becomes a child of this process
    outcome = Outcome(attack.name, attack.kind)
    trap = Trap(world)
    try:
        _judge(attack, backend, world, neighbour, trap, outcome)
    finally:
        trap.close()
    if backend.confines:
        weak = attack.weak.get(f"{backend.level}-{'root' if os.geteuid() == 0 else 'user'}")
        if weak and outcome.problems and outcome.verdict != "broken":
            outcome.known, outcome.problems, outcome.verdict = [weak, *outcome.problems], [], "known"
    elif attack.expect == "blocked":
        outcome.verdict = "bites" if outcome.verdict == "breach" else "toothless"
    return outcome


def _judge(attack: Attack, backend: Backend, world: World, neighbour: Neighbour, trap: Trap, outcome: Outcome) -> None:
    started = time.monotonic()
    ready, go = os.pipe()
    receive, send = os.pipe()
    driver = os.fork()
    if driver == 0:
        os.close(receive)
        os.close(go)
        os.read(ready, 1)
        answer: dict[str, Any]
        try:
            answer = _drive_beside(attack, backend, world, trap, neighbour)
        except KernelStartError as error:
            answer = {"failed": str(error)}
        except BaseException:
            answer = {"raised": traceback.format_exc()}
        with open(send, "wb") as pipe:
            pipe.write(json.dumps(answer).encode())
        os._exit(0)
    outcome.driver = driver
    os.close(send)
    os.close(ready)
    os.write(go, b"x")
    os.close(go)
    each = attack.seconds or limits(attack).cell_seconds
    longest = (len(attack.cells) + 3) * (each + 2 * limits(attack).interrupt_grace_seconds) + 60
    received = bytearray()
    answer, most = _attend(driver, receive, received, trap, attack.probe, started + longest)
    outcome.memory_mib, outcome.tasks = most[0] // MIB, most[1]
    outcome.seconds = time.monotonic() - started
    problems = outcome.problems
    if answer is None:
        problems.append(f"the grader hung: no end within {longest:.0f} s")
        outcome.verdict = "breach"
    elif "failed" in answer:
        problems.append(f"the kernel could not be started: {answer['failed']}")
        outcome.verdict = "broken"
        return
    elif "raised" in answer:
        problems.append(f"the grader broke: {answer['raised']}")
        outcome.verdict = "breach"
    else:
        problems += answer["problems"]
        outcome.cells = answer["cells"]
        _judge_cells(attack, backend, outcome, bool(answer["alive"]))
        breaches = _judge_leaks(outcome, {**world.tokens, **trap.tokens})
        breaches += _judge_amounts(attack, backend, outcome)
        if problems:
            outcome.verdict = "broken"
        if breaches:
            outcome.verdict = "breach"
            problems += breaches
    seen = [*trap.check(), *_left_below(driver, trap)]
    if not os.path.exists(f"/proc/{neighbour.pid}"):
        seen.append("another student's kernel has died")
    if seen:
        problems += seen
        outcome.verdict = "breach"


def _attend(
    driver: int, receive: int, received: bytearray, trap: Trap, probe: str, deadline: float
) -> tuple[dict[str, Any] | None, tuple[int, int]]:
    """Wait for the driver's answer, None if there is none in time; the most memory and tasks of its tree meanwhile."""
    memory = tasks = 0
    open_end = True
    while open_end and time.monotonic() < deadline:
        if select.select([receive], [], [], SAMPLE_SECONDS)[0]:
            chunk = os.read(receive, 1 << 20)
            received += chunk
            open_end = bool(chunk)
        below = [pid for pid in _descendants(driver) if pid != driver]
        now, tasks = _memory(below), max(tasks, sum(map(_threads, below)))
        for _ in range(2):  # who is just ending is counted with all that it shares
            now = min(now, _memory(below)) if now > memory else now
        memory = max(memory, now)
        trap.look(probe)
        _reap(driver, trap.grader.pid)
    os.close(receive)
    if open_end:
        os.kill(driver, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(driver, 0)
    trap.look(probe)
    return (None if open_end else json.loads(received or b'{"raised": "the driver died"}')), (memory, tasks)


def _judge_cells(attack: Attack, backend: Backend, outcome: Outcome, alive: bool) -> None:
    """Whether the cells ended as the notebook expects: its own, the one before, and the one after."""
    first, before, *own, after = outcome.cells
    problems = outcome.problems
    if first["status"] != "ok":
        problems.append(f"the prelude failed: {first['status']} {first['reason']} {first['error']}")
    if (before["status"], before["stdout"]) != ("ok", "before\n"):
        problems.append(f"a cell before has lost its outcome: {before['status']} {before['text']!r}")
    ended = ""
    for run in own:
        if ended and run["status"] == "not_run":
            continue
        if run["status"] not in attack.ends | {"ok"}:
            words = run["reason"] or (run["error"] and f"{run['error']['name']}: {run['error']['message']}")
            problems.append(f"cell {run['index']} ended with '{run['status']}' ({words}): {run['text'][-300:]!r}")
        elif run["status"] in ("timeout", "killed", "dead"):
            ended = run["reason"]
            if attack.reason and not re.search(attack.reason, ended):
                problems.append(f"cell {run['index']}: {ended!r} does not speak of {attack.reason}")
        if len(run["text"].encode()) > LIMITS["cell_output_bytes"]:
            problems.append(f"cell {run['index']}: {len(run['text'])} characters of output were kept")
    if "ok" not in attack.ends and not {run["status"] for run in own} & attack.ends:
        problems.append(f"no cell ended with {' or '.join(sorted(attack.ends))}")
    if attack.expect == "works" and "WORKS" not in own[-1]["text"]:
        problems.append(f"it does not work: {own[-1]['text'][-200:]!r}")
    if after["status"] == "not_run":
        if not after["reason"]:
            problems.append("the cell after was not run, without a reason")
    elif attack.after == "runs" and (after["status"], "after" in after["text"]) != ("ok", True):
        problems.append(f"the cell after: {after['status']} {after['reason']} {after['text'][-100:]!r}")
    if attack.after == "runs" and not alive:
        problems.append("the kernel is dead afterwards")
    total = sum(run["seconds"] for run in own)
    if attack.must_end_within and total > attack.must_end_within:
        problems.append(f"it was stopped only after {total:.1f} s")


def _judge_leaks(outcome: Outcome, tokens: dict[str, str]) -> list[str]:
    """What the notebook says that it got, and secrets in what it printed."""
    text = "\n".join(run["text"] + json.dumps(run["error"]) for run in outcome.cells)
    outcome.got = [line for line in text.splitlines() if line.startswith("GOT ")]
    found = [line[:300] for line in outcome.got[:12]]
    return found + [f"a secret was printed: {what}" for what, secret in tokens.items() if secret in text]


def _judge_amounts(attack: Attack, backend: Backend, outcome: Outcome) -> list[str]:
    """What it took, by its own words and as measured from outside."""
    allowed, found = limits(attack), []
    if not backend.confines:
        return []
    most = allowed.memory_bytes / MIB
    beside = SERVER if WARM else (0, 0)
    if outcome.memory_mib > most * MEMORY_SLACK + 100 + beside[0]:
        found.append(f"{outcome.memory_mib} MiB of memory were in use, {most:.0f} are allowed")
    loose = backend.level == "process" and os.geteuid() != 0  # there a watchdog counts, now and then
    if outcome.tasks > (allowed.tasks + WRAPPERS + 20) * (3 if loose else 1) + beside[1]:
        found.append(f"{outcome.tasks} tasks ran, {allowed.tasks} are allowed")
    said = [
        float(number) for run in outcome.cells for number in re.findall(r"^AMOUNT (\d+) ", run["text"], re.MULTILINE)
    ]
    watched = backend.level == "process"  # the size of files is looked at now and then
    ceilings = {
        "memory": most * MEMORY_SLACK + 100,
        "tasks": allowed.tasks * (3 if loose else 1),
        "file": max(allowed.file_bytes, allowed.evidence_bytes) / MIB,
        "scratch": allowed.scratch_bytes / MIB + (700 if watched else 257),  # shared memory is bounded apart
        "inodes": INODES,
        "files": OPEN_FILES,
    }
    if said and attack.limit and max(said) > ceilings[attack.limit]:
        found.append(f"it took {max(said):.0f}, {ceilings[attack.limit]:.0f} is the most for {attack.limit}")
    return found


def _left_below(driver: int, trap: Trap) -> list[str]:
    """Processes that are left although the kernel is closed: below this one, or with the attack's mark anywhere."""
    end = time.monotonic() + 1.5
    while True:
        _reap(driver, trap.grader.pid)
        below = [pid for pid in _descendants(os.getpid()) if pid not in (os.getpid(), trap.grader.pid)]
        left = {pid: _cmdline(pid) for pid in below if _threads(pid)}
        for name in filter(str.isdigit, os.listdir("/proc")):
            if trap.mark in (line := _cmdline(int(name))):
                left[int(name)] = line
        if not left or time.monotonic() > end:
            break
        time.sleep(0.05)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return [f"a process is left: {line[:150]}" for line in list(left.values())[:5]]


# --- processes, as /proc shows them --------------------------------------------------------------------------------


def _descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int(Path(f"/proc/{name}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += parents.get(one, [])
    return found


def _memory(pids: Iterable[int]) -> int:
    """Their memory, shared pages once; root in a container may look into processes only as their own user."""
    by_user: dict[int, list[int]] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            by_user.setdefault(os.stat(f"/proc/{pid}").st_uid, []).append(pid)
    root = os.geteuid() == 0
    return sum(proportional(group, user if root and user else None) for user, group in by_user.items())


def _threads(pid: int) -> int:
    """Its threads; none of one that has ended and only waits to be reaped."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        values = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return 0 if values[0] in "ZX" else int(values[17])
    return 0


def _cmdline(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _reap(*but: int) -> None:
    """Reap children that have ended, those that were left to this process; `but` are waited for elsewhere."""
    with contextlib.suppress(OSError, ValueError):
        for name in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            if int(name) not in but:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(int(name), os.WNOHANG)


# --- the run --------------------------------------------------------------------------------------------------------


class Fork:
    """A function that runs in a forked process; `poll` gives what it returned, pickled by ourselves."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self._receive, send = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._receive)
            try:
                answer = (True, function(*args))
            except BaseException as error:
                answer = (False, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
            with open(send, "wb") as pipe:
                pickle.dump(answer, pipe)
            os._exit(0)
        os.close(send)
        self._data = bytearray()

    def fileno(self) -> int:
        """For select."""
        return self._receive

    def poll(self, seconds: float) -> bool:
        """Whether it has ended within `seconds`."""
        end = time.monotonic() + seconds
        while select.select([self._receive], [], [], max(0.0, end - time.monotonic()))[0]:
            chunk = os.read(self._receive, 1 << 20)
            self._data += chunk
            if not chunk:
                return True
        return False

    def result(self) -> Any:
        """What it returned, after `poll`. Raises RuntimeError with what it raised."""
        os.close(self._receive)
        os.waitpid(self.pid, 0)
        good, value = pickle.loads(bytes(self._data)) if self._data else (False, "it died")
        if not good:
            raise RuntimeError(value)
        return value


@contextlib.contextmanager
def neighbouring(backend: Backend, world: World) -> Iterator[tuple[Neighbour, Callable[[], bool]]]:
    """Another student's kernel, and whether it still works."""
    secret, memory = world.tokens["the neighbour's file"], world.tokens["the neighbour's memory"]
    work = f"import os\nopen('work.py', 'w').write({secret!r})\nos.chmod('work.py', 0o644)\nx = {memory!r}\nprint(os.getcwd())"
    with Kernel({}, limits(NEIGHBOURS), backend=backend) as kernel:
        cwd = kernel.run_cell(0, work).stdout.strip()
        process = kernel._running
        pid = process._kernel_pid()
        assert pid is not None
        assert process._process is not None
        scratch = f"/proc/{pid}/root{cwd}" if backend.level == "namespaces" else cwd

        def works() -> bool:
            return kernel.run_cell(1, "print(open('work.py').read() + x)").stdout.strip() == secret + memory

        yield Neighbour(pid, process._process.pid, scratch, str(process.folder)), works


def beside(backend: Backend, world: World, ready: int, end: int) -> bool:
    """Another student's kernel, in a process of its own: announce it on `ready`, keep it until `end` closes.

    Returns whether it still works then.
    """
    with neighbouring(backend, world) as (found, works):
        os.write(ready, pickle.dumps(found))
        os.close(ready)
        os.read(end, 1)
        return works()


NEIGHBOURS = Attack("neighbour", "", "honest", "works", (), frozenset({"ok"}))


def run_all(attacks: Iterable[Attack], backend: Backend, tell: Callable[[Outcome], None]) -> list[str]:
    """Run attacks, some at a time, and `tell` of each as it ends. Returns what the run as a whole has left behind."""
    before, world = _traces(set()), World()
    drivers: set[int] = set()  # the processes of ours that start kernels
    for what in ("the neighbour's file", "the neighbour's memory"):
        world.add_token(what)
    os.environ["TMPDIR"] = tempfile.tempdir = str(world.temporary)
    problems: list[str] = []
    try:
        ready, announce = os.pipe()
        end, keep = os.pipe()
        os.set_inheritable(keep, False)
        other = Fork(_beside_alone, backend, world, announce, end, keep)
        drivers.add(other.pid)
        os.close(announce)
        os.close(end)
        data = os.read(ready, 65536)
        os.close(ready)
        if not data:
            other.poll(5)
            other.result()
        neighbour = pickle.loads(data)

        def note(outcome: Outcome) -> None:
            drivers.add(outcome.driver)
            tell(outcome)

        _run(list(attacks), backend, world, neighbour, keep, note)
        os.close(keep)
        if not other.poll(30) or not other.result():
            problems.append("another student's kernel does not work any more")
    except RuntimeError as error:
        problems.append(f"the other student's kernel: {error}")
    finally:
        tempfile.tempdir = None
        del os.environ["TMPDIR"]
        left = world.close()
    problems += [f"left in the temporary folder: {name}" for name in left]
    return problems + [f"left on the machine: {trace}" for trace in sorted(_traces(drivers) - before)]


def _beside_alone(backend: Backend, world: World, announce: int, end: int, keep: int) -> bool:
    os.close(keep)
    return beside(backend, world, announce, end)


def _run(
    attacks: list[Attack],
    backend: Backend,
    world: World,
    neighbour: Neighbour,
    keep: int,
    tell: Callable[[Outcome], None],
) -> None:
    running: dict[Fork, Attack] = {}
    while attacks or running:
        while attacks and len(running) < JOBS:
            attack = attacks.pop(0)
            running[Fork(_judge_alone, attack, backend, world, neighbour, keep)] = attack
        for fork in select.select(list(running), [], [], 1)[0]:
            if fork.poll(0):
                attack = running.pop(fork)
                try:
                    outcome = fork.result()
                except RuntimeError as error:
                    outcome = Outcome(attack.name, attack.kind, "broken", [f"the runner broke: {error}"])
                tell(outcome)


def _judge_alone(attack: Attack, backend: Backend, world: World, neighbour: Neighbour, keep: int) -> Outcome:
    os.close(keep)
    return judge(attack, backend, world, neighbour)


def _traces(drivers: set[int]) -> set[str]:
    """What a sandbox may leave on the machine: mounts, control groups, shared memory of users whose kernel has ended."""
    found = {f"mount {line.split()[4]}" for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            match = re.fullmatch(r"grader-(\d+)-\d+-\d+", name)
            if match and int(match[1]) in drivers:
                found.add(f"control group {folder}/{name}")
    with contextlib.suppress(OSError):
        alive = {
            os.stat(f"/proc/{name}").st_uid for name in os.listdir("/proc") if name.isdigit() and _threads(int(name))
        }
        owners = {entry.name: entry.stat(follow_symlinks=False).st_uid for entry in os.scandir("/dev/shm")}
        found |= {f"shared memory {name}" for name, uid in owners.items() if uid > 60_000 and uid not in alive}
    return found


def find(level: str) -> Backend:
    """The back end, tried in a process of its own, so that this one has no threads when it forks. Raises IsolationError."""
    trial = Fork(_find, level)
    trial.poll(120)
    found = trial.result()
    if isinstance(found, str):
        raise IsolationError(found)
    backend: Backend = found
    return backend


def _find(level: str) -> Backend | str:
    try:
        return find_backend(level)
    except IsolationError as error:
        return str(error)


def select_attacks(backend: Backend, names: list[str], quick: bool) -> list[Attack]:
    """The notebooks to run: without confinement only those that harm nothing."""
    chosen = [attack for attack in all_attacks() if not names or any(part in attack.name for part in names)]
    if not backend.confines:
        chosen = [attack for attack in chosen if attack.harmless]
    return [attack for attack in chosen if attack.quick] if quick else chosen


def is_late(outcome: Outcome) -> bool:
    """Whether a notebook got nothing and leaked nothing, and only did not go as its header says."""
    bad = outcome.verdict in ("breach", "broken", "toothless")
    return bad and not outcome.got and not any("secret" in problem or "left" in problem for problem in outcome.problems)


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--backend", default="auto", help="namespaces, process, auto; laptop runs only what is harmless"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="notebooks whose name contains one of these"
    )
    parser.add_argument("--warm", action="store_true", help="kernels forked from a server, beside another from it")
    parser.add_argument("--quick", action="store_true", help="the short selection")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes to this file")
    parser.add_argument("--text", action="store_true", help="print what the notebooks printed")
    options = parser.parse_args()
    global WARM
    WARM = options.warm
    try:
        backend = find(options.backend)
    except IsolationError as error:
        print(error)
        return 2
    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        statuses = " ".join(run["status"] for run in outcome.cells[2:-1])
        size = f"{outcome.memory_mib:5} MiB {outcome.tasks:4} tasks"
        print(f"{outcome.verdict:9} {outcome.name:26} {outcome.seconds:5.1f} s {size}  {statuses}", flush=True)
        for line in outcome.problems + outcome.known:
            print(f"          - {line}", flush=True)
        reasons = dict.fromkeys(run["reason"] for run in outcome.cells[2:] if run["reason"])
        print(*(f"          ({reason})\n" for reason in reasons), sep="", end="", flush=True)
        for run in outcome.cells[2:-1] if options.text else ():
            print("\n".join(f"          | {line[:200]}" for line in run["text"].splitlines()[:100]))

    started = time.monotonic()
    attacks = select_attacks(backend, options.only, options.quick)
    left = run_all(attacks, backend, tell)
    late = {outcome.name for outcome in outcomes if is_late(outcome)}
    if late and not left:  # a busy machine: once more, and then it counts
        outcomes = [outcome for outcome in outcomes if outcome.name not in late]
        left = run_all([attack for attack in attacks if attack.name in late], backend, tell)
    bad = [outcome for outcome in outcomes if outcome.verdict in ("breach", "broken", "toothless")]
    for line in left:
        print(f"after the run: {line}")
    who = "root" if os.geteuid() == 0 else "user"
    print(f"{backend.level} as {who}: {len(outcomes)} notebooks, {len(bad)} bad, {time.monotonic() - started:.0f} s")
    if options.json:
        report = {
            "level": backend.level,
            "who": who,
            "left": left,
            "outcomes": [asdict(outcome) for outcome in outcomes],
        }
        options.json.write_text(json.dumps(report, indent=1))
    return 1 if bad or left else 0


if __name__ == "__main__":
    sys.exit(main())
