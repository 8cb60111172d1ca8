"""Probe GPU loops on the virtual device, in a separate process: `python -m tests.probe.gpu_loops` (see test_gpu_loops).

Reads {name: [purpose, source]} as JSON from standard input; prints {name: {check: "ok" or what was seen, then the hint}}.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable

from grader.in_kernel.virtual_cuda import install as virtual_cuda

virtual_cuda.install({})

import torch

from grader.assignment import Advice, Fail, LoopRole
from grader.checks import loop_tests, loops, placement
from grader.evidence.probes import LoopProbe
from grader.probe.client import describe
from grader.probe.loops import LoopProber
from grader.probe.matching import FoundFunction
from grader.seeds import drawn_for
from reference.loops import cpu_test, cpu_train
from tests.in_process import InProcess
from tests.probe.gpu_source import RIGHT_TEST, RIGHT_TRAIN

ROLES = {
    "train": LoopRole("gpu_train", ("gpu_train",), "train", "cuda", cpu_train),
    "test": LoopRole("gpu_test", ("gpu_test",), "test", "cuda", cpu_test),
}


def probe(prober: LoopProber, purpose: str, source: str) -> LoopProbe:
    kernel = InProcess(source)
    function = describe(kernel).function(f"gpu_{purpose}")
    assert function is not None
    found = prober.probe(kernel, ROLES[purpose], FoundFunction(function, "name", ()))
    torch.set_default_device(None)
    return found


def judged(check: Callable[[], str | Advice]) -> list[str]:
    try:
        said = check()
    except Fail as fail:
        return [fail.seen, fail.hint]
    return ["ok", said.hint if isinstance(said, Advice) else ""]


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with drawn_for(0, "GPU loops"):
        prober = LoopProber()
    right = {"train": probe(prober, "train", RIGHT_TRAIN), "test": probe(prober, "test", RIGHT_TEST)}
    verdicts = {}
    for name, (purpose, source) in json.load(sys.stdin).items():
        found = probe(prober, purpose, source)
        pair = {**right, purpose: found}
        checks: dict[str, Callable[[], str | Advice]] = {
            "exists": lambda found=found: loops.exists(found, "it"),  # type: ignore[misc]
            "placed": lambda pair=pair: placement.placed(pair["train"], pair["test"]),  # type: ignore[misc]
        }
        works = (
            (loops.trains,)
            if purpose == "train"
            else (loop_tests.averages_loss, loop_tests.accuracy, loop_tests.leaves_model_alone)
        )
        for check in works:
            checks[check.__name__] = lambda check=check, found=found: check(found)  # type: ignore[misc]
        verdicts[name] = {key: judged(run) for key, run in checks.items()}
    print(json.dumps(verdicts))


if __name__ == "__main__":
    main()
