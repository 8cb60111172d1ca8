"""What a result says beside its verdicts: remarks on the run, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping

from grader.devices import Gpu
from grader.evidence import RunEvidence
from grader.notebook import Notebook
from grader.result import Environment, Fact
from grader.sandbox.backends import Backend
from grader.sandbox.policy import Limits


def notes(notebook: Notebook, run: RunEvidence) -> tuple[str, ...]:
    """Repairs of the file, and what a person should know of the run: cells that did not end well, remarks."""
    found = [f"repaired: {repair}" for repair in notebook.repairs]
    alike: dict[str, list[str]] = {}
    for cell in run.cells:
        if cell.error is not None and cell.error.missing_module:
            what = f"needs the package '{cell.error.missing_module}', which this grader does not have"
            alike.setdefault(what, []).append(f"cell {cell.index}")
        elif cell.reason and cell.status != "not_run":
            found.append(cell.reason)
        elif cell.error is not None:
            line = f", line {cell.error.line}" if cell.error.line else ""
            what = f"ended with {cell.error.name}: {cell.error.message[:200]}"
            alike.setdefault(what, []).append(f"cell {cell.index}{line}")
    found += [f"{'; '.join(cells)} {what}" for what, cells in alike.items()]
    not_run = [cell for cell in run.cells if cell.status == "not_run"]
    if not_run:
        found.append(f"{len(not_run)} cells were {not_run[0].reason}")
    found += [f"cell {note.cell}: {note.text}" for note in run.notes]
    if run.refused:
        found.append(f"{run.refused} records of the run were malformed or of another cell and are left out")
    return tuple(dict.fromkeys(found))


def environment(
    gpu: Gpu, data: str, seed: str, backend: Backend, limits: Limits, threads: int, seconds: Mapping[str, Fact]
) -> Environment:
    """The software, the machine and the settings behind a result.

    `data` describes the images, `seed` is what a result may say of the seed, `threads` are those that torch computed with.
    """
    import platform

    import torch
    import torchvision

    from grader import __version__

    return {
        "grader": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "device": gpu.name,
        "threads": float(threads),
        "data": data,
        "seed_commitment": seed,
        "isolation": backend.report(),
        "limits": {
            "cell_seconds": limits.cell_seconds,
            "total_seconds": limits.total_seconds,
            "cell_output_bytes": float(limits.cell_output_bytes),
            "total_output_bytes": float(limits.total_output_bytes),
            "memory_bytes": float(limits.memory_bytes),
            "tasks": float(limits.tasks),
            "cpu_seconds": limits.cpu_seconds,
            "file_bytes": float(limits.file_bytes),
            "scratch_bytes": float(limits.scratch_bytes),
        },
        "seconds": seconds,
    }
