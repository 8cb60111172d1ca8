"""Run a table of small programs on the virtual device and compare with the outcomes expected of a real GPU.

`pytest --device cuda` runs the same programs on the GPU of this machine instead. With `--record-devices` it also
rewrites the expectations from that GPU; a failing test then shows an expectation that was replaced.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from packaging.specifiers import SpecifierSet
from packaging.version import Version

TABLE = Path(__file__).with_name("device_programs.json")
ROOT = Path(__file__).parents[3]
SECONDS = 240
TORCH = Version(Version(importlib.metadata.version("torch")).base_version)


def load() -> dict[str, Any]:
    return json.loads(TABLE.read_text(encoding="utf-8"))


def applies(program: dict[str, Any]) -> bool:
    """Return whether the program's expectation applies to this torch: to its version and its build, for CUDA or not."""
    return TORCH in SpecifierSet(program.get("torch", "")) and bool(torch.version.cuda or "build" not in program)


PROGRAMS = load()["programs"]


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> dict[str, dict[str, str]]:
    """The outcome of every program by its id. A program is missing if the process died or timed out before it."""
    device = request.config.getoption("--device")
    recording = request.config.getoption("--record-devices")
    if recording and (device != "cuda" or hasattr(request.config, "workerinput")):
        pytest.fail("--record-devices needs --device cuda, and no -n")
    first, given = run(device, [program for program in PROGRAMS if applies(program)])
    if "unavailable" in first:
        pytest.skip(f"no GPU here: {first['unavailable']}")
    if recording:
        record(first, given)
    return given


def run(device: str, programs: list[dict[str, Any]]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the runner's first record and the outcomes. The runner is a new process, as the device patches torch."""
    command = [sys.executable, "-m", "tests.in_kernel.virtual_cuda.run_programs", device]
    sent = json.dumps([{"id": program["id"], "code": program["code"]} for program in programs])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    try:
        ended = subprocess.run(
            command, input=sent.encode(), capture_output=True, timeout=SECONDS, cwd=ROOT, env=environment, check=False
        )
        printed, errors = ended.stdout, ended.stderr
    except subprocess.TimeoutExpired as e:
        printed, errors = e.stdout or b"", f"stopped after {SECONDS} s".encode()
    records = [json.loads(line) for line in printed.decode().splitlines() if line.endswith("}")]
    if len(records) <= len(programs) and "unavailable" not in (records[0] if records else {}):
        pytest.fail(f"the runner ended after {len(records)} records: {errors.decode(errors='replace')[-2000:]}")
    return records[0], {record["id"]: record for record in records[1:]}


def record(first: dict[str, str], given: dict[str, dict[str, str]]) -> None:
    """Rewrite the expectations of the programs that were run."""
    source = {"gpu": first["gpu"], "torch": first["torch"], "date": datetime.date.today().isoformat()}
    table = load()
    table["programs"] = [
        recorded(program, given[program["id"]], source) if program["id"] in given else program
        for program in table["programs"]
    ]
    table["recorded"] = source
    TABLE.write_text(dump(table), encoding="utf-8")


def recorded(program: dict[str, Any], outcome: dict[str, str], source: dict[str, str]) -> dict[str, Any]:
    """Return the program with the GPU's outcome as expectation.

    A message that is compared by its start stays if it still fits; otherwise the first line of the new one is kept.
    """
    expected = {key: outcome[key] for key in ("value", "raises", "message") if key in outcome}
    if "match" in program and "message" in expected:
        same = expected["message"].startswith(program["message"])
        expected["message"] = program["message"] if same else expected["message"].partition("\n")[0]
        expected["match"] = program["match"]
    about = {key: program[key] for key in ("torch", "build", "virtual") if key in program}
    return {"id": program["id"], "code": program["code"], **expected, **about, "recorded": source}


def dump(table: dict[str, Any]) -> str:
    """Return the table as JSON with one program a line, so that a changed expectation is a changed line."""
    lines = ",\n".join(json.dumps(program, ensure_ascii=False) for program in table["programs"])
    return f'{{"recorded": {json.dumps(table["recorded"])}, "programs": [\n{lines}\n]}}\n'


@pytest.mark.parametrize("program", PROGRAMS, ids=[program["id"] for program in PROGRAMS])
def test_a_program_has_the_outcome_of_a_gpu(
    program: dict[str, Any], outcomes: dict[str, dict[str, str]], request: pytest.FixtureRequest
) -> None:
    if not applies(program):
        pytest.skip(f"about torch {program.get('torch', 'for CUDA')}")
    assert program["id"] in outcomes, "the process ended before this program did"
    given = {key: text for key, text in outcomes[program["id"]].items() if key != "id"}
    expected = {key: program[key] for key in ("value", "raises", "message") if key in program}
    if program.get("match") == "prefix" and given.get("message", "").startswith(expected["message"]):
        given["message"] = expected["message"]
    if "virtual" in program and request.config.getoption("--device") == "virtual":
        assert given != expected, (
            "the virtual device now does what a GPU does: remove the note 'virtual' from the table"
        )
        pytest.xfail(program["virtual"])
    assert given == expected, "\n".join(program["code"])


def expectations() -> Iterator[tuple[str, set[str]]]:
    for program in PROGRAMS:
        yield program["id"], set(program) - {"id", "code", "torch", "build", "recorded", "virtual"}


def test_the_table_is_sound() -> None:
    table = load()
    assert "recorded" in table
    ids = [program["id"] for program in PROGRAMS]
    assert len(set(ids)) == len(ids) >= 150
    codes = [tuple(program["code"]) for program in PROGRAMS if applies(program)]
    assert len(set(codes)) == len(codes), "the same program twice"
    assert {id for id, kind in expectations() if kind - {"match"} not in ({"value"}, {"raises", "message"})} == set()
    for program in PROGRAMS:
        assert "recorded" in program, program["id"]
        assert program.get("match", "prefix") == "prefix", program["id"]
        assert "match" not in program or "message" in program, program["id"]
        compile("\n".join(program["code"][:-1]), program["id"], "exec")
        compile(program["code"][-1], program["id"], "eval")


def test_the_table_is_written_as_it_would_be_recorded() -> None:
    assert dump(load()) == TABLE.read_text(encoding="utf-8")
