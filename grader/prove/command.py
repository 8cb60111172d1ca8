"""Carry out `grader prove`, after its arguments are parsed."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from grader.assignment import Assignment, AssignmentError
from grader.data.sources import DataSource, find_data
from grader.data.subset import write_smaller
from grader.errors import GraderError
from grader.files import cache_folder, write_atomically
from grader.prove import report
from grader.prove.draft import Draft
from grader.prove.grading import Bench, code_digest, grade_drafts, save
from grader.prove.matrix import outcome, rows
from grader.prove.mutation import Mutation
from grader.prove.plan import Misfit, Variant, combinations, only, singles, subset
from grader.result import Result

SOLUTION = "solution"


class ProveError(GraderError):
    """`grader prove` cannot run; the message is one sentence."""


@dataclass(frozen=True)
class Wanted:
    """The options of `grader prove`."""

    package: str
    images: int
    combinations: int
    seed: int
    only: str | None
    subset: int | None
    list: bool
    save: Path | None
    out: Path | None
    json: Path | None
    jobs: int


def prove(wanted: Wanted, assignment: Assignment, settings: Mapping[str, Any]) -> bool:
    """Make the variants, grade them and print the matrix; return whether every verdict was right.

    `settings` are the keyword arguments of `grader.grade`. Raises ProveError, and the exceptions of `grader.grade`.
    """
    before = frozenset(sys.modules)
    mutations = load_mutations(wanted.package)
    path = assignment.folder / f"{SOLUTION}.ipynb"
    try:
        solution = Draft.from_bytes(path.read_bytes())
        variants = chosen(solution, mutations, wanted)
    except (ValueError, Misfit) as error:
        raise ProveError(f"{path}: {error}") from None
    if wanted.save is not None:
        save(variants, wanted.save)
    if wanted.list:
        print("\n".join(f"{variant.name} ({variant.kind}): {variant.words}" for variant in variants))
        return True
    folder = wanted.out or cache_folder() / "prove"
    source = write_smaller(
        find_data(settings["data"], settings["sample"]), wanted.images, folder / f"data-{wanted.images}"
    )
    bench = _bench(wanted, assignment, {**settings, "data": source.folder, "sample": False}, source, folder, before)
    baseline = grade_drafts(bench, {SOLUTION: solution}, _say)[SOLUTION]
    if baseline.status == "failed" or baseline.score < baseline.max_score:
        where = ", ".join(item.id for item in baseline.items if item.score < item.max_score)
        raise ProveError(f"the solution itself gets {baseline.score:g} of {baseline.max_score:g} points ({where})")
    by_name = {variant.name: variant for variant in variants}

    def verdict(name: str, result: Result) -> str:
        return report.wrongs(outcome(by_name[name], result, baseline))

    results = grade_drafts(bench, {name: variant.draft for name, variant in by_name.items()}, _say, verdict)
    outcomes = [outcome(variant, results[variant.name], baseline) for variant in variants]
    table, facts = rows(outcomes, baseline), _facts(baseline.environment, source)
    if wanted.json is not None:
        write_atomically(
            wanted.json, json.dumps(report.data(outcomes, table, facts), indent=1, ensure_ascii=False) + "\n"
        )
    print(report.text(outcomes, table, facts))
    return not any(one.wrong for one in outcomes)


def load_mutations(package: str) -> tuple[Mutation, ...]:
    """Return MUTATIONS of the assignment's module `proving`.

    Raises AssignmentError if there is no such module, and ProveError if two mutations have the same name.
    """
    try:
        module = importlib.import_module(f"{package}.proving")
    except ModuleNotFoundError as error:
        raise AssignmentError(f"the assignment {package!r} cannot be proved: it has no module {error.name!r}") from None
    mutations: tuple[Mutation, ...] = module.MUTATIONS
    names = [mutation.name for mutation in mutations]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ProveError(f"two mutations have the name {twice[0]}")
    return mutations


def chosen(solution: Draft, mutations: Sequence[Mutation], wanted: Wanted) -> list[Variant]:
    """Return the wanted variants. Raises Misfit if a mutation does not fit the solution, ProveError if none match."""
    variants = singles(solution, mutations, wanted.seed)
    variants += combinations(solution, mutations, wanted.combinations, wanted.seed)
    if wanted.only is not None:
        variants = only(variants, wanted.only)
    if wanted.subset is not None:
        variants = subset(variants, wanted.subset, wanted.seed)
    if not variants:
        raise ProveError("there is no notebook to grade: nothing matches the options")
    return variants


def _bench(
    wanted: Wanted,
    assignment: Assignment,
    settings: Mapping[str, Any],
    source: DataSource,
    folder: Path,
    before: frozenset[str],
) -> Bench:
    from grader.machine import find_gpu
    from grader.sandbox.confinement.backends import find_backend

    code = code_digest(assignment, wanted.package, before)
    device, isolation = find_gpu(settings["device"]).name, find_backend(settings["isolation"]).level
    return Bench(assignment, settings, folder, source.sha256, device, isolation, code, wanted.jobs)


def _facts(environment: Mapping[str, Any], source: DataSource) -> dict[str, str]:
    """Return the date, versions, device and data of this run."""
    versions = ", ".join(f"{name} {environment[name]}" for name in ("grader", "python", "torch", "torchvision"))
    return {
        "proved": date.today().isoformat(),
        "with": versions,
        "device": str(environment["device"]),
        "data": f"{source.train_size:,} training and {source.test_size:,} test images of MNIST",
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
