"""Damaged notebook files: read, or one sentence; by every command; and no file costs a neighbour its grade."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from grader.notebook.cells import python_source
from grader.notebook.reader import MAX_CELLS, UnreadableNotebook, read_notebook
from tests.fuzz.damage import BYTES, TREES, damaged
from tests.fuzz.mutating import Chance, cases, dumped

ROOT = Path(__file__).parents[2]
MAX_SENTENCE = 300  # characters; a file's name may add as many
MAX_SECONDS = 3.0  # of CPU, for a file of the usual size
EACH = 5  # times that every damage is done
PLAIN = "tests.benchmarks.peers.plain"  # an assignment without torch: a grading takes a second


def cell(source: object, kind: str = "code", **more: Any) -> dict[str, Any]:
    stored = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": f"c{len(str(source))}", "metadata": {}, "source": source, **stored, **more}


def book(*cells: object, **more: Any) -> dict[str, Any]:
    python = {"kernelspec": {"name": "python3", "language": "python"}, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": python, "cells": list(cells), **more}


STREAM = {"output_type": "stream", "name": "stdout", "text": ["a\n", "é\r", "b"]}
PICTURE = {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}, "metadata": {}}
SMALL = dumped(
    book(
        cell(["# Question 1\n", "What?"], "markdown"),
        cell(["%%time\n", "x = 1\n", "print('é', x)"], outputs=[STREAM, PICTURE]),
        cell("!pip install x\ny = x + 1"),
        cell("raw text", "raw"),
    )
)
SAMPLE = (ROOT / "submissions" / "gpu_device_is_cpu.ipynb").read_bytes()


def sentence_or_cells(path: Path) -> str:
    """What the reader says of a file: one sentence that is checked here, or '' for a notebook whose cells are sound."""
    began = time.process_time()
    try:
        found = read_notebook(path)
    except UnreadableNotebook as problem:
        said = str(problem)
        assert said.isprintable(), repr(said)
        assert said.startswith(path.name)
        assert said.endswith(".")
        assert len(said) - len(path.name) <= MAX_SENTENCE
        return said
    finally:
        assert time.process_time() - began < MAX_SECONDS
    assert found.code_cells
    for one in found.cells:
        assert not {"\x00", "\r"} & set(one.source)
        one.stored_text.encode()
        python_source(one.source)
    assert all(repair.isprintable() for repair in found.repairs)
    return ""


# --- reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [*BYTES, *TREES])
def test_each_damage_is_read_or_told(words: str, tmp_path: Path) -> None:
    for number in range(EACH):
        source = Chance(number)
        data = BYTES[words](source, SMALL) if words in BYTES else dumped(TREES[words](source, json.loads(SMALL)))
        for name in ("hw.ipynb", "hw.py"):
            (tmp_path / name).write_bytes(data)
            sentence_or_cells(tmp_path / name)


def test_cut_off_at_any_byte(tmp_path: Path) -> None:
    path = tmp_path / "hw.ipynb"
    for end in range(len(SMALL)):
        path.write_bytes(SMALL[:end])
        assert sentence_or_cells(path)


def test_damages_on_damages(tmp_path: Path) -> None:
    path = tmp_path / "hw.ipynb"

    def survives(data: bytes) -> None:
        path.write_bytes(data)
        sentence_or_cells(path)

    rules = settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    rules(seed(20_261_126)(given(cases(lambda source: damaged(source, [SMALL, SMALL, SAMPLE])))(survives)))()


def test_damages_are_repeated_by_their_seed() -> None:
    assert [damaged(Chance(n), [SMALL]) for n in range(50)] == [damaged(Chance(n), [SMALL]) for n in range(50)]


# --- sizes -------------------------------------------------------------------------------------------------------

MB = 1_000_000
BIG_SECONDS = 60  # of CPU, of a process that reads one: a busy core
BIG_MIB = 1200  # that such a process may have had
FULL = ', "cells": [' + json.dumps(cell("x = 1")) + '], "nbformat": 4, "nbformat_minor": 5}'
READ = (
    "import sys; sys.path.insert(0, sys.argv[1]); from tests.fuzz.test_notebooks import read_big; read_big(sys.argv[2])"
)
SIZES: dict[str, tuple[Callable[[], bytes], str]] = {
    "50 MB in a text cell": (lambda: dumped(book(cell("x = 1"), cell("word " * (10 * MB), "markdown"))), ""),
    "50 MB in a code cell": (lambda: dumped(book(cell("x = 1\n" * (8 * MB)))), "MB of code"),
    "50 MB in an output": (lambda: dumped(book(cell("x = 1", outputs=[{**STREAM, "text": "ab\r" * (16 * MB)}]))), ""),
    "100,000 cells": (lambda: dumped(book(*[cell("x = 1")] * 100_000)), f"more than the limit of {MAX_CELLS:,}"),
    "99 MB of empty lists": (lambda: b'{"metadata": [' + b"[]," * (33 * MB) + b"0]" + FULL.encode(), "million values"),
    "99 MB of small objects": (lambda: b'{"a": [' + b'{"":0},' * (14 * MB) + b"0]" + FULL.encode(), "million values"),
    "as many objects as are read": (lambda: b'{"a": [' + b'{"":0},' * (999_000) + b"0]" + FULL.encode(), ""),
    "99 MB of brackets": (lambda: b"[" * (99 * MB), "million values"),
    "100,000 brackets": (lambda: b'{"cells": ' + b"[" * 100_000, "nested too deeply"),
    "5 MB of digits": (lambda: b'{"nbformat": ' + b"9" * (5 * MB) + FULL.encode(), "absurdly long"),
    "commas in a text": (lambda: dumped(book(cell("x = 1"), cell('"\\,[{' * (3 * MB), "markdown"))), ""),
    "99 MB of NUL": (lambda: b"\0" * (99 * MB), "NUL bytes"),
    "101 MB": (lambda: b" " * (101 * MB), "larger than 100 MB"),
}


def read_big(name: str) -> None:
    """In a process of its own: read a file and print what was said, the seconds, and the most memory it had."""
    path = Path(name)
    try:
        read_notebook(path)
        said = ""
    except UnreadableNotebook as problem:
        said = str(problem)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([said, used.ru_utime + used.ru_stime, peak_mib()]))


def peak_mib() -> int:
    """The most resident memory of this program in MiB. Linux's ru_maxrss would count the process that started it too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20  # bytes on macOS
    return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) >> 10  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("words", SIZES)
def test_a_huge_file_takes_bounded_time_and_memory(words: str, tmp_path: Path) -> None:
    make, expected = SIZES[words]
    path = tmp_path / "hw.ipynb"
    path.write_bytes(make())
    command = [sys.executable, "-c", READ, str(ROOT), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    path.unlink()
    assert done.returncode == 0, done.stderr
    said, seconds, memory = json.loads(done.stdout)
    assert (expected in said) if expected else said == ""
    assert seconds < BIG_SECONDS
    assert memory < BIG_MIB


# --- places ------------------------------------------------------------------------------------------------------


def _pipe(path: Path) -> None:
    os.mkfifo(path)


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (lambda path: path.mkdir(), "folder"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "cannot be opened|is a link"),
    "a link to nowhere": (lambda path: path.symlink_to("nowhere"), "does not exist|is a link"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "not an ordinary file|is a link"),
    "a pipe": (_pipe, "not an ordinary file"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("words", PLACES)
def test_what_is_no_file_is_told_and_not_waited_for(words: str, tmp_path: Path) -> None:
    make, said = PLACES[words]
    make(tmp_path / "hw.ipynb")
    assert re.search(said, sentence_or_cells(tmp_path / "hw.ipynb"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    (tmp_path / "hw.ipynb").write_bytes(SMALL)
    (tmp_path / "hw.ipynb").chmod(0)
    assert "cannot be opened (Permission denied)" in sentence_or_cells(tmp_path / "hw.ipynb")


# --- the commands ------------------------------------------------------------------------------------------------


def run(*arguments: str, seconds: float = 500) -> subprocess.CompletedProcess[str]:
    """The command, on the small assignment."""
    more = ["--assignment", PLAIN, "--sample", "--isolation", "none", "--device", "cpu", "--cell-seconds", "60"]
    command = [sys.executable, "-m", "grader", *arguments, *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, errors="strict")
    for printed in (done.stdout, done.stderr):
        assert "Traceback" not in printed
        assert "unexpected" not in printed
    return done


def graded(out: Path) -> dict[str, dict[str, Any]]:
    """The results below a folder, by the names of their own folders."""
    return {str(path.parent.relative_to(out)): json.loads(path.read_bytes()) for path in out.rglob("result.json")}


SOUND = {
    "anna": book(cell("print('nothing asked for')")),
    "zoe": book(cell("print(1)"), cell("raise ValueError('é')"), cell("print(3)")),
}
UNREADABLE = [  # whatever the choice, no notebook is left
    *("nothing in it", "blanks only", "NUL bytes only", "UTF-16 that is cut", "conflict markers of git", "a web page"),
    *("gzip", "zip", "base64 and quoted", "brackets without end", "no cells", "text cells only", "raw cells only"),
]
NAMES = (
    "summary.csv",
    "results.sqlite",
    "class.csv",
    "a/result.json",
    "report.html",
    "-rf",
    "x" * 200,
    "ä\u202eb\n",
    " ",
)


def damaged_class(folder: Path) -> set[str]:
    """Files that are no notebooks, below a folder; the labels by which they will be known, as far as these are plain."""
    for number, words in enumerate(UNREADABLE):
        source = Chance(number)
        data = BYTES[words](source, SMALL) if words in BYTES else dumped(TREES[words](source, json.loads(SMALL)))
        (folder / f"damaged {words}.ipynb").write_bytes(data)
    for number, words in enumerate(PLACES):
        PLACES[words][0](folder / f"place {number}.ipynb")
    (folder / "a").mkdir()
    for name in NAMES:
        (folder / f"{name}.ipynb").write_bytes(SMALL[: len(SMALL) // 2])
    (folder / "a.ipynb").write_bytes(b"")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "anna-checkpoint.ipynb").write_bytes(SMALL)
    return {f"damaged {words}" for words in UNREADABLE} | {f"place {number}" for number in range(len(PLACES))} | {"a"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_class_with_damaged_files_grades_the_others_as_it_would_alone(tmp_path: Path) -> None:
    alone, all_ = tmp_path / "alone", tmp_path / "class"
    for folder in (alone, all_):
        folder.mkdir()
        for name, notebook in SOUND.items():
            (folder / f"{name}.ipynb").write_bytes(dumped(notebook))
    labels = damaged_class(all_)
    run("grade", str(alone), "--out", str(tmp_path / "out alone"))
    done = run("grade", str(all_), "--out", str(tmp_path / "out"), "--jobs", "2")
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("grader:") == 0
    expected, found = graded(tmp_path / "out alone"), graded(tmp_path / "out")
    for name in SOUND:
        one, other = expected[name], found.pop(name)
        assert one["status"] == "graded"
        assert (one["items"], one["score"], one["notes"]) == (other["items"], other["score"], other["notes"])
    assert len(found) == len(UNREADABLE) + len(PLACES) + len(NAMES) + 1
    assert labels <= set(found)
    for name, result in found.items():
        assert result["status"] == "failed", name
        said = result["message"]
        assert said.isprintable(), name
        assert 20 < len(said) < 2 * MAX_SENTENCE
        assert len(re.findall(r"[.!?](?: |$)", said)) <= 1, said
    table = (tmp_path / "out" / "summary.csv").read_text(encoding="utf-8")
    assert table.count("\n") == len(found) + len(SOUND) + 1


@pytest.mark.slow
@pytest.mark.parametrize("words", ["cut off", "conflict markers of git", "a web page", "a number without end"])
def test_a_check_of_a_damaged_file_is_one_sentence_and_status_2(words: str, tmp_path: Path) -> None:
    path = tmp_path / "hw.ipynb"
    path.write_bytes(BYTES[words](Chance(1), SMALL))
    done = run("check", str(path), "--quiet", "--json", str(tmp_path / "result.json"))
    assert done.returncode == 2
    assert done.stderr == ""
    said = json.loads((tmp_path / "result.json").read_bytes())["message"]
    assert said == sentence_or_cells(path)
    assert " ".join(said.split()) in " ".join(done.stdout.split())
