"""Checks on what the run printed: shapes, times and counts of operations."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

from grader.assignment import CheckFunction, Evidence, Fail, Review
from grader.checks import flops, models, timing, total_time
from grader.checks.first_batch import FirstBatch, first_batch_text, mentions, samples_shown
from grader.checks.reported_times import reported
from grader.checks.time_series import Reported
from grader.checks.typed_in import imports, is_typed_in, numbers_typed_in
from grader.evidence import trainings
from grader.evidence.probes import LoaderProbe
from grader.evidence.run import CellRun
from grader.notebook.places import place
from reference.checks.epochs import trained
from reference.checks.sections import BROKE, section_cells
from reference.checks.trouble import because
from reference.contract import BATCH_SIZE, MACS, PARAMETERS, RECOGNISE
from reference.prompts import template

Epochs: TypeAlias = Sequence[trainings.Epoch]

DRAWN = "shapes and dtypes of a batch that the test loader gave"
MOST_TRAININGS = 10  # whose times are looked for, the longest


def code_runs(e: Evidence, cells: Sequence[int]) -> list[CellRun]:
    """Return the runs of these cells, in order; those of all cells when none of these is code."""
    runs = [cell for cell in e.run.cells if cell.index in set(cells)]
    return runs or list(e.run.cells)


def _first_batch_size(loader: LoaderProbe) -> int:
    """Return how many images the first batch holds; the probe of a shuffled loader looked at other images."""
    if loader.seen is not None and loader.seen.batch_size is not None:
        return min(loader.seen.batch_size, loader.seen.images)
    shuffled = loader.seen is not None and loader.seen.shuffled
    return BATCH_SIZE if loader.first_batch is None or shuffled else len(loader.first_batch)


def q1_text(e: Evidence) -> str:
    """Shape and dtype of both tensors of the first test batch are printed, and which is sample, which label."""
    size = _first_batch_size(e.loaders["test"])
    batch = FirstBatch((size, 1, 28, 28), (size,))
    section = e.sections["q1"]
    runs = code_runs(e, section.cells)
    sources, code = {cell.index: cell.source for cell in e.notebook.cells}, {run.index for run in runs}
    notes = "\n".join(sources[i] for i in section.cells if i not in code and sources[i] not in template())
    shown = [place for place, run in enumerate(runs) if mentions(run.text, batch)]
    runs = runs[: shown[-1] + 1] if shown else runs  # the loops below name other tensors
    printed = "\n".join(run.text for run in runs)
    broken = [run.index for run in runs if run.status in BROKE]  # the first counts: loops may follow in the section
    stopped = broken[:1] or [run.index for run in runs]
    try:
        said = first_batch_text(printed, batch, "\n".join(sources[run.index] for run in runs), notes)
    except Fail as fail:
        if fail.credit == 0:
            raise because(e, fail, stopped) from None
        unseen = _batch_unseen(e, runs, batch)
        raise (because(e, unseen, stopped) if unseen else fail) from None
    if unseen := _batch_unseen(e, runs, batch):
        raise because(e, unseen, stopped) if unseen.credit == 0 else unseen
    return said


def _batch_unseen(e: Evidence, runs: Sequence[CellRun], batch: FirstBatch) -> Fail | None:
    """Return the failure if these cells did not look at a batch of the test loader; None if they did.

    It must be drawn until the last of the cells. If the cells that print shapes look only at another loader, what was
    drawn above does not count, unless they print two batches, to compare them. A batch of data that cannot be told
    apart counts. Half the credit is kept for one of the training images, unless the test loader itself holds those:
    other checks find that.
    """
    if typed := _typed_in(e, runs, batch):
        return typed
    until = max((run.index for run in runs), default=-1)
    probed = e.loaders["test"].seen or e.loaders["test"].misnamed
    wanted = {"test", None, probed.split if probed else None}
    drawn = [seen.loader for seen in e.run.passes if seen.batches > 0 and seen.cell <= until]
    printing = {run.index for run in runs if mentions(run.text, batch)}
    here = [seen for seen in e.run.passes if seen.batches > 0 and seen.cell in printing]
    looked = any(seen.loader.split in wanted and (seen.model is None or not seen.complete) for seen in here)
    only_others = not looked and any(seen.loader.split not in wanted and not seen.complete for seen in here)
    if only_others and samples_shown("\n".join(run.text for run in runs), batch) < 2:
        where = place(e.notebook, max(printing))
        seen = f"{where} takes its batch from the training loader, not from the test loader"
        return Fail(seen, DRAWN, "Which loader holds the test images?", credit=0.5)
    if any(loader.split in wanted for loader in drawn):
        return None
    where = place(e.notebook, until)
    if drawn:
        seen = f"up to {where}, batches of the training loader were drawn, and none of the test loader"
        return Fail(seen, DRAWN, "Which loader holds the test images?", credit=0.5)
    seen = f"the shapes are printed, but up to {where} no batch was drawn from the test loader"
    return Fail(seen, DRAWN, "Take a batch from the loader, as by next(iter(...)), and print what it holds.")


def _typed_in(e: Evidence, runs: Sequence[CellRun], batch: FirstBatch) -> Fail | None:
    """Return the failure if no cell that prints a shape of the batch reads anything that was drawn."""
    sources = {cell.index: cell.source for cell in e.notebook.code_cells}
    printing = [run.index for run in runs if mentions(run.text, batch) and sources.get(run.index, "").strip()]
    imported = imports(sources.values()) if printing else ()
    if not printing or not all(is_typed_in(sources[cell], imported) for cell in printing):
        return None
    return Fail(
        f"the shapes are typed in: what {place(e.notebook, printing[-1])} prints stands in its code, "
        "and is read from no batch",
        DRAWN,
        "Print what the two tensors of the batch themselves say: their .shape and their .dtype.",
    )


def epoch_seconds(
    role: str, device: str, epochs: int, item: str, each: bool = False, tested: bool = False
) -> CheckFunction:
    """Return a check that the time of each of `epochs` epochs is printed, with testing if `tested`.

    Their average will do unless `each`.
    """

    def timed(printed: Reported, seen: Epochs, count: int, others: Sequence[Epochs]) -> str:
        return timing.epoch_times(printed, seen, count, not each, others, tested)

    def check(e: Evidence) -> str:
        said = best_timed(e, role, device, item, epochs, timed)
        return f"{said} (the GPU is simulated here)" if device == "cuda" and e.virtual_gpu else said

    with_tests = ", training and testing together," if tested else ""
    check.__doc__ = f"The time of each of the {epochs} epochs{with_tests} is printed, and agrees with the clock."
    return check


def q3_total(e: Evidence) -> str:
    """The total time of 10 epochs with testing is printed, and agrees with the clock."""

    def total(printed: Reported, seen: Epochs, count: int, others: Sequence[Epochs]) -> str:
        return total_time.total_time(printed, seen, 10, others)

    return best_timed(e, "mlp", "cpu", "q3", 10, total)


def best_timed(
    e: Evidence,
    role: str,
    device: str,
    item: str,
    count: int,
    check: Callable[[Reported, Epochs, int, Sequence[Epochs]], str],
) -> str:
    """Return the verdict of `check` on the first training of this model that passes, the longest training first.

    `check` gets the printed times, the epochs of the training, how many times must be printed, and the epochs of all
    other trainings. If no training is long enough, all epochs count as one, since each may be of a new model.

    The times may be printed in the section's cells, in those that trained, or in the next one unless it trains too.
    Raises the Fail with the most credit. It says what broke if a cell should have trained for `count` epochs and did
    not get through them.
    """
    found = sorted(e.trainings(RECOGNISE[role], device), key=lambda training: len(training.epochs), reverse=True)
    if not found:
        trained(e, item, role, device, count)  # it raises the Fail that says why: as for the epochs, so it is told once
    cells = {index for training in found for index in training.cells}
    order = [cell.index for cell in e.run.cells]
    busy = {seen.cell for seen in e.run.passes if seen.trains}  # their times belong to another training
    after = {following for index, following in itertools.pairwise(order) if index in cells} - busy
    runs = code_runs(e, section_cells(e, item, sorted(cells | after)))
    every = tuple(sorted((epoch for training in found for epoch in training.epochs), key=lambda epoch: epoch.start))
    printed = reported(runs, every)
    wanted = min(count, len(every))
    tried = [training.epochs for training in found[:MOST_TRAININGS] if len(training.epochs) >= wanted] or [every]
    others = [training.epochs for training in e.all_trainings]
    failures: list[Fail] = []
    for epochs in tried:
        try:
            said = check(printed, epochs, wanted, others)
        except Fail as fail:
            failures.append(fail)
            continue
        if numbers_typed_in((time.text for time in printed.times), (cell.source for cell in e.notebook.code_cells)):
            raise Fail(
                "the times that are printed stand in the code: nothing measured them",
                "times that the notebook measured",
                "Which statement reads the clock before and after the epochs?",
            )
        return said
    best = max(failures, key=lambda fail: fail.credit)
    cut = _cut_short(e, found, item, section_cells(e, item, sorted(cells)), count)
    raise because(e, best, cut, role, device) if cut and best.credit == 0 else best


def _cut_short(
    e: Evidence, found: Sequence[trainings.Training], item: str, cells: Sequence[int], count: int
) -> list[int]:
    """Return the cells that broke with fewer than `count` epochs, but with some, or in the midst of a pass.

    If there are none and no cell of the item's section trained, return those that broke there. A cell that broke after
    `count` epochs is left out: it could have printed its times by then.
    """
    epochs = Counter(epoch.cell for training in found for epoch in training.epochs)
    opened = {seen.cell for seen in e.run.passes if not seen.complete and seen.model is not None}
    broke = [run.index for run in e.run.cells if run.status in BROKE and run.index in cells]
    cut = [cell for cell in broke if epochs[cell] < count and (epochs[cell] or cell in opened)]
    own = section_cells(e, item) or cells
    return cut or ([] if any(epochs[cell] for cell in own) else [cell for cell in broke if cell in own])


def costs(e: Evidence) -> list[flops.Cost]:
    """Return the costs of the student's models, counted here; the expected ones where a model could not be probed."""
    found = []
    for role in ("mlp", "cnn"):
        probe = e.models[role]
        macs = models.count_macs(probe.operations) or MACS[role]
        built = probe.class_name is not None and probe.error is None and not probe.missing
        parameters = sum(math.prod(p.shape) for p in probe.parameters) if built else PARAMETERS[role]
        found.append(flops.Cost(role.upper(), macs, parameters, probe.class_name or role.upper()))
    return found


def flops_cells(e: Evidence) -> list[CellRun]:
    """Return the cells where the counts may be printed: those that profile and the section's, or all without any."""
    profiled = [seen.cell for seen in e.run.profiles]
    return code_runs(e, section_cells(e, "flops", profiled)) if profiled else list(e.run.cells)


COUNTING_TOOLS = frozenset(
    ("calflops", "deepspeed", "fvcore", "pthflops", "ptflops", "torchinfo", "torchprofile", "torchstat", "ultralytics")
)


_PROFILER = re.compile(r"\b(?:profile|summary|FlopCounterMode|get_model_complexity_info)\s*\(")


def flops_source(e: Evidence) -> str:
    """Return the code of these cells, which may say that operations are counted twice."""
    cells = {run.index for run in flops_cells(e)}
    return "\n".join(cell.source for cell in e.notebook.code_cells if cell.index in cells)


def _missing_tool(e: Evidence) -> Review | None:
    """Return the verdict on counts by a tool that this grader lacks: a person decides. None for other notebooks."""
    lacking = (run.error.missing_module for run in e.run.cells if run.error is not None)
    name = next((name for name in lacking if name in COUNTING_TOOLS), None)
    if name is None or e.run.profiles:
        return None
    return Review(
        f"the notebook counts with '{name}', which this grader does not have, so a person decides",
        remark="the counts could not be measured here",
        credit=0.0,
    )


def flops_profiled(e: Evidence) -> str | Review:
    """Both models are profiled with one (1, 1, 28, 28) input."""
    try:
        return _missing_tool(e) or flops.models_profiled(e.run.profiles, costs(e))
    except Fail as fail:
        naming = {cell.index for cell in e.notebook.code_cells if _PROFILER.search(cell.source)}
        cells = {seen.cell for seen in e.run.profiles} or set(section_cells(e, "flops")) or naming
        broke = [run.index for run in e.run.cells if run.status in BROKE and run.index in cells]
        raise (because(e, fail, broke) if broke else fail) from None


def flops_printed(e: Evidence) -> str | Review:
    """The FLOPs of both models are printed."""
    if missing := _missing_tool(e):
        return missing
    said = flops.counts_printed(flops_cells(e), e.run.profiles, costs(e), flops_source(e))
    if typed := _counts_typed_in(e):
        raise typed
    return said


def _counts_typed_in(e: Evidence) -> Fail | None:
    """Return the failure if no cell that prints a count reads what a profiler returned."""
    sources = {cell.index: cell.source for cell in e.notebook.code_cells}
    printing = [run.index for run in flops_cells(e) if sources.get(run.index) and _prints_a_count(e, run)]
    if not printing:
        return None
    imported = imports(sources.values())
    if not all(is_typed_in(sources[cell], imported) for cell in printing):
        return None
    return Fail(
        f"the counts are typed in: what {place(e.notebook, printing[-1])} prints stands in its code, "
        "and is no profiler's result",
        "the numbers that the profiler returned",
        "Print the two numbers that each call of the profiler returns.",
    )


def _prints_a_count(e: Evidence, run: CellRun) -> bool:
    try:
        return bool(flops.counts_printed([run], e.run.profiles, costs(e), flops_source(e)))
    except Fail as fail:
        return fail.credit > 0
