"""Parallel grading of variants, with results cached in a store until the notebook, data or code changes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.assignment import Assignment
from grader.course.cache_key import Settings, key_of
from grader.course.scores import standing
from grader.course.store import Graded, Store
from grader.errors import GraderError
from grader.grading.grade import grade
from grader.prove.draft import Draft
from grader.prove.plan import Variant
from grader.provenance.digests import digests, file_lines, of_lines, source_files
from grader.result import Result, parse_result
from grader.sandbox.kernel import KernelStartError
from grader.sandbox.warm_start import close as close_servers
from grader.sandbox.warm_start import many_kernels

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """The place and settings for grading variants.

    `settings` are the keyword arguments of `grader.grade`; `data` is the digest of the data set, `code` that of all
    code that grades; `jobs` is the number of gradings that run in parallel.
    """

    assignment: Assignment
    settings: Mapping[str, Any]
    folder: Path
    data: str
    device: str
    isolation: str
    code: str
    jobs: int = 1

    def key(self, sha256: str) -> str:
        """Return the store's key for the grading of the notebook with this digest."""
        found = replace(digests(self.assignment, sha256, self.data), grader=self.code, rubric="", reference="")
        seed = "canonical"
        settings = Settings(self.assignment.name, self.device, self.isolation, self.settings["limits"], seed)
        return key_of("variant.ipynb", found, settings)


def code_digest(assignment: Assignment, package: str, before: frozenset[str]) -> str:
    """Return the digest of the code that grades: the grader and the assignment without `grader.prove` and mutations.

    `before` are the modules loaded before the assignment's `proving`. Modules that only `proving` imported do not
    grade, so a new mutation does not invalidate the results of the others.
    """
    grader = Path(__file__).parents[1]
    files = [path for path in source_files(grader) if "prove" not in path.relative_to(grader).with_suffix("").parts]
    loaded = {name: module.__file__ for name, module in list(sys.modules.items()) if name.startswith(f"{package}.")}
    proving = {Path(file).resolve() for name, file in loaded.items() if file and name not in before}
    own = [path for path in source_files(assignment.folder) if path.resolve() not in proving]
    return of_lines([*file_lines(grader, files), *file_lines(assignment.folder, own), *assignment.program])


def grade_drafts(
    bench: Bench, drafts: Mapping[str, Draft], say: Say, remark: Callable[[str, Result], str] = lambda *_: ""
) -> dict[str, Result]:
    """Grade the drafts and return the results by name. Cached results are reused, equal notebooks graded once.

    `remark` returns a text that is appended to the progress line of each graded notebook.

    Raises the exceptions of `grader.grade` for wrong arguments, GraderError if no kernel can be started, OSError, and
    StoreError; what was graded until then is kept.
    """
    import hashlib

    notebooks = bench.folder / "notebooks"
    notebooks.mkdir(parents=True, exist_ok=True)
    documents = {name: draft.to_bytes() for name, draft in drafts.items()}
    sha256 = {name: hashlib.sha256(document).hexdigest() for name, document in documents.items()}
    results: dict[str, Result] = {}
    with Store(bench.folder) as store, ExitStack() as at_the_end:
        at_the_end.callback(close_servers)
        for digest in set(sha256.values()):
            kept = store.graded(bench.key(digest))
            if kept is not None:
                results[digest] = parse_result(kept.document)
        waiting = {digest: name for name, digest in sha256.items() if digest not in results}
        many = "notebook" if len(drafts) == 1 else "notebooks"
        say(f"{len(drafts)} {many}: {len(waiting)} to grade, {bench.jobs} at a time")
        for digest, name in waiting.items():
            (notebooks / f"{digest[:16]}.ipynb").write_bytes(documents[name])
        if len(waiting) > 1:
            many_kernels()
        with ThreadPoolExecutor(bench.jobs, thread_name_prefix="proving") as pool:
            running = {pool.submit(_timed, bench, notebooks / f"{d[:16]}.ipynb"): d for d in waiting}
            try:
                for done, future in enumerate(as_completed(running), 1):
                    digest, (result, seconds) = running[future], future.result()
                    final = not any(item.status == "error" for item in result.items)
                    store.put(Graded(bench.key(digest), standing(result), result.document(), final, seconds=seconds))
                    results[digest] = result
                    name = waiting[digest]
                    say(f"[{done}/{len(waiting)}] {name}: {result.score:g} ({seconds:.0f} s){remark(name, result)}")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return {name: results[digest] for name, digest in sha256.items()}


def _timed(bench: Bench, path: Path) -> tuple[Result, float]:
    began = time.monotonic()
    try:
        result = _grade(bench, path)
    except KernelStartError as error:
        raise GraderError(f"{error}; finished gradings are kept; give the same command again to continue") from None
    return result, time.monotonic() - began


def _grade(bench: Bench, path: Path) -> Result:
    """Grade a notebook. If its kernel cannot be started, try once more, since other processes may be the cause."""
    try:
        return grade(path, bench.assignment, **bench.settings)
    except KernelStartError:
        return grade(path, bench.assignment, **bench.settings)


def save(variants: Sequence[Variant], folder: Path) -> None:
    """Write the notebooks of the variants into a folder, named after the variants. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for variant in variants:
        (folder / f"{variant.name[:200]}.ipynb").write_bytes(variant.draft.to_bytes())
