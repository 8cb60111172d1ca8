"""Fuzz every target for a while: `python -m tests.fuzz.run --minutes 10 [--target NAME …] [--seed N]`.

Prints the executions of each target and, for a failure, the smallest input that was found; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import resource
import secrets
import sys
import time
import traceback
from collections import Counter
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import Flaky, NoSuchExample

from tests.fuzz.mutating import Chance, cases
from tests.fuzz.targets import TARGETS, Target

MAX_SECONDS = 5.0  # of CPU for one input
MAX_GROWTH = 600  # MiB that the process may have grown in all
SHARES = {"notebook": 4, "code": 2, "answer": 2}  # of the time; 1 for the others
SHRINK_SECONDS = 30.0
ROUNDS = 10  # turns that each target gets


class TooSlow(AssertionError):
    """An input took too long."""


def checked(target: Target, case: Any) -> None:
    """Run a target on one input, within its time."""
    began = time.process_time()
    target.run(case)
    seconds = time.process_time() - began
    if seconds > MAX_SECONDS:
        raise TooSlow(f"{seconds:.1f} s for one input")


def peak() -> int:
    """The most memory that this process has had, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1 << 20 if sys.platform == "darwin" else 1 << 10)


def fuzz(name: str, seed: int, seconds: float, executions: Counter[str]) -> str:
    """Run a target for so many seconds, from a seed on: '' when all went well, else the failure and the input that causes it."""
    target, until = TARGETS[name], time.monotonic() + seconds
    number = seed * 1_000_000
    while time.monotonic() < until:
        number += 1
        case = target.make(Chance(number))
        executions[name] += 1
        try:
            checked(target, case)
        except Exception:  # whatever it is, it is no documented one
            return (
                f"{traceback.format_exc(limit=-4)}\n{name}, number {number}, failed on\n{_smallest(target, case)!r}\n"
            )
    return ""


def _smallest(target: Target, case: Any) -> Any:
    """A smaller input that fails, if hypothesis finds one soon."""
    until = time.monotonic() + SHRINK_SECONDS

    def fails(other: Any) -> bool:
        if time.monotonic() > until:
            return False
        try:
            checked(target, other)
        except Exception:
            return True
        return False

    rules = settings(
        max_examples=2000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    try:
        return find(cases(target.make), fails, settings=rules)
    except (NoSuchExample, Flaky):
        return case


def main() -> int:
    """Parse the command line, fuzz, print the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--target", action="append", choices=list(TARGETS))
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    given_ = parser.parse_args()
    names = given_.target or list(TARGETS)
    executions: Counter[str] = Counter()
    failures: dict[str, str] = {}
    for name in names:  # what is imported at first is no growth
        fuzz(name, 0, 1, Counter())
    before, began, seed = peak(), time.monotonic(), given_.seed
    turn = 60 * given_.minutes / ROUNDS / sum(SHARES.get(name, 1) for name in names)
    for seed in range(given_.seed, given_.seed + ROUNDS):
        for name in names:
            if name not in failures and (problem := fuzz(name, seed, turn * SHARES.get(name, 1), executions)):
                failures[name] = problem
                print(problem, flush=True)
    print(
        f"{time.monotonic() - began:.0f} s, seeds {given_.seed} to {seed}, Python {sys.version.split()[0]}, hypothesis {hypothesis.__version__}"
    )
    for name in names:
        print(f"{name:12} {executions[name]:9,} executions  {'FAILED' if name in failures else 'ok'}")
    grown = peak() - before
    print(f"{sum(executions.values()):,} executions, {len(failures)} failures, memory grew by {grown} MiB")
    return 1 if failures or grown > MAX_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
