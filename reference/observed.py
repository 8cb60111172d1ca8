"""Checks on what the run of the notebook showed: epochs, plots and printed text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from grader.checks import loops, models, placement, plots, profile, timing, trainings
from grader.checks.first_batch import FirstBatch, first_batch_text
from grader.evidence import CellRun
from grader.rubric import Advice, Check, CheckFunction, Evidence, Fail, NotGraded
from reference.contract import BATCH_SIZE, LEARNING_RATE, MACS, MOMENTUM, PARAMETERS, RECOGNISE, is_mlp
from reference.prompts import template


def optimizer(e: Evidence) -> str:
    """Training uses SGD with learning rate 0.01 and momentum 0.5."""
    passes = [epoch.train for training in cpu_trainings(e) for epoch in training.epochs]
    if not passes:
        trouble(e, ())
    return loops.optimizer_settings(passes, "SGD", LEARNING_RATE, MOMENTUM)


def cpu_trainings(e: Evidence) -> tuple[trainings.Training, ...]:
    """The trainings of the MLP on the CPU, in order."""
    return trainings.trainings(e.run, is_mlp)


def trained(e: Evidence, item: str, role: str, device: str, epochs: int) -> trainings.Training:
    """The training of the model on the device: the first with at least `epochs` epochs. Raises Fail with what there is."""
    name = role.upper()
    place = "GPU" if device == "cuda" else "CPU"
    found = trainings.trainings(e.run, RECOGNISE[role], device)
    for training in found:
        if len(training.epochs) >= epochs:
            return training
    expected = f"{epochs} epochs of the {name} on the {place}"
    if found:
        longest = max(found, key=lambda training: len(training.epochs))
        why = trouble(e, section_cells(e, item, longest.cells))
        raise Fail(f"the {name} was trained for {len(longest.epochs)} epochs on the {place}{why}", expected)
    elsewhere = _on_the_other_device(e, item, role, device)
    if elsewhere is not None:
        raise elsewhere
    raise Fail(
        f"no training of the {name} on the {place} was seen in the run{trouble(e, section_cells(e, item))}", expected
    )


def _on_the_other_device(e: Evidence, item: str, role: str, device: str) -> Fail | None:
    """The failure of an item whose own cells train the model, but on the other device."""
    other, place = ("cpu", "CPU") if device == "cuda" else ("cuda", "GPU")
    cells = set(section_cells(e, item))
    for training in trainings.trainings(e.run, RECOGNISE[role], other):
        here = [epoch for epoch in training.epochs if epoch.cell in cells]
        if here:
            return Fail(
                f"the {len(here)} epochs of the {role.upper()} in cell {here[0].cell} ran on the {place}",
                f"training on the {'GPU' if device == 'cuda' else 'CPU'}",
                "Where do the model and the batches go before the training, and where does that device come from?",
            )
    return None


def trouble(e: Evidence, cells: Sequence[int]) -> str:
    """Why cells did not do what they should: the error of the last of `cells` that broke, or why they were not reached.

    Raises NotGraded when the notebook needs a package that is missing here, which may be why.
    """
    lacking = next((c.error.missing_module for c in e.run.cells if c.error and c.error.missing_module), None)
    if lacking is not None:
        raise NotGraded(f"the notebook needs the package '{lacking}', which this grader does not have")
    broken = [cell for cell in e.run.cells if cell.status != "ok" and cell.index in cells]
    if not broken:
        unreached = [cell for cell in e.run.cells if cell.status == "not_run"]
        return f"; {unreached[0].reason}" if unreached else ""
    cell = broken[-1]
    if cell.error is not None:
        said = f"; cell {cell.index} ended with {cell.error.name}: {cell.error.message[:200]}"
        open_pass = next((p for p in reversed(e.run.passes) if p.cell == cell.index and not p.complete), None)
        model, data = (open_pass.model_device or "", open_pass.data_device or "") if open_pass else ("", "")
        devices = placement.explain_error(cell.error.message, (model,), (data,))
        return f"{said} ({devices[0]})" if devices is not None else said
    return f"; {cell.reason}"


def first_ten(e: Evidence) -> tuple[trainings.Epoch, ...]:
    """The first ten epochs of the MLP on the CPU. Raises Fail when there are fewer."""
    return trained(e, "q2", "mlp", "cpu", 10).epochs[:10]


def all_epochs(e: Evidence) -> tuple[trainings.Epoch, ...]:
    """All epochs of the longest training of the MLP on the CPU; () when there is none."""
    return max((t.epochs for t in cpu_trainings(e)), key=len, default=())


def ten_epochs(e: Evidence) -> str:
    """The MLP is trained for 10 epochs on the CPU, with a test after each."""
    epochs = first_ten(e)
    said = trainings.stepped(epochs, "the first 10 epochs")
    untested = sum(epoch.test is None for epoch in epochs)
    if untested:
        raise Fail(f"{untested} of the 10 epochs were not tested", "a test after each epoch", credit=0.5)
    return said


def mlp_converges(e: Evidence) -> str:
    """The loss falls as the reference's does."""
    return trainings.converges(first_ten(e), e.reference, "mlp")


def twenty_epochs(e: Evidence) -> str:
    """The same model is trained for another 10 epochs."""
    training = trained(e, "q3", "mlp", "cpu", 20)
    return trainings.stepped(training.epochs[:20], "the 20 epochs")


def section_cells(e: Evidence, item: str, cells: Sequence[int] = ()) -> tuple[int, ...]:
    """The cells in which the answer to an item is looked for first: those of its section and those named."""
    section = e.sections.get(item)
    return tuple(sorted({*(section.cells if section else ()), *cells}))


# --- plots --------------------------------------------------------------------------------------------------------


def q2_plot(e: Evidence) -> plots.LossPlot:
    """The plot that shows the first ten epochs best. Raises Fail when there is none."""
    epochs = trained(e, "q2", "mlp", "cpu", 10).epochs
    return plots.find_loss_plot(e.run.figures, epochs, 1, 10, section_cells(e, "q2"))


def q3_plot(e: Evidence) -> plots.LossPlot:
    """The plot that shows twenty epochs best: the first of a training, or the last when the lists were begun anew."""
    epochs = trained(e, "q3", "mlp", "cpu", 20).epochs
    cells = section_cells(e, "q3")
    found = [
        plots.find_loss_plot(e.run.figures, t.epochs, 1, 20, cells) for t in cpu_trainings(e) if len(t.epochs) >= 20
    ]
    if len(epochs) > 20:
        found.append(plots.find_loss_plot(e.run.figures, epochs, len(epochs) - 19, len(epochs), cells))
    return max(found, key=plots.quality)


def plot_checks(
    item: str, plot: Callable[[Evidence], plots.LossPlot], points: Sequence[float], needs: str
) -> tuple[Check, ...]:
    """The checks on a plot of losses: both curves, epochs, labels, log scale, common x axis, with these points."""

    def present(e: Evidence) -> str:
        """The training and the validation loss are plotted on the same axes."""
        return plots.curves_present(plot(e))

    def cover(e: Evidence) -> str:
        """Both curves show all the epochs asked for, and only those."""
        return plots.curves_cover(plot(e))

    def labelled(e: Evidence) -> str:
        """The axes are labelled, and a legend tells which curve is which."""
        return plots.curves_labelled(plot(e))

    def log(e: Evidence) -> str:
        """The y axis is logarithmic."""
        return plots.curves_log(plot(e))

    def share_x(e: Evidence) -> str:
        """Both curves lie on the same x axis: an epoch is at the same place on both."""
        return plots.curves_share_x(plot(e))

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
    """The runs of these cells, in order; all cells when none of them is code."""
    runs = [cell for cell in e.run.cells if cell.index in set(cells)]
    return runs or list(e.run.cells)


def q1_text(e: Evidence) -> str:
    """Shape and dtype of both tensors of the first test batch are printed, and which is the sample and which the label."""
    seen = e.loaders["test"].first_batch
    size = seen.shape[0] if seen is not None else BATCH_SIZE
    batch = FirstBatch((size, 1, 28, 28), (size,))
    section = e.sections["q1"]
    runs = code_runs(e, section.cells)
    sources = {cell.index: cell.source for cell in e.notebook.cells}
    notes = "\n".join(
        sources[i] for i in section.cells if i not in {run.index for run in runs} and sources[i] not in template()
    )
    printed = "\n".join(run.text for run in runs)
    try:
        return first_batch_text(printed, batch, "\n".join(sources[run.index] for run in runs), notes)
    except Fail as fail:
        if fail.credit == 0:
            fail.seen += trouble(e, [run.index for run in runs])
        raise


def epoch_seconds(role: str, device: str, epochs: int, item: str, each: bool = False) -> CheckFunction:
    """A check that the time of each of `epochs` epochs is printed; unless `each`, their average is as good."""

    def check(e: Evidence) -> str:
        said = best_timed(
            e, role, device, item, lambda c, seen: timing.epoch_times(c, seen, epochs, mean_counts=not each)
        )
        return f"{said} (the GPU is simulated here)" if device == "cuda" and e.virtual_gpu else said

    check.__doc__ = f"The time of each of the {epochs} epochs is printed, as the clock has it."
    return check


def q3_total(e: Evidence) -> str:
    """The total time of 10 epochs with testing is printed, as the clock has it."""
    return best_timed(e, "mlp", "cpu", "q3", lambda cells, epochs: timing.total_time(cells, epochs, 10))


def best_timed(
    e: Evidence,
    role: str,
    device: str,
    item: str,
    check: Callable[[Sequence[CellRun], Sequence[trainings.Epoch]], str],
) -> str:
    """The verdict of `check` on the training of this model that it suits best, the longest first.

    The times may be printed in the section's cells, in those that trained, or in the next. Raises the best Fail.
    """
    found = trainings.trainings(e.run, RECOGNISE[role], device)
    cells = {index for training in found for index in training.cells}
    order = [cell.index for cell in e.run.cells]
    after = {order[order.index(i) + 1] for i in cells if i in order[:-1]}
    runs = code_runs(e, section_cells(e, item, sorted(cells | after)))
    failures: list[Fail] = []
    for epochs in sorted((training.epochs for training in found), key=len, reverse=True) or [()]:
        try:
            return check(runs, epochs)
        except Fail as fail:
            failures.append(fail)
    raise max(failures, key=lambda fail: fail.credit)


def cnn_epochs(item: str, device: str) -> CheckFunction:
    """A check that the CNN was trained for 2 epochs on the device, with the right optimizer."""

    def check(e: Evidence) -> str:
        training = trained(e, item, "cnn", device, 2)
        place = "GPU" if device == "cuda" else "CPU"
        said = trainings.stepped(training.epochs[:2], f"the CNN's training on the {place}")
        if training.before:
            raise Fail(
                f"the CNN that had {training.before} epochs already was trained on, on the {place}",
                f"a new CNN, trained for 2 epochs on the {place}",
                "Both devices start from the same place when each gets a CNN of its own.",
                credit=0.6,
            )
        return said

    check.__doc__ = f"The CNN is trained for 2 epochs on the {'GPU' if device == 'cuda' else 'CPU'}."
    return check


def converges(item: str, role: str, device: str, epochs: int) -> CheckFunction:
    """A check that the first `epochs` epochs learn as the reference's do."""

    def check(e: Evidence) -> str:
        return trainings.converges(trained(e, item, role, device, epochs).epochs[:epochs], e.reference, role)

    check.__doc__ = f"In {epochs} epochs the loss falls as the reference's does."
    return check


def gpu_epochs(e: Evidence) -> str:
    """The MLP is trained for 10 epochs on the GPU."""
    return trainings.stepped(trained(e, "q5", "mlp", "cuda", 10).epochs[:10], "the training on the GPU")


def gpu_placement(e: Evidence) -> str | Advice:
    """Model, data and target are on the GPU in every batch of training and testing."""
    return placement.placed(e.loops["gpu_train"], e.loops["gpu_test"])


def costs(e: Evidence) -> list[profile.Cost]:
    """What the student's own models cost, counted here; models that could not be probed cost what they should."""
    found = []
    for role in ("mlp", "cnn"):
        probe = e.models[role]
        macs = models.count_macs(probe.operations) or MACS[role]
        parameters = sum(math.prod(p.shape) for p in probe.parameters) or PARAMETERS[role]
        found.append(profile.Cost(role.upper(), macs, parameters, probe.class_name or role.upper()))
    return found


def flops_cells(e: Evidence) -> list[CellRun]:
    """The cells where the counts may be printed: those that profile, and the section's; else all."""
    profiled = [seen.cell for seen in e.run.profiles]
    return code_runs(e, section_cells(e, "flops", profiled)) if profiled else list(e.run.cells)


def flops_source(e: Evidence) -> str:
    """The code of these cells, and all imports: another counting tool may be used in it."""
    cells = {run.index for run in flops_cells(e)}
    code = [cell.source for cell in e.notebook.code_cells if cell.index in cells]
    code += [
        line for c in e.notebook.code_cells for line in c.source.splitlines() if re.match(r"\s*(import|from) ", line)
    ]
    return "\n".join(code)


def flops_profiled(e: Evidence) -> str:
    """Both models are profiled with one (1, 1, 28, 28) input."""
    return profile.models_profiled(e.run.profiles, costs(e), source=flops_source(e))


def flops_printed(e: Evidence) -> str:
    """The FLOPs of both models are printed."""
    return profile.counts_printed(flops_cells(e), e.run.profiles, costs(e), flops_source(e))
