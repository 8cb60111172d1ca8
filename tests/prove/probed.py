"""Verdicts on mutations from probes alone; run as a separate process, `python -m tests.prove.probed`.

Nothing is trained: only the cells that define models, loaders and functions run, and their checks judge them. Each
mutation has its own fork, so that hundreds are judged in minutes. Reads names of mutations from standard input as JSON;
prints {name: {item: [[check, message] of each check that lost points, in order]}} for the item of the mutation's group,
or for all `ITEMS` if it has none, with the solution under ''. See test_probed_mutations.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Callable, Collection
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.in_kernel.datasets import mnist
from grader.in_kernel.virtual_cuda import install as virtual_cuda

FOLDER = Path(tempfile.gettempdir()) / f"grader-probed-{os.getpid()}"
virtual_cuda.install({})
mnist.install({"folder": str(FOLDER)})

import torch

from grader.assignment import Evidence, Reference
from grader.data.sources import find_data, load_arrays
from grader.data.subset import write_smaller
from grader.evidence.run import run_evidence
from grader.grading.judge import judge
from grader.notebook.cells import Cell, Notebook
from grader.probe import probes as probing
from grader.probe.loops import LoopProber
from grader.prove.draft import Draft
from grader.prove.mutation import Mutation
from reference.proving import MUTATIONS
from reference.rubric import ASSIGNMENT
from tests.in_process import InProcess

SOLUTION = Draft.from_bytes((Path(__file__).parents[2] / "reference" / "solution.ipynb").read_bytes())
ITEMS = ("mlp", "data", "cpu_loops", "q5", "cnn")
JUDGED = {"loops": "cpu_loops", "gpu_loops": "q5", "gpu": "q5", "mlp": "mlp", "cnn": "cnn", "data": "data"}  # by group
OF_THE_RUN = ("cpu_loops.optimizer", "q5.trained", "q5.converges")
PROBER = LoopProber()


def lost(draft: Draft, items: Collection[str]) -> dict[str, list[list[str]]]:
    """Return the checks of `items` that lost points; only the definitions that these items need are probed."""
    wanted = {"cpu_loops": "cpu", "q5": "cuda"}
    assignment = replace(
        ASSIGNMENT,
        models=tuple(role for role in ASSIGNMENT.models if role.role in items),
        loops=tuple(role for role in ASSIGNMENT.loops if role.device in {wanted.get(item) for item in items}),
    )
    kernel = InProcess("")
    for index, cell in draft.code:
        if (2 <= index <= 20 and index not in (4, 8, 10, 16)) or index in (30, 31, 36):
            source = "\n".join(line for line in cell.source.split("\n") if not line.startswith("!"))
            exec(compile(source, f"<cell {index}>", "exec"), kernel.namespace)
    arrays = load_arrays(find_data(FOLDER))
    data = {
        "train": (arrays.train_images, arrays.train_labels),
        "test": (arrays.test_images, arrays.test_labels),
    }
    run = run_evidence((), [])
    probes = probing.probe_all(kernel, assignment, run, data, cuda=True)
    cells = tuple(Cell(index, cell.kind, cell.source) for index, cell in enumerate(draft.cells))
    evidence = Evidence(
        notebook=Notebook(Path("x.ipynb"), "x.ipynb", "", cells),
        sections={},
        run=run,
        models=probes.models,
        loops=probes.loops,
        loaders=probes.loaders,
        reference=Reference(),
        train_size=len(arrays.train_labels),
        test_size=len(arrays.test_labels),
        gpu="virtual",
        virtual_gpu=True,
    )
    found: dict[str, list[list[str]]] = {}
    for item in judge(ASSIGNMENT.rubric, evidence):
        if item.id in items:
            found[item.id] = [
                [check.id, check.message]
                for check in item.checks
                if check.id not in OF_THE_RUN and check.status not in ("pass", "skipped")
            ]
    return found


def child(mutation: Mutation | None, pipe: Any) -> None:
    """Judge one mutation and send the checks that lost points."""
    # This creates torch's thread pool in the fork, before two of autograd's threads do so concurrently and crash.
    torch.set_num_threads(1)
    with open(os.devnull, "w") as null, redirect_stdout(null), redirect_stderr(null):
        try:
            draft = SOLUTION if mutation is None else mutation.apply(SOLUTION, random.Random(0))
            assert draft is not None
            judged = JUDGED.get(mutation.name.split(".")[0]) if mutation is not None else None
            answer: object = lost(draft, {judged} if judged else ITEMS)
        except Exception as error:
            answer = {"": [["", f"{type(error).__name__}: {error}"]]}
    pipe.send(answer)


def main() -> None:
    """Judge the mutations named on standard input."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    write_smaller(find_data(None, sample=True), 200, FOLDER)
    imported()
    PROBER.__dict__.update(forked(prepared))
    probing.LoopProber = lambda: PROBER  # type: ignore[assignment, misc]
    known = {mutation.name: mutation for mutation in MUTATIONS}
    for name in ["", *json.load(sys.stdin)]:
        print(json.dumps({name: forked(child, known.get(name))}), flush=True)


def imported() -> None:
    """Import the modules that the cells and the first optimizer import, once instead of in every fork."""
    for name in ("matplotlib.pyplot", "thop", "torchvision", "tqdm"):
        importlib.import_module(name)
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()


def prepared(pipe: Any) -> None:
    """Send the results of the reference's loops and of the known faults, which are the same for all mutations."""
    torch.set_num_threads(1)
    PROBER.reference(ASSIGNMENT.loops[0])
    PROBER.reference(ASSIGNMENT.loops[1])
    PROBER._faults.update(PROBER._run_faults())
    pipe.send(PROBER.__dict__)


def forked(function: Callable[..., None], *arguments: Any) -> Any:
    """Return what the function sends from a fork. This process must not train: autograd's threads cannot be forked."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    process = fork.Process(target=function, args=(*arguments, there))
    process.start()
    there.close()
    try:
        return here.recv() if here.poll(240) else {"": [["", "no answer"]]}
    except EOFError:
        return {"": [["", "died"]]}
    finally:
        process.kill()
        process.join()


if __name__ == "__main__":
    main()
