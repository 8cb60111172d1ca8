"""How well `grader similar` tells copied work from independent work, and how long a class takes.

`python tests/benchmarks/bench_similarity.py [NOTEBOOKS] [--command] [--peer]` makes a class of correct notebooks, each in a
random choice of the assignment's styles, with the hand-written ones of tests/reference/real. Copies of some are
disguised in each of the ways of tests/similarity/disguises.py. It prints, for each disguise, how many copies are listed
at which share, and how many independent pairs are listed with them; the same for written answers, from those in
tests/checks/answers_corpus. `--command` also writes the notebooks to files and measures the command itself; `--peer`
compares with copydetect, if that is installed, on the code that `--dolos` writes.
"""

from __future__ import annotations

import contextlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from grader.notebook.cells import Cell, Notebook
from grader.prove.draft import Draft
from grader.similarity.compare import LEAST_ANSWER, LEAST_RUNS, Limits, compare
from grader.similarity.fingerprints import DEFAULT, Settings
from grader.similarity.index import alike, likeness, make_index
from grader.similarity.prose import runs
from grader.similarity.work import Work
from tests.similarity.disguises import DISGUISES, everything, reworded

COPIES = 10  # of each disguise
STYLES_EACH = 100  # drawn for each notebook; a third of them fits
SHARES = (0.3, 0.4, 0.45, 0.5, 0.6)
Sources = dict[str, frozenset[str]]  # whose work is in a notebook


@dataclass(frozen=True)
class MadeClass:
    """Drafts by name, and the disguise of each copy."""

    drafts: dict[str, Draft]
    sources: Sources
    disguises: dict[str, str]


def notebook(draft: Draft, name: str = "x") -> Notebook:
    """A draft as the reader would read it."""
    cells = tuple(Cell(at, cell.kind, cell.source) for at, cell in enumerate(draft.cells))
    return Notebook(Path(f"{name}.ipynb"), f"{name}.ipynb", "", cells)


def solution(name: str = "solution") -> Draft:
    return Draft.from_bytes((ROOT / "reference" / f"{name}.ipynb").read_bytes())


def independent(seed: int, start: Draft) -> Draft:
    """The solution in a random choice of styles."""
    from reference.mutations.styles import STYLES

    rng = random.Random(seed)
    draft = start
    for style in rng.sample(STYLES, STYLES_EACH):
        with contextlib.suppress(IndexError):  # it looks for a cell that another style took away
            draft = style.apply(draft, rng) or draft
    return draft


def made_class(count: int, copies: int = COPIES) -> MadeClass:
    """Return a class of `count` independent notebooks, and copies of some."""
    from tests.reference.real import build

    start = solution()
    drafts = {f"student{number}": independent(number, start) for number in range(count)}
    drafts |= {f"real_{style}": Draft.from_bytes(build.notebook(style)) for style in build.STYLES}
    sources: Sources = {name: frozenset((name,)) for name in drafts}
    disguises: dict[str, str] = {}
    number = 0
    for disguise, change in DISGUISES.items():
        for _ in range(copies):
            origin = f"student{number % count}"
            name = f"copy{number}"
            drafts[name] = change(drafts[origin], random.Random(number))
            sources[name], disguises[name] = frozenset((name, origin)), disguise
            number += 1
    for at in range(copies):
        one, other = f"student{(number + at) % count}", f"student{(number + copies + at) % count}"
        name = f"half{at}"
        half = Draft((*drafts[one].cells[:24], *drafts[other].cells[24:]))
        drafts[name] = everything(half, random.Random(at)) if at % 2 else half
        sources[name] = frozenset((name, one, other))
        disguises[name] = "two halves, everything" if at % 2 else "two halves"
    return MadeClass(drafts, sources, disguises)


def measure(made: MadeClass, settings: Settings = DEFAULT, common: float = 0.1) -> None:
    """Print how well copies are told from independent work."""
    works = [Work(name, notebook(draft, name)) for name, draft in made.drafts.items()]
    base = [notebook(solution()), notebook(solution("assignment"))]
    began, used = time.monotonic(), time.process_time()
    comparison = compare(works, base, Limits(code=min(SHARES), common=common), settings).comparison
    took, used = time.monotonic() - began, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"{len(works)} notebooks compared in {took:.0f} s, {used:.0f} s of processor time, {memory:.0f} MiB; k {settings.k}, window {settings.window}"
    )
    share = {frozenset((pair.first, pair.second)): pair.code.share for pair in comparison.pairs}
    _report(made, share)


def _report(made: MadeClass, share: dict[frozenset[str], float]) -> None:
    print(f"{'disguise':24} {'copies':>6}  lowest  " + "  ".join(f">={one:5.2f}" for one in SHARES))
    for disguise in dict.fromkeys(made.disguises.values()):
        found = []
        for name, of in made.disguises.items():
            if of == disguise:
                origins = made.sources[name] - {name}
                found.append(max(share.get(frozenset((name, origin)), 0.0) for origin in origins))
        recall = "  ".join(f"{np.mean([one >= least for one in found]):7.0%}" for least in SHARES)
        print(f"{disguise:24} {len(found):6}  {min(found):6.2f}  {recall}")
    related, other = [], []
    for pair, value in share.items():
        first, second = sorted(pair)
        (related if made.sources[first] & made.sources[second] else other).append(value)
    count = len(made.drafts) * (len(made.drafts) - 1) // 2
    print(f"{'independent pairs listed':33} " + "  ".join(f"{sum(one >= s for one in other):7}" for s in SHARES))
    print(f"{'related pairs listed':33} " + "  ".join(f"{sum(one >= s for one in related):7}" for s in SHARES))
    precision = [sum(one >= s for one in related) / max(1, sum(one >= s for one in (*related, *other))) for s in SHARES]
    print(f"{'precision':33} " + "  ".join(f"{one:7.1%}" for one in precision) + f"   of {count:,} pairs")


def measure_answers() -> None:
    """Print how well reworded answers are told from others to the same question."""
    answers: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests" / "checks" / "answers_corpus").glob("*.json")):
        for item, languages in json.loads(path.read_text(encoding="utf-8"))["answers"].items():
            answers.setdefault(item, []).extend(one for texts in languages.values() for one in texts)
    rng = random.Random(1)
    copied, short, wrong, pairs = [], [], [], 0
    for texts in answers.values():
        origins = rng.sample(range(len(texts)), min(40, len(texts)))
        copies = [reworded(texts[at], rng) for at in origins]
        index = make_index([runs(text) for text in (*texts, *copies)], np.empty(0, np.uint64), 0.1)
        for number, at in enumerate(origins):
            found = likeness(index, at, len(texts) + number)
            listed = found.share >= LEAST_ANSWER and found.common >= LEAST_RUNS
            (copied if len(texts[at]) >= 60 else short).append(listed)
        wrong += [one for one in alike(index, LEAST_ANSWER, LEAST_RUNS).found if one.second < len(texts)]
        pairs += len(texts) * (len(texts) - 1) // 2
    print(
        f"written answers: {np.mean(copied):.0%} of {len(copied)} reworded ones of 60 characters or more are listed, "
        f"{np.mean(short):.0%} of {len(short)} shorter ones; {len(wrong)} of {pairs:,} independent pairs"
    )


def measure_command(made: MadeClass) -> None:
    """Print how long the command takes on files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, draft in made.drafts.items():
            (Path(folder) / f"{name}.ipynb").write_bytes(draft.to_bytes())
        command = [sys.executable, "-m", "grader", "similar", folder, "--html", f"{folder}/similar.html"]
        began = time.monotonic()
        subprocess.run(command, cwd=ROOT, check=True)
        took = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = (Path(folder) / "similar.html").stat().st_size
        print(
            f"grader similar --html of {len(made.drafts)} files: {took:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of "
            f"processor time, {used.ru_maxrss / 2**10:.0f} MiB; the page has {size / 1e6:.1f} MB"
        )


def measure_peer(made: MadeClass) -> None:
    """Print what copydetect finds in the same code."""
    from copydetect import CopyDetector

    from grader.similarity.dolos import python_of

    with tempfile.TemporaryDirectory() as folder:
        class_folder, base = Path(folder) / "class", Path(folder) / "base"
        class_folder.mkdir()
        base.mkdir()
        for name, draft in made.drafts.items():
            (class_folder / f"{name}.py").write_text(python_of(notebook(draft)), encoding="utf-8")
        for name in ("solution", "assignment"):
            (base / f"{name}.py").write_text(python_of(notebook(solution(name))), encoding="utf-8")
        began = time.monotonic()
        detector = CopyDetector(
            test_dirs=[str(class_folder)],
            boilerplate_dirs=[str(base)],
            extensions=["py"],
            display_t=min(SHARES),
            silent=True,
            autoopen=False,
        )
        detector.run()
        print(f"copydetect: {len(made.drafts)} files in {time.monotonic() - began:.1f} s")
        share: dict[frozenset[str], float] = {}
        for first, second, path, other, *_ in detector.get_copied_code_list():
            pair = frozenset((Path(path).stem, Path(other).stem))
            if len(pair) == 2:
                share[pair] = max(first, second)
    _report(made, share)


def main(arguments: Sequence[str]) -> None:
    """Measure a class of so many notebooks."""
    counts = [int(one) for one in arguments if one.isdigit()]
    made = made_class(counts[0] if counts else 2000)
    measure(made)
    measure_answers()
    if "--settings" in arguments:
        for k, window, common in ((8, 4, 0.1), (16, 4, 0.1), (23, 17, 0.1), (12, 8, 0.1), (12, 4, 0.05), (12, 4, 0.3)):
            print(f"common {common}")
            measure(made, Settings(k, window), common)
    if "--command" in arguments:
        measure_command(made)
    if "--peer" in arguments:
        measure_peer(made)


if __name__ == "__main__":
    main(sys.argv[1:])
