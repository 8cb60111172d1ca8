"""Checks on the output of the run: plots and printed text."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from grader.assignment import Check, CheckFunction, Evidence, Fail, Review
from grader.checks import flops, models, plots, timing, total_time
from grader.checks.first_batch import FirstBatch, first_batch_text, mentions, samples_shown
from grader.checks.reported_times import reported
from grader.checks.time_series import Reported
from grader.checks.typed_in import imports, is_typed_in
from grader.evidence import trainings
from grader.evidence.probes import LoaderProbe
from grader.evidence.run import CellRun
from reference.checks.before import counts_steps_wrongly, other_criterion, overflowed, test_records
from reference.checks.epochs import cpu_trainings, long_enough, trained
from reference.checks.trouble import BROKE, new_models, over_other_data, section_cells, trouble
from reference.contract import BATCH_SIZE, MACS, PARAMETERS, RECOGNISE
from reference.prompts import template

Epochs: TypeAlias = Sequence[trainings.Epoch]

DRAWN = "shapes and dtypes of a batch that the test loader gave"
MOST_TRAININGS = 10  # whose times are looked for, the longest
TENSORS_PLOTTED = "What do the lists hold that are plotted: numbers, or tensors that remember a computation?"

# --- plots --------------------------------------------------------------------------------------------------------


def q2_plot(e: Evidence) -> plots.LossPlot:
    """Return the plot that shows the first ten epochs of a training best. Raises Fail when there is none."""
    trained(e, "q2", "mlp", "cpu", 10)
    found = [_loss_plot(e, "q2", t.epochs, 1, 10) for t in long_enough(e, "mlp", "cpu", 10)[:MOST_TRAININGS]]
    return max(found, key=plots.quality)


def q3_plot(e: Evidence) -> plots.LossPlot:
    """Return the plot that shows twenty epochs best.

    They are the first twenty of a training, or the last twenty, in case the lists were started again.
    """
    epochs = trained(e, "q3", "mlp", "cpu", 20).epochs
    found = [_loss_plot(e, "q3", t.epochs, 1, 20) for t in cpu_trainings(e) if len(t.epochs) >= 20]
    if len(epochs) > 20:
        found.append(_loss_plot(e, "q3", epochs, len(epochs) - 19, len(epochs)))
    return max(found, key=plots.quality)


def _loss_plot(e: Evidence, item: str, epochs: Sequence[trainings.Epoch], first: int, last: int) -> plots.LossPlot:
    records, cells = test_records(e), section_cells(e, item)
    if other_criterion(epochs):  # the tests use it too, and record what it gives
        records = "wrong"
    return plots.find_loss_plot(
        e.run.figures, epochs, first, last, cells, e.run.passes, records != "right", records == "wrong"
    )


def _because(e: Evidence, fail: Fail, cells: Sequence[int], role: str = "", device: str = "cpu") -> Fail:
    """Return the failure, with the reason why these cells did not get further appended, and the hint for it.

    Raises NotGraded when `trouble` does.
    """
    why, hint = trouble(e, cells, role, device)
    return Fail(fail.seen + why, fail.expected, hint or fail.hint, fail.credit)


def plot_checks(
    item: str, plot: Callable[[Evidence], plots.LossPlot], points: Sequence[float], needs: str
) -> tuple[Check, ...]:
    """Return the checks on a plot of losses, with these points: curves, epochs, labels, log scale, common x axis."""

    def excused(e: Evidence, fail: Fail) -> str:
        """Return why a plot without numbers costs nothing. Raises the failure if it must cost something."""
        shown = plot(e)
        why = overflowed(e, trained(e, item, "mlp", "cpu", shown.last)) if plots.shows_no_numbers(shown) else ""
        if not why:
            raise fail from None
        return f"{fail.seen}; this rests on {why}, which cost points before, so it costs nothing here"

    def present(e: Evidence) -> str:
        """The training and the validation loss are plotted on the same axes."""
        try:
            return plots.curves_present(plot(e))
        except Fail as fail:
            with suppress(Fail):
                return excused(e, fail)
            if fail.credit > 0:
                raise
            told = _because(e, fail, section_cells(e, item))
            told.hint = TENSORS_PLOTTED if "requires grad" in told.seen else told.hint
            raise told from None

    def cover(e: Evidence) -> str:
        """Both curves show all the epochs asked for, and only those."""
        try:
            return plots.curves_cover(plot(e))
        except Fail as fail:
            made, hint = new_models(e, "mlp", "cpu", trained(e, item, "mlp", "cpu", 10).cells)
            if not made:
                return excused(e, fail)
            raise Fail(f"{made}; {fail.seen}", fail.expected, hint, fail.credit) from None

    def labelled(e: Evidence) -> str:
        """The axes are labelled, and a legend tells which curve is which."""
        return plots.curves_labelled(plot(e))

    def log(e: Evidence) -> str:
        """The y axis is logarithmic."""
        return plots.curves_log(plot(e))

    def share_x(e: Evidence) -> str:
        """Both curves lie on the same x axis: an epoch is at the same place on both."""
        try:
            return plots.curves_share_x(plot(e))
        except Fail as fail:
            if counts_steps_wrongly(e):
                return f"{fail.seen}; this rests on the steps of the training function, which cost points before"
            return excused(e, fail)

    exists = f"{item}.curves"
    return (
        Check(exists, points[0], present, (needs,)),
        Check(f"{item}.epochs", points[1], cover, (exists,)),
        Check(f"{item}.labels", points[2], labelled, (exists,)),
        Check(f"{item}.log", points[3], log, (exists,)),
        Check(f"{item}.x_axis", points[4], share_x, (exists,)),
    )


# --- printed text -------------------------------------------------------------------------------------------------


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
            raise _because(e, fail, stopped) from None
        unseen = _batch_unseen(e, runs, batch)
        raise (_because(e, unseen, stopped) if unseen else fail) from None
    if unseen := _batch_unseen(e, runs, batch):
        raise _because(e, unseen, stopped) if unseen.credit == 0 else unseen
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
    probed = e.loaders["test"].seen
    wanted = {"test", None, probed.split if probed else None}
    drawn = [seen.loader for seen in e.run.passes if seen.batches > 0 and seen.cell <= until]
    printing = {run.index for run in runs if mentions(run.text, batch)}
    here = [seen for seen in e.run.passes if seen.batches > 0 and seen.cell in printing]
    looked = any(seen.loader.split in wanted and (seen.model is None or not seen.complete) for seen in here)
    only_others = not looked and any(seen.loader.split not in wanted and not seen.complete for seen in here)
    if only_others and samples_shown("\n".join(run.text for run in runs), batch) < 2:
        seen = f"cell {max(printing)} takes its batch from the training loader, not from the test loader"
        return Fail(seen, DRAWN, "Which loader holds the test images?", credit=0.5)
    if any(loader.split in wanted for loader in drawn):
        return None
    expected = DRAWN
    if drawn:
        seen = f"up to cell {until}, batches of the training loader were drawn, and none of the test loader"
        return Fail(seen, expected, "Which loader holds the test images?", credit=0.5)
    seen = f"the shapes are printed, but up to cell {until} no batch was drawn from the test loader"
    return Fail(seen, expected, "Take a batch from the loader, as by next(iter(...)), and print what it holds.")


def _typed_in(e: Evidence, runs: Sequence[CellRun], batch: FirstBatch) -> Fail | None:
    """Return the failure if no cell that prints a shape of the batch reads anything that was drawn."""
    sources = {cell.index: cell.source for cell in e.notebook.code_cells}
    printing = [run.index for run in runs if mentions(run.text, batch) and sources.get(run.index, "").strip()]
    imported = imports(sources.values()) if printing else ()
    if not printing or not all(is_typed_in(sources[cell], imported) for cell in printing):
        return None
    return Fail(
        f"the shapes are typed in: what cell {printing[-1]} prints stands in its code, and is read from no batch",
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
        expected = "printed times of epochs that were run"
        if not_believed := trainings.doubt(e.run, RECOGNISE[role]):
            raise Fail(not_believed, expected)
        if other_data := over_other_data(e, role, device):
            raise Fail(f"{other_data[0]}, so their times do not count", expected, other_data[1])
        place = "GPU" if device == "cuda" else "CPU"
        missing = Fail(f"no epoch of the {role.upper()} on the {place} was seen, so no time of one", expected)
        raise _because(e, missing, section_cells(e, item), role, device)
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
            return check(printed, epochs, wanted, others)
        except Fail as fail:
            failures.append(fail)
    best = max(failures, key=lambda fail: fail.credit)
    cut = _cut_short(e, found, section_cells(e, item, sorted(cells)), count)
    raise _because(e, best, cut, role, device) if cut and best.credit == 0 else best


def _cut_short(e: Evidence, found: Sequence[trainings.Training], cells: Sequence[int], count: int) -> list[int]:
    """Return the cells that broke with fewer than `count` epochs, but with some, or in the midst of a pass.

    If there are none and no cell trained, return all that broke. A cell that broke after `count` epochs is left out: it
    could have printed its times by then.
    """
    epochs = Counter(epoch.cell for training in found for epoch in training.epochs)
    opened = {seen.cell for seen in e.run.passes if not seen.complete and seen.model is not None}
    broke = [run.index for run in e.run.cells if run.status in BROKE and run.index in cells]
    cut = [cell for cell in broke if epochs[cell] < count and (epochs[cell] or cell in opened)]
    return cut or ([] if any(epochs[cell] for cell in cells) else broke)


def costs(e: Evidence) -> list[flops.Cost]:
    """Return the costs of the student's models, counted here; the expected ones where a model could not be probed."""
    found = []
    for role in ("mlp", "cnn"):
        probe = e.models[role]
        macs = models.count_macs(probe.operations) or MACS[role]
        parameters = sum(math.prod(p.shape) for p in probe.parameters) or PARAMETERS[role]
        found.append(flops.Cost(role.upper(), macs, parameters, probe.class_name or role.upper()))
    return found


def flops_cells(e: Evidence) -> list[CellRun]:
    """Return the cells where the counts may be printed: those that profile and the section's, or all without any."""
    profiled = [seen.cell for seen in e.run.profiles]
    return code_runs(e, section_cells(e, "flops", profiled)) if profiled else list(e.run.cells)


COUNTING_TOOLS = frozenset(
    ("calflops", "deepspeed", "fvcore", "pthflops", "ptflops", "torchinfo", "torchprofile", "torchstat", "ultralytics")
)


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
    return _missing_tool(e) or flops.models_profiled(e.run.profiles, costs(e))


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
        f"the counts are typed in: what cell {printing[-1]} prints stands in its code, and is no profiler's result",
        "the numbers that the profiler returned",
        "Print the two numbers that each call of the profiler returns.",
    )


def _prints_a_count(e: Evidence, run: CellRun) -> bool:
    try:
        return bool(flops.counts_printed([run], e.run.profiles, costs(e), flops_source(e)))
    except Fail as fail:
        return fail.credit > 0
